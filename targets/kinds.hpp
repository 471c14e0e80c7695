#pragma once

#include "gateway/core/yaml.hpp"
#include "targets/credentials/credentials.hpp"
#include "targets/executors.hpp"
#include "targets/target.hpp"
#include "targets/targets_file.hpp"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::targets {

/// A credential that a connection refers to, by the key of targets.yaml that names it.
struct NamedCredential {
    std::string key;
    CredentialReference reference;
    std::string text;    // as it was written
    std::string user{};  // that is sent along with it, as basic authentication does
};

/// What executors are made of.
struct ExecutorParts {
    const ExecutorContext& context;
    /// Those of the same registry, by target, as far as they are made: for connections that go
    /// through another. Weak, because a jump must not keep alive what a reload dropped.
    std::shared_ptr<std::map<TargetId, std::weak_ptr<Executor>>> made;
};

/// Fetches `reference` anew at each call; empty when there is none. What is fetched is a secret
/// that nothing may show, also when its file was replaced a moment ago; `user` goes with it as
/// basic authentication sends it.
CredentialReader credential_reader(const std::optional<CredentialReference>& reference,
                                   const ExecutorContext& context,
                                   const std::string& user = {});

void add_credential(std::vector<NamedCredential>& out,
                    std::string key,
                    const std::optional<CredentialReference>& reference,
                    const std::string& user = {});
/// A file that holds one, by its path; nothing when that is empty.
void add_credential_file(std::vector<NamedCredential>& out,
                         std::string key,
                         const std::string& path);

/// What one kind of target is to the rest of the gateway. The functions get a connection of their
/// own kind.
struct KindDescriptor {
    Kind kind{};
    std::string_view name;        // `executor:` in targets.yaml
    std::vector<Facet> facets;    // what can be asked of it, besides whether it is there
    bool needs_connection{true};  // targets.yaml must say how it is reached
    /// Reads the keys of `connection:`. Everything wrong goes to the problems of the reader.
    Connection (*read)(yaml::MapReader& from, const Environment& environment);
    /// Errors: invalid_argument.
    Result<std::shared_ptr<Executor>> (*make)(const TargetSpec& spec, const ExecutorParts& parts);
    std::vector<NamedCredential> (*credentials)(const Connection& connection);
    /// For operators: where it is reached.
    std::string (*address)(const Connection& connection);
};

/// Every kind there is, in the order of Kind.
std::span<const KindDescriptor> kinds();
const KindDescriptor& descriptor_of(Kind kind);
/// That of the kind whose connection it is.
const KindDescriptor& descriptor_of(const Connection& connection);

}  // namespace tailops::targets
