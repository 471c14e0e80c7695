#include "gateway/runs/output_page.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <deque>

namespace tailops::runs {
namespace {

using tools::OutputPage;
using tools::OutputQuestion;

constexpr std::size_t read_size_bytes = 256 * 1024;
// A line of grep is shown up to here; offsets lead to the whole of it.
constexpr std::size_t shown_line_bytes_max = 2000;
constexpr std::int64_t pattern_memory_bytes_max = 1024 * 1024;

bool continues_character(char byte) noexcept
{
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// How much of `bytes`, which go on with `next`, makes a page that ends between two lines, or, when
/// the last line is long, between two characters.
std::size_t end_between_lines(std::string_view bytes, char next)
{
    const auto line_end = bytes.rfind('\n');
    if (line_end != std::string_view::npos && line_end >= bytes.size() / 2) return line_end + 1;
    auto end = bytes.size();
    if (!continues_character(next)) return end;
    for (int i = 0; i < 3 && end > 1; ++i) {
        --end;
        if (!continues_character(bytes[end])) return end;
    }
    return bytes.size();  // no text anyhow
}

OutputPage read_slice(const FileDescriptor& file,
                      std::uint64_t size,
                      const OutputQuestion::Slice& slice)
{
    OutputPage page;
    page.offset = std::min(slice.offset, size);
    page.bytes = read_range(file, page.offset, slice.bytes_max + 1);
    if (page.bytes.size() <= slice.bytes_max) return page;
    const char next = page.bytes.back();
    page.bytes.pop_back();
    if (slice.ends == OutputQuestion::Slice::Ends::between_lines) {
        page.bytes.resize(end_between_lines(page.bytes, next));
    }
    page.next_offset = page.offset + page.bytes.size();
    return page;
}

/// The last lines, as far as they fit; the file's last line end ends a line and begins none.
OutputPage read_tail(const FileDescriptor& file,
                     std::uint64_t size,
                     const OutputQuestion::Tail& tail)
{
    OutputPage page;
    const auto count = std::min<std::uint64_t>(size, tail.bytes_max);
    page.offset = size - count;
    page.bytes = read_range(file, page.offset, static_cast<std::size_t>(count));
    std::size_t begin = page.bytes.size();
    std::size_t lines = 0;
    while (begin > 0) {
        const bool is_line_end = page.bytes[begin - 1] == '\n';
        if (is_line_end && begin != page.bytes.size() && ++lines == tail.lines) break;
        --begin;
    }
    // It ran into the bound: what is left of a line there is not one of the last lines.
    if (begin == 0 && page.offset > 0) {
        const auto line_end = page.bytes.find('\n');
        if (line_end < page.bytes.size() / 2) begin = line_end + 1;
        while (begin < page.bytes.size() && continues_character(page.bytes[begin])) ++begin;
    }
    page.offset += begin;
    page.bytes.erase(0, begin);
    return page;
}

/// Collects the lines that match, and those around them, until the page is full.
class Search {
public:
    Search(const re2::RE2& pattern, const OutputQuestion::Grep& grep)
        : pattern_{pattern},
          grep_{grep}
    {
    }

    enum class Goes { on, no_further };
    /// Takes the next line, without its line end; it begins at `offset`.
    Goes add(std::string_view line, std::uint64_t offset)
    {
        ++number_;
        // What stands before the page's beginning only counts.
        if (offset < grep_.offset) return Goes::on;
        if (line.ends_with('\r')) line.remove_suffix(1);
        const bool matches = re2::RE2::PartialMatch({line.data(), line.size()}, pattern_);
        if (matches) return add_match(line, offset);
        if (after_ > 0) {
            --after_;
            return append(line, '-', offset) ? Goes::on : Goes::no_further;
        }
        before_.push_back({number_, std::string{line.substr(0, shown_line_bytes_max + 1)}});
        if (before_.size() > grep_.context) {
            before_.pop_front();
            has_gap_ = true;
        }
        return Goes::on;
    }

    OutputPage finish() && { return std::move(page_); }

private:
    struct Line {
        std::uint64_t number;
        std::string text;
    };

    Goes add_match(std::string_view line, std::uint64_t offset)
    {
        std::string context;
        if (has_gap_ && page_.matches > 0 && grep_.context > 0) context = "--\n";
        for (const auto& earlier : before_) context += shown(earlier.number, '-', earlier.text);
        const auto text = shown(number_, ':', line);
        if (is_too_much(context.size() + text.size())) {
            page_.next_offset = offset;
            return Goes::no_further;
        }
        page_.bytes += context + text;
        ++page_.matches;
        before_.clear();
        has_gap_ = false;
        after_ = grep_.context;
        return Goes::on;
    }

    bool append(std::string_view line, char mark, std::uint64_t offset)
    {
        const auto text = shown(number_, mark, line);
        if (is_too_much(text.size())) {
            page_.next_offset = offset;
            return false;
        }
        page_.bytes += text;
        return true;
    }

    /// A page has one match at least, so that the next one is always further on.
    bool is_too_much(std::size_t further) const
    {
        return page_.matches > 0 && page_.bytes.size() + further > grep_.bytes_max;
    }

    static std::string shown(std::uint64_t number, char mark, std::string_view line)
    {
        auto out = std::to_string(number) + mark;
        out += line.substr(0, shown_line_bytes_max);
        if (line.size() > shown_line_bytes_max) out += " ...";
        return out + '\n';
    }

    const re2::RE2& pattern_;
    const OutputQuestion::Grep& grep_;
    std::uint64_t number_{0};
    std::deque<Line> before_;  // lines that may become context
    std::size_t after_{0};     // so many lines more are context
    bool has_gap_{false};      // lines were passed over since the last one shown
    OutputPage page_;
};

Result<OutputPage> read_matches(const FileDescriptor& file,
                                const OutputQuestion::Grep& grep,
                                const std::stop_token& stop)
{
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(pattern_memory_bytes_max);
    const re2::RE2 pattern{grep.pattern, options};
    if (!pattern.ok()) {
        return fail(Errc::invalid_argument,
                    quote(grep.pattern) + " is no RE2 expression: " + quote(pattern.error()));
    }
    Search search{pattern, grep};
    std::string rest;  // the beginning of a line whose end is yet to be read
    std::uint64_t offset = 0;
    std::uint64_t line_begin = 0;
    for (;;) {
        if (stop.stop_requested()) return fail(Errc::cancelled, "the caller went away");
        const auto piece = read_range(file, offset, read_size_bytes);
        offset += piece.size();
        const bool is_end = piece.size() < read_size_bytes;
        std::string_view left{piece};
        for (auto end = left.find('\n'); end != left.npos; end = left.find('\n')) {
            rest += left.substr(0, end);
            left.remove_prefix(end + 1);
            const auto next_line = line_begin + rest.size() + 1;
            if (search.add(rest, line_begin) == Search::Goes::no_further) {
                return std::move(search).finish();
            }
            line_begin = next_line;
            rest.clear();
        }
        rest += left;
        if (!is_end) continue;
        if (!rest.empty()) search.add(rest, line_begin);
        return std::move(search).finish();
    }
}

}  // namespace

Result<OutputPage> read_page(const FileDescriptor& file,
                             const OutputQuestion& question,
                             const std::stop_token& stop)
{
    TAILOPS_TRY(const auto size, size_of(file));
    if (const auto* slice = std::get_if<OutputQuestion::Slice>(&question.part)) {
        return read_slice(file, size, *slice);
    }
    if (const auto* tail = std::get_if<OutputQuestion::Tail>(&question.part)) {
        return read_tail(file, size, *tail);
    }
    return read_matches(file, std::get<OutputQuestion::Grep>(question.part), stop);
}

}  // namespace tailops::runs
