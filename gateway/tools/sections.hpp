#pragma once

#include "gateway/core/error.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::tools {

/// What a script of gateway/tools/scripts.hpp printed, by section. Views into the output. Text from
/// outside the script's control (names, file contents) stands in the last section only, where it
/// cannot imitate the beginning of another.
class Sections {
public:
    /// Reads until the section called `last`, which takes all that remains. Lines before the first
    /// marker are skipped (a login banner, a shell's complaint).
    static Sections read(std::string_view output, std::string_view last = "end");

    /// The line that begins the section of files' contents: no script says more of its own after
    /// it.
    static std::string_view content_marker() noexcept;

    bool has(std::string_view name) const { return sections_.contains(name); }
    /// The name of the section that came first; empty when there is none.
    std::string_view first() const noexcept { return first_; }
    /// The text of a section, all of it.
    std::string_view whole(std::string_view name) const;
    /// The text of a section without its last line end; empty when there is none.
    std::string_view text(std::string_view name) const;
    std::vector<std::string_view> lines(std::string_view name) const;
    /// Errors: internal, when the section is missing: the target is no Linux host with /proc.
    Result<std::string_view> required(std::string_view name) const;

private:
    std::map<std::string_view, std::string_view, std::less<>> sections_;
    std::string_view first_;
};

/// The words of a line, as spaces and tabs separate them.
std::vector<std::string_view> words(std::string_view line);

}  // namespace tailops::tools
