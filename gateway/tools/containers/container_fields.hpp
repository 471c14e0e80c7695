#pragma once

#include "gateway/tools/kit/fields.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the tools about containers take and show.
namespace tailops::tools::containers {

inline constexpr kit::Rules name_rules{
    .required = true, .longest = 128, .pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]*$", .example = "web"};
inline constexpr std::string_view name_meaning = "Name or id of the container";

/// The stack and service of a container that docker compose made.
struct Compose {
    std::optional<std::string> project{}, service{};

    static void fields(kit::Fields& f, Compose& s);
};

struct ListedContainer {
    std::string id{}, name{}, status{}, state{}, image{};
    std::optional<std::string> created{};
    std::vector<std::string> ports{};
    std::optional<std::string> health{};
    std::optional<Compose> compose{};

    static void fields(kit::Fields& f, ListedContainer& s);
};

struct ContainerState {
    std::optional<std::string> status{};
    std::optional<std::int64_t> exit_code{};
    std::optional<std::string> started_at{}, finished_at{}, error{};
    std::optional<bool> oom_killed{};
    std::optional<std::string> health{};

    static void fields(kit::Fields& f, ContainerState& s);
};

struct Mount {
    std::optional<std::string> type{}, name{}, source{}, destination{};
    std::optional<bool> writable{};

    static void fields(kit::Fields& f, Mount& s);
};

struct Network {
    std::string name{};
    std::optional<std::string> address{}, gateway{};

    static void fields(kit::Fields& f, Network& s);
};

struct InspectedContainer {
    bool success{true};
    std::string id{}, name{};
    std::optional<std::string> status{}, image{}, created{}, platform{};
    std::optional<std::int64_t> restart_count{};
    std::optional<ContainerState> state{};
    std::optional<std::string> user{}, working_directory{};
    std::optional<std::vector<std::string>> entrypoint{}, command{}, env{};
    std::optional<std::string> env_values{};
    std::optional<std::map<std::string, std::string>> labels{};
    std::optional<Compose> compose{};
    std::optional<std::string> network_mode{};
    std::optional<std::int64_t> memory_limit_bytes{};
    std::optional<bool> privileged{};
    std::optional<std::string> restart_policy{};
    std::optional<std::vector<Mount>> mounts{};
    std::optional<std::vector<Network>> networks{};
    std::optional<std::vector<std::string>> ports{};

    static void fields(kit::Fields& f, InspectedContainer& s);
};

}  // namespace tailops::tools::containers
