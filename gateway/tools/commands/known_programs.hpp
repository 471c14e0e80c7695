#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

/// The programs that command templates may hand a parameter to, and what each makes of its words.
/// Add one only when no value can make it run, obey or write something: look for options that name
/// a program, for words that are code, and for what it does with a word it does not expect.
namespace tailops::tools {

constexpr bool is_in(std::string_view word, std::span<const std::string_view> list)
{
    return std::ranges::find(list, word) != list.end();
}

/// Whether `is_wanted` of one of the names in `list`, which has commas between them.
template <class IsWanted>
constexpr bool any_listed(std::string_view list, IsWanted is_wanted)
{
    while (!list.empty()) {
        const auto end = std::min(list.find(','), list.size());
        if (is_wanted(list.substr(0, end))) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

constexpr bool is_listed(std::string_view word, std::string_view list)
{
    return any_listed(list, [&](std::string_view name) { return name == word; });
}

/// Words of a shell after which a command begins, or that end a part of its grammar.
inline constexpr auto command_keywords = std::to_array<std::string_view>(
    {"!", "{", "}", "if", "then", "else", "elif", "fi", "while", "until", "do", "done"});

// --- programs whose arguments are data --------------------------------------------------------

/// Programs that run nothing their arguments or their input name. Those with an exception are in
/// `exceptions` too.
inline constexpr std::string_view data_programs =
    "apt-cache,arch,arp,b2sum,base32,base64,basename,blkid,bunzip2,bzcat,bzip2,"
    "cat,cd,chage,chgrp,chmod,chown,cksum,cmp,column,comm,cp,curl,cut,date,"
    "df,diff,dig,dirname,dmesg,dpkg-query,du,echo,egrep,expand,factor,faillog,"
    "false,fgrep,file,findmnt,fmt,fold,free,fuser,getconf,getent,getfacl,grep,"
    "groups,gunzip,gzip,head,hexdump,host,hostname,id,ifconfig,iostat,join,"
    "journalctl,kill,killall,last,lastb,lastlog,link,ln,logger,logname,ls,"
    "lsattr,lsblk,lscpu,lslogins,lsmem,lsmod,lsof,lspci,lsusb,md5sum,mkdir,"
    "mktemp,modinfo,mpstat,mtr,mv,netstat,nl,nproc,nslookup,numfmt,od,paste,"
    "pgrep,pidof,pidstat,ping,ping6,pkill,pmap,printenv,ps,pstree,pwd,pwdx,"
    "readlink,realpath,rev,rm,rmdir,route,sar,seq,sha1sum,sha224sum,sha256sum,"
    "sha384sum,sha512sum,shuf,sleep,smartctl,sort,split,ss,stat,strings,sum,"
    "sync,tac,tail,top,touch,tr,tracepath,traceroute,tree,true,truncate,tsort,"
    "type,umask,uname,unexpand,uniq,unlink,unxz,unzstd,uptime,users,vmstat,w,"
    "wc,wget,which,who,whoami,xxd,xz,xzcat,zcat,zstd,zstdcat,:";

/// Options of data programs that make more of a value than data: they name a program, a file of
/// options or a file to write.
struct Exception {
    std::string_view program;
    // A value cannot follow them.
    std::string_view letters;  // as in -sK
    std::string_view names;
    // Nor can they stand beside a value at all: what comes through a pipe or lies in a folder
    // decides what they do. A name may end with a star.
    std::string_view never_letters{};
    std::string_view never_names{};
    // What they obey must be a file that the template names from the root on.
    std::string_view fixed_letters{};
    std::string_view fixed_names{};
    std::string_view value_letters{};       // all that take a value: -uname has no -n in it
    bool is_second_operand_written{false};  // uniq IN OUT
};
inline constexpr std::array exceptions{
    Exception{.program = "apt-cache",
              .letters = "ocps",
              .names = "--option,--config-file,--pkg-cache,--src-cache",
              .fixed_letters = "c",
              .fixed_names = "--config-file",
              .value_letters = "ocps"},
    Exception{.program = "arp", .letters = "f", .names = "--file"},
    Exception{.program = "blkid", .letters = "cw", .names = "--cache-file"},
    Exception{
        .program = "curl",
        .letters = "KoEDcw",
        .names = "--config,--output,--cert,--key,--proxy-cert,--proxy-key,--dump-header,--cookie-"
                 "jar,--output-dir,--engine,--libcurl,--trace,--trace-ascii,--stderr,--etag-save,--"
                 "hsts,--alt-svc,--write-out,--unix-socket,--abstract-unix-socket,--ssl-sessions",
        .never_letters = "OJ",
        .never_names = "--remote-name,--remote-name-all,--remote-header-name,--output-dir,--expand-"
                       "*",
        .fixed_letters = "K",
        .fixed_names = "--config,--engine",
        .value_letters = "AbBcCdDeEFHKmoPQrtTuUwxXyYz"},
    Exception{.program = "file",
              .letters = "",
              .names = "",
              .never_letters = "C",
              .never_names = "--compile",
              .value_letters = "eFfmP"},
    Exception{.program = "journalctl", .letters = "", .names = "--cursor-file,--image,--root"},
    Exception{.program = "lsof", .letters = "D", .names = ""},
    Exception{.program = "pidstat",
              .letters = "e",
              .names = "",
              .never_letters = "e",
              .value_letters = "CGpTU"},
    Exception{.program = "sar", .letters = "o", .names = ""},
    Exception{.program = "shuf", .letters = "o", .names = "--output"},
    Exception{.program = "sort",
              .letters = "oT",
              .names = "--compress-program,--output,--files0-from,--temporary-directory",
              .fixed_names = "--compress-program",
              .value_letters = "koStT"},
    Exception{.program = "split", .letters = "", .names = "--filter", .never_names = "--filter"},
    Exception{.program = "ss", .letters = "D", .names = "--diag"},
    Exception{.program = "tree",
              .letters = "o",
              .names = "",
              .never_letters = "R",
              .value_letters = "HILoPT"},
    Exception{.program = "uniq",
              .letters = "",
              .names = "",
              .value_letters = "fsw",
              .is_second_operand_written = true},
    Exception{.program = "wget",
              .letters = "eOoaPi",
              .names = "--execute,--config,--output-document,--output-file,--append-output,--"
                       "directory-prefix,--use-askpass,--input-file,--save-cookies,--warc-file,--"
                       "warc-tempdir,--warc-dedup,--rejected-log,--hsts-file",
              .fixed_names = "--config,--use-askpass",
              .value_letters = "aABDeiIloOPQRtTUwX"},
    Exception{.program = "xxd",
              .letters = "",
              .names = "",
              .value_letters = "cglnos",
              .is_second_operand_written = true},
    Exception{.program = "zstd",
              .letters = "o",
              .names = "--output-dir-flat,--output-dir-mirror,--trace"},
};

// --- programs that read a program -------------------------------------------------------------

/// Programs that take program text from their arguments, a file or their input, by the beginning of
/// their name: python3.11, perl5.36, luajit.
inline constexpr std::string_view interpreters = "python,pypy,perl,ruby,lua,php,node,tcl,guile";
/// By their whole name.
inline constexpr std::string_view shells =
    "sh,bash,dash,ash,ksh,ksh93,mksh,pdksh,oksh,yash,zsh,rbash,rksh,rzsh,fish,csh,tcsh,rc,es,posh,"
    "eval,source,.,trap,irb,deno,bun,wish,expect,julia,Rscript,octave,gnuplot,ghci,runghc,erl,"
    "elixir,pwsh,nu,xonsh,elvish";

/// Commands of a shell that change what its words mean later: the positional parameters, in which
/// the values are, names of commands, how text is read.
inline constexpr std::string_view shell_state =
    "shift,set,getopts,read,alias,unalias,mapfile,readarray,unset,builtin,enable,hash,shopt,"
    "declare,"
    "typeset,local,readonly,let,setopt,emulate";
/// Variables whose value is where programs, libraries and settings are looked for.
inline constexpr std::string_view search_variables =
    "PATH,LD_PRELOAD,LD_LIBRARY_PATH,LD_AUDIT,ENV,BASH_ENV,CDPATH,HOME,XDG_CONFIG_HOME,CURL_HOME,"
    "WGETRC,SYSTEM_WGETRC,DOCKER_CONFIG,KUBECONFIG,APT_CONFIG,AWKPATH,AWKLIBPATH,GCONV_PATH,"
    "LOCPATH,TAPE,RSH,TAR_RSH";
/// Programs after which a value decides what lies in the current directory.
inline constexpr std::string_view makers =
    "cd,pushd,popd,cp,mv,ln,link,touch,mkdir,mktemp,tar,split,truncate,curl,wget,gzip,gunzip,bzip2,"
    "bunzip2,xz,unxz,zstd,unzstd";

constexpr bool is_interpreter(std::string_view name)
{
    return is_listed(name, shells) || any_listed(interpreters, [&](std::string_view begin) {
               return name.starts_with(begin);
           });
}

// --- programs that run the rest of their words ------------------------------------------------

struct Wrapper {
    std::string_view name;
    std::string_view value_letters{};  // options with a value: -u root, -uroot
    std::string_view flag_letters{};
    std::string_view value_names{};
    std::string_view flag_names{};
    int operands{0};  // words of its own between options and program
    enum class Operand { fixed, name } operand{Operand::fixed};
    bool takes_assignments{false};
    bool has_a_shell{false};  // runs one when no program is named
};
inline constexpr std::array wrappers{
    Wrapper{.name = "sudo",
            .value_letters = "ugpCThrtDR",
            .flag_letters = "ABbEHKknNPS",
            .value_names = "--user,--group,--prompt,--close-from,--command-timeout,--host,--role,--"
                           "type,--chdir,--chroot",
            .flag_names =
                "--askpass,--bell,--background,--preserve-env,--set-home,--remove-timestamp,-"
                "-reset-timestamp,--non-interactive,--no-update,--preserve-groups,--stdin",
            .takes_assignments = true},
    Wrapper{.name = "doas", .value_letters = "uC", .flag_letters = "nL"},
    Wrapper{
        .name = "env",
        .value_letters = "uC",
        .flag_letters = "i0v",
        .value_names = "--unset,--chdir",
        .flag_names =
            "--ignore-environment,--null,--debug,--block-signal,--default-signal,--ignore-signal",
        .takes_assignments = true},
    Wrapper{.name = "timeout",
            .value_letters = "ks",
            .flag_letters = "fpv",
            .value_names = "--kill-after,--signal",
            .flag_names = "--preserve-status,--foreground,--verbose",
            .operands = 1,
            .operand = Wrapper::Operand::name},
    Wrapper{.name = "nice",
            .value_letters = "n",
            .flag_letters = "0123456789",
            .value_names = "--adjustment"},
    Wrapper{.name = "ionice",
            .value_letters = "cn",
            .flag_letters = "t",
            .value_names = "--class,--classdata",
            .flag_names = "--ignore"},
    Wrapper{.name = "nohup"},
    Wrapper{.name = "setsid", .flag_letters = "cfw", .flag_names = "--ctty,--fork,--wait"},
    Wrapper{.name = "stdbuf", .value_letters = "ioe", .value_names = "--input,--output,--error"},
    Wrapper{.name = "chroot",
            .value_names = "--userspec,--groups",
            .flag_names = "--skip-chdir,--userspec,--groups",
            .operands = 1,
            .has_a_shell = true},
    Wrapper{.name = "flock",
            .value_letters = "wE",
            .flag_letters = "sxeunoFv",
            .value_names = "--timeout,--conflict-exit-code",
            .flag_names = "--shared,--exclusive,--unlock,--nonblock,--close,--no-fork,--verbose",
            .operands = 1},
    Wrapper{.name = "taskset",
            .flag_letters = "ac",
            .flag_names = "--all-tasks,--cpu-list",
            .operands = 1},
    Wrapper{.name = "chrt",
            .flag_letters = "fRrv",
            .flag_names = "--fifo,--rr,--reset-on-fork,--verbose",
            .operands = 1},
    Wrapper{.name = "time",
            .value_letters = "f",
            .flag_letters = "pqv",
            .value_names = "--format",
            .flag_names = "--portability,--quiet,--verbose"},
    Wrapper{.name = "exec"},
    Wrapper{.name = "command", .flag_letters = "p"},
    Wrapper{.name = "busybox"},
    Wrapper{.name = "toybox"},
};
inline constexpr Wrapper runuser{
    .name = "runuser", .value_letters = "ugG", .value_names = "--user,--group,--supp-group"};
inline constexpr Wrapper xargs{
    .name = "xargs",
    .value_letters = "adEILnPs",
    .flag_letters = "0oprtx",
    .value_names = "--arg-file,--delimiter,--max-args,--max-procs,--max-chars,--process-slot-var",
    .flag_names =
        "--null,--open-tty,--interactive,--no-run-if-empty,--verbose,--exit,--eof,"
        "--replace,--max-lines"};
inline constexpr Wrapper ssh{.name = "ssh",
                             .value_letters = "BbcDEeFIiJLlmOopQRSWw",
                             .flag_letters = "46AaCfGgKkMNnqsTtvXxYy",
                             .operands = 1,
                             .operand = Wrapper::Operand::name,
                             .has_a_shell = true};
inline constexpr Wrapper container_exec{
    .name = "exec",
    .value_letters = "euw",
    .flag_letters = "dit",
    .value_names = "--env,--user,--workdir,--detach-keys,--env-file",
    .flag_names = "--detach,--interactive,--tty,--privileged",
    .operands = 1,
    .operand = Wrapper::Operand::name};

// --- programs that are told what to do by a verb ----------------------------------------------

struct VerbProgram {
    std::string_view name;
    std::string_view value_letters;
    std::string_view flag_letters;
    std::string_view value_names;
    std::string_view verbs;  // those that take data; two words: "network ls"
    enum class Values { any, names } values{Values::any};
    std::string_view refused_after{};  // options whose value is no data
    // Options whose value is a file that it obeys.
    std::string_view obeyed_letters{};
    std::string_view obeyed_names{};
};

inline constexpr std::string_view container_verbs =
    "ps,logs,inspect,stats,images,top,port,start,stop,restart,pause,unpause,kill,rm,rmi,version,"
    "info,events,diff,wait,history,rename,container ls,container logs,container inspect,container "
    "stats,container top,container port,container start,container stop,container restart,container "
    "pause,container unpause,container kill,container rm,container diff,container wait,image "
    "ls,image inspect,image history,image rm,network ls,network inspect,volume ls,volume "
    "inspect,system df,system info,container prune,image prune";

inline constexpr std::array verb_programs{
    VerbProgram{"systemctl", "tpnso", "qalr",
                "--type,--state,--property,--lines,--signal,--output,--kill-whom,--kill-who,--job-"
                "mode,--timestamp",
                "status,show,cat,help,is-active,is-enabled,is-failed,list-units,list-unit-files,"
                "list-dependencies,list-timers,list-sockets,list-jobs,start,stop,restart,reload,"
                "try-restart,reload-or-restart,try-reload-or-restart,enable,disable,reenable,mask,"
                "unmask,kill,reset-failed,isolate,clean,freeze,thaw",
                // A path would make a file of the caller's choice a unit: systemctl enable /tmp/x.
                VerbProgram::Values::names, "-H,--host,-M,--machine,--root,--image"},
    VerbProgram{"docker", "Hcl", "D", "--host,--context,--config,--log-level", container_verbs,
                VerbProgram::Values::any, "", "", "--config"},
    VerbProgram{"podman", "c", "r", "--connection,--url,--log-level,--root,--runroot",
                container_verbs, VerbProgram::Values::any, ""},
    VerbProgram{"kubectl", "ns", "Av", "--namespace,--context,--cluster,--server,--kubeconfig",
                "get,describe,logs,top,version,api-resources,explain", VerbProgram::Values::names,
                "--kubeconfig,--server,-s,--filename,-f,--kustomize,-k", "k",
                "--kubeconfig,--kustomize"},
    VerbProgram{"ip", "lf", "0123456789acdehjoprst", "-family",
                "a,ad,addr,address,l,li,link,r,ro,route,n,ne,neigh,neighbour,ru,rule,m,maddr,"
                "maddress,tunnel",
                VerbProgram::Values::names, ""},
    VerbProgram{"tailscale", "", "", "", "status,ping,ip,whois,netcheck,version",
                VerbProgram::Values::any, "--socket"},
    VerbProgram{"zpool", "", "", "", "status,list,iostat,get,history,events",
                VerbProgram::Values::names, "-c"},
    VerbProgram{"zfs", "", "", "", "list,get", VerbProgram::Values::any, ""},
    VerbProgram{"loginctl", "p", "", "--property",
                "list-sessions,list-users,session-status,show-session,user-status,show-user,"
                "terminate-session,terminate-user",
                VerbProgram::Values::names, "-H,--host,-M,--machine"},
    VerbProgram{"apt", "", "q", "", "list,show,search,policy", VerbProgram::Values::names,
                "-o,-c,--option,--config-file", "c", "--config-file"},
};

/// Programs whose own words are a name each: an init script, a key of the kernel.
inline constexpr auto name_programs =
    std::to_array<std::string_view>({"service", "sysctl", "rc-service", "sv", "exit", "return"});

}  // namespace tailops::tools
