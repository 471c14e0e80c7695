#include "gateway/tools/scripts.hpp"

#include <iterator>

namespace tailops::tools::scripts {
namespace {

// What every script begins with. The C locale makes patterns, sorting and messages the same
// everywhere; the directories are added because a non-interactive SSH login may lack them.
constexpr std::string_view head = R"sh(LC_ALL=C
export LC_ALL
PATH="${PATH:+$PATH:}/usr/sbin:/usr/bin:/sbin:/bin"
export PATH
section() { printf '@@tailops:5b1e8f2c9d47:%s@@\n' "$1"; }
)sh";

constexpr std::string_view system_status_text = R"sh(
section time; date -u +%Y-%m-%dT%H:%M:%SZ
section hostname; cat /proc/sys/kernel/hostname 2>/dev/null
section kernel; cat /proc/sys/kernel/osrelease 2>/dev/null
section os; grep '^PRETTY_NAME=' /etc/os-release 2>/dev/null
section stat; head -n 1 /proc/stat
section cpus; grep -c '^cpu[0-9]' /proc/stat
# Two samples some time apart; not every busybox knows fractions of a second.
sleep 0.3 2>/dev/null || sleep 1
section stat_later; head -n 1 /proc/stat
section uptime; cat /proc/uptime
section loadavg; cat /proc/loadavg
section meminfo; cat /proc/meminfo
section disks
# Network file systems are left out: a dead server would hold df, and with it the whole answer.
count=0
while read -r device place type rest; do
    case $place:$type in
        /:*) ;;
        *:ext[234] | *:xfs | *:btrfs | *:zfs | *:f2fs | *:jfs | *:reiserfs | *:bcachefs) ;;
        *:vfat | *:exfat | *:ntfs | *:ntfs3 | *:fuseblk | *:nilfs2 | *:hfsplus) ;;
        *) continue ;;
    esac
    count=$((count + 1))
    [ "$count" -le 64 ] || break
    printf '%s %s %s\n' "$device" "$place" "$type"
    df -P -k "$(printf '%b' "$place")" 2>/dev/null | tail -n 1
    printf 'end\n'
done </proc/mounts
section end
)sh";

// One line per process keeps the answer small: `sed` takes out of /proc/PID/stat what is needed.
// The kernel escapes line ends in a process's name, and a name has at most 15 bytes (63 for kernel
// workers), so it cannot imitate the twenty numbers that must follow it.
constexpr std::string_view top_processes_text = R"sh(
section time; date -u +%Y-%m-%dT%H:%M:%SZ
section cpus; grep -c '^cpu[0-9]' /proc/stat
section memory; grep '^MemTotal:' /proc/meminfo
section users; cut -d: -f1,3 /etc/passwd 2>/dev/null | head -n 500
section stat; head -n 1 /proc/stat
section ticks
cat /proc/[0-9]*/stat 2>/dev/null |
    sed -n 's/^\([0-9]*\) (.*) [^ ] \([^ ]* \)\{10\}\([0-9]*\) \([0-9]*\) \([^ ]* \)\{6\}.*$/\1 \3 \4/p' |
    grep -v ' 0 0$'
# Two samples some time apart; not every busybox knows fractions of a second.
sleep 0.3 2>/dev/null || sleep 1
section stat_later; head -n 1 /proc/stat
section count
set -- /proc/[0-9]*
echo "$#"
section status
grep -s -E '^(Uid|VmRSS):' /proc/[0-9]*/status |
    sed -n -e 's|^/proc/\([0-9]*\)/status:Uid:[^0-9]*\([0-9]*\).*|\1 u \2|p' \
        -e 's|^/proc/\([0-9]*\)/status:VmRSS:[^0-9]*\([0-9]*\).*|\1 m \2|p'
section processes
cat /proc/[0-9]*/stat 2>/dev/null |
    sed -n 's/^\([0-9]*\) (\(.*\)) \([^ ]\) \([^ ]* \)\{10\}\([0-9]*\) \([0-9]*\) \([^ ]* \)\{6\}.*$/\1 \5 \6 \3 \2/p'
section end
)sh";

constexpr std::string_view network_status_text = R"sh(
section time; date -u +%Y-%m-%dT%H:%M:%SZ
section interfaces
for directory in /sys/class/net/*; do
    [ -d "$directory" ] || continue
    flags= state= mtu= speed= address=
    read -r flags <"$directory/flags"
    read -r state <"$directory/operstate"
    read -r mtu <"$directory/mtu"
    read -r speed <"$directory/speed"
    read -r address <"$directory/address"
    printf '%s flags=%s state=%s mtu=%s speed=%s mac=%s\n' "${directory##*/}" \
        "$flags" "$state" "$mtu" "$speed" "$address"
done 2>/dev/null
section addresses
if command -v ip >/dev/null 2>&1; then
    ip -o addr show 2>/dev/null | sed 's/ scope .*//'
else
    section route; cat /proc/net/route 2>/dev/null
    section fib_trie; cat /proc/net/fib_trie 2>/dev/null
    section if_inet6; cat /proc/net/if_inet6 2>/dev/null
fi
section dev; cat /proc/net/dev
section end
)sh";

}  // namespace

const std::string_view system_status = system_status_text;
const std::string_view top_processes = top_processes_text;
const std::string_view network_status = network_status_text;

targets::Command command(std::string_view script, std::vector<std::string> parameters)
{
    targets::Command out{.argv = {"/bin/sh", "-c", std::string{head} + std::string{script}, "sh"},
                         .input = {}};
    out.argv.insert(out.argv.end(), std::make_move_iterator(parameters.begin()),
                    std::make_move_iterator(parameters.end()));
    return out;
}

}  // namespace tailops::tools::scripts
