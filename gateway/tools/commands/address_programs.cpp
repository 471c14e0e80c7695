#include "gateway/core/text.hpp"
#include "gateway/tools/commands/program_checks.hpp"

#include <algorithm>

// Programs of whose words the first letters decide what they are: curl reads files by file:// and
// @, ps and top take options without a dash.

namespace tailops::tools {
namespace {

/// What curl makes of the value of an option.
enum class Value {
    data,     // text, whatever it begins with
    at_file,  // text, or the name of a file behind an @
    file,
    form,     // parts, each of which may be a file
    address,  // that, or there is no such option: an address
};

constexpr std::string_view data_letters = "uAemrXyYxz";
constexpr std::string_view data_names =
    "--user,--user-agent,--referer,--max-time,--range,--request,--data-raw,--form-string,"
    "--connect-timeout,--retry,--retry-delay,--resolve,--connect-to,--interface,--limit-rate,"
    "--speed-limit,--speed-time,--oauth2-bearer,--proxy,--noproxy,--max-redirs,--max-filesize";
constexpr std::string_view at_file_letters = "dHb";
constexpr std::string_view at_file_names =
    "--data,--data-ascii,--data-binary,--data-urlencode,--json,--header,--cookie,--proxy-header,"
    "--url-query";

Value value_of(char letter)
{
    if (data_letters.contains(letter)) return Value::data;
    if (at_file_letters.contains(letter)) return Value::at_file;
    if (letter == 'F') return Value::form;
    return letter == 'T' ? Value::file : Value::address;
}

/// What the value is that stands behind this word of curl's.
Value value_after(std::string_view word)
{
    constexpr std::string_view value_letters = "AbBcCdDeEFHKmoPQrtTuUwxXyYz";
    if (word.starts_with("--")) {
        if (is_listed(word, data_names)) return Value::data;
        if (is_listed(word, at_file_names)) return Value::at_file;
        if (word == "--form") return Value::form;
        return word == "--upload-file" ? Value::file : Value::address;
    }
    if (!word.starts_with('-')) return Value::address;
    for (std::size_t at = 1; at < word.size(); ++at) {
        if (!value_letters.contains(word[at])) continue;
        // What follows in the same word is its value.
        return at + 1 == word.size() ? value_of(word[at]) : Value::address;
    }
    return Value::address;
}

/// Whether every value that fits the pattern is a web address.
bool is_web_pattern(std::string_view pattern)
{
    if (pattern.starts_with('^')) pattern.remove_prefix(1);
    const bool is_web = pattern.starts_with("http://") || pattern.starts_with("https://") ||
                        pattern.starts_with("https?://");
    return is_web && !pattern.contains('|');
}

bool holds_web_addresses(const TemplateWord& word)
{
    return word.pieces.size() == 1 &&
           std::ranges::all_of(word.parameters, [](const CommandParameter* parameter) {
               return is_web_pattern(parameter->pattern);
           });
}

/// Whether the command says itself which protocols curl may speak, and none reads a file.
bool has_web_protocols(Words words)
{
    for (std::size_t at = 1; at + 1 < words.size(); ++at) {
        if (words[at].literal != "--proto" || !words[at + 1].is_fixed) continue;
        const std::string_view which{words[at + 1].literal};
        return which == "=http" || which == "=https" || which == "=http,https" ||
               which == "=https,http";
    }
    return false;
}

Verdict check_curl_value(const TemplateWord& word, Value value, bool is_web_only)
{
    switch (value) {
    case Value::data: return std::nullopt;
    case Value::at_file:
        return misuse(word,
                      "curl reads a file where such a value begins with @; use --data-raw, "
                      "or a parameter of type name");
    case Value::file:
        if (holds_paths(word)) return std::nullopt;
        return misuse(word, "the file that curl sends must be a parameter of type path");
    case Value::form:
        return misuse(word,
                      "curl reads a file where such a value begins with @ or <; use "
                      "--form-string");
    case Value::address: break;
    }
    if (is_web_only || (holds_web_addresses(word) && !is_piped(word))) return std::nullopt;
    return misuse(word,
                  "an address may be file:// and read any file; add --proto =http,https, or "
                  "give the parameter a pattern that begins with https://");
}

}  // namespace

Verdict check_curl(Words words)
{
    const bool is_web_only = has_web_protocols(words);
    for (std::size_t at = 1; at < words.size(); ++at) {
        const auto& word = words[at];
        if (!word.has_parameter()) continue;
        if (!is_piped(word) && (holds_names(word) || is_bounded(word))) continue;
        const auto value = value_after(words[at - 1].literal);
        if (auto problem = check_curl_value(word, value, is_web_only)) return problem;
    }
    return std::nullopt;
}

Verdict check_process_list(Words words, std::string_view name)
{
    constexpr std::string_view listing =
        "-p,-C,-u,-U,-t,-g,-G,-s,-q,--pid,--ppid,--quick-pid,--user,--User,--group,--Group,--tty,"
        "--sid";
    for (std::size_t at = 1; at < words.size(); ++at) {
        const auto& word = words[at];
        if (!word.has_parameter() || (holds_numbers(word) && !is_piped(word))) continue;
        const std::string_view option{words[at - 1].literal};
        if (is_listed(option, listing) && !is_piped(word)) continue;
        return misuse(word, quote(name) +
                                " takes options without a dash (auxe shows environments); "
                                "a parameter must be an integer, or stand behind " +
                                "an option of its own (-p {x}, -C {x}, -u {x})");
    }
    return std::nullopt;
}

}  // namespace tailops::tools
