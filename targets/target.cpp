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

bool has_facet(std::string_view kind, Facet facet) noexcept
{
    switch (facet) {
    case Facet::reachability: return true;
    case Facet::shell:
        return kind.empty() || kind == to_string(Kind::local) || kind == to_string(Kind::ssh);
    case Facet::containers: return kind.empty() || kind == to_string(Kind::docker);
    case Facet::http_api: return kind.empty() || kind == to_string(Kind::http);
    }
    return false;
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
