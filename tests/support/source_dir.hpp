#pragma once

#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tailops::testing {

/// The path of a file of the project: below the folder where the program was started, or above the
/// program itself (build/PRESET/bin). Not compiled in: objects would then differ between checkouts,
/// and no cache could serve both.
inline std::string source_file(std::string_view name)
{
    namespace fs = std::filesystem;
    const auto program = fs::read_symlink("/proc/self/exe");
    for (const auto& start : {fs::current_path(), program.parent_path()}) {
        for (auto folder = start; folder != folder.root_path(); folder = folder.parent_path()) {
            if (fs::exists(folder / "CMakePresets.json")) return folder / name;
        }
    }
    throw std::runtime_error{"run the tests from the project's folder"};
}

}  // namespace tailops::testing
