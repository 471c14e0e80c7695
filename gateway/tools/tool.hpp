#pragma once

#include "gateway/async/awaitable.hpp"
#include "gateway/core/capability.hpp"
#include "gateway/tools/gateway_view.hpp"
#include "gateway/tools/place.hpp"
#include "gateway/tools/secret_places.hpp"
#include "policy/decision.hpp"
#include "targets/operation.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::tools {

/// A right that a tool exercises: which of them a call needs can depend on its arguments.
struct Right {
    Capability capability;
    Tier tier{};

    friend bool operator==(const Right&, const Right&) = default;
};

/// What clients are told of a tool's temper (MCP 2026-07-28, server/tools, ToolAnnotations).
struct Annotations {
    bool read_only{false};
    bool destructive{false};
    bool idempotent{false};
    bool open_world{false};
};

/// Of tools that change nothing.
inline constexpr Annotations looking{
    .read_only = true, .destructive = false, .idempotent = true, .open_world = false};

/// A structured result: a JSON object, and its only owner.
using Content = std::shared_ptr<nlohmann::json>;

/// What a word of the caller's turned out to name on the target.
struct Named {
    std::string name;         // its own, as rules have it: "db", "ssh.service"
    std::string exact;        // what names nothing else, now and later: the full id
    policy::Aliases aliases;  // what else it is called
};

/// A parameter that names a thing of the target, which has further names there: an id, a prefix of
/// one, an alias. Where a rule has a condition on it, the target is asked first what is meant, the
/// rules are held against that, and that is what the call acts on.
struct Naming {
    std::string parameter;
    std::string word;             // as the caller has it
    std::string kind;             // "container", for messages
    targets::Operation question;  // which only looks
    /// What was meant; empty: there is no such thing. Errors: what the caller is to be told.
    std::function<Result<std::optional<Named>>(const targets::ExecutionResult&)> read;
    /// The operation of the plan, about what was meant.
    std::function<void(targets::Operation&, const std::string& exact)> act_on;
    bool is_found_out{false};  // what was meant stands in the question to the gate
};

/// Another call, which a plan does a part of.
struct Inquiry {
    std::string_view tool;
    Right right;
    policy::Parameters parameters;
    policy::AliasesByName aliases;
};

class Work;  // gateway/tools/work.hpp

/// A call that has been thought through and not yet permitted: what it needs, what it would do, and
/// how its result reads.
struct Plan {
    Right right;
    targets::Operation operation;
    policy::Parameters parameters;    // what policy rules may constrain
    policy::AliasesByName aliases{};  // of the parameters
    std::vector<Naming> namings{};    // of parameters
    /// A probe of an API sends this, where the caller may: otherwise it connects and no more.
    std::optional<Inquiry> inquiry{};
    /// Turns what the target answered into the tool's structured result (output_schema). Pure.
    std::function<Result<Content>(const targets::ExecutionResult&)> present;
    /// What becomes of output that the result has no room for. Kept output is shown raw by
    /// read_output: only where `present` hides nothing of it.
    enum class Rest { dropped, kept };
    Rest rest{Rest::dropped};
    /// A line, with its line end, up to which the standard output is not kept: what our own script
    /// says before that of which it is asked.
    std::string_view rest_begins_after{};

    /// Set where an argument is a path, which only the target can follow: takes the place of
    /// `present`. What was really opened is judged, once more by the same policy, before anything
    /// of it is shown or kept.
    struct Place {
        /// Whether the caller may have what the output's beginning, up to `rest_begins_after`,
        /// says was opened.
        std::function<Status(std::string_view output, PlaceJudge&)> check;
        std::function<Result<Content>(const targets::ExecutionResult&, PlaceJudge&)> present;
    };
    Place place{};

    /// Of a tool that takes several steps: takes the place of `operation` and `present`.
    std::function<Task<Result<Content>>(Work&)> job{};
};

/// What a plan may depend on besides the arguments. Null members: not known for this target.
struct PlanContext {
    const targets::TargetSpec* target{nullptr};
    const CommandCatalogue* commands{nullptr};
    std::shared_ptr<const OwnPlaces> own_places{};  // of a target that is the gateway's machine
};

/// What a tool is, as data.
struct Tool {
    std::string name;
    std::string title;
    std::string summary;        // what a model reads to choose it
    std::string input_schema;   // JSON Schema 2020-12 of everything but `target`
    std::string output_schema;  // of the structured result
    std::vector<Right> rights;  // every one a call may need
    /// Of a tool that takes several steps: what those may need besides the right of the call. The
    /// first is that of its looks.
    std::vector<Right> uses{};
    Annotations annotations{};

    /// About a target: turns validated arguments into a Plan. Pure: no I/O, no policy.
    std::function<Result<Plan>(const nlohmann::json& arguments, const PlanContext&)> plan{};
    /// About the gateway itself: answers from what it knows. Pure.
    std::function<Result<Content>(const nlohmann::json& arguments, const GatewayView&)> answer{};
    /// About the gateway itself: answers from what lies on its disk. Exactly one of `plan`,
    /// `answer`, `fetch` is set.
    std::function<Task<Result<Content>>(const nlohmann::json& arguments, const GatewayView&)>
        fetch{};

    /// Its results hold long lists of like things: they can be asked for as TOON.
    bool has_long_lists{false};

    /// About a target: what its operations ask of one.
    targets::Facet facet{targets::Facet::shell};

    bool needs_target() const noexcept { return static_cast<bool>(plan); }
};

/// The argument that makes a retry answer what the first call came to, instead of doing it twice.
inline constexpr std::string_view idempotency_key_argument = "idempotency_key";

/// Whether some call of the tool may change something on a target: it then takes an
/// idempotency_key.
bool takes_idempotency_key(const Tool&);

/// The schema a client sees: `input_schema` and, for a tool about a target, a required `target`; an
/// `idempotency_key` where the tool takes one. Plans and policies never look at the latter.
nlohmann::json full_input_schema(const Tool&);

/// The schema of its results: `output_schema` and, for a tool about a target, `redacted`.
nlohmann::json full_output_schema(const Tool&);

/// Checks `value` against the subset of JSON Schema 2020-12 that our schemas use: type, properties,
/// required, additionalProperties, items, enum, const, minimum, maximum, minLength, maxLength,
/// minItems, maxItems, pattern (RE2). A keyword outside the subset fails the unit tests, not a
/// call.
Status validate_against(const nlohmann::json& schema, const nlohmann::json& value);

}  // namespace tailops::tools
