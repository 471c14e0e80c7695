#pragma once

#include "auth/principal.hpp"
#include "gateway/async/awaitable.hpp"
#include "gateway/service/caller.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tailops::service {

/// A tool as doors list it.
struct ToolListing {
    std::string name;
    std::string title;
    std::string description;
    JsonPart input_schema;
    JsonPart output_schema;  // null: none
    JsonPart annotations;    // null: none
    /// A call may last long: where the client takes tasks, it becomes one after a while.
    bool may_last{false};
};

struct PromptArgument {
    std::string name;
    std::string description;
    bool required{false};
};

struct PromptListing {
    std::string name;
    std::string title;
    std::string description;
    std::vector<PromptArgument> arguments;
};

struct ResourceListing {
    std::string uri;  // RFC 3986; of a template: RFC 6570
    std::string name;
    std::string title;
    std::string description;
    std::string mime_type;
};

/// What a tool call came to. A failure that the model should read is a result with `is_error`.
struct ToolResult {
    std::string text;     // the text block; empty: the JSON of `structured`, or none without that
    JsonPart structured;  // null: none
    bool is_error{false};
    JsonPart more_blocks;  // an array of ContentBlock of the newest revision; null: none
};

struct PromptResult {
    std::string description;
    JsonPart messages;  // an array of PromptMessage
};

struct ResourceResult {
    JsonPart contents;  // an array of TextResourceContents and BlobResourceContents, never empty
};

/// Something that only the user or the client can tell: the handler is asked again once it is
/// known (MCP 2026-07-28, basic/patterns/mrtr). `method` is elicitation/create,
/// sampling/createMessage or roots/list.
struct InputRequest {
    std::string method;
    JsonPart params;  // an object
};

struct InputRequired {
    std::map<std::string, InputRequest, std::less<>> requests;  // by a key of the handler's choice
    JsonPart state;  // handed back through Caller::state(); null: none
};

/// The handler wants to go on as a task: it is asked again with Caller::is_task().
struct RunAsTask {
    enum class Need { offered, required };
    Need need{Need::offered};
    std::optional<std::chrono::milliseconds> ttl{std::chrono::hours{1}};
    std::chrono::milliseconds poll_interval{500};
};

template <class T>
using Outcome = std::variant<T, InputRequired>;
using ToolOutcome = std::variant<ToolResult, InputRequired, RunAsTask>;

/// What a completion is about (MCP 2026-07-28, server/utilities/completion).
struct CompletionQuery {
    enum class About { prompt, resource };
    About about{About::prompt};
    std::string name;  // of the prompt, or the template's uri
    std::string argument;
    std::string value;                           // what has been typed so far
    std::map<std::string, std::string> context;  // arguments that are settled
};

struct Completion {
    static constexpr std::size_t values_max = 100;
    std::vector<std::string> values;  // best first
    std::size_t total{0};             // how many there are, at least as many as `values`
};

/// Which optional parts of the protocol a service has; what it lacks is not offered to clients.
struct Features {
    bool prompts{false};
    bool resources{false};
    bool completions{false};
    bool logging{false};
};

/// Whether a principal may be told of a resource's changes.
enum class Following {
    allowed,
    never,   // it can be read, and nobody is told when it changes
    hidden,  // no such resource, or not for this principal
};

enum class ListKind { tools, prompts, resources, resource_templates };

/// What is served over the protocol: the gateway, or a fixture of the conformance tests. The
/// protocol calls it; it knows nothing of JSON-RPC, eras or HTTP. Safe from any strand.
///
/// Errors of all that answer: not_found (no such thing, or not for this principal) and
/// invalid_argument in the shape of the request become JSON-RPC errors; insufficient_scope becomes
/// an HTTP challenge with the scopes in the error's detail.
class Service {
public:
    Service() = default;
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    virtual ~Service() = default;

    /// Counts a list, a completion, a subscription or a look at a task of the principal before it
    /// is served, and what is answered by an error; calls and readings are counted by those who
    /// answer them. Errors: busy.
    virtual Status admit(const auth::Principal&) { return {}; }

    virtual std::string instructions() const = 0;
    virtual Features features() const { return {}; }

    /// Equal keys mean equal answers of the list: what is rendered is kept under it.
    virtual std::string listing_key(ListKind, const auth::Principal&) const = 0;
    /// The tool of that name, whoever may use it; null when there is none. Another object means
    /// that it has changed.
    virtual std::shared_ptr<const ToolListing> find_tool(std::string_view name) const = 0;
    /// Lists in a settled order; only what the principal may use.
    virtual std::vector<ToolListing> list_tools(const auth::Principal&) const = 0;
    virtual std::vector<PromptListing> list_prompts(const auth::Principal&) const;
    virtual std::vector<ResourceListing> list_resources(const auth::Principal&) const;
    virtual std::vector<ResourceListing> list_resource_templates(const auth::Principal&) const;

    /// Errors other than those above are results with `is_error`.
    virtual Task<Result<ToolOutcome>> call_tool(Caller&, std::string name, JsonPart arguments) = 0;
    virtual Task<Result<Outcome<PromptResult>>> get_prompt(Caller&,
                                                           std::string name,
                                                           JsonPart arguments);
    virtual Task<Result<Outcome<ResourceResult>>> read_resource(Caller&, std::string uri);
    virtual Task<Result<Completion>> complete(Caller&, CompletionQuery);
    /// Asked when the principal begins to follow `uri`, and again of each change that it would be
    /// told: answers by the rights of that moment, whatever the principal held when it was
    /// admitted.
    virtual Following following(const auth::Principal&, std::string_view uri) const;
};

}  // namespace tailops::service
