#include "gateway/call/kept_outcome.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>

namespace tailops::call {
namespace {

using nlohmann::json;
using store::StoredCallKey;

// The output limit's default: what is larger is kept without its large parts.
constexpr std::size_t outcome_bytes_max = 64 * 1024;
// Numbers, flags and texts of this size stay of an outcome that is too large.
constexpr std::size_t small_text_bytes = 1024;

bool is_small(const json& member)
{
    if (member.is_string()) return member.get_ref<const std::string&>().size() <= small_text_bytes;
    return member.is_primitive();
}

/// What of `content` is kept: all of it when there is room.
json kept_of(const json& content)
{
    if (dump_json(content).size() <= outcome_bytes_max) return content;
    auto kept = json::object();
    auto omitted = json::array();
    for (const auto& [name, member] : content.items()) {
        if (is_small(member) && kept.size() < 64) {
            kept.emplace(name, member);
        } else if (omitted.size() < 64) {
            omitted.push_back(name);
        }
    }
    kept["omitted"] = std::move(omitted);
    return kept;
}

std::unexpected<Error> damaged(const std::string& request)
{
    return fail(Error{Errc::internal,
                      "the stored outcome of request " + quote(request) + " cannot be read"});
}

}  // namespace

std::string encoded(const Result<Answer>& outcome)
{
    if (outcome) {
        return dump_json({{"content", kept_of(*outcome->content)}, {"failed", outcome->failed}});
    }
    return dump_json({{"error", to_string(outcome.error().code())},
                      {"message", outcome.error().public_message()}});
}

Result<Answer> decoded(const StoredCallKey& stored)
{
    const auto text = parse_json(*stored.outcome);
    if (!text) return damaged(stored.request);
    if (const auto word = text_member(*text, "error"); !word.empty()) {
        const auto code = find_errc(word);
        if (!code) return damaged(stored.request);
        return fail(Error{*code, std::string{text_member(*text, "message")} +
                                     " (replayed: this is what request " + quote(stored.request) +
                                     " came to)"});
    }
    const auto* content = find_member(*text, "content");
    const auto failed = field<bool>(*text, "failed");
    if (!content || !content->is_object() || !failed) return damaged(stored.request);
    auto shown = *content;
    shown["replayed"] = true;
    shown["first_request"] = stored.request;
    return Answer{.content = std::make_shared<const json>(std::move(shown)),
                  .failed = *failed,
                  .replayed_from = stored.request};
}

}  // namespace tailops::call
