#include "gateway/audit/open_intents.hpp"

#include "gateway/audit/encoding.hpp"

namespace tailops::audit {

std::optional<std::string> OpenIntents::open(const std::string& request, std::string body)
{
    close(request);
    intents_.push_back({request, std::move(body)});
    by_request_.emplace(intents_.back().request, std::prev(intents_.end()));
    if (intents_.size() <= count_max_) return std::nullopt;
    auto given_up = std::move(intents_.front().body);
    by_request_.erase(intents_.front().request);
    intents_.pop_front();
    return given_up;
}

void OpenIntents::close(const std::string& request)
{
    const auto found = by_request_.find(request);
    if (found == by_request_.end()) return;
    const auto intent = found->second;
    by_request_.erase(found);
    intents_.erase(intent);
}

std::vector<std::string> OpenIntents::bodies() const
{
    std::vector<std::string> bodies;
    bodies.reserve(intents_.size());
    for (const auto& intent : intents_) bodies.push_back(intent.body);
    return bodies;
}

std::string unknown_outcome_body(std::string_view intent_body,
                                 std::string_view detail,
                                 TimePoint time)
{
    Record record;
    if (auto stored = decode_body(intent_body)) {
        record = std::move(stored->record);
    } else {
        record.request = RequestId{std::string{read_heading(intent_body).request}};
    }
    record.phase = Phase::outcome;
    record.outcome = "unknown";
    record.detail = detail;
    return encode_body(record, time);
}

}  // namespace tailops::audit
