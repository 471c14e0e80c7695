#pragma once

#include "gateway/core/error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tailops::tools::containers {

/// How a container is made once more, of another image.
struct Recreation {
    std::string create_body;  // of POST /containers/create
    /// The networks that it is connected to besides, and the EndpointConfig of each: an engine
    /// before API 1.44 takes one network at the creation.
    std::vector<std::pair<std::string, std::string>> connects;
};

/// Everything that whoever made the container asked for, out of GET /containers/ID/json. What it
/// has from its old image (GET /images/ID/json; null: that is gone) is left to the new one. Pure.
Recreation recreation_of(const nlohmann::json& container,
                         const nlohmann::json* old_image,
                         const nlohmann::json& new_image);

/// The body of POST /networks/NAME/connect.
std::string connect_body(const std::string& container, const std::string& endpoint);

/// The body of POST /containers/ID/update that gives it its restart policy; empty where an engine
/// that starts anew does not start it once it was stopped.
std::string own_restarts(const nlohmann::json& container);
/// The same that takes it.
inline constexpr std::string_view no_restarts = R"({"RestartPolicy":{"Name":"no"}})";

/// The ids of the containers whose network, IPC or process namespaces it lives in.
std::vector<std::string> referred_to(const nlohmann::json& container);

/// Why this container cannot be made once more without losing something. Errors: invalid_argument,
/// with what to do about it.
Status check_recreatable(const nlohmann::json& container);

}  // namespace tailops::tools::containers
