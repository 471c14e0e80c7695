#pragma once

#include "gateway/audit/directory.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tailops::audit {

/// A line of a file, without its newline. The text is valid until the reader is asked again.
struct Line {
    enum class Shape {
        whole,
        torn,      // the file ends without a newline
        overlong,  // longer than line_bytes_max: `text` is its beginning
    };
    std::string_view text;
    std::uint64_t offset{0};  // where it begins
    Shape shape{Shape::whole};
};

/// Reads a file's lines from front to end, as far as it was long when the reading began, in one
/// buffer of bounded size.
class LineReader {
public:
    /// `file` must outlive the reader.
    LineReader(const FileDescriptor& file, std::uint64_t end) : file_{file}, end_{end} {}
    /// Nothing at the end. Errors: unavailable.
    Result<std::optional<Line>> next();

private:
    /// Reads one more block behind what is there. False at the end.
    Result<bool> fill();

    const FileDescriptor& file_;
    std::uint64_t end_;
    std::uint64_t read_{0};  // the file's bytes up to here are in the buffer or behind us
    std::size_t front_{0};   // of the buffer: where the next line begins
    std::string buffer_;
};

/// Reads a file's lines from the end to the front, whole ones only: a torn last one is left out.
class ReverseLineReader {
public:
    ReverseLineReader(const FileDescriptor& file, std::uint64_t end) : file_{file}, begin_{end} {}
    Result<std::optional<Line>> next();

private:
    Result<bool> fill();

    const FileDescriptor& file_;
    std::uint64_t begin_;  // where the buffer begins in the file
    std::string buffer_;   // ends behind the newline of the line to give next
    std::string line_;     // the one given last
    bool is_started_{false};
};

}  // namespace tailops::audit
