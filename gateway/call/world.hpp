#pragma once

#include "gateway/core/secret_registry.hpp"
#include "gateway/core/snapshot.hpp"
#include "gateway/tools/catalogue.hpp"
#include "gateway/tools/commands/commands.hpp"
#include "gateway/tools/secret_places.hpp"
#include "policy/gate.hpp"
#include "targets/registry.hpp"

#include <cstdint>
#include <memory>

namespace tailops::call {

/// Everything a reload replaces, as one consistent whole. A call keeps the world it began with.
struct World {
    std::shared_ptr<const policy::Gate> gate;
    std::shared_ptr<const targets::Registry> registry;
    std::shared_ptr<const tools::CommandCatalogue> commands;
    std::shared_ptr<const tools::ToolCatalogue> tools{tools::ToolCatalogue::shipped()};
    /// The gateway's own secrets, which neither a record nor an answer may hold.
    std::shared_ptr<const SecretRegistry> secrets;
    /// Its own files, which no call reads on the machine that it runs on. May be null.
    std::shared_ptr<const tools::OwnPlaces> own_places{};
    std::uint64_t generation{0};  // grows with every reload
};

using CurrentWorld = Snapshot<World>;

}  // namespace tailops::call
