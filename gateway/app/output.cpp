#include "gateway/app/output.hpp"

#include <cstdio>

namespace tailops::app {

void print(std::string_view text)
{
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
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
