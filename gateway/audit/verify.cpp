#include "gateway/audit/chain.hpp"
#include "gateway/audit/directory.hpp"
#include "gateway/audit/lines.hpp"
#include "gateway/audit/reader.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

namespace tailops::audit {
namespace {

constexpr std::size_t problems_max = 100;

/// The walk along the chain, line by line.
class Walk {
public:
    Walk(const Secret& key, const std::optional<Anchor>& anchor) : mac_{key}, anchor_{anchor} {}

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
        note_removal(heading, line.text);
        if (anchor_ && frame->seq == anchor_->seq && frame->mac == anchor_->mac)
            anchor_seen_ = true;
        advance(*frame, heading);
    }

    Report finish(bool is_live)
    {
        report_.is_live = is_live;
        line_ = 0;
        if (report_.first_seq > 1) explain_beginning();
        if (anchor_ && !anchor_seen_) {
            complain(Problem::Kind::anchor_missed,
                     "record " + std::to_string(anchor_->seq) +
                         " is not there as it was noted: cut off or rewritten");
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

    void note_removal(const Heading& heading, std::string_view line)
    {
        if (heading.phase != to_string(LineKind::event) ||
            line.find(R"(,"removed_mac":")") == std::string_view::npos) {
            return;
        }
        const auto stored = decode_line(line);
        if (!stored) return;
        // The one that counts ends where this trail begins.
        if (stored->removed_seq + 1 == report_.first_seq && stored->removed_mac == first_prev_) {
            is_beginning_explained_ = true;
        }
    }

    void explain_beginning()
    {
        const auto seq = std::to_string(report_.first_seq);
        if (is_beginning_explained_) {
            report_.notes.push_back("the chain begins at record " + seq +
                                    "; earlier files were removed by retention");
            return;
        }
        file_.clear();
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
    const std::optional<Anchor>& anchor_;
    Report report_;
    std::string file_;
    std::uint64_t line_{0};
    std::string first_prev_;
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

Result<Secret> read_trail_key(const std::filesystem::path& directory)
{
    TAILOPS_TRY(const auto opened, Directory::open(directory, Directory::Purpose::reading));
    return read_key(opened);
}

Result<Report> verify(const std::filesystem::path& directory,
                      const Secret& key,
                      const std::optional<Anchor>& anchor)
{
    TAILOPS_TRY(const auto opened, Directory::open(directory, Directory::Purpose::reading));
    // Asked before and after: a daemon may stop or start just now, and either way the last line
    // that we see may be one that it has not finished.
    const bool was_live = is_trail_locked(opened);
    TAILOPS_TRY(const auto files, open_trail(opened));
    const bool is_live = is_trail_locked(opened) || was_live;
    if (files.empty()) return fail(Errc::not_found, "there is no audit trail in this directory");

    Walk walk{key, anchor};
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
