#pragma once

#include "gateway/core/json.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tailops::tools::kit {

/// Which values a field may have, besides those of its type. Zero and empty: no such rule.
struct Rules {
    bool required{false};  // of an argument; one that is not has the default of its member
    std::optional<std::int64_t> min{}, max{};    // of a whole number
    std::size_t shortest{0}, longest{0};         // characters of a text, items of a list
    std::string_view pattern{};                  // RE2, of a text
    std::string_view example{};                  // a text as it is, anything else as JSON
    std::span<const std::string_view> one_of{};  // of a text that is no enumeration here
    std::span<const std::string_view> types{};   // of a Json that may be more than an object
    const Rules* of_items{nullptr};              // of what a list or a dictionary holds
};

/// What is said of one field of a struct: once, next to its type.
struct Field {
    std::string_view name;
    std::string_view about{};
    Rules rules{};
};

class Visitor;

/// An object of any shape, or what the rules name in `types`; null: none.
using Json = JsonPart;

/// An enumeration: one of several words.
class Choice {
public:
    virtual std::span<const std::string_view> words() const = 0;
    virtual std::size_t index() const = 0;
    virtual void set(std::size_t index) = 0;

protected:
    ~Choice() = default;
};

/// A struct with fields of its own.
class Object {
public:
    /// Shows each field, in the order in which the struct names them.
    virtual void visit(Visitor& visitor) = 0;

protected:
    ~Object() = default;
};

class List {
public:
    virtual std::size_t size() const = 0;
    virtual void visit(Visitor& visitor, std::size_t index) = 0;
    /// Appends one that has its defaults, and shows it.
    virtual void append(Visitor& visitor) = 0;
    /// Shows one that is not in the list: for who asks what the list holds.
    virtual void visit_blank(Visitor& visitor) = 0;

protected:
    ~List() = default;
};

/// Values by names that are data themselves.
class Dictionary {
public:
    /// Shows each value with its key as the field's name, in the order of the keys.
    virtual void visit(Visitor& visitor) = 0;
    virtual void insert(Visitor& visitor, std::string_view key) = 0;
    virtual void visit_blank(Visitor& visitor) = 0;

protected:
    ~Dictionary() = default;
};

/// A value that may be absent.
class Maybe {
public:
    virtual bool has_value() const = 0;
    /// Shows it; an absent one becomes its default first.
    virtual void emplace(Visitor& visitor) = 0;
    virtual void visit(Visitor& visitor) = 0;
    virtual void visit_blank(Visitor& visitor) = 0;

protected:
    ~Maybe() = default;
};

/// Who looks at the fields of a struct, or fills them in: makers of schemas, readers, writers. Each
/// is told a field and its value; which value it is follows from the type.
class Visitor {
public:
    Visitor() = default;
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;
    virtual ~Visitor() = default;

    virtual void text(const Field&, std::string&) = 0;
    virtual void whole(const Field&, std::int64_t&) = 0;
    virtual void size(const Field&, std::uint64_t&) = 0;
    virtual void number(const Field&, double&) = 0;
    virtual void boolean(const Field&, bool&) = 0;
    virtual void choice(const Field&, Choice&) = 0;
    virtual void json(const Field&, Json&) = 0;
    virtual void object(const Field&, Object&) = 0;
    virtual void list(const Field&, List&) = 0;
    virtual void dictionary(const Field&, Dictionary&) = 0;
    virtual void maybe(const Field&, Maybe&) = 0;
};

}  // namespace tailops::tools::kit
