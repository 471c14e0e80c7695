#include "gateway/audit/chain.hpp"
#include "gateway/audit/directory.hpp"
#include "gateway/audit/lines.hpp"
#include "gateway/audit/reader.hpp"
#include "gateway/audit/recovery.hpp"
#include "gateway/audit/shelf.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace tailops::audit {
namespace {

constexpr std::size_t problems_max = 100;

std::unexpected<Error> no_trail(const std::filesystem::path& directory)
{
    return fail(Error{Errc::not_found, "there is no audit trail in this directory"}.with_detail(
        (directory / current_file).string() + " is missing"));
}

// As many calls as recovery ever holds open. Beyond that nothing is said of those without outcome.
constexpr std::size_t open_intents_max = 65'536;

/// The walk along the chain, line by line.
class Walk {
public:
    Walk(const Secret& key, const Expectation& expected) : mac_{key}, expected_{expected} {}

    void begin_file(const OpenFile& file)
    {
        file_ = file.name;
        line_ = 0;
        ++report_.files;
    }

    void look_at(const Line& line, bool may_be_unfinished)
    {
        ++line_;
        if (line.shape == Line::Shape::torn && may_be_unfinished) return;
        if (line.shape == Line::Shape::torn) {
            complain(Problem::Kind::torn, "the file ends in the middle of a record");
            return;
        }
        const auto frame = parse_frame(line.text);
        if (!frame || line.shape == Line::Shape::overlong) {
            complain(Problem::Kind::unreadable, "not a record of an audit trail");
            is_after_bad_line_ = true;
            return;
        }
        const auto heading = read_heading(frame->body);
        look_at_header(*frame, heading, line.text);
        check_link(*frame);
        if (is_our_key_ && !mac_.matches(*frame)) {
            complain(Problem::Kind::mac_wrong,
                     "record " + std::to_string(frame->seq) + " was changed after it was written");
        }
        follow_calls(*frame, heading);
        follow_beginning(*frame, heading, line.text);
        note_event(*frame, heading, line.text);
        const auto& anchor = expected_.anchor;
        if (anchor && frame->seq == anchor->seq && frame->mac == anchor->mac) anchor_seen_ = true;
        advance(*frame, heading);
    }

    Report finish(bool is_live)
    {
        report_.is_live = is_live;
        line_ = 0;
        file_.clear();
        explain_beginning();
        std::erase_if(open_, [this](const auto& intent) { return intent.second > unclean_at_; });
        complain_of_open_intents();
        if (expected_.anchor && !anchor_seen_) {
            complain(Problem::Kind::anchor_missed,
                     "record " + std::to_string(expected_.anchor->seq) +
                         " is not there as it was noted: cut off or rewritten");
        }
        if (unclean_count_ > 0) {
            report_.notes.push_back(std::to_string(unclean_count_) +
                                    " run(s) did not end in order; record " +
                                    std::to_string(unclean_at_) + " begins the run after the last");
        }
        if (is_live) report_.notes.emplace_back("a daemon is writing this trail");
        if (report_.records == 0) {
            report_.notes.emplace_back(
                "the trail holds no record: either its daemon never wrote one, or all of it is "
                "gone");
        }
        if (!is_live && report_.records > 0 && last_phase_ != to_string(LineKind::close)) {
            report_.notes.emplace_back(
                "the trail does not end with an orderly stop: the gateway was killed, or records "
                "at the end are missing");
        }
        return std::move(report_);
    }

private:
    void complain(Problem::Kind kind, std::string text)
    {
        ++report_.problem_count;
        if (report_.problems.size() >= problems_max) return;
        report_.problems.push_back(
            {.kind = kind, .file = file_, .line = line_, .text = std::move(text)});
    }

    void look_at_header(const Frame& frame, const Heading& heading, std::string_view line)
    {
        const bool is_header = heading.phase == to_string(LineKind::file);
        if (line_ == 1 && !is_header) {
            complain(Problem::Kind::unreadable, "the file does not begin with its header");
        }
        if (line_ != 1 || !is_header) return;
        const auto header = decode_line(line);
        is_our_key_ = header && header->key_id == mac_.key_id();
        if (is_our_key_) return;
        complain(Problem::Kind::wrong_key,
                 header ? "the file is sealed with key " + quote(header->key_id) + ", not with " +
                              mac_.key_id() + "; its macs were not checked"
                        : "the header (record " + std::to_string(frame.seq) + ") cannot be read");
    }

    void check_link(const Frame& frame)
    {
        if (report_.records == 0) {
            first_prev_ = frame.prev;
            first_seq_ = frame.seq;
            const bool is_beginning = frame.prev.find_first_not_of('0') == std::string_view::npos;
            if ((frame.seq == 1) != is_beginning) {
                complain(Problem::Kind::chain_broken, "the first record does not begin a chain");
            }
            return;
        }
        const auto expected = report_.last_seq + 1;
        if (frame.seq > expected) {
            // After a line that could not be read the hole is that line.
            if (is_after_bad_line_ && frame.seq == expected + 1) return;
            complain(Problem::Kind::gap, "records " + std::to_string(expected) + " to " +
                                             std::to_string(frame.seq - 1) + " are missing");
        } else if (frame.seq < expected) {
            complain(Problem::Kind::chain_broken, "record " + std::to_string(frame.seq) +
                                                      " stands after record " +
                                                      std::to_string(report_.last_seq));
        } else if (frame.prev != report_.head.mac) {
            complain(Problem::Kind::chain_broken, "record " + std::to_string(frame.seq) +
                                                      " does not follow the record before it");
        }
    }

    /// Every intent has an outcome once the gateway has stopped in order, or has started again
    /// after it did not: its start says `unknown` of what it finds.
    void follow_calls(const Frame& frame, const Heading& heading)
    {
        if (heading.is_open_intent) {
            if (open_.size() < open_intents_max) {
                open_.try_emplace(std::string{heading.request}, frame.seq);
            }
        } else if (heading.phase == to_string(LineKind::outcome)) {
            open_.erase(std::string{heading.request});
        } else if (heading.phase == to_string(LineKind::close)) {
            complain_of_open_intents();
        }
    }

    void complain_of_open_intents()
    {
        std::vector<std::pair<std::uint64_t, std::string>> left;
        for (const auto& [request, seq] : open_) left.emplace_back(seq, request);
        open_.clear();
        std::ranges::sort(left);
        for (const auto& [seq, request] : left) {
            complain(Problem::Kind::no_outcome,
                     "the call " + request + " (record " + std::to_string(seq) +
                         ") began in a run that is over, and no record says what came of it");
        }
    }

    /// Where the trail begins by its own word, moved on by each file that it says it removed.
    void follow_beginning(const Frame& frame, const Heading& heading, std::string_view line)
    {
        const bool may_tell =
            heading.phase == to_string(LineKind::file) ||
            (heading.phase == to_string(LineKind::event) &&
             (has_number(frame.body, "removed_seq") || has_number(frame.body, "lost_to")));
        if (!may_tell) return;
        const auto stored = decode_line(line);
        if (!stored) return;
        if (!oldest_ && stored->oldest_seq > 0) oldest_ = stored->oldest_seq;
        // Of earlier versions, which did not say where a removed file began: the one that counts
        // ends where this trail begins.
        if (stored->removed_seq + 1 == first_seq_ && stored->removed_mac == first_prev_) {
            is_beginning_explained_ = true;
        }
        if (!oldest_) return;
        if (stored->removed_seq >= *oldest_) {
            if (stored->removed_from > *oldest_) {
                complain(Problem::Kind::missing_files,
                         "records " + std::to_string(*oldest_) + " to " +
                             std::to_string(stored->removed_from - 1) +
                             " were gone before retention removed what came after them");
            }
            oldest_ = stored->removed_seq + 1;
        }
        if (stored->lost_from == *oldest_) oldest_ = stored->lost_to + 1;
    }

    void note_event(const Frame& frame, const Heading& heading, std::string_view line)
    {
        if (heading.phase != to_string(LineKind::event)) return;
        if (has_number(frame.body, "ended_at")) {
            ++unclean_count_;
            unclean_at_ = frame.seq;
        }
        const bool is_alarm = has_text(frame.body, "outcome", outcome_alarm);
        if (!is_alarm && !has_text(frame.body, "outcome", outcome_notice)) return;
        const auto stored = decode_line(line);
        if (!stored) return;
        const auto& record = stored->record;
        const auto text = "record " + std::to_string(frame.seq) + " of " +
                          std::string{heading.time} + ": " +
                          (record.why.empty() ? record.detail : record.why);
        if (is_alarm && frame.seq > expected_.acknowledged_seq) {
            complain(Problem::Kind::alarm, text);
        } else {
            report_.notes.push_back(text);
        }
    }

    void explain_beginning()
    {
        const auto first = report_.first_seq;
        const auto seq = std::to_string(first);
        if (first <= 1) return;
        if (oldest_ ? *oldest_ >= first : is_beginning_explained_) {
            report_.notes.push_back("the chain begins at record " + seq +
                                    "; earlier files were removed by retention");
            return;
        }
        complain(Problem::Kind::missing_files,
                 "the chain begins at record " + seq + " and no retention record says why");
    }

    void advance(const Frame& frame, const Heading& heading)
    {
        if (report_.records == 0) {
            report_.first_seq = frame.seq;
            report_.first_time = heading.time;
        }
        ++report_.records;
        report_.last_seq = frame.seq;
        report_.last_time = heading.time;
        // What the record says it is, even when that is wrong: one bad line, one complaint.
        report_.head = {.seq = frame.seq, .mac = std::string{frame.mac}};
        last_phase_ = heading.phase;
        is_after_bad_line_ = false;
    }

    KeyedMac mac_;
    const Expectation& expected_;
    Report report_;
    std::string file_;
    std::uint64_t line_{0};
    std::string first_prev_;
    std::uint64_t first_seq_{0};
    std::optional<std::uint64_t> oldest_;
    std::unordered_map<std::string, std::uint64_t> open_;  // request and record of an intent
    std::uint64_t unclean_at_{0};
    std::size_t unclean_count_{0};
    std::string last_phase_;
    bool is_our_key_{true};
    bool is_after_bad_line_{false};
    bool is_beginning_explained_{false};
    bool anchor_seen_{false};
};

}  // namespace

std::string_view to_string(Problem::Kind kind) noexcept
{
    switch (kind) {
    case Problem::Kind::unreadable: return "unreadable";
    case Problem::Kind::torn: return "torn";
    case Problem::Kind::mac_wrong: return "mac_wrong";
    case Problem::Kind::gap: return "gap";
    case Problem::Kind::chain_broken: return "chain_broken";
    case Problem::Kind::wrong_key: return "wrong_key";
    case Problem::Kind::missing_files: return "missing_files";
    case Problem::Kind::anchor_missed: return "anchor_missed";
    case Problem::Kind::no_outcome: return "no_outcome";
    case Problem::Kind::alarm: return "alarm";
    }
    return "unreadable";
}

std::string Problem::describe() const
{
    auto where = file;
    if (line > 0) where += ':' + std::to_string(line);
    if (!where.empty()) where += ": ";
    return where + std::string{to_string(kind)} + ": " + text;
}

std::string note_of_daemon(const std::filesystem::path& directory)
{
    const auto opened = Directory::open(directory, Directory::Purpose::reading);
    return opened ? read_lock_note(*opened) : std::string{};
}

Result<Secret> read_trail_key(const std::filesystem::path& directory)
{
    TAILOPS_TRY(const auto opened, Directory::open(directory, Directory::Purpose::reading));
    return read_key(opened);
}

Result<Examination> examine(const std::filesystem::path& directory,
                            const std::optional<Secret>& key)
{
    TAILOPS_TRY(const auto opened, Directory::open(directory, Directory::Purpose::reading));
    Examination found;
    found.is_live = is_trail_locked(opened);
    if (found.is_live) return found;
    TAILOPS_TRY(const auto files, open_trail(opened));
    if (files.empty()) return no_trail(directory);
    auto own = key ? Result<Secret>{key->clone()} : read_key(opened);
    if (!own && own.error().code() == Errc::not_found) {
        return fail(Error{Errc::unavailable, own.error().public_message()}.with_detail(
            own.error().detail()));
    }
    if (!own) return fail(own.error());
    KeyedMac mac{*own};
    TAILOPS_TRY(const auto recovered, recover(opened, mac, Repair::nothing));
    Shelf shelf;
    TAILOPS_TRY(auto survey, shelf.survey(opened, mac, recovered.oldest_seq,
                                          recovered.has_current ? recovered.extent.first_seq
                                                                : recovered.position.next_seq));
    found.has_ended_in_order = recovered.has_ended_in_order;
    found.torn_bytes = recovered.torn_bytes;
    found.head_seq = recovered.position.next_seq - 1;
    found.open_calls = recovered.intents.size();
    for (const auto& loss : survey.losses) {
        found.losses.push_back("records " + std::to_string(loss.first_seq) + " to " +
                               std::to_string(loss.last_seq) + ": " + loss.why);
    }
    found.strange = std::move(survey.strange);
    return found;
}

Result<Report> verify(const std::filesystem::path& directory,
                      const Secret& key,
                      const Expectation& expected)
{
    TAILOPS_TRY(const auto opened, Directory::open(directory, Directory::Purpose::reading));
    // Asked before and after: a daemon may stop or start just now, and either way the last line
    // that we see may be one that it has not finished.
    const bool was_live = is_trail_locked(opened);
    TAILOPS_TRY(const auto files, open_trail(opened));
    const bool is_live = is_trail_locked(opened) || was_live;
    if (files.empty()) return no_trail(directory);

    Walk walk{key, expected};
    for (const auto& file : files) {
        walk.begin_file(file);
        LineReader lines{file.file, file.bytes};
        for (;;) {
            TAILOPS_TRY(const auto line, lines.next());
            if (!line) break;
            walk.look_at(*line, is_live && file.is_current);
        }
    }
    return walk.finish(is_live);
}

}  // namespace tailops::audit
