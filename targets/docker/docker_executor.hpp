#pragma once

#include "targets/target.hpp"

#include <memory>

namespace tailops::targets {

/// An executor for one Docker engine, over its Unix socket or TCP, with or without TLS: facets
/// reachability and containers.
///
/// The API version is agreed upon with the engine at the first call and again after it came back as
/// another one. An answer of any status is a result. Only GET and HEAD are ever repeated; when
/// another call fails after the engine may have seen it, the message says so. Connections are kept
/// and shared by all calls. TLS files are read once, here.
/// Errors of a call besides Executor's: unreachable (also an engine older than API 1.24).
/// Errors: invalid_argument (host or TLS files; the detail names the file).
Result<std::shared_ptr<Executor>> make_docker_executor(const DockerConnection& connection);

}  // namespace tailops::targets
