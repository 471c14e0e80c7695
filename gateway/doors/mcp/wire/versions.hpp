#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace tailops::mcp {

/// The published revisions that this endpoint speaks, oldest first.
enum class Revision { v2025_03_26, v2025_06_18, v2025_11_25, v2026_07_28 };

/// Indexed by Revision.
inline constexpr std::array<std::string_view, 4> revision_names{"2025-03-26", "2025-06-18",
                                                                "2025-11-25", "2026-07-28"};
inline constexpr auto newest_legacy = Revision::v2025_11_25;
inline constexpr auto newest_modern = Revision::v2026_07_28;

constexpr std::string_view to_string(Revision revision) noexcept
{
    return revision_names[static_cast<std::size_t>(revision)];
}

/// Modern: version, identity and capabilities come with each request. Legacy: with a session.
constexpr bool is_modern(Revision revision) noexcept
{
    return revision >= newest_modern;
}

/// The revision of that exact name, of either era.
constexpr std::optional<Revision> find_revision(std::string_view name) noexcept
{
    for (std::size_t i = 0; i < revision_names.size(); ++i) {
        if (revision_names[i] == name) return static_cast<Revision>(i);
    }
    return std::nullopt;
}

/// Whether an MCP-Protocol-Version header names a revision of the modern era, one we know or a
/// later one: a date not before 2026-07-28.
constexpr bool names_modern_era(std::string_view header) noexcept
{
    if (header.size() != 10) return false;
    for (std::size_t i = 0; i < header.size(); ++i) {
        const char c = header[i];
        if ((i == 4 || i == 7) ? c != '-' : c < '0' || c > '9') return false;
    }
    return header >= to_string(newest_modern);
}

}  // namespace tailops::mcp
