#include "gateway/tools/shown_output.hpp"

#include "gateway/core/safe_text.hpp"

#include <algorithm>

namespace tailops::tools {
namespace {

bool continues_character(char byte) noexcept
{
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// `text` up to its last line end, or up to its last whole character when that line is long. What
/// stood behind `text` is `next`.
std::string_view up_to_a_line_end(std::string_view text, char next)
{
    const auto end = text.rfind('\n');
    if (end != std::string_view::npos && end >= text.size() / 2) return text.substr(0, end + 1);
    if (!continues_character(next)) return text;
    // Three bytes are the most that a character can have begun with.
    for (int i = 0; i < 3 && !text.empty(); ++i) {
        const bool is_lead = !continues_character(text.back());
        text.remove_suffix(1);
        if (is_lead) break;
    }
    return text;
}

/// `text` after its first line end, or from its second whole character on when that line is long:
/// its first byte is there to tell whether the next one begins a line.
std::string_view from_a_line_on(std::string_view text)
{
    const auto end = text.find('\n');
    if (end != std::string_view::npos && end < text.size() / 2) return text.substr(end + 1);
    text.remove_prefix(std::min<std::size_t>(text.size(), 1));
    for (int i = 0; i < 3 && !text.empty() && continues_character(text.front()); ++i) {
        text.remove_prefix(1);
    }
    return text;
}

ShownOutput shape(std::string_view head, std::string_view tail)
{
    if (tail.empty()) return {head, {}};
    const auto limit = head.size();
    const auto tail_size = limit / 4 + 1;
    std::string end;
    // A tail that is shorter than its share stands right behind the head.
    if (tail.size() < tail_size)
        end = head.substr(limit - std::min(limit, tail_size - tail.size()));
    end += tail.substr(tail.size() - std::min(tail.size(), tail_size));
    const auto head_size = limit - limit / 4;
    const char next = head_size < limit ? head[head_size] : tail.front();
    return {up_to_a_line_end(head.substr(0, head_size), next), std::string{from_a_line_on(end)}};
}

}  // namespace

ShownOutput shown_output(const targets::ExecutionResult& result, targets::OutputStream stream)
{
    return stream == targets::OutputStream::output
               ? shape(result.output, result.output_tail)
               : shape(result.diagnostics, result.diagnostics_tail);
}

ShownOutput shown_output_after(const targets::ExecutionResult& result, std::size_t skipped_bytes)
{
    const std::string_view head{result.output};
    return shape(head.substr(std::min(skipped_bytes, head.size())), result.output_tail);
}

void text_fields(kit::Fields& f, TextOutput& s, const TextMeanings& meanings)
{
    f(meanings.name, s.text, meanings.text);
    f(std::string{meanings.name} + "_tail", s.tail, meanings.tail);
    f("truncated", s.truncated, "Something is left out here");
    f("stdout_bytes", s.stdout_bytes, meanings.bytes);
    f("stdout_lines", s.stdout_lines, meanings.lines);
    f("run_id", s.run_id, "For read_output, when something is left out");
    f("read_more", s.read_more, meanings.read_more);
    f("not_kept", s.not_kept, "Why that lacks the end");
}

void add_extent(TextOutput& out, const targets::ExecutionResult& result)
{
    if (result.truncated) add_extent(out, result.output_bytes, result.output_lines);
}

void add_extent(TextOutput& out, std::uint64_t bytes, std::uint64_t lines)
{
    out.truncated = true;
    out.stdout_bytes = bytes;
    out.stdout_lines = lines;
}

TextOutput text_output(const targets::ExecutionResult& result)
{
    const auto shown = shown_output(result, targets::OutputStream::output);
    TextOutput out{.text = safe_text(shown.head)};
    if (!shown.tail.empty()) out.tail = safe_text(shown.tail);
    add_extent(out, result);
    return out;
}

}  // namespace tailops::tools
