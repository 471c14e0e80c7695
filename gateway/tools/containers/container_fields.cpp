#include "gateway/tools/containers/container_fields.hpp"

#include <array>

namespace tailops::tools::containers {

using kit::Fields;

namespace {

constexpr std::array<std::string_view, 3> health_words = {"healthy", "unhealthy", "starting"};
constexpr std::array<std::string_view, 1> redacted_words = {"[redacted]"};

}  // namespace

void Compose::fields(Fields& f, Compose& s)
{
    f("project", s.project);
    f("service", s.service);
}

void ListedContainer::fields(Fields& f, ListedContainer& s)
{
    f("id", s.id, "The first 12 digits");
    f("name", s.name);
    f("status", s.status, "In words, e.g. Up 2 hours");
    f("state", s.state, "running, exited, paused, ...");
    f("image", s.image);
    f("created", s.created);
    f("ports", s.ports);
    f("health", s.health, {}, {.one_of = health_words});
    f("compose", s.compose);
}

void ContainerState::fields(Fields& f, ContainerState& s)
{
    f("status", s.status);
    f("exit_code", s.exit_code);
    f("started_at", s.started_at);
    f("finished_at", s.finished_at);
    f("error", s.error);
    f("oom_killed", s.oom_killed);
    f("health", s.health);
}

void Mount::fields(Fields& f, Mount& s)
{
    f("type", s.type);
    f("name", s.name);
    f("source", s.source);
    f("destination", s.destination);
    f("writable", s.writable);
}

void Network::fields(Fields& f, Network& s)
{
    f("name", s.name);
    f("address", s.address);
    f("gateway", s.gateway);
}

void InspectedContainer::fields(Fields& f, InspectedContainer& s)
{
    f("success", s.success);
    f("id", s.id);
    f("name", s.name);
    f("status", s.status);
    f("image", s.image);
    f("created", s.created);
    f("platform", s.platform);
    f("restart_count", s.restart_count);
    f("state", s.state);
    f("user", s.user);
    f("working_directory", s.working_directory);
    f("entrypoint", s.entrypoint);
    f("command", s.command);
    f("env", s.env, "Names of the variables");
    f("env_values", s.env_values, {}, {.one_of = redacted_words});
    f("labels", s.labels);
    f("compose", s.compose);
    f("network_mode", s.network_mode);
    f("memory_limit_bytes", s.memory_limit_bytes, "0: none");
    f("privileged", s.privileged);
    f("restart_policy", s.restart_policy);
    f("mounts", s.mounts);
    f("networks", s.networks);
    f("ports", s.ports);
}

}  // namespace tailops::tools::containers
