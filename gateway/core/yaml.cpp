#include "gateway/core/yaml.hpp"

#include "gateway/core/regular_file.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/yaml_text.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

namespace tailops::yaml {

struct Node::Tree {
    Kind kind{Kind::null};
    Place place;
    std::shared_ptr<const std::string> file;
    std::string text;
    bool plain{false};
    bool block{false};
    std::vector<std::shared_ptr<const Tree>> items;
    std::vector<Entry> entries;
    std::size_t height{1};  // of the tree below, this included
    std::size_t weight{0};  // values and characters, each as often as an alias repeats it
};

namespace {

using Tree = Node::Tree;

// A configuration file this deep is a mistake or an attack on the parser's stack.
constexpr std::size_t depth_max = 64;
// What aliases may repeat, in values and characters: a few nested ones stand for billions.
constexpr std::size_t repeated_max = 1024 * 1024;

Place to_place(const YAML::Mark& mark)
{
    return {mark.line + 1, mark.column + 1};
}

/// Builds our tree from yaml-cpp's events; its own node type forgets where keys stand and lets a
/// duplicate key win silently.
class TreeBuilder : public YAML::EventHandler {
public:
    TreeBuilder(std::string_view text, std::string_view file, Problems& problems)
        : text_{text},
          file_{std::make_shared<const std::string>(file)},
          problems_{problems}
    {
    }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        place(make(Node::Kind::null, mark), anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        const auto at = anchors_.find(anchor);
        if (at == anchors_.end()) {
            problems_.add(*file_, to_place(mark),
                          "an alias inside the value that it stands for, which would have no end");
            place(make(Node::Kind::null, mark), YAML::NullAnchor);
            return;
        }
        const auto& value = at->second;
        repeated_ += value->weight;
        if (repeated_ > repeated_max) {
            throw YAML::ParserException{mark, "the aliases repeat more than " +
                                                  std::to_string(repeated_max) +
                                                  " values and characters"};
        }
        check_depth(levels_.size() + value->height, mark);
        place(value, YAML::NullAnchor);
    }
    void OnScalar(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  const std::string& value) override
    {
        // Names of files, hosts and programs end at a NUL for the system, and go on for us.
        if (value.find('\0') != std::string::npos) {
            problems_.add(
                *file_, to_place(mark),
                R"(a NUL character ("\0") cannot be part of a key or value; take it out)");
        }
        auto scalar = make(Node::Kind::scalar, mark);
        scalar->text = value;
        scalar->weight += value.size();
        scalar->plain = tag == "?" || tag.empty();
        scalar->block = !scalar->plain && !is_quoted_at(mark);
        if (scalar->plain && (value == "~" || value == "null" || value.empty())) {
            scalar->kind = Node::Kind::null;
        }
        place(std::move(scalar), anchor);
    }
    void OnSequenceStart(const YAML::Mark& mark,
                         const std::string&,
                         YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override
    {
        open(make(Node::Kind::list, mark), mark, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark,
                    const std::string&,
                    YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override
    {
        open(make(Node::Kind::map, mark), mark, anchor);
    }
    void OnMapEnd() override { close(); }

    std::shared_ptr<const Tree> root() const { return root_; }

private:
    struct Level {
        std::shared_ptr<Tree> tree;
        YAML::anchor_t anchor{YAML::NullAnchor};
        std::optional<Node::Entry> pending{};       // a key that waits for its value
        std::set<std::string, std::less<>> keys{};  // of a map
    };

    std::shared_ptr<Tree> make(Node::Kind kind, const YAML::Mark& mark)
    {
        auto tree = std::make_shared<Tree>();
        tree->kind = kind;
        tree->place = to_place(mark);
        tree->file = file_;
        tree->weight = 1;
        return tree;
    }

    /// Whether a quoted scalar stands there, behind an anchor or a tag of its own. yaml-cpp gives
    /// blocks and quoted scalars the same tag.
    bool is_quoted_at(const YAML::Mark& mark) const
    {
        if (mark.pos < 0) return true;
        auto rest = text_.substr(std::min(static_cast<std::size_t>(mark.pos), text_.size()));
        while (rest.starts_with('&') || rest.starts_with('!')) {
            rest.remove_prefix(std::min(rest.find_first_of(" \t\r\n"), rest.size()));
            rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
        }
        return !rest.starts_with('|') && !rest.starts_with('>');
    }

    static void check_depth(std::size_t levels, const YAML::Mark& mark)
    {
        if (levels <= depth_max) return;
        throw YAML::ParserException{mark,
                                    "nested deeper than " + std::to_string(depth_max) + " levels"};
    }

    void open(std::shared_ptr<Tree> tree, const YAML::Mark& mark, YAML::anchor_t anchor)
    {
        check_depth(levels_.size() + 1, mark);
        levels_.push_back({.tree = std::move(tree), .anchor = anchor});
    }

    void close()
    {
        auto done = std::move(levels_.back().tree);
        const auto anchor = levels_.back().anchor;
        levels_.pop_back();
        place(std::move(done), anchor);
    }

    /// An anchor is known once its value is complete: a tree that contains itself has no end.
    void place(std::shared_ptr<const Tree> value, YAML::anchor_t anchor)
    {
        if (anchor != YAML::NullAnchor) anchors_[anchor] = value;
        if (levels_.empty()) {
            root_ = std::move(value);
            return;
        }
        auto& parent = levels_.back().tree;
        auto& pending = levels_.back().pending;
        parent->height = std::max(parent->height, value->height + 1);
        parent->weight += value->weight;
        if (parent->kind == Node::Kind::list) {
            parent->items.push_back(std::move(value));
        } else if (!pending) {
            pending = key_from(*value);
        } else {
            pending->value = std::move(value);
            parent->entries.push_back(*std::exchange(pending, std::nullopt));
        }
    }

    Node::Entry key_from(const Tree& key)
    {
        if (key.kind != Node::Kind::scalar) {
            problems_.add(*file_, key.place, "a key must be a plain word");
        }
        if (!levels_.back().keys.insert(key.text).second) {
            problems_.add(*file_, key.place, "the key " + quote(key.text) + " stands twice");
        }
        return {key.text, key.place, nullptr};
    }

    std::string_view text_;
    std::shared_ptr<const std::string> file_;
    Problems& problems_;
    std::vector<Level> levels_;
    std::map<YAML::anchor_t, std::shared_ptr<const Tree>> anchors_;
    std::size_t repeated_{0};
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
    if (problem.place.line == 0) return problem.file + ": " + problem.text;
    return problem.file + ':' + std::to_string(problem.place.line) + ':' +
           std::to_string(problem.place.column) + ": " + problem.text;
}

std::vector<Problem> Problems::sorted() const
{
    auto out = problems_;
    std::ranges::stable_sort(
        out, {}, [](const Problem& p) { return std::tuple{p.file, p.place.line, p.place.column}; });
    return out;
}

std::string Problems::render() const
{
    std::string out;
    for (const auto& problem : sorted()) out += render(problem) + '\n';
    return out;
}

Node::Kind Node::kind() const noexcept
{
    return tree_ ? tree_->kind : Kind::null;
}
Place Node::place() const noexcept
{
    return tree_ ? tree_->place : Place{};
}
const std::string& Node::file() const noexcept
{
    return *(tree_ ? *tree_ : empty_tree()).file;
}
const std::string& Node::text() const noexcept
{
    return (tree_ ? *tree_ : empty_tree()).text;
}
bool Node::is_plain() const noexcept
{
    return tree_ && tree_->plain;
}

bool Node::is_block() const noexcept
{
    return tree_ && tree_->block;
}

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
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (auto fault = find_text_fault(text)) {
        problems.add(file, fault->place, std::move(fault->text));
        return {};
    }
    std::istringstream stream{std::string{text}};
    TreeBuilder builder{text, file, problems};
    try {
        YAML::Parser parser{stream};
        parser.HandleNextDocument(builder);
        TreeBuilder second{text, file, problems};
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
    const auto text = read_regular_file(path, configuration_bytes_max);
    if (!text) {
        problems.add(path, nowhere, "cannot be read: " + text.error().public_message());
        return {};
    }
    if (text->empty()) {
        problems.add(path, {}, "the file is empty");
        return {};
    }
    return parse(*text, path, problems);
}

}  // namespace tailops::yaml
