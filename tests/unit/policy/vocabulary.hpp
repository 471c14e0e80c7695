#pragma once

#include "policy/policy_file.hpp"

namespace tailops::policy::testing {

/// The names of a small homelab, as the layers above would give them.
inline Vocabulary homelab()
{
    const Capability read{"container", "read"};
    const Capability write{"container", "write"};
    const Capability system{"system", "read"};
    Vocabulary out;
    out.tools = {
        {"manage_container", {{write}, {"name", "action"}}},
        {"inspect_container", {{read}, {"name"}}},
        {"get_container_list", {{read}, {}}},
        {"get_system_status", {{system}, {}}},
        {"file_operations", {{{"file", "read"}}, {"action", "path", "lines"}}},
        {"http_request", {{{"http", "read"}, {"http", "write"}}, {"method", "path"}}},
    };
    out.targets = {"local", "web-01", "docker-01", "api-01"};
    out.tags = {"web", "docker"};
    out.environments = {"production", "lab"};
    return out;
}

}  // namespace tailops::policy::testing
