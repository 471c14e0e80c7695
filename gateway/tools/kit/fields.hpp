#pragma once

#include "gateway/tools/kit/visitor.hpp"

#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tailops::tools::kit {

/// What a struct's `fields` tells of its members:
///
///     struct Uptime {
///         std::int64_t uptime{};
///         static void fields(kit::Fields& f, Uptime& s)
///         {
///             f("uptime", s.uptime, "Seconds since boot");
///         }
///     };
///
/// A member is a std::string, std::int64_t, std::uint64_t, double, bool or Json, a struct with
/// `fields`, an enumeration with `words`, or a std::vector, std::optional or std::map by
/// std::string of those. `words(E)` returns an array of std::string_view in the order of the
/// enumerators, which count from 0; it is found where the enumeration is.
class Fields {
public:
    explicit Fields(Visitor& visitor) : visitor_{visitor} {}

    template <class T>
    void operator()(std::string_view name,
                    T& value,
                    std::string_view about = {},
                    const Rules& rules = {}) const;

private:
    Visitor& visitor_;
};

template <class T>
concept Struct = requires(Fields& f, T& s) { T::fields(f, s); };

template <class T>
concept Enumeration = std::is_enum_v<T> && requires(T value) { words(value); };

template <Enumeration E>
std::span<const std::string_view> words_of()
{
    static constexpr auto all = words(E{});
    return all;
}

/// The word for a value of an enumeration.
template <Enumeration E>
std::string_view word_of(E value)
{
    return words_of<E>()[static_cast<std::size_t>(value)];
}

/// Shows `value` to the visitor, as what its type is.
template <class T>
void visit(Visitor& visitor, const Field& field, T& value);

template <Struct T>
class ObjectOf final : public Object {
public:
    explicit ObjectOf(T& value) : value_{value} {}
    void visit(Visitor& visitor) override
    {
        Fields fields{visitor};
        T::fields(fields, value_);
    }

private:
    T& value_;
};

template <Enumeration E>
class ChoiceOf final : public Choice {
public:
    explicit ChoiceOf(E& value) : value_{value} {}
    std::span<const std::string_view> words() const override { return words_of<E>(); }
    std::size_t index() const override { return static_cast<std::size_t>(value_); }
    void set(std::size_t index) override { value_ = static_cast<E>(index); }

private:
    E& value_;
};

/// The rules of a list or a dictionary are about how many; those of what it holds come with its
/// type, or are `of_items`.
inline Field item_of(const Field& field, std::string_view name)
{
    return {.name = name, .rules = field.rules.of_items ? *field.rules.of_items : Rules{}};
}

template <class T>
class ListOf final : public List {
public:
    ListOf(const Field& field, std::vector<T>& items)
        : field_{item_of(field, field.name)},
          items_{items}
    {
    }
    std::size_t size() const override { return items_.size(); }
    void visit(Visitor& visitor, std::size_t index) override
    {
        kit::visit(visitor, field_, items_[index]);
    }
    void append(Visitor& visitor) override { kit::visit(visitor, field_, items_.emplace_back()); }
    void visit_blank(Visitor& visitor) override
    {
        T blank{};
        kit::visit(visitor, field_, blank);
    }

private:
    Field field_;
    std::vector<T>& items_;
};

template <class T>
class DictionaryOf final : public Dictionary {
public:
    DictionaryOf(const Field& field, std::map<std::string, T>& entries)
        : field_{field},
          entries_{entries}
    {
    }
    void visit(Visitor& visitor) override
    {
        for (auto& [key, value] : entries_) kit::visit(visitor, item_of(field_, key), value);
    }
    void insert(Visitor& visitor, std::string_view key) override
    {
        kit::visit(visitor, item_of(field_, key), entries_[std::string{key}]);
    }
    void visit_blank(Visitor& visitor) override
    {
        T blank{};
        kit::visit(visitor, item_of(field_, {}), blank);
    }

private:
    const Field& field_;
    std::map<std::string, T>& entries_;
};

template <class T>
class MaybeOf final : public Maybe {
public:
    MaybeOf(const Field& field, std::optional<T>& value) : field_{field}, value_{value} {}
    bool has_value() const override { return value_.has_value(); }
    void emplace(Visitor& visitor) override
    {
        if (!value_) value_.emplace();
        kit::visit(visitor, field_, *value_);
    }
    void visit(Visitor& visitor) override
    {
        if (value_) kit::visit(visitor, field_, *value_);
    }
    void visit_blank(Visitor& visitor) override
    {
        T blank{};
        kit::visit(visitor, field_, blank);
    }

private:
    const Field& field_;
    std::optional<T>& value_;
};

// One overload for each type that a field can have; no other compiles.
inline void show(Visitor& visitor, const Field& field, std::string& value)
{
    visitor.text(field, value);
}
inline void show(Visitor& visitor, const Field& field, std::int64_t& value)
{
    visitor.whole(field, value);
}
inline void show(Visitor& visitor, const Field& field, std::uint64_t& value)
{
    visitor.size(field, value);
}
inline void show(Visitor& visitor, const Field& field, double& value)
{
    visitor.number(field, value);
}
inline void show(Visitor& visitor, const Field& field, bool& value)
{
    visitor.boolean(field, value);
}
inline void show(Visitor& visitor, const Field& field, Json& value)
{
    visitor.json(field, value);
}
template <Enumeration E>
void show(Visitor& visitor, const Field& field, E& value)
{
    ChoiceOf<E> choice{value};
    visitor.choice(field, choice);
}
template <Struct T>
void show(Visitor& visitor, const Field& field, T& value)
{
    ObjectOf<T> object{value};
    visitor.object(field, object);
}
template <class T>
void show(Visitor& visitor, const Field& field, std::vector<T>& value)
{
    ListOf<T> list{field, value};
    visitor.list(field, list);
}
template <class T>
void show(Visitor& visitor, const Field& field, std::map<std::string, T>& value)
{
    DictionaryOf<T> dictionary{field, value};
    visitor.dictionary(field, dictionary);
}
template <class T>
void show(Visitor& visitor, const Field& field, std::optional<T>& value)
{
    MaybeOf<T> maybe{field, value};
    visitor.maybe(field, maybe);
}

template <class T>
void visit(Visitor& visitor, const Field& field, T& value)
{
    show(visitor, field, value);
}

template <class T>
void Fields::operator()(std::string_view name,
                        T& value,
                        std::string_view about,
                        const Rules& rules) const
{
    visit(visitor_, Field{.name = name, .about = about, .rules = rules}, value);
}

}  // namespace tailops::tools::kit
