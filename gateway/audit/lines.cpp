#include "gateway/audit/lines.hpp"

#include "gateway/audit/encoding.hpp"
#include "gateway/core/try.hpp"

#include <algorithm>

namespace tailops::audit {
namespace {
constexpr std::size_t block_bytes = 64 * 1024;
}

Result<bool> LineReader::fill()
{
    if (read_ >= end_) return false;
    buffer_.erase(0, front_);
    front_ = 0;
    const auto wanted = std::min<std::uint64_t>(block_bytes, end_ - read_);
    TAILOPS_TRY(const auto block, read_at(file_, read_, static_cast<std::size_t>(wanted)));
    // A writer that took a half-written batch back made the file shorter than it was.
    if (block.empty()) end_ = read_;
    read_ += block.size();
    buffer_ += block;
    return !block.empty();
}

Result<std::optional<Line>> LineReader::next()
{
    std::size_t searched = 0;
    bool is_overlong = false;
    std::uint64_t offset = read_ - (buffer_.size() - front_);
    for (;;) {
        const auto end = buffer_.find('\n', front_ + searched);
        if (end != std::string::npos) {
            const auto text = std::string_view{buffer_}.substr(front_, end - front_);
            front_ = end + 1;
            return Line{.text = text,
                        .offset = offset,
                        .shape = is_overlong ? Line::Shape::overlong : Line::Shape::whole};
        }
        searched = buffer_.size() - front_;
        if (searched > line_bytes_max) {
            is_overlong = true;
            buffer_.resize(front_ + line_bytes_max);
            searched = line_bytes_max;
        }
        TAILOPS_TRY(const bool has_more, fill());
        if (has_more) continue;
        const auto text = std::string_view{buffer_}.substr(front_);
        front_ = buffer_.size();
        if (text.empty()) return std::nullopt;
        return Line{.text = text, .offset = offset, .shape = Line::Shape::torn};
    }
}

Result<bool> ReverseLineReader::fill()
{
    if (begin_ == 0) return false;
    const auto wanted = std::min<std::uint64_t>(block_bytes, begin_);
    TAILOPS_TRY(auto block, read_at(file_, begin_ - wanted, static_cast<std::size_t>(wanted)));
    if (block.size() != wanted) {
        return fail(Errc::unavailable, "the audit trail became shorter while it was read");
    }
    begin_ -= wanted;
    buffer_.insert(0, block);
    return true;
}

Result<std::optional<Line>> ReverseLineReader::next()
{
    bool is_overlong = false;
    for (;;) {
        if (!is_started_) {
            // What stands behind the last newline is no whole line.
            const auto last = buffer_.rfind('\n');
            if (last != std::string::npos) {
                buffer_.resize(last + 1);
                is_started_ = true;
            } else {
                buffer_.clear();
            }
        }
        if (is_started_ && !buffer_.empty()) {
            const auto before =
                buffer_.size() < 2 ? std::string::npos : buffer_.rfind('\n', buffer_.size() - 2);
            if (before != std::string::npos || begin_ == 0) {
                const auto from = before == std::string::npos ? 0 : before + 1;
                line_ = buffer_.substr(from, buffer_.size() - 1 - from);
                buffer_.resize(from);
                return Line{.text = line_,
                            .offset = begin_ + from,
                            .shape = is_overlong ? Line::Shape::overlong : Line::Shape::whole};
            }
            if (buffer_.size() > line_bytes_max) {
                is_overlong = true;
                buffer_.assign("\n");
            }
        }
        TAILOPS_TRY(const bool has_more, fill());
        if (!has_more) return std::nullopt;
    }
}

}  // namespace tailops::audit
