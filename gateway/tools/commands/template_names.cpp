#include "gateway/tools/commands/template_names.hpp"

#include "gateway/core/text.hpp"
#include "gateway/tools/commands/name_reader.hpp"

#include <algorithm>
#include <optional>

namespace tailops::tools {
namespace {

using Names = CommandParameter::Names;
using Type = CommandParameter::Type;
using Problem = std::optional<TemplateProblem>;

bool is_said(const CommandParameter& parameter)
{
    return !parameter.asked_by.empty();
}

bool is_said_to_be_nothing(const CommandParameter* parameter)
{
    return is_said(*parameter) && parameter->names == Names::nothing;
}

std::string placeholder(const CommandParameter& parameter)
{
    return '{' + parameter.name + '}';
}

/// The text around a parameter in its word: what is part of the name, and whether there is more.
struct Around {
    std::string prefix{}, suffix{};
    std::string_view more_before{}, more_behind{};
};

Around around(const TemplateWord& word, const CommandParameter& parameter)
{
    constexpr std::string_view of_names =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-\\";
    Around out;
    const auto& pieces = word.pieces;
    const auto at = std::ranges::find(pieces, parameter.name, &CatalogueCommand::Piece::parameter);
    if (at == pieces.end()) return out;
    if (at != pieces.begin()) {
        const std::string_view text{std::prev(at)->literal};
        const auto begin = text.find_last_not_of(of_names) + 1;  // npos + 1 is 0
        out.prefix = text.substr(begin);
        out.more_before = text.substr(0, begin);
    }
    if (std::next(at) != pieces.end()) {
        const std::string_view text{std::next(at)->literal};
        const auto end = std::min(text.find_first_not_of(of_names), text.size());
        out.suffix = text.substr(0, end);
        out.more_behind = text.substr(end);
    }
    return out;
}

class Judge {
public:
    Judge(const CompiledTemplate& compiled, const std::vector<CommandParameter>& parameters)
        : compiled_{compiled},
          parameters_{parameters},
          places_{read_places_of_names(compiled)}
    {
    }

    std::expected<NamesOfParameters, TemplateProblem> judge()
    {
        each_word([&](const TemplateWord& word) { take_shown(word); });
        for (const auto& parameter : parameters_) take_said(parameter);
        each_word([&](const TemplateWord& word) { check_unclear(word); });
        each_word([&](const TemplateWord& word) { check_text_around(word); });
        if (problem_) return std::unexpected{*problem_};
        return std::move(out_);
    }

private:
    template <class Do>
    void each_word(Do what)
    {
        for (const auto& command : compiled_.commands) {
            for (const auto& word : command.words) {
                if (!problem_ && word.has_parameter()) what(word);
            }
        }
    }

    void refuse(const TemplateWord& word, std::string text)
    {
        if (!problem_) problem_ = TemplateProblem{.offset = word.offset, .text = std::move(text)};
    }

    void refuse_several(const TemplateWord& word)
    {
        refuse(word,
               "a name that is looked up can hold one parameter only, so that it is known before "
               "it is acted on; make it one parameter, or say names: nothing for each");
    }

    bool is_understood(const TemplateWord& word, const PlaceOfName& place) const
    {
        const auto text = around(word, *word.parameters.front());
        const bool is_place_inside = place.may_go_on && text.more_behind.starts_with(':');
        return text.more_before.empty() && (text.more_behind.empty() || is_place_inside);
    }

    /// A place where the program takes the name of a thing.
    void take_shown(const TemplateWord& word)
    {
        const auto found = places_.names.find(&word);
        if (found == places_.names.end()) return;
        const auto& place = found->second;
        if (std::ranges::all_of(word.parameters, is_said_to_be_nothing)) return;
        if (word.parameters.size() > 1) return refuse_several(word);
        const auto& parameter = *word.parameters.front();
        if (!is_understood(word, place)) {
            places_.unclear.insert(&word);
            return;
        }
        const auto kind = place.names == Names::unit ? "unit" : "container";
        if (parameter.type == Type::integer) {
            return refuse(word, "the integer " + placeholder(parameter) + " names a " + kind +
                                    " here and would not be looked up; make it type: name, or say "
                                    "names: nothing");
        }
        if (is_said(parameter) && parameter.names != place.names) {
            return refuse(word, placeholder(parameter) + " names a " + kind +
                                    " here, and its \"names\" says otherwise");
        }
        const auto [first, is_new] = things_.emplace(parameter.name, place.thing);
        if (!is_new && first->second != place.thing) {
            return refuse(word, placeholder(parameter) +
                                    " names another kind of thing here than before; use one "
                                    "parameter for each");
        }
        auto text = around(word, parameter);
        out_.try_emplace(parameter.name, NamingUse{.names = place.names,
                                                   .asked_by = place.asked_by,
                                                   .prefix = std::move(text.prefix),
                                                   .suffix = std::move(text.suffix)});
    }

    /// What only the file says.
    void take_said(const CommandParameter& parameter)
    {
        if (!is_said(parameter) || parameter.names == Names::nothing) return;
        if (out_.contains(parameter.name)) return;
        NamingUse use{.names = parameter.names, .asked_by = parameter.asked_by};
        bool is_first = true;
        each_word([&](const TemplateWord& word) {
            if (!is_first || !holds(word, parameter)) return;
            is_first = false;
            auto text = around(word, parameter);
            use.prefix = std::move(text.prefix);
            use.suffix = std::move(text.suffix);
        });
        out_.emplace(parameter.name, std::move(use));
    }

    static bool holds(const TemplateWord& word, const CommandParameter& parameter)
    {
        return std::ranges::find(word.parameters, &parameter) != word.parameters.end();
    }

    /// A place from which a program that goes by names may take one.
    void check_unclear(const TemplateWord& word)
    {
        if (word.offset >= places_.unclear_until && !places_.unclear.contains(&word)) return;
        for (const auto* parameter : word.parameters) {
            if (is_said(*parameter) || out_.contains(parameter->name)) continue;
            return refuse(word, "whether " + placeholder(*parameter) +
                                    " names a unit or a container is not clear here; say names: "
                                    "unit, names: container or names: nothing for the parameter");
        }
    }

    /// One value is looked up once, so every word must make the same name of it.
    void check_text_around(const TemplateWord& word)
    {
        for (const auto* parameter : word.parameters) {
            const auto use = out_.find(parameter->name);
            if (use == out_.end()) continue;
            if (word.parameters.size() > 1) return refuse_several(word);
            const auto text = around(word, *parameter);
            if (text.prefix == use->second.prefix && text.suffix == use->second.suffix) continue;
            return refuse(word, placeholder(*parameter) +
                                    " is looked up with other text around it than it has here; "
                                    "use one parameter for each name");
        }
    }

    const CompiledTemplate& compiled_;
    const std::vector<CommandParameter>& parameters_;
    PlacesOfNames places_;
    NamesOfParameters out_;
    std::map<std::string, std::vector<std::string>, std::less<>> things_;
    Problem problem_;
};

}  // namespace

std::expected<NamesOfParameters, TemplateProblem> names_in(
    const CompiledTemplate& compiled, const std::vector<CommandParameter>& parameters)
{
    return Judge{compiled, parameters}.judge();
}

}  // namespace tailops::tools
