#include "gateway/tools/commands/name_reader.hpp"

#include "gateway/tools/commands/naming_programs.hpp"

#include <algorithm>
#include <limits>

namespace tailops::tools {
namespace {

using Names = CommandParameter::Names;

/// What stands before a program and says where, and as whom, it runs.
struct Before {
    std::vector<std::string> words{};  // all of it: sudo -n
    std::vector<std::string> place{};  // what leads elsewhere: ssh db-02
    bool is_known{true};
    bool is_for_a_shell{false};  // which would read the words of a question once more

    void add(Words own, bool leads_elsewhere)
    {
        for (const auto& word : own) {
            is_known = is_known && word.is_fixed;
            words.push_back(word.literal);
        }
        if (leads_elsewhere) place = words;
    }
};

std::string_view base_name(const TemplateWord& word)
{
    return std::string_view{word.literal}.substr(word.literal.rfind('/') + 1);
}

/// Variables that decide which manager or engine answers.
bool chooses_what_answers(const TemplateWord& assignment)
{
    return any_listed(
        "DOCKER_,CONTAINER_,PODMAN_,SYSTEMD_,DBUS_,XDG_,HOME=,PATH=",
        [&](std::string_view begin) { return assignment.literal.starts_with(begin); });
}

const Wrapper* wrapper_of(std::string_view name)
{
    for (const auto* one : {&runuser, &xargs, &ssh}) {
        if (one->name == name) return one;
    }
    const auto found = std::ranges::find(wrappers, name, &Wrapper::name);
    return found == wrappers.end() ? nullptr : &*found;
}

/// Programs whose words are data, whatever they are, and none of the names that are meant here.
bool takes_no_names(std::string_view name)
{
    constexpr std::string_view others =
        "awk,gawk,mawk,nawk,sed,test,[,printf,tar,tee,rc-service,sv,sysctl,exit,return,export,"
        "wait,break,continue";
    if (is_listed(name, others) || is_listed(name, data_programs)) return true;
    return std::ranges::find(verb_programs, name, &VerbProgram::name) != verb_programs.end();
}

class Reader {
public:
    explicit Reader(const CompiledTemplate& compiled) : compiled_{compiled} {}

    PlacesOfNames read()
    {
        for (const auto& command : compiled_.commands) read_command(command.words);
        for (const auto& command : compiled_.commands) {
            if (!compiled_.is_read && std::ranges::any_of(command.words, tells_of_names)) {
                out_.unclear_until = std::numeric_limits<std::size_t>::max();
            }
        }
        return std::move(out_);
    }

private:
    void read_command(Words words)
    {
        std::vector<TemplateWord> variables;
        for (; !words.empty(); words = words.subspan(1)) {
            const auto& word = words.front();
            if (is_assignment(word)) {
                variables.push_back(word);
            } else if (!word.is_bare || word.has_parameter() ||
                       !is_in(word.literal, command_keywords)) {
                break;
            }
        }
        Before before{.is_known = !is_moved_};
        std::erase_if(variables, [](const auto& word) { return !chooses_what_answers(word); });
        const bool is_for_all =
            words.empty() || is_listed(words.front().literal, "export,declare,typeset,readonly");
        if (is_for_all) {
            is_moved_ =
                is_moved_ || !variables.empty() || std::ranges::any_of(words, chooses_what_answers);
        } else if (!variables.empty()) {
            before.words.emplace_back("env");
            before.add(variables, true);
        }
        read_program(words, before);
    }

    void read_program(Words words, Before before)
    {
        if (words.empty()) return;
        const auto& program = words.front();
        if (program.has_parameter() || !program.is_fixed) return heed(words);
        const auto name = base_name(program);
        const bool is_query = name == "command" && words.size() > 1 &&
                              (words[1].literal == "-v" || words[1].literal == "-V");
        if (is_query) return;
        if (name == "systemctl") return read_systemctl(words, std::move(before));
        if (name == "service") return read_service(words, before);
        if (name == "journalctl") return read_journalctl(words, std::move(before));
        if (name == "docker" || name == "podman") return read_docker(words, std::move(before));
        if (name == "find") return read_find(words, before);
        if (const auto* wrapper = wrapper_of(name)) {
            return read_wrapped(words, *wrapper, std::move(before));
        }
        const bool is_an_engines_socket = std::ranges::any_of(words, [](const auto& word) {
            return word.literal.find(".sock") != std::string::npos && tells_of_names(word);
        });
        if (is_an_engines_socket || !takes_no_names(name)) heed(words);
    }

    /// Words of which it is not known what runs: when they speak of names, values may be some.
    void heed(Words words)
    {
        if (std::ranges::any_of(words, tells_of_names)) suspect(words);
    }

    /// What stands before the end of these words may become a name.
    void suspect(Words words)
    {
        out_.unclear_until = std::max(out_.unclear_until, words.back().offset + 1);
    }

    void blur(const TemplateWord& word)
    {
        if (word.has_parameter()) out_.unclear.insert(&word);
        if (!word.has_parameter() && !word.is_fixed) suspect({&word, 1});
    }

    void blur(Words words)
    {
        for (const auto& word : words) blur(word);
    }

    void mark(const TemplateWord& word, bool is_known, PlaceOfName place)
    {
        if (!word.has_parameter() || !is_known) return blur(word);
        out_.names.emplace(&word, std::move(place));
    }

    void read_wrapped(Words words, const Wrapper& wrapper, Before before)
    {
        Verdict problem;
        const auto inner = inner_words(words, wrapper, problem);
        if (!inner) return heed(words);
        if (&wrapper == &xargs) {
            heed(*inner);  // what comes through the pipe is named, too
        } else if (&wrapper == &ssh || is_listed(wrapper.name, "sudo,doas,env,chroot,runuser")) {
            const auto own = words.first(words.size() - inner->size());
            before.add(own, &wrapper == &ssh || wrapper.name == "chroot" ||
                                std::ranges::any_of(own, chooses_what_answers));
            before.is_for_a_shell = before.is_for_a_shell || &wrapper == &ssh;
        }
        read_program(*inner, std::move(before));
    }

    void read_find(Words words, const Before& before)
    {
        for (std::size_t at = 1; at < words.size(); ++at) {
            if (!is_listed(words[at].literal, "-exec,-execdir,-ok,-okdir")) continue;
            auto end = at + 1;
            while (end < words.size() && words[end].literal != ";" && words[end].literal != "+") {
                ++end;
            }
            const auto inner = words.subspan(at + 1, end - at - 1);
            if (!inner.empty()) heed(inner);
            read_program(inner, before);
            at = end;
        }
    }

    void read_systemctl(Words words, Before before)
    {
        const auto read = read_options(words, 1, systemctl_options);
        if (!read.is_understood || read.operands.empty()) return blur(words);
        auto asked_by = before.words;
        asked_by.push_back(words.front().literal);
        auto where = std::vector<std::string>{};
        for (const auto& word : words.subspan(1)) {
            const auto name = word.literal.substr(0, word.literal.find('='));
            const bool is_where = is_listed(name, "--user,--global") ||
                                  (is_listed(name, "--host,--machine,--capsule,--root,--image") &&
                                   name.size() < word.literal.size()) ||
                                  (word.literal.size() > 2 && is_where_letter(word.literal));
            if (is_where && !word.has_parameter()) where.push_back(word.literal);
        }
        for (const auto& value : read.values) {
            const auto& word = words[value.at];
            if (!is_listed(value.option, "H,M,C,--host,--machine,--capsule,--root,--image"))
                continue;
            before.is_known = before.is_known && word.is_fixed;
            const auto dash = value.option.size() == 1 ? "-" : "";
            where.push_back(dash + std::string{value.option});
            where.push_back(word.literal);
        }
        asked_by.insert(asked_by.end(), where.begin(), where.end());
        // Each account has a manager of its own.
        auto thing = where.empty() ? before.place : before.words;
        thing.emplace_back("systemctl");
        thing.insert(thing.end(), where.begin(), where.end());
        const auto& verb = words[read.operands.front()];
        const bool is_known =
            before.is_known && verb.is_fixed && is_listed(verb.literal, unit_verbs);
        for (const auto at : read.operands) {
            mark(words[at], is_known, {.names = Names::unit, .asked_by = asked_by, .thing = thing});
        }
    }

    static bool is_where_letter(std::string_view option)
    {
        return option.front() == '-' && is_listed(option.substr(1, 1), "H,M,C");
    }

    static PlaceOfName system_unit(const Before& before, std::vector<std::string> where)
    {
        PlaceOfName out{.names = Names::unit, .asked_by = before.place};
        out.asked_by.emplace_back("systemctl");
        out.asked_by.insert(out.asked_by.end(), where.begin(), where.end());
        out.thing = out.asked_by;
        return out;
    }

    void read_service(Words words, const Before& before)
    {
        if (words.size() < 2) return;
        if (words[1].literal.starts_with('-')) return blur(words);
        mark(words[1], before.is_known, system_unit(before, {}));
    }

    void read_journalctl(Words words, Before before)
    {
        const auto read = read_options(words, 1, journalctl_options);
        if (!read.is_understood) return blur(words);
        std::vector<std::string> where;
        bool is_users = false;
        for (const auto& word : words.subspan(1)) {
            is_users = is_users || (word.literal == "--user" && !word.has_parameter());
            const bool is_elsewhere =
                any_listed("--machine=,--root=,--image=,-M", [&](std::string_view begin) {
                    return word.literal.starts_with(begin) && word.literal.size() > 2;
                });
            before.is_known = before.is_known && !is_elsewhere;
        }
        for (const auto& value : read.values) {
            if (is_listed(value.option, "M,--machine,--root,--image")) before.is_known = false;
        }
        for (const auto& value : read.values) {
            const bool is_user_unit = value.option == "--user-unit";
            if (!is_user_unit && value.option != "u" && value.option != "--unit") continue;
            // With --user, a unit is one of the user's (journalctl(1)).
            if (is_user_unit || is_users)
                where = {"--user"};
            else
                where.clear();
            mark(words[value.at], before.is_known, system_unit(before, where));
        }
        for (const auto at : read.operands) blur(words[at]);  // _SYSTEMD_UNIT=…
    }

    void read_docker(Words words, Before before)
    {
        const auto globals = read_global_options(words, 1, container_global_options);
        if (!globals.is_understood) return blur(words);
        if (globals.operands.empty()) return;
        auto verb = globals.operands.front();
        before.add(words.first(verb), false);
        if (words[verb].literal == "container" && verb + 1 < words.size()) ++verb;
        if (words[verb].has_parameter() || !words[verb].is_fixed) return blur(words);
        const std::string_view name{words[verb].literal};
        if (name == "exec") return read_docker_exec(words, verb, std::move(before));
        if (name == "ps" || name == "ls") return read_docker_ps(words, verb);
        const auto known = std::ranges::find(container_verb_table, name, &ContainerVerb::name);
        if (known == container_verb_table.end()) {
            const auto second = verb + 1 < words.size() ? words[verb + 1].literal : std::string{};
            const bool is_other = is_listed(name, "images,rmi,history,version,info") ||
                                  (is_listed(name, "image,network,volume,system") &&
                                   is_listed(second, "ls,inspect,history,rm,df,info"));
            return is_other ? void() : blur(words);
        }
        // What stands behind the container is for ps(1).
        const auto read = name == "top" ? read_global_options(words, verb + 1, known->options)
                                        : read_options(words, verb + 1, known->options);
        const bool is_podmans_flag =
            base_name(words.front()) == "podman" && name == "logs" &&
            std::ranges::any_of(read.values, [](const auto& one) { return one.option == "n"; });
        if (!read.is_understood || is_podmans_flag) return blur(words);
        bool is_container = true;
        for (const auto at : read.operands) {
            if (is_container) mark_container(words, words[at], before, name == "cp");
            is_container = is_container && known->takes == ContainerVerb::Takes::all;
        }
    }

    /// `before` ends with the engine and its options.
    void mark_container(Words words, const TemplateWord& word, const Before& before, bool may_go_on)
    {
        const auto engine = base_name(words.front());
        auto thing = before.words;
        // Without root, podman has an engine for each account.
        if (engine == "docker") {
            const auto own = std::ranges::find_if(thing, [](const std::string& one) {
                return one.substr(one.rfind('/') + 1) == "docker";
            });
            thing.erase(thing.begin(), own);
            thing.insert(thing.begin(), before.place.begin(), before.place.end());
            thing[before.place.size()] = "docker";
        }
        mark(word, before.is_known && !before.is_for_a_shell,
             {.names = Names::container,
              .asked_by = before.words,
              .thing = std::move(thing),
              .may_go_on = may_go_on});
    }

    void read_docker_exec(Words words, std::size_t verb, Before before)
    {
        Verdict problem;
        const auto inner = inner_words(words.subspan(verb), container_exec, problem);
        const auto own = words.size() - (inner ? inner->size() : 0);
        if (!inner || own <= verb + 1) return blur(words);
        mark_container(words, words[own - 1], before, false);
        before.add(words.subspan(before_size(words, verb), own - before_size(words, verb)), true);
        read_program(*inner, std::move(before));
    }

    /// Where the words begin that are not in `before` yet: at "container" or at the verb.
    static std::size_t before_size(Words words, std::size_t verb)
    {
        return words[verb - 1].literal == "container" ? verb - 1 : verb;
    }

    void read_docker_ps(Words words, std::size_t verb)
    {
        constexpr NamingOptions options{"nf", "aqls", "", "--last,--filter,--format",
                                        "--all,--quiet,--latest,--no-trunc,--size"};
        const auto read = read_options(words, verb + 1, options);
        if (!read.is_understood) return blur(words);
        for (const auto at : read.operands) blur(words[at]);
        for (const auto& value : read.values) {
            if (is_listed(value.option, "f,--filter")) blur(words[value.at]);
        }
    }

    const CompiledTemplate& compiled_;
    PlacesOfNames out_;
    bool is_moved_{false};  // by a variable: something else answers than what is asked
};

}  // namespace

PlacesOfNames read_places_of_names(const CompiledTemplate& compiled)
{
    return Reader{compiled}.read();
}

}  // namespace tailops::tools
