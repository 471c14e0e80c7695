#include "targets/local/local_kind.hpp"

#include "targets/local/local_executor.hpp"

namespace tailops::targets {
namespace {

Connection read_local(yaml::MapReader&, const Environment&)
{
    return LocalConnection{};
}

Result<std::shared_ptr<Executor>> make_local(const TargetSpec&, const ExecutorParts& parts)
{
    const auto& reaper = parts.context.reaper;
    return std::make_shared<LocalExecutor>(reaper ? reaper : std::make_shared<Reaper>());
}

std::vector<NamedCredential> no_credentials(const Connection&)
{
    return {};
}

std::string local_address(const Connection&)
{
    return "this machine";
}

}  // namespace

KindDescriptor local_kind()
{
    return {.kind = Kind::local,
            .name = "local",
            .facets = {Facet::shell},
            .needs_connection = false,
            .read = read_local,
            .make = make_local,
            .credentials = no_credentials,
            .address = local_address};
}

}  // namespace tailops::targets
