#include "gateway/service/resource_address.hpp"

#include "gateway/core/text.hpp"
#include "gateway/runs/run_record.hpp"

#include <algorithm>

namespace tailops::service {
namespace {

using Kind = ResourceAddress::Kind;
using targets::OutputStream;

constexpr std::string_view scheme = "tailops://";
constexpr std::string_view offset_query = "offset=";
constexpr std::size_t offset_digits_max = 12;

std::optional<Kind> only_one(std::string_view name)
{
    if (name == "audit") return Kind::audit;
    if (name == "me") return Kind::me;
    if (name == "targets") return Kind::targets;
    if (name == "tools") return Kind::tools;
    return std::nullopt;
}

std::optional<OutputStream> stream_of(std::string_view name)
{
    for (const auto stream : {OutputStream::output, OutputStream::diagnostics}) {
        if (name == tools::to_string(stream)) return stream;
    }
    return std::nullopt;
}

/// "offset=16384" as 16384. One number, one way to write it.
std::optional<std::uint64_t> offset_of(std::string_view query)
{
    if (!query.starts_with(offset_query)) return std::nullopt;
    const auto digits = query.substr(offset_query.size());
    const bool is_number = !digits.empty() && digits.size() <= offset_digits_max &&
                           std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
    const auto offset = parse_int(digits, 0);
    return offset ? std::optional{static_cast<std::uint64_t>(*offset)} : std::nullopt;
}

std::optional<ResourceAddress> target_of(const std::vector<std::string_view>& path)
{
    if (path[1].empty()) return std::nullopt;
    const std::string id{path[1]};
    if (path.size() == 2) return ResourceAddress{.kind = Kind::target, .id = id};
    if (path.size() == 3 && path[2] == "state") {
        return ResourceAddress{.kind = Kind::target_state, .id = id};
    }
    return std::nullopt;
}

std::optional<ResourceAddress> run_of(const std::vector<std::string_view>& path)
{
    if (!runs::is_run_id(path[1])) return std::nullopt;
    const std::string id{path[1]};
    if (path.size() == 2) return ResourceAddress{.kind = Kind::run, .id = id};
    const auto stream = path.size() == 3 ? stream_of(path[2]) : std::nullopt;
    if (!stream) return std::nullopt;
    return ResourceAddress{.kind = Kind::output, .id = id, .stream = *stream};
}

}  // namespace

std::optional<ResourceAddress> parse_resource_address(std::string_view uri)
{
    if (!uri.starts_with(scheme)) return std::nullopt;
    uri.remove_prefix(scheme.size());
    const auto mark = uri.find('?');
    const auto path = split(uri.substr(0, mark), '/');
    std::optional<ResourceAddress> address;
    if (path.size() == 1) {
        if (const auto kind = only_one(path.front())) address = ResourceAddress{.kind = *kind};
    } else if (path.front() == "targets") {
        address = target_of(path);
    } else if (path.front() == "commands" && path.size() == 2 && !path[1].empty()) {
        address = ResourceAddress{.kind = Kind::command, .id = std::string{path[1]}};
    } else if (path.front() == "runs") {
        address = run_of(path);
    }
    if (!address || mark == std::string_view::npos) return address;
    const auto offset = offset_of(uri.substr(mark + 1));
    if (address->kind != Kind::output || !offset) return std::nullopt;
    address->offset = *offset;
    return address;
}

std::string target_uri(std::string_view id)
{
    std::string out{scheme};
    out += "targets/";
    out += id;
    return out;
}

std::string output_page_uri(const ResourceAddress& output, std::uint64_t offset)
{
    return tools::output_uri(RequestId{output.id}, output.stream) +
           "?offset=" + std::to_string(offset);
}

}  // namespace tailops::service
