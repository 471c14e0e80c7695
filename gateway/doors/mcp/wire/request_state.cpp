#include "gateway/doors/mcp/wire/request_state.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tailops::mcp {
namespace {

using nlohmann::json;

constexpr std::string_view version = "v1";
constexpr std::size_t key_bytes = 32;

std::int64_t seconds_of(TimePoint time)
{
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// The MAC over everything that must not change. The lengths keep the parts apart.
std::string mac_of(const StateKey& key, std::string_view payload, std::string_view binding)
{
    const auto text = std::to_string(payload.size()) + '.' + std::string{payload} + '.' + key.id +
                      '.' + std::string{binding};
    const auto mac = hmac_sha256(key.key.reveal(), text);
    return {reinterpret_cast<const char*>(mac.data()), mac.size()};
}

std::unexpected<Error> refused(std::string_view why)
{
    return std::unexpected{
        Error{Errc::invalid_argument, "invalid requestState"}.with_detail(std::string{why})};
}

}  // namespace

StateSeal::StateSeal(std::vector<StateKey> keys) : keys_{std::move(keys)}
{
    if (keys_.empty()) keys_.push_back({"own", Secret{random_bytes(key_bytes)}});
}

Result<std::string> StateSeal::seal(std::string_view text,
                                    std::string_view binding,
                                    TimePoint now) const
{
    const auto& key = keys_.front();
    const json envelope{{"p", text}, {"exp", seconds_of(now + lifetime)}};
    const auto payload = to_base64url(dump_json(envelope));
    auto sealed = std::string{version} + '.' + key.id + '.' + payload + '.' +
                  to_base64url(mac_of(key, payload, binding));
    if (sealed.size() > sealed_bytes_max) {
        return fail(Errc::invalid_argument, "longer than a requestState may be, which is " +
                                                std::to_string(sealed_bytes_max) + " bytes");
    }
    return sealed;
}

Result<std::string> StateSeal::open(std::string_view sealed,
                                    std::string_view binding,
                                    TimePoint now) const
{
    if (sealed.size() > sealed_bytes_max) return refused("too long");
    const auto parts = split(sealed, '.');
    if (parts.size() != 4 || parts[0] != version) return refused("not of our form");
    const auto key = std::ranges::find(keys_, parts[1], &StateKey::id);
    if (key == keys_.end()) return refused("sealed with a key that we do not have");
    const auto mac = from_base64url(parts[3]);
    if (!mac || !equal_in_constant_time(*mac, mac_of(*key, parts[2], binding))) {
        return refused("the seal does not fit this request and principal");
    }
    const auto payload = from_base64url(parts[2]);
    if (!payload) return refused("not of our form");
    const auto envelope = parse_json(*payload);
    if (!envelope) return refused("not of our form");
    const auto expires = field<std::int64_t>(*envelope, "exp");
    auto text = field<std::string>(*envelope, "p");
    if (!expires || !text) return refused("not of our form");
    if (seconds_of(now) >= *expires) return refused("expired");
    return text;
}

}  // namespace tailops::mcp
