#include "gateway/service/gateway_completions.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/request_id.hpp"
#include "gateway/core/text.hpp"
#include "gateway/service/gateway_prompt_table.hpp"
#include "gateway/service/gateway_prompts.hpp"
#include "gateway/service/gateway_resources.hpp"
#include "gateway/service/rights_key.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::service {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

// A person types faster than containers come and go.
constexpr auto names_live = 5s;
// The command of the catalogue that lists services, in the words of systemctl.
constexpr std::string_view services_command = "active_services";
constexpr std::size_t lists_max = 256;

/// 0 is best; nothing when `candidate` does not go with `typed`. Both in lower case.
std::optional<int> rank_of(std::string_view candidate, std::string_view typed)
{
    if (candidate == typed) return 0;
    if (candidate.starts_with(typed)) return 1;
    if (candidate.find(typed) != std::string_view::npos) return 2;
    std::size_t matched = 0;
    for (const char c : candidate) {
        if (matched < typed.size() && c == typed[matched]) ++matched;
    }
    return matched == typed.size() ? std::optional{3} : std::nullopt;
}

Status check_reference(const CompletionQuery& query)
{
    if (query.about == CompletionQuery::About::prompt) {
        const auto& table = prompt_table();
        const auto prompt = std::ranges::find(table, query.name, &PromptRow::name);
        if (prompt == table.end()) {
            return fail(Errc::not_found, "there is no prompt " + quote(query.name));
        }
        if (std::ranges::none_of(prompt->arguments, [&](const PromptArgument& argument) {
                return argument.name == query.argument;
            })) {
            return fail(Errc::not_found, "prompt " + quote(query.name) + " has no argument " +
                                             quote(query.argument));
        }
        return {};
    }
    const auto templates = GatewayResources::all_templates();
    const auto known = std::ranges::find(templates, query.name, &ResourceListing::uri);
    const auto has = [&](const std::string& variable) {
        return known->uri.find(variable) != std::string::npos;
    };
    if (known == templates.end() ||
        !(has('{' + query.argument + '}') || has("{?" + query.argument + '}'))) {
        return fail(Errc::not_found, "there is no template " + quote(query.name) +
                                         " with the variable " + quote(query.argument));
    }
    return {};
}

std::vector<std::string> containers_in(const json& content)
{
    std::vector<std::string> names;
    const auto* rows = find_member(content, "containers");
    if (!rows || !rows->is_array()) return names;
    for (const auto& row : *rows) names.emplace_back(text_member(row, "name"));
    return names;
}

/// The units that `systemctl list-units` names: `ssh.service` is "ssh".
std::vector<std::string> services_in(const json& content)
{
    constexpr std::string_view suffix = ".service";
    std::vector<std::string> names;
    for (const auto line : split(text_member(content, "output"), '\n')) {
        for (const auto word : split(line, ' ')) {
            if (word.size() <= suffix.size() || !word.ends_with(suffix)) continue;
            names.emplace_back(word.substr(0, word.size() - suffix.size()));
            break;  // what follows describes it
        }
    }
    return names;
}

}  // namespace

/// A call whose answer has names in it.
struct GatewayCompletions::Source {
    RequestId request;  // of this call alone
    std::string tool;
    json arguments;
    std::vector<std::string> (*names_in)(const json& content);
};

std::vector<std::string> ranked(std::vector<std::string> candidates, std::string_view typed)
{
    const auto wanted = lower_ascii(typed);
    std::vector<std::pair<int, std::string>> found;
    for (auto& candidate : candidates) {
        if (const auto rank = rank_of(lower_ascii(candidate), wanted)) {
            found.emplace_back(*rank, std::move(candidate));
        }
    }
    std::ranges::sort(found);
    std::vector<std::string> out;
    out.reserve(found.size());
    for (auto& [rank, text] : found) out.push_back(std::move(text));
    return out;
}

Task<Result<Completion>> GatewayCompletions::complete(Caller& caller, CompletionQuery query)
{
    if (auto known = check_reference(query); !known) co_return fail(std::move(known).error());
    auto all = co_await candidates(caller, query);
    Completion completion;
    completion.values = ranked(std::move(all), query.value);
    completion.total = completion.values.size();
    co_return completion;
}

Task<std::vector<std::string>> GatewayCompletions::candidates(Caller& caller, CompletionQuery query)
{
    const auto target = query.context.find("target");
    const bool has_target = target != query.context.end();
    if (query.argument == "service") {
        // Every machine would have to be asked for those of all.
        if (!has_target) co_return std::vector<std::string>{};
        co_return co_await services(caller, target->second);
    }
    if (query.argument != "container_name") co_return known_names(caller.principal(), query);
    if (!has_target) co_return co_await containers_anywhere(caller);
    co_return co_await containers(caller, caller.request(), target->second);
}

std::vector<std::string> GatewayCompletions::known_names(const auth::Principal& principal,
                                                         const CompletionQuery& query) const
{
    const auto about = [&query](std::string_view what) {
        return query.argument == "id" && query.name.find(what) != std::string::npos;
    };
    std::vector<std::string> out;
    if (query.argument == "target" || about("targets/")) {
        // Who may not list the targets learns no name here either.
        if (!pipeline_.may_ask(principal, "list_targets")) return out;
        for (const auto& visible : pipeline_.visible_targets(principal)) {
            out.push_back(visible.target->spec.facts.id.str());
        }
    } else if (about("runs/")) {
        for (const auto& run : pipeline_.visible_runs(principal)) out.push_back(run.id.str());
    } else if (query.argument == "command_name") {
        out = pipeline_.visible_commands(principal);
    } else if (query.argument == "stream") {
        out = {"stderr", "stdout"};
    }
    return out;
}

Task<std::vector<std::string>> GatewayCompletions::containers_anywhere(Caller& caller)
{
    std::vector<std::string> out;
    auto request = caller.request();
    for (const auto& visible : pipeline_.visible_targets(caller.principal())) {
        if (std::ranges::find(visible.tools, "get_container_list") == visible.tools.end()) continue;
        auto names =
            co_await containers(caller, std::move(request), visible.target->spec.facts.id.str());
        request = mint_request_id();
        std::ranges::move(names, std::back_inserter(out));
        if (out.size() >= Completion::values_max) break;
    }
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
    co_return out;
}

Task<std::vector<std::string>> GatewayCompletions::containers(Caller& caller,
                                                              RequestId request,
                                                              std::string target)
{
    Source source{.request = std::move(request),
                  .tool = "get_container_list",
                  .arguments = {{"target", std::move(target)}},
                  .names_in = containers_in};
    return names_of(caller, std::move(source));
}

Task<std::vector<std::string>> GatewayCompletions::services(Caller& caller, std::string target)
{
    if (!pipeline_.world().get()->commands->find(services_command)) {
        co_return std::vector<std::string>{};
    }
    Source source{.request = caller.request(),
                  .tool = "execute_command",
                  .arguments = {{"target", std::move(target)}, {"command_name", services_command}},
                  .names_in = services_in};
    co_return co_await names_of(caller, std::move(source));
}

Task<std::vector<std::string>> GatewayCompletions::names_of(Caller& caller, Source source)
{
    const auto key = std::to_string(pipeline_.generation()) + rights_key(caller.principal()) +
                     '\n' + source.tool + dump_json(source.arguments);
    {
        const std::scoped_lock lock{mutex_};
        const auto at = lists_.find(key);
        if (at != lists_.end() && ages_.now() - at->second.asked < names_live) {
            co_return at->second.names;
        }
    }
    if (!may_call_(caller.principal())) co_return std::vector<std::string>{};
    call::Invocation call{.id = std::move(source.request),
                          .principal = caller.principal(),
                          .tool = std::move(source.tool),
                          .arguments = std::make_shared<const json>(std::move(source.arguments))};
    const auto answer = co_await pipeline_.run(std::move(call));
    // Whatever keeps us from the names: nothing is proposed.
    auto names = answer ? source.names_in(*answer->content) : std::vector<std::string>{};
    const std::scoped_lock lock{mutex_};
    if (lists_.size() >= lists_max) lists_.clear();
    lists_.insert_or_assign(key, Names{ages_.now(), names});
    co_return names;
}

}  // namespace tailops::service
