#include "gateway/core/text.hpp"
#include "gateway/tools/commands/program_checks.hpp"

#include <algorithm>

namespace tailops::tools {
namespace {

/// One option of a word: `-sK` has two.
struct Option {
    std::string_view name;                    // "--config", or the letter
    std::optional<std::string_view> value{};  // that stands in the same word
};

/// The options in a word. The last one may take the word after it.
std::vector<Option> options_of(std::string_view text, std::string_view value_letters)
{
    std::vector<Option> out;
    if (!text.starts_with('-') || text.size() < 2 || text == "--") return out;
    if (text.starts_with("--")) {
        const auto end = std::min(text.find('='), text.size());
        out.push_back({.name = text.substr(0, end)});
        if (end < text.size()) out.back().value = text.substr(end + 1);
        return out;
    }
    for (std::size_t at = 1; at < text.size(); ++at) {
        out.push_back({.name = text.substr(at, 1)});
        if (value_letters.find(text[at]) == std::string_view::npos) continue;
        if (at + 1 < text.size()) out.back().value = text.substr(at + 1);
        break;
    }
    return out;
}

/// Whether the option is one of `letters` or `names`, also shortened as getopt_long takes it.
bool is_option(std::string_view name, std::string_view letters, std::string_view names)
{
    if (!name.starts_with('-')) return letters.find(name) != std::string_view::npos;
    return any_listed(names, [&](std::string_view option) {
        if (option.ends_with('*')) return name.starts_with(option.substr(0, option.size() - 1));
        return !option.empty() && option.starts_with(name);
    });
}

/// Whether an option that the template writes out cannot stand beside a parameter.
bool is_refused_option(const Option& option, const TemplateWord* next, const Exception& exception)
{
    // An option of its own is not the beginning of another: --output, --output-dir.
    const bool is_whole = is_listed(option.name, exception.names);
    const auto is = [&](std::string_view letters, std::string_view names) {
        return is_whole ? is_listed(option.name, names) : is_option(option.name, letters, names);
    };
    if (is(exception.never_letters, exception.never_names)) return true;
    auto value = option.value.value_or("");
    if (!option.value && next != nullptr && next->is_fixed) value = next->literal;
    if (is(exception.fixed_letters, exception.fixed_names)) return !is_fixed_file(value);
    if (exception.program != "curl") return false;
    // curl takes the format from a file or its input, and parts of the address for a name.
    return (is("w", "--write-out") && value.starts_with('@')) ||
           (is("o", "--output") && value.find('#') != std::string_view::npos);
}

/// Whether the value behind the word `before` would be run, obeyed or written to.
bool is_refused_value(std::string_view before, const Exception& exception)
{
    const auto options = options_of(before, exception.value_letters);
    return !options.empty() && !options.back().value &&
           is_option(options.back().name, exception.letters, exception.names);
}

/// Whether wget writes where the template says: else it is into a file that the address names.
bool has_fixed_output(Words words, const Exception& wget)
{
    for (std::size_t at = 1; at < words.size(); ++at) {
        if (words[at].has_parameter()) continue;
        for (const auto& option : options_of(words[at].literal, wget.value_letters)) {
            if (option.name == "--spider") return true;
            if (option.name != "O" && option.name != "--output-document") continue;
            return option.value || (at + 1 < words.size() && words[at + 1].is_fixed);
        }
    }
    return false;
}

/// A value among the operands behind the first one.
const TemplateWord* written_operand(Words words, const Exception& exception)
{
    std::size_t operands = 0;
    for (std::size_t at = 1; at < words.size(); ++at) {
        const auto& word = words[at];
        const auto options = word.has_parameter()
                                 ? std::vector<Option>{}
                                 : options_of(word.literal, exception.value_letters);
        if (options.empty()) {
            if (word.literal != "--" && ++operands > 1 && word.has_parameter()) return &word;
            continue;
        }
        const auto& last = options.back();
        if (!last.value && exception.value_letters.find(last.name) != std::string_view::npos) ++at;
    }
    return nullptr;
}

}  // namespace

bool is_fixed_file(std::string_view path)
{
    return path.starts_with('/') && !path.starts_with("/dev/") && !path.starts_with("/proc/");
}

Verdict check_obeyed(Words words, const ObeyedOptions& options)
{
    for (std::size_t at = 1; at < words.size(); ++at) {
        const auto& word = words[at];
        if (word.has_parameter()) continue;
        for (const auto& option : options_of(word.literal, options.value_letters)) {
            if (!is_option(option.name, options.letters, options.names)) continue;
            const bool has_next = at + 1 < words.size() && words[at + 1].is_fixed;
            const std::string_view next = has_next ? words[at + 1].literal : std::string_view{};
            if (is_fixed_file(option.value.value_or(next))) continue;
            return misuse(word, "beside a parameter " + quote(word.literal) + " of " +
                                    quote(words.front().literal) +
                                    " needs a file that is written out from / on");
        }
    }
    return std::nullopt;
}

Verdict check_data(Words words, std::string_view name)
{
    if (name == "ps" || name == "top") return check_process_list(words, name);
    const auto exception = std::ranges::find(exceptions, name, &Exception::program);
    if (exception == exceptions.end()) return std::nullopt;
    for (std::size_t at = 1; at < words.size(); ++at) {
        const auto& word = words[at];
        if (word.has_parameter()) {
            if (!is_piped(word) && !is_refused_value(words[at - 1].literal, *exception)) continue;
            return misuse(
                word, "a parameter cannot be what " + quote(name) + " runs, obeys or writes to");
        }
        const auto* const next = at + 1 < words.size() ? &words[at + 1] : nullptr;
        for (const auto& option : options_of(word.literal, exception->value_letters)) {
            if (!is_refused_option(option, next, *exception)) continue;
            return misuse(word, "beside a parameter " + quote(word.literal) + " of " + quote(name) +
                                    " could run, obey or write what a value says");
        }
    }
    if (name == "wget" && !has_fixed_output(words, *exception)) {
        return misuse(words.front(),
                      "wget would write a file that is called as a value says; add -O - or -O and "
                      "a file");
    }
    if (name == "curl") return check_curl(words);
    const auto* const written =
        exception->is_second_operand_written ? written_operand(words, *exception) : nullptr;
    if (written == nullptr) return std::nullopt;
    return misuse(*written, "a parameter cannot be the file that " + quote(name) + " writes");
}

Verdict check_sysctl(Words words)
{
    for (const auto& word : words.subspan(1)) {
        if (word.has_parameter()) continue;
        for (const auto& option : options_of(word.literal, "r")) {
            if (!is_option(option.name, "pf", "--load,--system")) continue;
            return misuse(word, "beside a parameter sysctl cannot take keys from files or a pipe");
        }
    }
    return check_names(words, "sysctl");
}

/// Words of ip(8) that load a program or run one (xdp, bpf, encap, obj) are not among these, and a
/// value that is such a word needs the one behind it.
Verdict check_ip(Words words)
{
    constexpr std::string_view known =
        "show,list,ls,lst,sh,s,get,g,set,add,del,delete,replace,change,append,flush,save,to,dev,"
        "up,down,from,iif,oif,via,table,scope,master,nomaster,vrf,type,src,metric,proto,protocol,"
        "mtu,address,broadcast,brd,peer,local,remote,label,name,alias,txqueuelen,qlen,promisc,on,"
        "off,arp,multicast,lladdr,nud,permanent,reachable,stale,default,primary,secondary,dynamic,"
        "unicast,blackhole,unreachable,prohibit,nexthop,weight,onlink,group,lookup,pref,priority,"
        "fwmark,ttl,mode,link,bridge,vlan,id,dummy,veth,root,match,exact,all,not,global,host,"
        "proxy,router,main,lo";
    bool is_behind_value = false;
    for (const auto& word : words) {
        if (word.has_parameter() && is_behind_value) {
            return misuse(word, "a parameter cannot follow another one of \"ip\"");
        }
        is_behind_value = word.has_parameter();
        if (word.has_parameter()) continue;
        const std::string_view text{word.literal};
        const bool is_plain = text.find_first_of("0123456789./:") != std::string_view::npos;
        if (!word.is_fixed || (!is_plain && !is_listed(text, known))) {
            return misuse(word, "what " + quote(word.literal) +
                                    " means to \"ip\" beside a parameter is not known here");
        }
    }
    return std::nullopt;
}

}  // namespace tailops::tools
