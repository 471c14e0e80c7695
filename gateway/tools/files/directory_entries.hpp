#pragma once

#include <string_view>
#include <vector>

namespace tailops::tools::files {

/// A name of a directory, and what stat said of it: mode, size, time of change.
struct DirectoryEntry {
    std::string_view name;
    std::vector<std::string_view> facts;  // empty: nobody knows
};

/// What the script that lists a directory printed of its entries, in batches: those that are there
/// whole. Refers to `text`.
std::vector<DirectoryEntry> entries_in(std::string_view text);

}  // namespace tailops::tools::files
