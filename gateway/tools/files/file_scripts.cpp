#include "gateway/tools/scripts.hpp"

#include <algorithm>
#include <array>

/// The scripts of file_operations. A path can be swapped between a check and a use, so none of them
/// checks a path: they open first, ask the kernel where the opened thing really is
/// (/proc/self/fd/3, /proc/self/cwd), and go on from the opened thing only. They say where that is
/// before they say anything of it: whether a caller may have it is decided again about that place.
namespace tailops::tools::scripts {
namespace {

constexpr std::string_view floor_text = R"sh(
unset CDPATH
place=
# refuse WHY: also says where the thing would be, as far as that is known.
refuse() { section refused; printf '%s\n' "$1" "$place"; exit 0; }
# allowed PATH ROOT...: PATH is one of the directories or inside one, at segment boundaries.
allowed() {
    tested=$1
    shift
    for root do
        [ "$root" = / ] && return 0
        case $tested in "$root" | "$root"/*) return 0 ;; esac
    done
    return 1
}
# locate LINK: where the kernel says that an open file or directory is, in $real. The x keeps line
# ends that a name may end with.
locate() {
    real=$(readlink "$1" && echo x) || refuse unverified
    real=${real%?x}
    # Nobody could tell such a name from two lines.
    case $real in *"
"*) refuse unverified ;; esac
}
# identify THING NAME: says that the open THING is at $place, where the name NAME leads to it too:
# else it was replaced or is elsewhere, and the kernel told of a place where something else is now.
# Then size and identity of it and the identities of the folders above it.
identify() {
    [ "$1" -ef "$2" ] || refuse moved
    set -- "$1"
    above=${place%/*}
    while [ -n "$above" ]; do
        set -- "$@" "$above"
        above=${above%/*}
    done
    section opened
    printf '%s\n' "$place"
    section identities
    identities=$(stat -L -c '%s %d:%i' -- "$@" 2>/dev/null)
    printf '%s\n' "$identities"
    size=${identities%% *}
}
# settle ROOT...: stands in the directory of $path if that is allowed, or answers for what is missing.
settle() {
    near=${path%/*}
    until cd -P "${near:-/}" 2>/dev/null; do near=${near%/*}; done
    locate /proc/self/cwd
    next=${path#"$near"/}
    allowed "${real%/}/${next%%/*}" "$@" || refuse outside
    place=${real%/}/$next
    [ "$near" = "${path%/*}" ] || refuse missing
    [ -e "$path" ] || [ -L "$path" ] || refuse missing
}
# enter ROOT...: stands in the directory $path if that is allowed.
enter() {
    settle "$@"
    if ! [ -d "$path" ]; then
        [ -L "$path" ] && refuse link
        refuse not_a_directory
    fi
    cd -P "$path" 2>/dev/null || refuse denied
    locate /proc/self/cwd
    allowed "$real" "$@" || refuse outside
    place=$real
    [ -r . ] || refuse denied
    identify . "$real"
}
# with_file ACTION ROOT...: runs ACTION with the file $path open as descriptor 3, if that is allowed.
# What would block or act when opened (pipes, devices) is refused before.
with_file() {
    action=$1
    shift
    settle "$@"
    if ! [ -f "$path" ]; then
        [ -L "$path" ] && refuse link
        [ -d "$path" ] && refuse directory
        refuse special
    fi
    opened=
    { opened=yes; verified "$action" "$@"; } 2>/dev/null 3<"$path"
    [ -n "$opened" ] && return
    [ -L "$path" ] && refuse link
    refuse denied
}
verified() {
    action=$1
    shift
    locate /proc/self/fd/3
    allowed "$real" "$@" || refuse outside
    place=$real
    [ -f /proc/self/fd/3 ] || refuse special
    identify /proc/self/fd/3 "$real"
    section facts
    printf 'size %s\n' "$size"
    "$action"
}
# given_to COMMAND...: the open file as the input of COMMAND. What has no size is made by the kernel as
# it is read (/proc), and may have no end: its first 16 MiB then.
made_bytes=16777216
given_to() {
    if [ "$size" -gt 0 ]; then
        "$@" </proc/self/fd/3
    else
        head -c "$made_bytes" </proc/self/fd/3 | "$@"
    fi
}
# shows_key: whether what comes begins or ends a private key. A line without an end is not kept whole.
shows_key() { tail -c 1048576 | grep -q -e "$1"; }
)sh";

constexpr std::string_view list_text = R"sh(
path=$1 offset=$2 count=$3
shift 3
enter "$@"
there() { [ -e "$1" ] || [ -L "$1" ]; }
set -- ..?*; there "$1" || set --
set -- .[!.]* "$@"; there "$1" || shift
set -- * "$@"; there "$1" || shift
section facts
printf 'total %s\n' "$#"
if [ "$offset" -lt "$#" ]; then shift "$offset"; else set --; fi
names() {
    left=$some
    for name do
        [ "$left" -gt 0 ] || break
        left=$((left - 1))
        printf './%s\0' "$name"
    done
}
# Some at a time, so that an output that is cut has the facts to the names it has: how many names and
# how many lines of facts follow, the lines, the names.
section entries
while [ "$#" -gt 0 ] && [ "$count" -gt 0 ]; do
    some=200
    [ "$some" -gt "$count" ] && some=$count
    [ "$some" -gt "$#" ] && some=$#
    facts=$(names "$@" | xargs -0 stat -c '%f %s %Y' -- 2>/dev/null)
    printf '%s %s\n' "$some" "$(printf '%s' "${facts:+$facts
}" | wc -l)"
    printf '%s' "${facts:+$facts
}"
    names "$@"
    shift "$some"
    count=$((count - some))
done
exit 0
)sh";

constexpr std::string_view info_text = R"sh(
path=$1
shift
settle "$@"
subject=./${path##*/}
if [ -d "$path" ] && ! [ -L "$path" ]; then
    cd -P "$path" 2>/dev/null || refuse denied
    locate /proc/self/cwd
    allowed "$real" "$@" || refuse outside
    subject=.
    place=$real
fi
# Of a link that is the link itself, which leads to nothing here.
identify . "$real"
section stat
stat -c '%f %s %Y %Z %u %g %h %W' -- "$subject" 2>/dev/null
section owner
stat -c '%U' -- "$subject" 2>/dev/null
section group
stat -c '%G' -- "$subject" 2>/dev/null
section link
[ -L "$subject" ] && readlink -- "$subject"
exit 0
)sh";

constexpr std::string_view read_text = R"sh(
path=$1 offset=$2 lines=$3 bytes=$4
shift 4
# What begins in the middle of a private key does not look like one: so much before it tells.
find_key() {
    [ "$offset" -gt 0 ] || return
    from=$((offset - 400))
    [ "$from" -gt 0 ] || from=0
    given_to tail -n "+$((from + 1))" | head -n "$((offset - from))" |
        shows_key '-----BEGIN .*PRIVATE KEY' && section before && echo '-----BEGIN PRIVATE KEY-----'
}
print_part() {
    # 256 MiB: counting the lines of more takes longer than a caller waits.
    if [ "$size" -le 268435456 ]; then
        counted=$(given_to wc -lc)
        # shellcheck disable=SC2086 # lines and bytes
        set -- $counted
        total=$1
        # A last line without a line end is a line too.
        [ "$size" -gt 0 ] && [ "$(tail -c 1 </proc/self/fd/3 | wc -l)" -eq 0 ] && total=$((total + 1))
        [ "$size" -gt 0 ] || [ "$2" -lt "$made_bytes" ] && printf 'lines %s\n' "$((total))"
    fi
    find_key
    section content
    given_to tail -n "+$((offset + 1))" | head -n "$lines" | head -c "$bytes"
}
with_file print_part "$@"
exit 0
)sh";

constexpr std::string_view tail_text = R"sh(
path=$1 lines=$2 bytes=$3
shift 3
print_end() {
    # As in reading; also what is cut off for its length can end in the middle of a key.
    # By bytes first: tail would keep lines without an end whole.
    given_to tail -c "$((bytes + 1048576))" | tail -n "$((lines + 400))" |
        shows_key '-----[BE].*PRIVATE KEY' && section before && echo '-----BEGIN PRIVATE KEY-----'
    section content
    given_to tail -c "$bytes" | tail -n "$lines"
}
with_file print_end "$@"
exit 0
)sh";

constexpr std::string_view search_text = R"sh(
path=$1 pattern=$2 bytes=$3
shift 3
enter "$@"
section names
find . -mindepth 1 -maxdepth 16 ! -type d -name "$pattern" -print0 2>/dev/null | head -c "$bytes"
exit 0
)sh";

/// A script and the functions it stands on, put together at compile time.
template <const std::string_view& body>
constexpr auto on_floor()
{
    std::array<char, floor_text.size() + body.size()> out{};
    std::ranges::copy(body, std::ranges::copy(floor_text, out.begin()).out);
    return out;
}
template <const std::string_view& body>
constexpr auto joined = on_floor<body>();
template <const std::string_view& body>
constexpr std::string_view standing{joined<body>.data(), joined<body>.size()};

}  // namespace

const std::string_view file_list = standing<list_text>;
const std::string_view file_info = standing<info_text>;
const std::string_view file_read = standing<read_text>;
const std::string_view file_tail = standing<tail_text>;
const std::string_view file_search = standing<search_text>;

}  // namespace tailops::tools::scripts
