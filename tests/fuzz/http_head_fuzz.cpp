// Any bytes as a request head and a chunked body: scanning must not depend on how they arrive, what
// is accepted must be free of what could smuggle a second request, and bounds must hold.

#include "gateway/http/message.hpp"
#include "gateway/http/site_policy.hpp"
#include "gateway/net/chunks.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {
using namespace tailops::http;

constexpr std::size_t body_max = 1000;

void check_head(const MessageHead& head)
{
    if (head.content_length && head.is_chunked) std::abort();
    if (head.is_chunked && !head.is_http11) std::abort();
    if (head.path.empty() || (head.path[0] != '/' && head.path != "*")) std::abort();
    for (const auto& [name, value] : head.headers) {
        if (name.empty() || name.find_first_of(" \t\r\n:") != std::string::npos) std::abort();
        if (value.find_first_of(std::string_view{"\r\n\0", 3}) != std::string::npos) std::abort();
    }
}

void read_body(std::string_view rest, std::size_t step)
{
    tailops::net::ChunkDecoder decoder{body_max};
    std::string held;
    std::string body;
    while (!rest.empty() && !decoder.is_complete()) {
        held += rest.substr(0, step);
        rest.remove_prefix(std::min(step, rest.size()));
        const auto taken = decoder.decode(held, body);
        if (!taken) return;
        if (*taken > held.size() || body.size() > body_max) std::abort();
        held.erase(0, *taken);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    if (size == 0) return 0;
    const std::size_t step = bytes[0] % 64U + 1;
    const std::string_view text{reinterpret_cast<const char*>(bytes + 1), size - 1};

    HeadScanner at_once;
    const auto length = at_once.scan(text);
    HeadScanner in_steps;
    for (std::size_t end = 0; end < text.size(); end += step) {
        const auto found = in_steps.scan(text.substr(0, end));
        if (!found) {
            if (length) std::abort();
            return 0;
        }
        if (*found > 0) {
            if (!length || *length != *found) std::abort();
            break;
        }
    }
    if (!length || *length == 0) return 0;

    const auto head = parse_head(text.substr(0, *length));
    if (!head) return 0;
    check_head(*head);
    static const SitePolicy sites{{"gw.example.com"}, {"https://app.example.com"}};
    (void)sites.check(*head);
    if (head->is_chunked) read_body(text.substr(*length), step);
    return 0;
}
