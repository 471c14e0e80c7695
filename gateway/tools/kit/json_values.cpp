#include "gateway/tools/kit/json_values.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/tools/json_types.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace tailops::tools::kit {
namespace {

using Value = nlohmann::json;

std::unexpected<Error> misfit(std::string_view place, std::string_view wanted)
{
    return fail(Errc::invalid_argument,
                (place.empty() ? "the value" : quote(place)) + " must be " + std::string{wanted});
}

/// Reads one value.
class ValueReader final : public Visitor {
public:
    ValueReader(const Value& from, std::string place) : from_{from}, place_{std::move(place)} {}

    void text(const Field&, std::string& into) override
    {
        if (const auto* text = from_.get_ptr<const std::string*>()) {
            into = *text;
        } else {
            status = misfit(place_, "text");
        }
    }
    void whole(const Field&, std::int64_t& into) override
    {
        const bool fits =
            from_.is_number_integer() && (!from_.is_number_unsigned() ||
                                          std::in_range<std::int64_t>(from_.get<std::uint64_t>()));
        if (fits) {
            into = from_.get<std::int64_t>();
        } else {
            status = misfit(place_, "a whole number");
        }
    }
    void size(const Field&, std::uint64_t& into) override
    {
        const bool fits = from_.is_number_unsigned() ||
                          (from_.is_number_integer() && from_.get<std::int64_t>() >= 0);
        if (fits) {
            into = from_.get<std::uint64_t>();
        } else {
            status = misfit(place_, "a whole number from 0 on");
        }
    }
    void number(const Field&, double& into) override
    {
        if (from_.is_number()) {
            into = from_.get<double>();
        } else {
            status = misfit(place_, "a number");
        }
    }
    void boolean(const Field&, bool& into) override
    {
        if (const auto* value = from_.get_ptr<const bool*>()) {
            into = *value;
        } else {
            status = misfit(place_, "true or false");
        }
    }
    void choice(const Field&, Choice& into) override
    {
        const auto all = into.words();
        const auto* word = from_.get_ptr<const std::string*>();
        const auto at = word ? std::ranges::find(all, *word) : all.end();
        if (at != all.end()) {
            into.set(static_cast<std::size_t>(at - all.begin()));
            return;
        }
        std::string words;
        for (const auto one : all) words += (words.empty() ? "" : ", ") + quote(one);
        status = misfit(place_, "one of " + words);
    }
    void json(const Field& field, Json& into) override
    {
        constexpr std::array<std::string_view, 1> usual = {"object"};
        const auto types = field.rules.types.empty() ? std::span{usual} : field.rules.types;
        std::string words;
        for (const auto type : types) {
            if (is_of_type(from_, type)) {
                into = std::make_shared<const nlohmann::json>(from_);
                return;
            }
            words += (words.empty() ? "" : " or ") + type_in_words(type);
        }
        status = misfit(place_, words);
    }
    void object(const Field&, Object& into) override;
    void list(const Field&, List& into) override
    {
        if (!from_.is_array()) {
            status = misfit(place_, "a list");
            return;
        }
        for (std::size_t at = 0; at < from_.size() && status; ++at) {
            ValueReader item{from_[at], place_ + '[' + std::to_string(at) + ']'};
            into.append(item);
            status = std::move(item.status);
        }
    }
    void dictionary(const Field&, Dictionary& into) override
    {
        if (!from_.is_object()) {
            status = misfit(place_, "an object");
            return;
        }
        for (const auto& [key, value] : from_.items()) {
            if (!status) return;
            ValueReader entry{value, place_ + '.' + key};
            into.insert(entry, key);
            status = std::move(entry.status);
        }
    }
    void maybe(const Field&, Maybe& into) override { into.emplace(*this); }

    Status status{};

private:
    const Value& from_;
    std::string place_;
};

/// Reads the fields of one struct.
class FieldsReader final : public Visitor {
public:
    FieldsReader(const Value& from, std::string prefix) : from_{from}, prefix_{std::move(prefix)} {}

    void text(const Field& field, std::string& into) override { take(field, into, &Visitor::text); }
    void whole(const Field& field, std::int64_t& into) override
    {
        take(field, into, &Visitor::whole);
    }
    void size(const Field& field, std::uint64_t& into) override
    {
        take(field, into, &Visitor::size);
    }
    void number(const Field& field, double& into) override { take(field, into, &Visitor::number); }
    void boolean(const Field& field, bool& into) override { take(field, into, &Visitor::boolean); }
    void choice(const Field& field, Choice& into) override { take(field, into, &Visitor::choice); }
    void json(const Field& field, Json& into) override { take(field, into, &Visitor::json); }
    void object(const Field& field, Object& into) override { take(field, into, &Visitor::object); }
    void list(const Field& field, List& into) override { take(field, into, &Visitor::list); }
    void dictionary(const Field& field, Dictionary& into) override
    {
        take(field, into, &Visitor::dictionary);
    }
    void maybe(const Field& field, Maybe& into) override { take(field, into, &Visitor::maybe); }

    Status status{};

private:
    template <class T>
    void take(const Field& field, T& into, void (Visitor::*kind)(const Field&, T&))
    {
        if (!status) return;
        const auto* member = find_member(from_, field.name);
        if (!member || member->is_null()) return;
        ValueReader reader{*member, prefix_ + std::string{field.name}};
        (static_cast<Visitor&>(reader).*kind)(field, into);
        status = std::move(reader.status);
    }
    const Value& from_;
    const std::string prefix_;
};

void ValueReader::object(const Field&, Object& into)
{
    if (!from_.is_object()) {
        status = misfit(place_, "an object");
        return;
    }
    FieldsReader fields{from_, place_.empty() ? "" : place_ + '.'};
    into.visit(fields);
    status = std::move(fields.status);
}

/// Writes one value, or the fields of a struct as members of one.
class Writer final : public Visitor {
public:
    void text(const Field& field, std::string& value) override { put(field, std::move(value)); }
    void whole(const Field& field, std::int64_t& value) override { put(field, value); }
    void size(const Field& field, std::uint64_t& value) override { put(field, value); }
    void number(const Field& field, double& value) override { put(field, value); }
    void boolean(const Field& field, bool& value) override { put(field, value); }
    void choice(const Field& field, Choice& value) override
    {
        put(field, value.words()[value.index()]);
    }
    void json(const Field& field, Json& value) override
    {
        if (value) put(field, *value);
    }
    void object(const Field& field, Object& value) override
    {
        Writer members;
        value.visit(members);
        put(field, std::move(members.out));
    }
    void list(const Field& field, List& value) override
    {
        auto items = Value::array();
        for (std::size_t at = 0; at < value.size(); ++at) {
            Writer item;
            value.visit(item, at);
            items.push_back(std::move(item.out).begin().value());
        }
        put(field, std::move(items));
    }
    void dictionary(const Field& field, Dictionary& value) override
    {
        Writer members;
        value.visit(members);
        put(field, std::move(members.out));
    }
    void maybe(const Field&, Maybe& value) override { value.visit(*this); }

    Value out = Value::object();

private:
    template <class T>
    void put(const Field& field, T&& value)
    {
        out[std::string{field.name}] = std::forward<T>(value);
    }
};

class ParametersOf final : public Visitor {
public:
    void text(const Field& field, std::string& value) override { put(field, value); }
    void whole(const Field& field, std::int64_t& value) override { put(field, value); }
    void size(const Field& field, std::uint64_t& value) override
    {
        put(field, static_cast<std::int64_t>(value));
    }
    void number(const Field& field, double& value) override { put(field, value); }
    void boolean(const Field& field, bool& value) override { put(field, value); }
    void choice(const Field& field, Choice& value) override
    {
        put(field, std::string{value.words()[value.index()]});
    }
    void json(const Field&, Json&) override {}
    void object(const Field&, Object&) override {}
    void list(const Field& field, List& value) override
    {
        std::vector<std::string> texts;
        for (std::size_t at = 0; at < value.size(); ++at) {
            ParametersOf item;
            value.visit(item, at);
            for (auto& [name, held] : item.out) {
                if (auto* text = std::get_if<std::string>(&held)) texts.push_back(std::move(*text));
            }
        }
        if (texts.size() == value.size()) put(field, std::move(texts));
    }
    void dictionary(const Field&, Dictionary&) override {}
    void maybe(const Field&, Maybe& value) override { value.visit(*this); }

    policy::Parameters out;

private:
    void put(const Field& field, policy::Value value)
    {
        out.insert_or_assign(std::string{field.name}, std::move(value));
    }
};

}  // namespace

Status read_json(const Value& from, Object& into)
{
    ValueReader reader{from, ""};
    reader.object({}, into);
    return std::move(reader.status);
}

Value write_json(Object& value)
{
    Writer writer;
    value.visit(writer);
    return std::move(writer.out);
}

policy::Parameters policy_parameters(Object& arguments)
{
    ParametersOf parameters;
    arguments.visit(parameters);
    return std::move(parameters.out);
}

}  // namespace tailops::tools::kit
