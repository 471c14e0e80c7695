#pragma once

#include <array>
#include <cstddef>
#include <string_view>

/// How secrets look, for gateway/core/secret_scan.hpp: of which characters they are, and what
/// tables say of them.
namespace tailops::shapes {

constexpr bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}
constexpr bool is_lower(char c) noexcept
{
    return c >= 'a' && c <= 'z';
}
constexpr bool is_upper(char c) noexcept
{
    return c >= 'A' && c <= 'Z';
}
constexpr bool is_alnum(char c) noexcept
{
    return is_digit(c) || is_lower(c) || is_upper(c);
}
constexpr bool is_upper_or_digit(char c) noexcept
{
    return is_upper(c) || is_digit(c);
}
constexpr bool is_word(char c) noexcept
{
    return is_alnum(c) || c == '_' || c == '-';
}
constexpr bool is_dotted_word(char c) noexcept
{
    return is_word(c) || c == '.';
}
constexpr bool is_base64(char c) noexcept
{
    return is_alnum(c) || c == '+' || c == '/' || c == '=';
}
constexpr bool is_token_char(char c) noexcept
{
    return is_dotted_word(c) || c == '~' || c == '+' || c == '/' || c == '=';
}
constexpr bool is_hash_char(char c) noexcept
{
    return is_alnum(c) || c == '.' || c == '/' || c == '=' || c == ',' || c == '+' || c == '-';
}
constexpr bool is_blank(char c) noexcept
{
    return c == ' ' || c == '\t';
}

inline constexpr std::string_view private_key = "private key";
inline constexpr std::string_view token = "token";

/// How tokens of one issuer look: what they begin with, of what the rest is, and how long.
struct TokenShape {
    std::string_view prefix;
    bool (*fits)(char) noexcept;
    std::size_t rest_min;
    std::size_t rest_max;  // more is something else
    bool is_mixed;         // the rest has a digit and letters of both cases
    std::string_view kind;
};
inline constexpr auto endless = std::string_view::npos;
inline constexpr std::array token_shapes = {
    TokenShape{"tailops_", is_word, 40, endless, false, token},
    TokenShape{"ghp_", is_alnum, 20, endless, false, token},
    TokenShape{"gho_", is_alnum, 20, endless, false, token},
    TokenShape{"ghu_", is_alnum, 20, endless, false, token},
    TokenShape{"ghs_", is_alnum, 20, endless, false, token},
    TokenShape{"ghr_", is_alnum, 20, endless, false, token},
    TokenShape{"github_pat_", is_word, 20, endless, false, token},
    TokenShape{"glpat-", is_dotted_word, 16, endless, false, token},
    TokenShape{"gldt-", is_word, 20, endless, true, token},
    TokenShape{"glrt-", is_word, 20, endless, true, token},
    TokenShape{"glsa_", is_word, 32, endless, false, token},
    TokenShape{"xoxa-", is_word, 10, endless, false, token},
    TokenShape{"xoxb-", is_word, 10, endless, false, token},
    TokenShape{"xoxe-", is_word, 10, endless, false, token},
    TokenShape{"xoxp-", is_word, 10, endless, false, token},
    TokenShape{"xoxr-", is_word, 10, endless, false, token},
    TokenShape{"xoxs-", is_word, 10, endless, false, token},
    TokenShape{"xapp-", is_word, 20, endless, false, token},
    TokenShape{"sk-", is_word, 20, endless, true, token},
    TokenShape{"sk_live_", is_alnum, 16, endless, false, token},
    TokenShape{"sk_test_", is_alnum, 16, endless, false, token},
    TokenShape{"rk_live_", is_alnum, 16, endless, false, token},
    TokenShape{"tskey-", is_word, 12, endless, false, token},
    TokenShape{"dckr_pat_", is_word, 16, endless, false, token},
    TokenShape{"dop_v1_", is_alnum, 40, endless, false, token},
    TokenShape{"npm_", is_alnum, 36, endless, false, token},
    TokenShape{"hf_", is_alnum, 30, endless, true, token},
    TokenShape{"hvs.", is_word, 20, endless, false, token},
    TokenShape{"hvb.", is_word, 20, endless, false, token},
    TokenShape{"pypi-", is_word, 50, endless, false, token},
    TokenShape{"ya29.", is_dotted_word, 20, endless, false, token},
    TokenShape{"AIza", is_word, 35, endless, false, token},
    TokenShape{"AGE-SECRET-KEY-1", is_upper_or_digit, 40, endless, false, private_key},
    TokenShape{"AKIA", is_upper_or_digit, 16, 16, false, "AWS key"},
    TokenShape{"ASIA", is_upper_or_digit, 16, 16, false, "AWS key"},
    TokenShape{"ABIA", is_upper_or_digit, 16, 16, false, "AWS key"},
    TokenShape{"ACCA", is_upper_or_digit, 16, 16, false, "AWS key"},
};
// In records a known beginning and so much more is a token.
inline constexpr std::size_t wary_rest_min = 12;

/// Names behind which a key of a certain length stands.
struct NamedKey {
    std::string_view name;  // in lower case
    std::size_t bytes;
    std::string_view kind;
};
inline constexpr std::array named_keys = {
    NamedKey{"secret_access_key", 40, "AWS key"},
    NamedKey{"secretaccesskey", 40, "AWS key"},
    NamedKey{"privatekey", 44, private_key},
    NamedKey{"presharedkey", 44, private_key},
};

/// "-----BEGIN PRIVATE KEY" and its likes once more in base64, as Kubernetes keeps them.
inline constexpr std::array<std::string_view, 6> coded_keys = {
    "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0t", "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBL",
    "LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtF", "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZB",
    "LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJJ", "LS0tLS1CRUdJTiBEU0EgUFJJVkFURSBL",
};
/// "openssh-key-v1" in base64: the beginning of a key's body.
inline constexpr std::string_view openssh_body = "b3BlbnNzaC1rZXktdjE";

/// A line of our own scripts: no part of what a machine says (gateway/tools/sections.hpp).
inline constexpr std::string_view section_mark = "@@tailops:";

}  // namespace tailops::shapes
