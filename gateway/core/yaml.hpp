#pragma once

#include "gateway/core/error.hpp"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Strict reading of configuration: every problem of a file is found and told at once, each with
/// its place and a remedy. JSON is read as the YAML it is.
namespace tailops::yaml {

struct Place {
    int line{1};  // 0: what is complained of has no place, such as an environment variable
    int column{1};
};

inline constexpr Place nowhere{0, 0};

/// `targets.yaml:14:9: unknown key "capabilites"; did you mean "capabilities"?`
struct Problem {
    std::string file;
    Place place;
    std::string text;
};

/// What is wrong with the files read so far; empty means all is well. Notices do not refuse a file.
class Problems {
public:
    void add(std::string_view file, Place place, std::string text);
    void notice(std::string_view file, Place place, std::string text);
    bool empty() const noexcept { return problems_.empty(); }
    const std::vector<Problem>& all() const noexcept { return problems_; }
    const std::vector<Problem>& notices() const noexcept { return notices_; }
    /// All of them in file and line order.
    std::vector<Problem> sorted() const;
    /// One problem per line, sorted, as `file:line:column: text`.
    std::string render() const;
    static std::string render(const Problem&);

private:
    std::vector<Problem> problems_;
    std::vector<Problem> notices_;
};

/// A value of a parsed file and where it stands. Cheap to copy; keeps the document alive.
class Node {
public:
    enum class Kind { null, scalar, list, map };
    struct Tree;

    Node() = default;
    explicit Node(std::shared_ptr<const Tree> tree) : tree_{std::move(tree)} {}

    Kind kind() const noexcept;
    Place place() const noexcept;
    const std::string& file() const noexcept;
    /// The text of a scalar; empty for other kinds.
    const std::string& text() const noexcept;
    /// Whether a scalar was written without quotes, so that `true` and `5` are not strings.
    bool is_plain() const noexcept;
    /// Whether a scalar was written as a block of lines, behind a `|` or a `>`.
    bool is_block() const noexcept;
    std::vector<Node> items() const;  ///< of a list; empty for other kinds

    struct Entry {
        std::string key;
        Place place;  // of the key
        std::shared_ptr<const Tree> value;
    };
    const std::vector<Entry>& entries() const noexcept;  ///< of a map; empty for other kinds

private:
    std::shared_ptr<const Tree> tree_;
};

/// Parses one document in UTF-8, with or without a byte order mark. What is not UTF-8, control
/// characters, syntax errors, duplicate keys, a NUL in a key or value and a second document become
/// problems; after most of them the answer is a null node.
Node parse(std::string_view text, std::string_view file, Problems&);

/// Reads `path` and parses it. A file that cannot be read becomes a problem. `file` in problems is
/// the path as given.
Node load(const std::string& path, Problems&);

/// Reads one mapping. Every key asked for is known; `finish()` complains of the others. A value of
/// the wrong type becomes a problem and reads as absent.
class MapReader {
public:
    /// `what` names the mapping in messages: "rule", "target \"web-01\"".
    MapReader(Node map, Problems& problems, std::string what);

    bool has(std::string_view key);
    std::optional<Node> node(std::string_view key);
    std::optional<std::string> text(std::string_view key);
    std::optional<bool> boolean(std::string_view key);
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
    /// "30s", "5m", or a bare number of seconds.
    std::optional<std::chrono::seconds> duration(std::string_view key);
    /// A list of strings; a single string counts as a list of one. Several written as one without
    /// quotes ("web, prod") are a problem.
    std::vector<std::string> texts(std::string_view key);
    /// The same, for a list that restricts: an empty one would restrict nothing and is a problem.
    std::vector<std::string> restricting_texts(std::string_view key);
    /// One of `choices`; anything else is a problem with a suggestion.
    std::optional<std::string> choice(std::string_view key,
                                      std::span<const std::string_view> choices);
    std::optional<std::string> choice(std::string_view key,
                                      std::initializer_list<std::string_view> choices)
    {
        return choice(key, std::span{choices.begin(), choices.size()});
    }
    std::string required_text(std::string_view key);

    /// Accepts a key without reading it: documented elsewhere, without effect here.
    void ignore(std::string_view key, std::string_view why_no_effect);

    void complain(const Node& at, std::string text);
    void complain(std::string text);  ///< at the mapping itself
    /// Where `key` stands, or the mapping when it is absent.
    Place place_of(std::string_view key) const;
    Problems& problems() noexcept { return problems_; }
    const Node& map() const noexcept { return map_; }

    /// Complains of keys that nobody asked for. Call once, last.
    void finish();

private:
    const Node::Entry* find(std::string_view key);
    Node map_;
    Problems& problems_;
    std::string what_;
    std::vector<std::string> known_;
};

/// Complains of a value that has a comma, a semicolon or a blank in it and no quotes around it, or
/// that is a block of several lines: `bob, eve` is one name, which nobody has.
void refuse_several_in_one(MapReader& reader, const Node& name);

}  // namespace tailops::yaml
