#include "gateway/core/yaml.hpp"

#include "gateway/core/text.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <tuple>

namespace tailops::yaml {

struct Node::Tree {
    Kind kind{Kind::null};
    Place place;
    std::shared_ptr<const std::string> file;
    std::string text;
    bool plain{false};
    std::vector<std::shared_ptr<const Tree>> items;
    std::vector<Entry> entries;
};

namespace {

using Tree = Node::Tree;

// A configuration file this deep is a mistake or an attack on the parser's stack.
constexpr std::size_t depth_max = 64;

Place to_place(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

/// Builds our tree from yaml-cpp's events; its own node type forgets where keys stand and lets a
/// duplicate key win silently.
class TreeBuilder : public YAML::EventHandler {
public:
    TreeBuilder(std::string_view file, Problems& problems)
        : file_{std::make_shared<const std::string>(file)},
          problems_{problems}
    {
    }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        place(make(Node::Kind::null, mark, anchor));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        const auto at = anchors_.find(anchor);
        if (at == anchors_.end()) {
            problems_.add(*file_, to_place(mark), "an alias to a value that is not complete yet");
            place(make(Node::Kind::null, mark, YAML::NullAnchor));
        } else {
            place(at->second);
        }
    }
    void OnScalar(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  const std::string& value) override
    {
        auto scalar = make(Node::Kind::scalar, mark, anchor);
        scalar->text = value;
        scalar->plain = tag == "?" || tag.empty();
        if (scalar->plain && (value == "~" || value == "null" || value.empty())) {
            scalar->kind = Node::Kind::null;
        }
        place(std::move(scalar));
    }
    void OnSequenceStart(const YAML::Mark& mark,
                         const std::string&,
                         YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override
    {
        open(make(Node::Kind::list, mark, anchor));
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark,
                    const std::string&,
                    YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override
    {
        open(make(Node::Kind::map, mark, anchor));
    }
    void OnMapEnd() override { close(); }

    std::shared_ptr<const Tree> root() const { return root_; }

private:
    struct Level {
        std::shared_ptr<Tree> tree;
        std::optional<Node::Entry> pending;  // a key that waits for its value
    };

    std::shared_ptr<Tree> make(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor)
    {
        auto tree = std::make_shared<Tree>();
        tree->kind = kind;
        tree->place = to_place(mark);
        tree->file = file_;
        if (anchor != YAML::NullAnchor) anchors_[anchor] = tree;
        return tree;
    }

    void open(std::shared_ptr<Tree> tree)
    {
        if (levels_.size() >= depth_max) {
            throw YAML::ParserException{
                {}, "nested deeper than " + std::to_string(depth_max) + " levels"};
        }
        levels_.push_back({std::move(tree), std::nullopt});
    }

    void close()
    {
        auto done = std::move(levels_.back().tree);
        levels_.pop_back();
        place(std::move(done));
    }

    void place(std::shared_ptr<const Tree> value)
    {
        if (levels_.empty()) {
            root_ = std::move(value);
            return;
        }
        auto& [parent, pending] = levels_.back();
        if (parent->kind == Node::Kind::list) {
            parent->items.push_back(std::move(value));
        } else if (!pending) {
            pending = key_from(*parent, *value);
        } else {
            pending->value = std::move(value);
            parent->entries.push_back(*std::move(pending));
            pending.reset();
        }
    }

    Node::Entry key_from(const Tree& parent, const Tree& key)
    {
        if (key.kind != Node::Kind::scalar) {
            problems_.add(*file_, key.place, "a key must be a plain word");
        }
        const bool repeated = std::ranges::any_of(
            parent.entries, [&](const auto& entry) { return entry.key == key.text; });
        if (repeated) {
            problems_.add(*file_, key.place, "the key " + quote(key.text) + " stands twice");
        }
        return {key.text, key.place, nullptr};
    }

    std::shared_ptr<const std::string> file_;
    Problems& problems_;
    std::vector<Level> levels_;
    std::map<YAML::anchor_t, std::shared_ptr<const Tree>> anchors_;
    std::shared_ptr<const Tree> root_;
};

const Tree& empty_tree()
{
    static const Tree tree = [] {
        Tree nothing;
        nothing.file = std::make_shared<const std::string>();
        return nothing;
    }();
    return tree;
}

/// std::ranges::contains, which the compiler of Debian 12 lacks.
template <class Range, class Value>
bool contains(const Range& range, const Value& value)
{
    return std::ranges::find(range, value) != std::ranges::end(range);
}

std::string kind_name(Node::Kind kind)
{
    switch (kind) {
    case Node::Kind::null: return "nothing";
    case Node::Kind::scalar: return "a single value";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a mapping";
    }
    return "nothing";
}

}  // namespace

void Problems::add(std::string_view file, Place place, std::string text)
{
    problems_.push_back({std::string{file}, place, std::move(text)});
}

void Problems::notice(std::string_view file, Place place, std::string text)
{
    notices_.push_back({std::string{file}, place, std::move(text)});
}

std::string Problems::render(const Problem& problem)
{
    return problem.file + ':' + std::to_string(problem.place.line) + ':' +
           std::to_string(problem.place.column) + ": " + problem.text;
}

std::string Problems::render() const
{
    auto sorted = problems_;
    std::ranges::stable_sort(sorted, {}, [](const Problem& p) {
        return std::tuple{p.file, p.place.line, p.place.column};
    });
    std::string out;
    for (const auto& problem : sorted) out += render(problem) + '\n';
    return out;
}

Node::Kind Node::kind() const noexcept { return tree_ ? tree_->kind : Kind::null; }
Place Node::place() const noexcept { return tree_ ? tree_->place : Place{}; }
const std::string& Node::file() const noexcept { return *(tree_ ? *tree_ : empty_tree()).file; }
const std::string& Node::text() const noexcept { return (tree_ ? *tree_ : empty_tree()).text; }
bool Node::is_plain() const noexcept { return tree_ && tree_->plain; }

std::vector<Node> Node::items() const
{
    std::vector<Node> out;
    if (tree_) {
        for (const auto& item : tree_->items) out.emplace_back(item);
    }
    return out;
}

const std::vector<Node::Entry>& Node::entries() const noexcept
{
    return (tree_ ? *tree_ : empty_tree()).entries;
}

Node parse(std::string_view text, std::string_view file, Problems& problems)
{
    std::istringstream stream{std::string{text}};
    TreeBuilder builder{file, problems};
    try {
        YAML::Parser parser{stream};
        parser.HandleNextDocument(builder);
        TreeBuilder second{file, problems};
        if (parser.HandleNextDocument(second)) {
            problems.add(file, Node{second.root()}.place(),
                         "a second document begins here; the file holds one");
            return {};
        }
    } catch (const YAML::ParserException& error) {
        problems.add(file, to_place(error.mark), "not valid YAML: " + error.msg);
        return {};
    }
    return Node{builder.root()};
}

Node load(const std::string& path, Problems& problems)
{
    std::ifstream file{path, std::ios::binary};
    std::ostringstream text;
    if (!file || !(text << file.rdbuf())) {
        if (file && file.peek() == std::ifstream::traits_type::eof()) {
            problems.add(path, {}, "the file is empty");
        } else {
            problems.add(path, {}, "cannot be read");
        }
        return {};
    }
    return parse(std::move(text).str(), path, problems);
}

MapReader::MapReader(Node map, Problems& problems, std::string what)
    : map_{std::move(map)},
      problems_{problems},
      what_{std::move(what)}
{
    if (map_.kind() == Node::Kind::scalar || map_.kind() == Node::Kind::list) {
        complain(what_ + " must be a mapping, not " + kind_name(map_.kind()));
    }
}

const Node::Entry* MapReader::find(std::string_view key)
{
    if (!contains(known_, key)) known_.emplace_back(key);
    for (const auto& entry : map_.entries()) {
        if (entry.key == key) return &entry;
    }
    return nullptr;
}

bool MapReader::has(std::string_view key) { return find(key) != nullptr; }

std::optional<Node> MapReader::node(std::string_view key)
{
    const auto* entry = find(key);
    if (!entry) return std::nullopt;
    Node value{entry->value};
    if (value.kind() == Node::Kind::null) return std::nullopt;
    return value;
}

std::optional<std::string> MapReader::text(std::string_view key)
{
    const auto value = node(key);
    if (!value) return std::nullopt;
    if (value->kind() == Node::Kind::scalar) return value->text();
    complain(*value, quote(key) + " must be a string, not " + kind_name(value->kind()));
    return std::nullopt;
}

std::string MapReader::required_text(std::string_view key)
{
    if (!has(key)) {
        complain(what_ + " lacks " + quote(key));
        return {};
    }
    auto value = text(key);
    if (value && !value->empty()) return *std::move(value);
    if (const auto at = node(key); !at || at->kind() == Node::Kind::scalar) {
        problems_.add(map_.file(), place_of(key), quote(key) + " must not be empty");
    }
    return {};
}

std::optional<bool> MapReader::boolean(std::string_view key)
{
    const auto value = node(key);
    if (!value) return std::nullopt;
    if (value->is_plain()) {
        const auto word = lower_ascii(value->text());
        if (word == "true" || word == "yes" || word == "on") return true;
        if (word == "false" || word == "no" || word == "off") return false;
    }
    complain(*value, quote(key) + " must be true or false");
    return std::nullopt;
}

std::optional<std::int64_t> MapReader::integer(std::string_view key,
                                               std::int64_t min,
                                               std::int64_t max)
{
    const auto value = node(key);
    if (!value) return std::nullopt;
    if (value->is_plain()) {
        const auto number = parse_int(value->text(), min, max);
        if (number) return *number;
        complain(*value, quote(key) + ": " + number.error().public_message());
    } else {
        complain(*value, quote(key) + " must be a whole number");
    }
    return std::nullopt;
}

std::optional<std::chrono::seconds> MapReader::duration(std::string_view key)
{
    const auto value = node(key);
    if (!value) return std::nullopt;
    const auto parsed = parse_duration(value->text());
    if (parsed) return *parsed;
    complain(*value, quote(key) + ": " + parsed.error().public_message());
    return std::nullopt;
}

std::vector<std::string> MapReader::texts(std::string_view key)
{
    const auto value = node(key);
    if (!value) return {};
    if (value->kind() == Node::Kind::scalar) return {value->text()};
    std::vector<std::string> out;
    if (value->kind() == Node::Kind::map) {
        complain(*value, quote(key) + " must be a list of strings");
    }
    for (const auto& item : value->items()) {
        if (item.kind() == Node::Kind::scalar) {
            out.push_back(item.text());
        } else {
            complain(item, "an item of " + quote(key) + " must be a string");
        }
    }
    return out;
}

std::optional<std::string> MapReader::choice(std::string_view key,
                                             std::initializer_list<std::string_view> choices)
{
    auto value = text(key);
    if (!value || contains(choices, std::string_view{*value})) return value;
    std::string list;
    for (const auto& choice : choices) list += (list.empty() ? "" : ", ") + std::string{choice};
    problems_.add(map_.file(), node(key)->place(),
                  quote(key) + " cannot be " + quote(*value) + "; use one of " + list);
    return std::nullopt;
}

void MapReader::ignore(std::string_view key, std::string_view why_no_effect)
{
    if (!has(key)) return;
    problems_.notice(map_.file(), place_of(key),
                     quote(key) + " has no effect: " + std::string{why_no_effect});
}

void MapReader::complain(const Node& at, std::string text)
{
    problems_.add(at.file(), at.place(), std::move(text));
}

void MapReader::complain(std::string text) { complain(map_, std::move(text)); }

Place MapReader::place_of(std::string_view key) const
{
    for (const auto& entry : map_.entries()) {
        if (entry.key == key) return entry.place;
    }
    return map_.place();
}

void MapReader::finish()
{
    const std::vector<std::string_view> candidates{known_.begin(), known_.end()};
    for (const auto& entry : map_.entries()) {
        if (contains(known_, entry.key)) continue;
        problems_.add(map_.file(), entry.place,
                      "unknown key " + quote(entry.key) + did_you_mean(entry.key, candidates));
    }
}

}  // namespace tailops::yaml
