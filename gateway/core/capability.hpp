#pragma once

#include "gateway/core/error.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace tailops {

/// How much harm an action can do. Ordered: a grant for a tier covers the tiers before it.
enum class Tier { observe, control, admin };

std::string_view to_string(Tier) noexcept;
Result<Tier> parse_tier(std::string_view);

/// A capability that the gateway knows, whether or not a tool of this version exercises it.
struct KnownCapability {
    std::string_view name;     // "container:write"
    std::string_view meaning;  // one clause for people
    std::string_view implies;  // the next narrower capability, or empty (a scope hierarchy)
};

/// The closed set, sorted by name. A configuration file that names another refuses to load. The
/// names that users of the earlier systems have in their files are all here, so that their files
/// load; `tailops check` says which of them no tool of this version exercises.
inline constexpr auto capability_table = std::to_array<KnownCapability>({
    {"audit:read", "read the audit trail", ""},
    {"backup:read", "list backups", ""},
    {"backup:write", "create backups", "backup:read"},
    {"cache:read", "read caches", ""},
    {"cache:write", "change caches", "cache:read"},
    {"container:admin", "create, replace and remove containers", "container:write"},
    {"container:control", "start, stop and restart containers", "container:write"},
    {"container:read", "list, inspect and read the logs of containers", ""},
    {"container:write", "start, stop and restart containers", "container:read"},
    {"database:read", "read databases", ""},
    {"database:write", "change databases", "database:read"},
    {"docker:admin", "pull and remove images", "docker:write"},
    {"docker:read", "list images and networks", ""},
    {"docker:write", "change images and networks", "docker:read"},
    {"file:read", "list, read and search files in allowed places", ""},
    {"file:write", "write files in allowed places", "file:read"},
    {"gateway:admin", "change the gateway itself", "gateway:read"},
    {"gateway:read", "ask the gateway about itself", ""},
    {"http:read", "read from an HTTP API (GET, HEAD)", ""},
    {"http:write", "change things through an HTTP API", "http:read"},
    {"inventory:read", "read the inventory", ""},
    {"logs:read", "read logs", ""},
    {"metrics:read", "read metrics", ""},
    {"monitoring:read", "read monitoring data", ""},
    {"network:control", "change the network", "network:diag"},
    {"network:diag", "probe the network from a target", "network:read"},
    {"network:read", "read interfaces, addresses and connections", ""},
    {"network:write", "change the network", "network:diag"},
    {"package:install", "install packages", "package:read"},
    {"package:read", "list packages", ""},
    {"security:admin", "change security settings", "security:write"},
    {"security:read", "read security findings", ""},
    {"security:scan", "run security scans", "security:read"},
    {"security:write", "change security settings", "security:scan"},
    {"service:control", "start, stop and restart services", "service:read"},
    {"service:read", "read the state of services", ""},
    {"stack:deploy", "deploy stacks", "stack:write"},
    {"stack:read", "list stacks", ""},
    {"stack:write", "update stacks", "stack:read"},
    {"system:admin", "administer the machine", "system:write"},
    {"system:control", "change the state of the machine", "system:read"},
    {"system:read", "read the state of the machine", ""},
    {"system:write", "change the state of the machine", "system:read"},
});
static_assert(std::ranges::is_sorted(capability_table, {}, &KnownCapability::name));

inline std::span<const KnownCapability> known_capabilities() noexcept
{
    return capability_table;
}

/// One thing that can be done, e.g. container:write: the unit of scope, of what a target offers and
/// of a policy rule. Its place in the table, so that a call can carry all that its caller holds.
/// Sorts as its name does.
class Capability {
public:
    /// None: nobody holds it and nothing offers it.
    constexpr Capability() = default;
    /// One that is written in the source, e.g. {"container", "write"}; one that is not known does
    /// not compile.
    consteval Capability(std::string_view domain, std::string_view verb);

    /// The one of this name, when there is one.
    static std::optional<Capability> find(std::string_view name) noexcept;

    /// As it is printed and configured: "container:write". Empty for none.
    std::string text() const;
    /// The next narrower one, which whoever holds this one holds as well.
    std::optional<Capability> implied() const noexcept;

    friend auto operator<=>(const Capability&, const Capability&) = default;

private:
    friend class CapabilitySet;
    static constexpr std::uint8_t none = 255;
    static_assert(capability_table.size() < none);

    constexpr explicit Capability(std::size_t row) : row_{static_cast<std::uint8_t>(row)} {}

    std::uint8_t row_{none};
};

consteval Capability::Capability(std::string_view domain, std::string_view verb)
{
    const auto is_meant = [&](const KnownCapability& known) {
        return known.name.starts_with(domain) && known.name.ends_with(verb) &&
               known.name.size() == domain.size() + 1 + verb.size() &&
               known.name[domain.size()] == ':';
    };
    const auto at = std::ranges::find_if(capability_table, is_meant);
    if (at == capability_table.end()) throw "no capability of this name is known";
    row_ = static_cast<std::uint8_t>(at - capability_table.begin());
}

/// Several capabilities, as a bit each: copied and asked without a search. Iterates in the order of
/// their names.
class CapabilitySet {
public:
    class Iterator {
    public:
        using difference_type = std::ptrdiff_t;
        using value_type = Capability;
        using reference = Capability;
        using pointer = void;
        using iterator_category = std::input_iterator_tag;
        using iterator_concept = std::forward_iterator_tag;

        Iterator() = default;
        Capability operator*() const noexcept { return Capability{row_}; }
        Iterator& operator++() noexcept
        {
            row_ = set_->next_from(row_ + 1);
            return *this;
        }
        Iterator operator++(int) noexcept
        {
            const auto before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(const Iterator&, const Iterator&) = default;

    private:
        friend class CapabilitySet;
        Iterator(const CapabilitySet& set, std::size_t row) : set_{&set}, row_{row} {}
        const CapabilitySet* set_{nullptr};
        std::size_t row_{0};
    };
    using value_type = Capability;
    using iterator = Iterator;
    using const_iterator = Iterator;

    CapabilitySet() = default;
    CapabilitySet(std::initializer_list<Capability> capabilities)
    {
        for (const auto capability : capabilities) insert(capability);
    }

    /// Every known one.
    static CapabilitySet all() noexcept
    {
        CapabilitySet every;
        every.bits_.set();
        return every;
    }

    bool contains(Capability capability) const noexcept
    {
        return capability.row_ < bits_.size() && bits_[capability.row_];
    }
    bool empty() const noexcept { return bits_.none(); }
    std::size_t size() const noexcept { return bits_.count(); }

    /// None is left out.
    void insert(Capability capability) noexcept
    {
        if (capability.row_ < bits_.size()) bits_.set(capability.row_);
    }
    void erase(Capability capability) noexcept
    {
        if (capability.row_ < bits_.size()) bits_.reset(capability.row_);
    }
    void merge(const CapabilitySet& others) noexcept { bits_ |= others.bits_; }
    void clear() noexcept { bits_.reset(); }

    Iterator begin() const noexcept { return {*this, next_from(0)}; }
    Iterator end() const noexcept { return {*this, bits_.size()}; }

    friend bool operator==(const CapabilitySet&, const CapabilitySet&) = default;

private:
    std::size_t next_from(std::size_t row) const noexcept
    {
        while (row < bits_.size() && !bits_[row]) ++row;
        return row;
    }

    std::bitset<capability_table.size()> bits_;
};

/// "container:write" as a Capability. Errors: invalid_argument, with a suggestion.
Result<Capability> parse_capability(std::string_view text);

/// What every authenticated principal holds: asking the gateway about itself.
consteval Capability gateway_read()
{
    return {"gateway", "read"};
}

/// The capabilities that scopes grant: a known capability grants itself and what it implies,
/// `admin` all of them, `readonly` the `*:read` of system, network, container, file, logs and
/// security. Scopes that are not ours (openid, email, ...) grant nothing. Always contains
/// gateway_read().
CapabilitySet expand_scopes(const std::set<std::string>& scopes);

}  // namespace tailops
