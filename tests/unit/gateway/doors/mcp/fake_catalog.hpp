#pragma once

#include "tests/unit/gateway/doors/mcp/fakes.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tailops::mcp::testing {

/// Serves every part of the protocol. Its tools do what their arguments say:
/// `{"rounds":[{key:{"method","params"}}],"hold":true}` asks round after round, until each key is
/// answered, and then shows what it was answered and the state it was given back last. `hold` waits
/// for release() first.
///
///     asks      as above
///     forever   asks something new each time
///     offered   the same as `asks`, as a task where the client takes those
///     required  the same, as a task or not at all
///     long      the same, and may last long
///     tells     progress and log messages, then nothing
class FakeCatalog : public service::Service {
public:
    explicit FakeCatalog(Bell& bell) : bell_{bell} {}

    std::string instructions() const override { return {}; }
    service::Features features() const override
    {
        return {.prompts = true, .resources = true, .completions = true, .logging = true};
    }
    std::string listing_key(service::ListKind, const auth::Principal& principal) const override
    {
        return principal.identity.subject.str() + std::to_string(generation);
    }
    std::shared_ptr<const service::ToolListing> find_tool(std::string_view name) const override
    {
        if (name != "long") return nullptr;
        return {std::shared_ptr<void>{}, &long_};
    }
    std::vector<service::ToolListing> list_tools(const auth::Principal&) const override
    {
        std::vector<service::ToolListing> out;
        for (const auto& name : names("tool")) out.push_back(listing(name));
        return out;
    }
    std::vector<service::PromptListing> list_prompts(const auth::Principal&) const override
    {
        std::vector<service::PromptListing> out;
        for (const auto& name : names("prompt")) {
            out.push_back({.name = name, .title = {}, .description = {}, .arguments = {}});
        }
        return out;
    }
    std::vector<service::ResourceListing> list_resources(const auth::Principal&) const override
    {
        return resources("x://");
    }
    std::vector<service::ResourceListing> list_resource_templates(
        const auth::Principal&) const override
    {
        return resources("x://{id}/");
    }

    Task<Result<service::ToolOutcome>> call_tool(service::Caller& caller,
                                                 std::string name,
                                                 JsonPart arguments) override
    {
        if (name == "tells") co_return tell(caller);
        const bool is_required = name == "required";
        if (!caller.is_task() && (is_required || (name == "offered" && caller.takes_tasks()))) {
            service::RunAsTask task{.ttl = ttl};
            if (is_required) task.need = service::RunAsTask::Need::required;
            co_return task;
        }
        ++turns;
        bell_.ring();
        if (name == "forever") co_return ask_again(caller);
        if (find_member(*arguments, "hold")) co_await hold();
        if (find_member(*arguments, "breaks")) co_return fail(Errc::internal, "broken");
        auto question = next_question(caller, *arguments);
        if (question) co_return *std::move(question);
        co_return service::ToolResult{
            .text = {}, .structured = learnt(caller), .more_blocks = nullptr};
    }
    Task<Result<service::Outcome<service::PromptResult>>> get_prompt(service::Caller& caller,
                                                                     std::string name,
                                                                     JsonPart arguments) override
    {
        if (name != "greet") co_return fail(Errc::not_found, "there is no such prompt");
        auto question = next_question(caller, *arguments);
        if (question) co_return *std::move(question);
        co_return service::PromptResult{.description = "a greeting",
                                        .messages = shared(json::array({*arguments}))};
    }
    Task<Result<service::Outcome<service::ResourceResult>>> read_resource(service::Caller& caller,
                                                                          std::string uri) override
    {
        if (uri == "x://denied") co_return fail(Errc::denied, "decided by rule night");
        if (uri == "x://asking") co_return fail(Errc::approval_required, "approval required");
        if (uri != "x://1" && uri != "x://asks") co_return fail(Errc::not_found, "not found");
        if (uri == "x://asks" && !caller.accepted("name")) {
            auto question = question_of(json{{"name", form()}});
            co_return question;
        }
        json contents = json::array();
        contents.push_back(json{{"uri", uri}, {"text", "one"}});
        co_return service::ResourceResult{shared(std::move(contents))};
    }
    Task<Result<service::Completion>> complete(service::Caller&,
                                               service::CompletionQuery query) override
    {
        if (query.name == "nothing") co_return fail(Errc::not_found, "there is no such prompt");
        service::Completion completion;
        for (std::size_t i = 0; i < matches; ++i) {
            completion.values.push_back(query.value + std::to_string(i));
        }
        completion.total = total;
        last_query = std::move(query);
        co_return completion;
    }
    service::Following following(const auth::Principal&, std::string_view uri) const override
    {
        if (uri == "x://still") return service::Following::never;
        const bool is_known = uri.starts_with("x://") && !hidden.contains(uri);
        return is_known ? service::Following::allowed : service::Following::hidden;
    }

    /// What asks a person for a form.
    static json form()
    {
        return {{"method", "elicitation/create"},
                {"params", {{"mode", "form"}, {"message", "who?"}}}};
    }
    /// The arguments of a tool that asks for `keys` in one round each.
    static json rounds_of(const std::vector<std::string>& keys)
    {
        json rounds = json::array();
        for (const auto& key : keys) rounds.push_back(json{{key, form()}});
        return {{"rounds", std::move(rounds)}};
    }
    static json accepted(const std::string& value)
    {
        return {{"action", "accept"}, {"content", {{"name", value}}}};
    }

    void release()
    {
        is_released = true;
        bell_.ring();
    }

    std::set<std::string, std::less<>> hidden{"x://hidden"};  // what nobody may follow, now
    std::size_t listed{0};                                    // items of each list
    int generation{0};                                        // of the lists
    std::size_t matches{0};
    std::size_t total{0};
    std::optional<service::CompletionQuery> last_query;
    std::optional<std::chrono::milliseconds> ttl{std::chrono::hours{1}};
    int turns{0};
    int cancels{0};
    bool is_released{false};

private:
    static JsonPart shared(json value) { return std::make_shared<const json>(std::move(value)); }
    static service::ToolListing listing(std::string name)
    {
        return {.name = std::move(name),
                .title = {},
                .description = {},
                .input_schema = shared(json{{"type", "object"}}),
                .output_schema = nullptr,
                .annotations = nullptr};
    }
    static service::ToolListing long_listing()
    {
        auto made = listing("long");
        made.may_last = true;
        return made;
    }
    std::vector<std::string> names(const std::string& stem) const
    {
        std::vector<std::string> out;
        for (std::size_t i = 0; i < listed; ++i) out.push_back(stem + std::to_string(i));
        return out;
    }
    std::vector<service::ResourceListing> resources(const std::string& stem) const
    {
        std::vector<service::ResourceListing> out;
        for (const auto& uri : names(stem)) {
            out.push_back(
                {.uri = uri, .name = uri, .title = {}, .description = {}, .mime_type = {}});
        }
        return out;
    }

    static service::InputRequired question_of(const json& requests)
    {
        service::InputRequired question;
        for (const auto& [key, request] : requests.items()) {
            question.requests[key] = {.method = std::string{text_member(request, "method")},
                                      .params = shared(field<json>(request, "params").value())};
        }
        return question;
    }
    static std::optional<service::InputRequired> next_question(const service::Caller& caller,
                                                               const json& arguments)
    {
        const auto* rounds = find_member(arguments, "rounds");
        if (!rounds || !rounds->is_array()) return std::nullopt;
        int number = 0;
        for (const auto& requests : *rounds) {
            ++number;
            bool is_answered = true;
            for (const auto& [key, request] : requests.items()) {
                is_answered = is_answered && caller.answer(key);
            }
            if (is_answered) continue;
            auto question = question_of(requests);
            question.state = shared(json{{"round", number}});
            return question;
        }
        return std::nullopt;
    }
    static service::InputRequired ask_again(const service::Caller& caller)
    {
        const auto number = caller.state() ? caller.state()->get<int>() : 0;
        auto question = question_of(json{{"q" + std::to_string(number), form()}});
        question.state = shared(number + 1);
        return question;
    }
    static JsonPart learnt(const service::Caller& caller)
    {
        json all{{"answers", caller.answers() ? *caller.answers() : json::object()}};
        if (caller.state()) all["state"] = *caller.state();
        return shared(std::move(all));
    }
    static service::ToolResult tell(service::Caller& caller)
    {
        for (const double done : {1.0, 3.0, 2.0, 3.0, 4.5}) {
            caller.progress({.done = done, .total = 5, .message = {}});
        }
        for (int level = 0; level < 8; ++level) {
            caller.log(static_cast<service::LogLevel>(level), "fake", level);
        }
        return {.text = "told", .structured = nullptr, .more_blocks = nullptr};
    }

    /// Until release() or a cancellation.
    Task<void> hold()
    {
        struct End {
            FakeCatalog& service;
            bool in_time{false};
            ~End()
            {
                if (!in_time) ++service.cancels;
                service.bell_.ring();
            }
        };
        End end{*this};
        co_await bell_.until([this] { return is_released; });
        end.in_time = true;
    }

    Bell& bell_;
    const service::ToolListing long_{long_listing()};
};

using CatalogBench = BenchOf<FakeCatalog>;

/// The result of a message; null when it has none.
inline json result_of(const json& message)
{
    return field<json>(message, "result").value_or(json{});
}
inline json error_of(const json& message)
{
    return field<json>(message, "error").value_or(json{});
}

}  // namespace tailops::mcp::testing
