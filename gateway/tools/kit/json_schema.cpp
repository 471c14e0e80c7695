#include "gateway/tools/kit/json_schema.hpp"

#include "gateway/core/json.hpp"

#include <nlohmann/json.hpp>

namespace tailops::tools::kit {
namespace {

using Value = nlohmann::json;

/// Whether a schema is of what callers say, who get defaults and bounds, or of what we answer.
enum class Side { arguments, results };

Value example_of(std::string_view text, bool is_text)
{
    if (is_text) return Value::array({text});
    // The unit tests hold every example against its own schema.
    return Value::array({parse_json(text).value_or(Value{})});
}

Value words_as_json(std::span<const std::string_view> words)
{
    auto out = Value::array();
    for (const auto word : words) out.push_back(word);
    return out;
}

/// Makes the schema of one value.
class ValueSchema final : public Visitor {
public:
    explicit ValueSchema(Side side) : side_{side} {}

    void text(const Field& field, std::string& usual) override
    {
        begin("string", field);
        const auto& rules = field.rules;
        if (rules.shortest > 0) out["minLength"] = rules.shortest;
        if (rules.longest > 0) out["maxLength"] = rules.longest;
        if (!rules.pattern.empty()) out["pattern"] = rules.pattern;
        if (!rules.one_of.empty()) out["enum"] = words_as_json(rules.one_of);
        if (!rules.example.empty()) out["examples"] = example_of(rules.example, true);
        say_default(field, usual);
    }
    void whole(const Field& field, std::int64_t& usual) override
    {
        begin("integer", field);
        bound(field);
        say_default(field, usual);
    }
    void size(const Field& field, std::uint64_t& usual) override
    {
        begin("integer", field);
        bound(field);
        say_default(field, usual);
    }
    void number(const Field& field, double& usual) override
    {
        begin("number", field);
        bound(field);
        say_default(field, usual);
    }
    void boolean(const Field& field, bool& usual) override
    {
        begin("boolean", field);
        say_default(field, usual);
    }
    void choice(const Field& field, Choice& usual) override
    {
        begin("string", field);
        out["enum"] = words_as_json(usual.words());
        say_default(field, usual.words()[usual.index()]);
    }
    void json(const Field& field, Json&) override
    {
        begin("object", field);
        const auto& rules = field.rules;
        if (!rules.types.empty()) out["type"] = words_as_json(rules.types);
        if (rules.longest > 0) out["maxLength"] = rules.longest;
        if (!rules.example.empty()) out["examples"] = example_of(rules.example, false);
    }
    void object(const Field& field, Object& value) override;
    void list(const Field& field, List& value) override
    {
        begin("array", field);
        ValueSchema item{side_};
        item.is_item_ = true;
        value.visit_blank(item);
        out["items"] = std::move(item.out);
        const auto& rules = field.rules;
        if (rules.shortest > 0) out["minItems"] = rules.shortest;
        if (rules.longest > 0) out["maxItems"] = rules.longest;
        if (!rules.example.empty()) out["examples"] = example_of(rules.example, false);
    }
    void dictionary(const Field& field, Dictionary& value) override
    {
        begin("object", field);
        ValueSchema item{side_};
        item.is_item_ = true;
        value.visit_blank(item);
        out["additionalProperties"] = std::move(item.out);
        if (!field.rules.example.empty()) {
            out["examples"] = example_of(field.rules.example, false);
        }
        say_default(field, Value::object());
    }
    void maybe(const Field&, Maybe& value) override
    {
        is_absent_ = true;
        value.visit_blank(*this);
    }

    bool may_be_absent() const noexcept { return is_absent_; }

    Value out = Value::object();

private:
    void begin(std::string_view type, const Field& field)
    {
        out["type"] = type;
        if (!field.about.empty() && !is_item_) out["description"] = field.about;
    }
    void bound(const Field& field)
    {
        const auto& rules = field.rules;
        if (rules.min) out["minimum"] = *rules.min;
        if (rules.max) out["maximum"] = *rules.max;
        if (!rules.example.empty()) out["examples"] = example_of(rules.example, false);
    }
    template <class T>
    void say_default(const Field& field, const T& usual)
    {
        const bool has_default =
            side_ == Side::arguments && !field.rules.required && !is_absent_ && !is_item_;
        if (has_default) out["default"] = usual;
    }

    const Side side_;
    bool is_absent_{false};
    bool is_item_{false};
};

/// Makes the schema of a struct out of those of its fields.
class ObjectSchema final : public Visitor {
public:
    explicit ObjectSchema(Side side) : side_{side} {}

    void text(const Field& field, std::string& value) override
    {
        add(field, value, &Visitor::text);
    }
    void whole(const Field& field, std::int64_t& value) override
    {
        add(field, value, &Visitor::whole);
    }
    void size(const Field& field, std::uint64_t& value) override
    {
        add(field, value, &Visitor::size);
    }
    void number(const Field& field, double& value) override { add(field, value, &Visitor::number); }
    void boolean(const Field& field, bool& value) override { add(field, value, &Visitor::boolean); }
    void choice(const Field& field, Choice& value) override { add(field, value, &Visitor::choice); }
    void json(const Field& field, Json& value) override { add(field, value, &Visitor::json); }
    void object(const Field& field, Object& value) override { add(field, value, &Visitor::object); }
    void list(const Field& field, List& value) override { add(field, value, &Visitor::list); }
    void dictionary(const Field& field, Dictionary& value) override
    {
        add(field, value, &Visitor::dictionary);
    }
    void maybe(const Field& field, Maybe& value) override { add(field, value, &Visitor::maybe); }

    Value properties = Value::object();
    Value required = Value::array();

private:
    template <class T>
    void add(const Field& field, T& value, void (Visitor::*kind)(const Field&, T&))
    {
        ValueSchema schema{side_};
        (static_cast<Visitor&>(schema).*kind)(field, value);
        properties[field.name] = std::move(schema.out);
        const bool is_required =
            side_ == Side::arguments ? field.rules.required : !schema.may_be_absent();
        if (is_required) required.push_back(field.name);
    }
    const Side side_;
};

void ValueSchema::object(const Field& field, Object& value)
{
    begin("object", field);
    ObjectSchema schema{side_};
    value.visit(schema);
    out["properties"] = std::move(schema.properties);
    if (!schema.required.empty()) out["required"] = std::move(schema.required);
    if (side_ == Side::arguments) out["additionalProperties"] = false;
}

}  // namespace

Value schema_of_arguments(Object& blank)
{
    ValueSchema schema{Side::arguments};
    schema.object({}, blank);
    return std::move(schema.out);
}

Value schema_of_results(Object& blank, bool required)
{
    ValueSchema schema{Side::results};
    schema.object({}, blank);
    if (!required) schema.out.erase("required");
    return std::move(schema.out);
}

}  // namespace tailops::tools::kit
