#include "gateway/audit/directory.hpp"
#include "gateway/audit/lines.hpp"
#include "gateway/audit/reader.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <algorithm>
#include <ranges>

namespace tailops::audit {
namespace {

/// A filter as texts to look for in the raw line. The writer spells each member in one way only, so
/// a line that lacks the text lacks the member, and most lines are never parsed.
class Matcher {
public:
    explicit Matcher(const Filter& filter)
    {
        require("tool", filter.tool);
        require("target", filter.target);
        require("outcome", filter.outcome);
        require("request", filter.request);
        require("trace", filter.trace);
        if (filter.effect) require("effect", std::string{policy::to_string(*filter.effect)});
        if (filter.subject) {
            subject_ = member("subject", *filter.subject);
            name_ = member("name", *filter.subject);
        }
        // RFC 3339 in UTC with a fixed number of digits sorts as time does.
        if (filter.since) since_ = rfc3339(*filter.since);
        if (filter.until) until_ = rfc3339(*filter.until);
    }

    bool operator()(const Frame& frame) const
    {
        const auto heading = read_heading(frame.body);
        if (heading.phase != to_string(LineKind::intent) &&
            heading.phase != to_string(LineKind::outcome) &&
            heading.phase != to_string(LineKind::event)) {
            return false;
        }
        if (!since_.empty() && heading.time < since_) return false;
        if (!until_.empty() && heading.time >= until_) return false;
        const auto has = [&](const std::string& text) {
            return frame.body.find(text) != std::string_view::npos;
        };
        if (!subject_.empty() && !has(subject_) && !has(name_)) return false;
        return std::ranges::all_of(required_, has);
    }

private:
    static std::string member(std::string_view name, std::string_view value)
    {
        std::string text = ",\"" + std::string{name} + "\":";
        append_json_string(text, value);
        return text;
    }
    void require(std::string_view name, const std::optional<std::string>& value)
    {
        if (value) required_.push_back(member(name, *value));
    }

    std::vector<std::string> required_;
    std::string subject_;
    std::string name_;
    std::string since_;
    std::string until_;
};

/// Gives matches out and knows when it is enough.
class Delivery {
public:
    Delivery(const Query& query, const std::function<bool(const StoredRecord&)>& each)
        : matches_{query.filter},
          limit_{query.limit},
          stop_{query.stop},
          bytes_left_{query.bytes_max},
          each_{each}
    {
    }

    template <class Reader>
    Status read(Reader lines)
    {
        while (!is_done()) {
            if (stop_.stop_requested()) return fail(Errc::cancelled, "the caller went away");
            TAILOPS_TRY(const auto line, lines.next());
            if (!line) return {};
            bytes_left_ -= std::min<std::uint64_t>(bytes_left_, line->text.size() + 1);
            if (line->shape != Line::Shape::whole) continue;
            const auto frame = parse_frame(line->text);
            if (!frame || !matches_(*frame)) continue;
            const auto stored = decode_line(line->text);
            if (!stored) continue;  // not ours; verify tells of it
            ++count_;
            wants_more_ = each_(*stored);
        }
        return {};
    }

    bool is_done() const noexcept { return !wants_more_ || count_ >= limit_ || bytes_left_ == 0; }
    Found found() const noexcept { return {.count = count_, .is_whole = bytes_left_ > 0}; }

private:
    Matcher matches_;
    std::size_t limit_;
    std::stop_token stop_;
    std::uint64_t bytes_left_;
    const std::function<bool(const StoredRecord&)>& each_;
    std::size_t count_{0};
    bool wants_more_{true};
};

}  // namespace

Result<Found> query(const std::filesystem::path& directory,
                    const Query& query,
                    const std::function<bool(const StoredRecord&)>& each)
{
    TAILOPS_TRY(const auto opened, Directory::open(directory, Directory::Purpose::reading));
    TAILOPS_TRY(auto files, open_trail(opened));
    if (files.empty()) return fail(Errc::not_found, "there is no audit trail in this directory");
    const bool is_reversed = query.order == Query::Order::newest_first;
    if (is_reversed) std::ranges::reverse(files);

    Delivery delivery{query, each};
    for (const auto& file : files) {
        if (delivery.is_done()) break;
        const auto read = is_reversed ? delivery.read(ReverseLineReader{file.file, file.bytes})
                                      : delivery.read(LineReader{file.file, file.bytes});
        if (!read) return fail(read.error());
    }
    return delivery.found();
}

Status read_back(const std::filesystem::path& directory,
                 std::uint64_t down_to,
                 const std::function<bool(const Frame&)>& each)
{
    TAILOPS_TRY(const auto opened, Directory::open(directory, Directory::Purpose::reading));
    TAILOPS_TRY(auto files, open_trail(opened));
    for (const auto& file : std::views::reverse(files)) {
        ReverseLineReader lines{file.file, file.bytes};
        for (;;) {
            TAILOPS_TRY(const auto line, lines.next());
            if (!line) break;
            const auto frame = parse_frame(line->text);
            if (!frame) continue;  // for verify to tell of
            if (frame->seq < down_to || !each(*frame)) return {};
        }
    }
    return {};
}

}  // namespace tailops::audit
