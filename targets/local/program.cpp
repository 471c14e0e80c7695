#include "targets/local/program.hpp"

#include "gateway/core/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tailops::targets {
namespace {

bool is_program(const std::string& path)
{
    struct stat facts{};
    return ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) &&
           ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
}

}  // namespace

Error no_program(const std::string& name, int number)
{
    return Error{Errc::not_found, "there is no program " + quote(name)}.with_detail(
        std::strerror(number));
}

Result<std::string> find_program(const std::string& name)
{
    if (name.find('/') != std::string::npos) return name;
    auto folders = child_path.substr(child_path.find('=') + 1);
    while (!folders.empty()) {
        const auto colon = std::min(folders.find(':'), folders.size());
        auto path = std::string{folders.substr(0, colon)} + '/' + name;
        if (is_program(path)) return path;
        folders.remove_prefix(std::min(colon + 1, folders.size()));
    }
    return fail(no_program(name, ENOENT));
}

}  // namespace tailops::targets
