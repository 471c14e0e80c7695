#pragma once

#include "gateway/tools/commands/program_checks.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::tools {

/// The options of a program that goes by names.
struct NamingOptions {
    std::string_view value_letters;     // -u NAME, -uNAME
    std::string_view flag_letters;      // -f
    std::string_view attached_letters;  // -n, -n5: no word of its own, unless it is a number
    std::string_view value_names;
    std::string_view flag_names;
};

/// The words of one command as the program takes them: indexes into its words.
struct ReadWords {
    struct Value {
        std::string_view option;
        std::size_t at;
    };
    std::vector<std::size_t> operands{};
    std::vector<Value> values{};
    bool is_understood{true};
};

/// Reads the words from `from` on as getopt_long(3) does. Of an option that is not known, or is
/// shortened, nothing is guessed: `is_understood` is false then.
ReadWords read_options(Words words, std::size_t from, const NamingOptions& options);

/// The same up to the first operand, as programs with subcommands read.
ReadWords read_global_options(Words words, std::size_t from, const NamingOptions& options);

inline constexpr NamingOptions systemctl_options{
    "tpPnoHMsC", "alqfrTih", "",
    "--type,--state,--property,--job-mode,--signal,--kill-whom,--kill-who,--kill-value,--what,"
    "--root,--image,--image-policy,--preset-mode,--lines,--output,--host,--machine,--message,"
    "--boot-loader-menu,--boot-loader-entry,--timestamp,--when,--drop-in,--capsule,"
    "--check-inhibitors,--reboot-argument",
    "--user,--system,--global,--no-pager,--no-legend,--no-block,--no-wall,--no-reload,--no-warn,"
    "--no-ask-password,--wait,--all,--full,--recursive,--reverse,--after,--before,--quiet,--now,"
    "--failed,--force,--plain,--runtime,--show-types,--show-transaction,--value,--dry-run,--fail,"
    "--ignore-dependencies,--with-dependencies,--marked,--read-only,--mkdir,--stdin,--help"};

inline constexpr NamingOptions journalctl_options{
    "outTpgcSUDiFM", "efaqmkrxlhN", "nb",
    "--output,--unit,--user-unit,--identifier,--exclude-identifier,--priority,--facility,--grep,"
    "--cursor,--cursor-file,--after-cursor,--since,--until,--field,--directory,--file,--root,"
    "--image,--image-policy,--namespace,--machine,--output-fields,--invocation",
    "--no-pager,--follow,--all,--quiet,--merge,--reverse,--catalog,--full,--no-full,--no-tail,"
    "--pager-end,--utc,--local,--user,--system,--dmesg,--no-hostname,--list-boots,--header,"
    "--disk-usage,--verify,--fields,--show-cursor,--truncate-newline,--this-boot,--help"};

inline constexpr NamingOptions container_global_options{
    "Hcl", "D", "", "--host,--context,--config,--log-level,--tlscacert,--tlscert,--tlskey",
    "--debug,--tls,--tlsverify,--remote"};

/// A subcommand of docker(1) and podman(1) that takes containers.
struct ContainerVerb {
    std::string_view name;
    NamingOptions options;
    enum class Takes { all, first } takes{Takes::all};  // which operands are containers
};
inline constexpr std::array container_verb_table{
    ContainerVerb{"attach",
                  {"", "", "", "--detach-keys", "--no-stdin,--sig-proxy"},
                  ContainerVerb::Takes::first},
    ContainerVerb{"commit",
                  {"acm", "p", "", "--author,--change,--message", "--pause"},
                  ContainerVerb::Takes::first},
    ContainerVerb{"cp", {"", "aLq", "", "", "--archive,--follow-link,--quiet"}},
    ContainerVerb{"diff", {}},
    ContainerVerb{"export", {"o", "", "", "--output", ""}, ContainerVerb::Takes::first},
    ContainerVerb{"inspect", {"f", "s", "", "--format,--type", "--size"}},
    ContainerVerb{"kill", {"s", "", "", "--signal", ""}},
    ContainerVerb{"logs",
                  {"n", "ft", "", "--tail,--since,--until", "--follow,--timestamps,--details"}},
    ContainerVerb{"pause", {}},
    ContainerVerb{"port", {}, ContainerVerb::Takes::first},
    ContainerVerb{"rename", {}, ContainerVerb::Takes::first},
    ContainerVerb{"restart", {"ts", "", "", "--time,--timeout,--signal", ""}},
    ContainerVerb{"rm", {"", "flv", "", "", "--force,--link,--volumes"}},
    ContainerVerb{
        "start",
        {"", "ai", "", "--detach-keys,--checkpoint,--checkpoint-dir", "--attach,--interactive"}},
    ContainerVerb{"stats", {"", "a", "", "--format", "--all,--no-stream,--no-trunc"}},
    ContainerVerb{"stop", {"ts", "", "", "--time,--timeout,--signal", ""}},
    ContainerVerb{"top", {}, ContainerVerb::Takes::first},
    ContainerVerb{"unpause", {}},
    ContainerVerb{"update",
                  {"cm", "", "",
                   "--cpus,--cpu-shares,--cpu-period,--cpu-quota,--cpuset-cpus,--cpuset-mems,"
                   "--memory,--memory-reservation,--memory-swap,--pids-limit,--restart,"
                   "--blkio-weight",
                   ""}},
    ContainerVerb{"wait", {}},
};

/// Verbs of systemctl(1) whose operands are units.
inline constexpr std::string_view unit_verbs =
    "status,show,cat,help,is-active,is-enabled,is-failed,list-units,list-unit-files,"
    "list-dependencies,list-timers,list-sockets,start,stop,restart,reload,try-restart,"
    "reload-or-restart,try-reload-or-restart,enable,disable,reenable,mask,unmask,kill,"
    "reset-failed,isolate,clean,freeze,thaw,preset,edit,revert";

/// Whether a word has the name of a program in it that goes by names, or a way around one.
bool tells_of_names(const TemplateWord& word);

}  // namespace tailops::tools
