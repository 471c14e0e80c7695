#include "gateway/app/mcp_settings.hpp"

#include "gateway/app/own_credential.hpp"
#include "gateway/async/blocking.hpp"
#include "gateway/async/shares.hpp"
#include "gateway/audit/reader.hpp"
#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/try.hpp"

#include <nlohmann/json.hpp>

#include <limits>

namespace tailops::app {
namespace {

using nlohmann::json;

constexpr std::size_t own_records_max = 50;
// How far back the trail is searched for them: a caller with few records must not cost a walk
// through all there is. Some 60,000 calls.
constexpr std::uint64_t searched_bytes_max = 64 * 1024 * 1024;
// Of one principal, those that wait among them.
constexpr std::size_t readings_max = 4;
// As long as the digest that it keys (RFC 2104 section 3).
constexpr std::size_t state_key_bytes_min = 32;

/// The key with an id that gateways which share it agree on.
Status add_key(std::string_view setting,
               const std::optional<targets::CredentialReference>& reference,
               const targets::Environment& environment,
               std::vector<mcp::StateKey>& keys)
{
    if (!reference) return {};
    TAILOPS_TRY(auto key, own_credential(setting, *reference, environment));
    if (key.reveal().size() < state_key_bytes_min) {
        return fail(Errc::invalid_argument,
                    std::string{setting} +
                        " must have at least 32 bytes; make one with `openssl rand -hex 32`");
    }
    keys.push_back({.id = to_hex(sha256(key.reveal())).substr(0, 8), .key = std::move(key)});
    return {};
}

Result<json> read_own_records(const std::string& directory,
                              const std::string& subject,
                              const std::stop_token& stop)
{
    audit::Query query;
    query.filter.subject = subject;
    query.limit = std::numeric_limits<std::size_t>::max();
    query.bytes_max = searched_bytes_max;
    query.stop = stop;
    auto records = json::array();
    bool is_truncated = false;
    const auto add = [&](const audit::StoredRecord& stored) {
        // A subject is asked for by its name too, and a name is anybody's to choose.
        if (stored.record.subject != subject) return true;
        is_truncated = records.size() == own_records_max;
        if (is_truncated) return false;
        const auto body = audit::encode_body(stored.record, stored.time);
        const auto text = R"({"seq":)" + std::to_string(stored.seq) + ',' + body + '}';
        if (auto row = parse_json(text)) records.push_back(*std::move(row));
        return true;
    };
    TAILOPS_TRY(const auto found, audit::query(directory, query, add));
    is_truncated = is_truncated || !found.is_whole;
    const auto count = records.size();
    return json{{"records", std::move(records)}, {"count", count}, {"truncated", is_truncated}};
}

}  // namespace

Result<mcp::EndpointSettings> endpoint_settings(const config::Settings& settings,
                                                const McpParts& parts)
{
    std::vector<mcp::StateKey> keys;
    const auto& mcp = settings.mcp;
    TAILOPS_CHECK(add_key("mcp.state_key", mcp.state_key, parts.environment, keys));
    TAILOPS_CHECK(
        add_key("mcp.previous_state_key", mcp.previous_state_key, parts.environment, keys));
    mcp::EndpointSettings out{.server_version = TAILOPS_VERSION,
                              .sessions_max = settings.limits.sessions,
                              .sessions_per_principal_max = settings.limits.sessions_per_principal,
                              .json_depth_max = settings.limits.json_depth,
                              .seal = std::make_shared<const mcp::StateSeal>(std::move(keys))};
    out.tasks.emplace(mcp::TaskSettings{.store = parts.tasks,
                                        .blocking = parts.blocking,
                                        .ttl = settings.mcp.task_ttl,
                                        .begins_after = settings.mcp.task_after});
    return out;
}

namespace {

Task<Result<json>> own_records_of(std::string directory,
                                  std::string subject,
                                  std::shared_ptr<Shares> shares,
                                  boost::asio::thread_pool& reading)
{
    TAILOPS_CO_TRY(const auto share, shares->take(subject));
    auto read = [&](const std::stop_token& stop) {
        return read_own_records(directory, subject, stop);
    };
    co_return co_await run_blocking(reading, std::move(read));
}

}  // namespace

service::OwnRecords own_records(const StatePaths& paths, boost::asio::thread_pool& reading)
{
    auto shares = std::make_shared<Shares>(readings_max);
    return [directory = paths.audit(), &reading, shares](const auth::Principal& principal) {
        return own_records_of(directory, principal.identity.key(), shares, reading);
    };
}

}  // namespace tailops::app
