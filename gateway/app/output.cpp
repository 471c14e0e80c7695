#include "gateway/app/output.hpp"

#include "gateway/app/commands.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace tailops::app {

Status print(std::string_view text)
{
    errno = 0;
    const bool is_taken = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (std::fflush(stdout) == 0 && is_taken) return {};
    return fail(
        Errc::unavailable,
        std::string{"the answer could not be written to standard output: "} + std::strerror(errno));
}

int answer(std::string_view text, int code)
{
    const auto shown = print(text);
    return shown ? code : complain(shown.error(), exit_failed);
}

int complain(std::string_view text, int code)
{
    std::fprintf(stderr, "tailops: %.*s\n", static_cast<int>(text.size()), text.data());
    return code;
}

int complain(const Error& error, int code)
{
    auto text = error.public_message();
    if (!error.detail().empty()) text += " (" + error.detail() + ")";
    return complain(std::string_view{text}, code);
}

}  // namespace tailops::app
