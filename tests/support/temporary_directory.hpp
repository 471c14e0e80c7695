#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tailops::testing {

/// A fresh directory, removed with everything in it.
class TemporaryDirectory {
public:
    TemporaryDirectory()
    {
        std::string name = std::filesystem::temp_directory_path() / "tailops-test-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"mkdtemp failed"};
        path_ = name;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::filesystem::path& path() const noexcept { return path_; }
    std::string file(std::string_view name) const { return path_ / name; }
    /// Writes `text` and returns the file's path.
    std::string write(std::string_view name, std::string_view text) const
    {
        const auto where = file(name);
        std::ofstream{where, std::ios::binary} << text;
        return where;
    }

private:
    std::filesystem::path path_;
};

}  // namespace tailops::testing
