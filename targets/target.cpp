#include "targets/target.hpp"

namespace tailops::targets {

std::string_view to_string(Kind kind) noexcept
{
    switch (kind) {
    case Kind::local: return "local";
    case Kind::ssh: return "ssh";
    case Kind::docker: return "docker";
    case Kind::http: return "http";
    }
    return "local";
}

std::string CredentialReference::text() const
{
    switch (source) {
    case Source::environment: return "env:" + name;
    case Source::file: return "file:" + name;
    case Source::systemd: return "systemd:" + name;
    }
    return name;
}

}  // namespace tailops::targets
