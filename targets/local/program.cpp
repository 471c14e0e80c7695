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

Error not_started(std::string_view step, int number)
{
    const auto detail = std::string{step} + ": " + std::strerror(number);
    const auto shortage = [&](std::string_view of) {
        return Error{Errc::unavailable, "the gateway can start no command now (" + std::string{of} +
                                            "); nothing was begun, try again shortly"}
            .with_detail(detail);
    };
    switch (number) {
    case EMFILE:
    case ENFILE: return shortage("too many open files");
    case EAGAIN: return shortage("too many processes");
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC: return shortage("too little memory");
    case E2BIG:
        return Error{Errc::invalid_argument,
                     "the command's arguments are longer than the system takes"}
            .with_detail(detail);
    default: return Error{Errc::internal, "the command could not be started"}.with_detail(detail);
    }
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
