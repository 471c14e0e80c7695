#pragma once

#include "gateway/tools/containers/image_name.hpp"
#include "gateway/tools/work.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// What jobs ask of an engine, and how its answers read.
namespace tailops::tools::containers {

// A large image over a slow line.
inline constexpr std::chrono::milliseconds pull_patience = std::chrono::minutes{20};
// An engine kills what does not stop within its grace, which whoever made the container chose.
inline constexpr std::chrono::milliseconds stop_patience = std::chrono::minutes{3};
inline constexpr std::chrono::milliseconds start_patience = std::chrono::minutes{1};

/// An answer with nothing to read in it.
struct Nothing {};

struct Created {
    std::string id;
};

using Document = std::shared_ptr<const nlohmann::json>;

targets::EngineCall get(std::string path);
targets::EngineCall post(std::string path,
                         std::vector<std::pair<std::string, std::string>> query = {},
                         std::string body = {});
targets::EngineCall removal(const std::string& container);
/// The same of one that may run, with its volumes that have no name: what was bound stays.
targets::EngineCall forced_removal(const std::string& container);
targets::EngineCall renaming(const std::string& container, const std::string& name);

/// Errors: invalid_argument, with what the engine says.
Status accepted(const targets::ExecutionResult& result);
/// The same, where there being no such container, its not being connected, or its being called so
/// already is as good.
Status accepted_or_gone(const targets::ExecutionResult& result);
Status accepted_or_unconnected(const targets::ExecutionResult& result);
Status accepted_or_so_called(const targets::ExecutionResult& result);

Result<Document> read_document(const targets::ExecutionResult& result);

Ask<Nothing> asking(targets::EngineCall call,
                    std::chrono::milliseconds patience = std::chrono::milliseconds{0});
/// A container, called `asked` by the caller. Errors: not_found.
Ask<Document> container(const std::string& word, const std::string& asked);
/// What an engine tells of all its containers, beside one of them.
struct Neighbours {
    std::set<std::string> ids;
    std::vector<std::string> dependents;  // live in its network, or link to it
    std::vector<std::string> leftovers;   // of an update of it that was not finished
};
Ask<Neighbours> neighbours(const std::string& id, const std::string& name);

/// What the old container is called while the new one takes its place.
std::string name_aside(const std::string& name, const std::string& id);
/// An image; null: the engine has none of that name.
Ask<Document> image(const std::string& name);
Ask<Nothing> pull(const ImageName& name);
Ask<Created> creation(const std::string& name, std::string body);

/// Whether the container of which the engine tells has ended, or is gone.
Result<bool> has_ended(const targets::ExecutionResult& result);

/// Whether the container of which the engine tells works: healthy by its own check, or, without
/// one, running. Errors: it will not.
Result<bool> works(const targets::ExecutionResult& result);

}  // namespace tailops::tools::containers
