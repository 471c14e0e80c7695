// Any text as a requestState, and any change to one of ours: only what was sealed opens, and it
// opens as what was sealed.

#include "gateway/doors/mcp/wire/request_state.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

tailops::mcp::StateSeal make_seal()
{
    std::vector<tailops::mcp::StateKey> keys;
    keys.push_back({"k1", tailops::Secret{std::string(32, 'a')}});
    keys.push_back({"k2", tailops::Secret{std::string(32, 'b')}});
    return tailops::mcp::StateSeal{std::move(keys)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using namespace tailops;
    static const auto seal = make_seal();
    static const TimePoint now{std::chrono::hours{24 * 365 * 50}};
    static const std::string state = R"({"answers":{"q":{"action":"accept"}},"round":2})";
    static const std::string ours = seal.seal(state, "alice|tools/call|x", now).value();
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};

    // The key is not in the corpus: nothing but ours opens.
    const auto opened = seal.open(text, "alice|tools/call|x", now);
    if (opened && (text != ours || *opened != state)) std::abort();
    if (seal.open(text, "bob|tools/call|x", now)) std::abort();
    if (seal.open(text, "alice|tools/call|x", now + mcp::StateSeal::lifetime)) std::abort();

    // A byte of ours changed, one more, one less.
    if (size < 2) return 0;
    const std::size_t at = (bytes[0] * 256U + bytes[1]) % ours.size();
    auto changed = ours;
    if (size > 2) {
        changed[at] = static_cast<char>(bytes[2]);
    } else {
        changed.erase(at, 1);
    }
    const auto again = seal.open(changed, "alice|tools/call|x", now);
    if (again.has_value() != (changed == ours)) std::abort();
    return 0;
}
