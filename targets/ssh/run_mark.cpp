#include "targets/ssh/run_mark.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/text.hpp"

namespace tailops::targets::ssh {
namespace {

constexpr std::size_t word_bytes = 12;

// Reads its own entry in /proc with builtins only: no process, and nothing in the output. The
// session is the sixth field, for a shell's name has no blank.
constexpr std::string_view head =
    "[ -r /proc/self/stat ] && read -r TAILOPS_ TAILOPS_ TAILOPS_ TAILOPS_ TAILOPS_ TAILOPS_RUN "
    "TAILOPS_ </proc/self/stat; export TAILOPS_RUN=";
constexpr std::string_view tail = ".$TAILOPS_RUN; ";

// Runs in sh, its word as $1; uses what busybox and coreutils share. A child that belongs to
// another user (sudo makes such) shows its parent and its session, though not its environment.
constexpr std::string_view sweep_script = R"sh(
mark=TAILOPS_RUN=$1.
session='' family=''
# On a line of its own, whatever a start-up file of the login shell has printed.
say() {
    printf '\n%s\n' "$1"
    exit 0
}
[ -r /proc/self/environ ] || say unknown
# The parent and the session of process $1, unless it has ended.
facts() {
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    set -- ${stat##*") "}
    parent=$2 its_session=$4
    [ "$1" != Z ]
}
look() {
    found=$(grep -lszF "$mark" /proc/[0-9]*/environ | sed "s,/proc/,,;s,/environ,,")
    before=$family family=''
    for pid in $before $found; do
        facts "$pid" || continue
        [ -n "$session" ] ||
            session=$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | sed -n "s/^$mark//p")
        [ "$its_session" = "$session" ] || continue
        case "$family " in *" $pid "*) ;; *) family="$family $pid" ;; esac
    done
    grew=$family
    while [ -n "$grew" ]; do
        grew=''
        for file in /proc/[0-9]*/stat; do
            pid=${file#/proc/} pid=${pid%/stat}
            facts "$pid" && [ "$its_session" = "$session" ] || continue
            case "$family " in
            *" $pid "*) ;;
            *" $parent "*) family="$family $pid" grew=yes ;;
            esac
        done
    done
}
look
[ -n "$family" ] || say none
kill -s TERM $family 2>/dev/null
tenths=0
while [ "$tenths" -lt 20 ]; do
    sleep 0.1 2>/dev/null || { sleep 1; tenths=$((tenths + 9)); }
    tenths=$((tenths + 1))
    look
    [ -n "$family" ] || say all
    [ "$tenths" -lt 10 ] || kill -s KILL $family 2>/dev/null
done
say some
)sh";

}  // namespace

RunMark RunMark::fresh()
{
    return RunMark{to_hex(random_bytes(word_bytes))};
}

std::string RunMark::preamble() const
{
    std::string marking{head};
    marking += word_;
    marking += tail;
    return marking;
}

std::vector<std::string> RunMark::sweep() const
{
    return {"sh", "-s", word_};
}

std::string_view RunMark::sweep_input() noexcept
{
    return sweep_script;
}

Swept read_sweep(std::string_view output) noexcept
{
    const auto text = trim(output);
    const auto word = text.substr(text.rfind('\n') + 1);
    if (word == "all") return Swept::all;
    if (word == "none") return Swept::none;
    if (word == "some") return Swept::some;
    return Swept::unknown;
}

}  // namespace tailops::targets::ssh
