#pragma once

#include <cstddef>
#include <string_view>

/// How a line is spelt, for those who write it and those who take it apart. For the .cpp files of
/// this folder only.
namespace tailops::audit {

inline constexpr std::size_t hex_digits = 64;
inline constexpr std::string_view seq_prefix = R"({"seq":)";
inline constexpr std::string_view prev_prefix = R"(,"prev":")";
inline constexpr std::string_view mac_prefix = R"(,"mac":")";
inline constexpr std::string_view time_prefix = R"("time":")";
inline constexpr std::string_view phase_prefix = R"(","phase":")";
inline constexpr std::string_view request_prefix = R"(","request":")";
inline constexpr std::size_t time_bytes = 24;  // 2026-11-20T11:36:38.233Z

}  // namespace tailops::audit
