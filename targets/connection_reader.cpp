#include "targets/connection_reader.hpp"

#include "gateway/core/text.hpp"
#include "targets/credentials/credentials.hpp"
#include "targets/kinds.hpp"

namespace tailops::targets {

using yaml::MapReader;

std::optional<std::string> expanded(MapReader& from,
                                    std::string_view key,
                                    const Environment& environment)
{
    auto text = from.text(key);
    if (!text || !text->starts_with("${") || !text->ends_with('}')) return text;
    const auto name = text->substr(2, text->size() - 3);
    auto value = environment(name);
    if (value && !value->empty()) return value;
    from.complain(*from.node(key), "the environment variable " + quote(name) + " is not set");
    return std::nullopt;
}

std::optional<CredentialReference> credential(MapReader& from, std::string_view key)
{
    const auto text = from.text(key);
    if (!text) return std::nullopt;
    auto reference = parse_credential_reference(*text);
    if (reference) return *std::move(reference);
    from.complain(*from.node(key), quote(key) + ": " + reference.error().public_message());
    return std::nullopt;
}

Connection read_connection(Kind kind,
                           MapReader& target,
                           const yaml::Node& node,
                           const Environment& environment)
{
    const auto& row = descriptor_of(kind);
    if (row.needs_connection && node.kind() == yaml::Node::Kind::null) {
        target.complain("the target lacks \"connection\"");
        return LocalConnection{};
    }
    MapReader from{node, target.problems(), "connection"};
    // The earlier loader wanted the executor here; the same word again does no harm.
    if (const auto executor = from.text("executor"); executor && *executor != row.name) {
        from.complain(*from.node("executor"), "connection says executor " + quote(*executor) +
                                                  ", the target says " + quote(row.name));
    }
    auto out = row.read(from, environment);
    from.finish();
    return out;
}

}  // namespace tailops::targets
