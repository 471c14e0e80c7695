#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/tools/families.hpp"
#include "gateway/tools/net_proc.hpp"
#include "gateway/tools/scripts.hpp"
#include "gateway/tools/sections.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace tailops::tools {
namespace {

using nlohmann::json;

constexpr std::string_view input = R"json({
  "type": "object", "properties": {}, "additionalProperties": false
})json";

constexpr std::string_view output = R"json({
  "type": "object",
  "properties": {
    "interfaces": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "name": {"type": "string"},
          "isup": {"type": "boolean"},
          "speed": {"type": "integer", "description": "Mbit/s; 0 when the link does not tell"},
          "mtu": {"type": "integer"},
          "mac": {"type": "string"},
          "addresses": {
            "type": "array",
            "items": {
              "type": "object",
              "properties": {
                "family": {"type": "string", "enum": ["inet", "inet6"]},
                "address": {"type": "string"},
                "prefix": {"type": "integer"},
                "netmask": {"type": "string", "description": "IPv4 only"}
              },
              "required": ["family", "address", "prefix"]
            }
          },
          "counters": {
            "type": "object",
            "description": "Since boot",
            "properties": {
              "bytes_sent": {"type": "integer"}, "bytes_recv": {"type": "integer"},
              "packets_sent": {"type": "integer"}, "packets_recv": {"type": "integer"},
              "errors_in": {"type": "integer"}, "errors_out": {"type": "integer"},
              "drops_in": {"type": "integer"}, "drops_out": {"type": "integer"}
            }
          }
        },
        "required": ["name", "isup", "speed", "mtu", "addresses"]
      }
    },
    "timestamp": {"type": "string", "description": "The target's own clock, UTC"},
    "truncated": {"type": "boolean", "description": "The policy's output limit hid something"}
  }
})json";

json addresses_json(const std::vector<net::Address>& addresses)
{
    auto out = json::array();
    for (const auto& address : addresses) {
        json entry{
            {"family", address.family}, {"address", address.address}, {"prefix", address.prefix}};
        if (auto mask = address.netmask(); !mask.empty()) entry["netmask"] = std::move(mask);
        out.push_back(std::move(entry));
    }
    return out;
}

json interface_json(const net::Interface& interface)
{
    json out{{"name", interface.name},
             {"isup", interface.is_up},
             {"speed", interface.speed_mbps},
             {"mtu", interface.mtu},
             {"addresses", addresses_json(interface.addresses)}};
    if (!interface.mac.empty()) out["mac"] = interface.mac;
    if (const auto& seen = interface.counters) {
        out["counters"] = {
            {"bytes_sent", seen->bytes_sent},     {"bytes_recv", seen->bytes_received},
            {"packets_sent", seen->packets_sent}, {"packets_recv", seen->packets_received},
            {"errors_in", seen->errors_in},       {"errors_out", seen->errors_out},
            {"drops_in", seen->drops_in},         {"drops_out", seen->drops_out}};
    }
    return out;
}

Result<json> present(const targets::ExecutionResult& result)
{
    const auto sections = Sections::read(result.output);
    TAILOPS_TRY(const auto dev, sections.required("dev"));
    auto interfaces = net::parse_interfaces(sections.lines("interfaces"));
    const auto add = [&interfaces](net::Addresses found) {
        for (auto& [name, addresses] : found) {
            auto& interface =
                interfaces.try_emplace(name, net::Interface{.name = name}).first->second;
            interface.addresses.insert(interface.addresses.end(), addresses.begin(),
                                       addresses.end());
        }
    };
    add(net::parse_ip_addr(sections.lines("addresses")));
    add(net::parse_fib_trie(sections.lines("fib_trie"), sections.lines("route")));
    add(net::parse_if_inet6(sections.lines("if_inet6")));
    for (const auto& [name, counters] : net::parse_dev(split(dev, '\n'))) {
        interfaces.try_emplace(name, net::Interface{.name = name}).first->second.counters =
            counters;
    }
    auto rows = json::array();
    for (const auto& [name, interface] : interfaces) rows.push_back(interface_json(interface));
    json out{{"interfaces", std::move(rows)},
             {"timestamp", escaped_line(sections.text("time"), 40)}};
    if (result.truncated) out["truncated"] = true;
    return out;
}

Result<Plan> plan(const json&, const PlanContext&)
{
    return Plan{.right = {"network:read", Tier::observe},
                .operation = scripts::command(scripts::network_status),
                .parameters = {},
                .present = present};
}

constexpr std::array rights = {Right{"network:read", Tier::observe}};

}  // namespace

std::span<const Tool> network_tools()
{
    static constexpr std::array tools = {
        Tool{.name = "get_network_status",
             .title = "Network interfaces",
             .summary =
                 "The network interfaces of a Linux machine: state, speed, MTU, addresses and "
                 "traffic counters.",
             .input_schema = input,
             .output_schema = output,
             .rights = rights,
             .annotations =
                 {.read_only = true, .destructive = false, .idempotent = true, .open_world = false},
             .plan = plan,
             .has_long_lists = true},
    };
    return tools;
}

}  // namespace tailops::tools
