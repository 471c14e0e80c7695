#include "gateway/tools/commands/naming_programs.hpp"

#include <algorithm>

namespace tailops::tools {
namespace {

enum class Next { nothing, value, number, unclear };

/// What an option that is a word of its own makes of the word after it.
Next next_of(std::string_view text, const NamingOptions& options, std::string_view& option)
{
    if (text.starts_with("--")) {
        option = text;
        if (is_listed(text, options.value_names)) return Next::value;
        if (text == "--lines" || text == "--boot") return Next::number;
        const bool has_value = text.find('=') != std::string_view::npos;
        const auto name = text.substr(0, text.find('='));
        const bool is_known = is_listed(name, options.flag_names) ||
                              is_listed(name, options.value_names) || name == "--lines" ||
                              name == "--boot";
        return is_known || (has_value && name == "--case-sensitive") ? Next::nothing
                                                                     : Next::unclear;
    }
    for (std::size_t i = 1; i < text.size(); ++i) {
        const bool is_last = i + 1 == text.size();
        option = text.substr(i, 1);
        if (options.value_letters.find(text[i]) != std::string_view::npos)
            return is_last ? Next::value : Next::nothing;
        if (options.attached_letters.find(text[i]) != std::string_view::npos)
            return is_last ? Next::number : Next::nothing;
        if (options.flag_letters.find(text[i]) == std::string_view::npos) return Next::unclear;
    }
    return Next::nothing;
}

/// A number, by its text or by its type.
bool is_number(const TemplateWord& word)
{
    if (word.has_parameter()) return holds_numbers(word) && word.literal.empty();
    const auto text = std::string_view{word.literal};
    return word.is_fixed && !text.empty() &&
           text.find_first_not_of("0123456789+-") == std::string_view::npos;
}

enum class Until { end, first_operand };

ReadWords read(Words words, std::size_t from, const NamingOptions& options, Until until)
{
    ReadWords out;
    bool are_options_over = false;
    for (auto at = from; at < words.size(); ++at) {
        const auto& word = words[at];
        const std::string_view text{word.literal};
        const bool is_option = !are_options_over && !word.has_parameter() && word.is_fixed &&
                               text.starts_with('-') && text.size() > 1;
        if (!is_option) {
            out.operands.push_back(at);
            if (until == Until::first_operand) return out;
            continue;
        }
        if (text == "--") {
            are_options_over = true;
            continue;
        }
        std::string_view option;
        const auto next = next_of(text, options, option);
        if (next == Next::unclear) {
            out.is_understood = false;
            return out;
        }
        const bool takes_next =
            next == Next::value ||
            (next == Next::number && at + 1 < words.size() && is_number(words[at + 1]));
        if (takes_next && at + 1 < words.size()) out.values.push_back({option, ++at});
    }
    return out;
}

}  // namespace

ReadWords read_options(Words words, std::size_t from, const NamingOptions& options)
{
    return read(words, from, options, Until::end);
}

ReadWords read_global_options(Words words, std::size_t from, const NamingOptions& options)
{
    return read(words, from, options, Until::first_operand);
}

bool tells_of_names(const TemplateWord& word)
{
    constexpr std::string_view names =
        "systemctl,service,journalctl,docker,podman,nerdctl,docker-compose,podman-compose,"
        "invoke-rc,machinectl,systemd1";
    std::string_view rest{word.literal};
    while (!rest.empty()) {
        const auto end =
            std::min(rest.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"),
                     rest.size());
        if (is_listed(rest.substr(0, end), names)) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

}  // namespace tailops::tools
