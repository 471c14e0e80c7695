#include "gateway/app/arguments.hpp"
#include "gateway/app/commands.hpp"
#include "gateway/app/environment.hpp"
#include "gateway/app/mcp_client.hpp"
#include "gateway/app/output.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "targets/credentials/credentials.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace tailops::app {
namespace {

using nlohmann::json;

Result<Secret> read_token(const CallOptions& options)
{
    using Source = targets::CredentialReference::Source;
    if (!options.token_file.empty()) {
        const auto path = std::filesystem::absolute(options.token_file).string();
        return targets::resolve({Source::file, path}, process_environment());
    }
    auto token = targets::resolve({Source::environment, "TAILOPS_TOKEN"}, process_environment());
    if (token) return token;
    return Secret{};  // a gateway without authentication needs none; the others say so
}

json call_params(const std::string& tool, json arguments)
{
    return {{"name", tool}, {"arguments", std::move(arguments)}};
}

Task<Result<json>> call(McpClient client, CallOptions options)
{
    const auto deadline = after(options.timeout);
    TAILOPS_CO_TRY(const auto listing,
                   co_await client.request("tools/list", json::object(), deadline));
    TAILOPS_CO_TRY(const auto tools, field<json>(listing, "tools"));
    const json* schema = nullptr;
    std::vector<std::string_view> names;
    for (const auto& tool : tools) {
        const auto name = text_member(tool, "name");
        names.push_back(name);
        if (name == options.tool) schema = find_member(tool, "inputSchema");
    }
    if (!schema) {
        co_return fail(Errc::not_found, "the gateway offers you no tool " + quote(options.tool) +
                                            did_you_mean(options.tool, names));
    }
    TAILOPS_CO_TRY(const auto given, with_target(options.arguments, options.target));
    TAILOPS_CO_TRY(auto arguments, read_arguments(given, *schema));
    co_return co_await client.request("tools/call", call_params(options.tool, std::move(arguments)),
                                      deadline);
}

/// A result as a person reads it: its data, or else its text.
std::string text_of(const json& result)
{
    if (const auto* structured = find_member(result, "structuredContent")) {
        return structured->dump(2, ' ', false, json::error_handler_t::replace) + '\n';
    }
    std::string text;
    const auto* content = find_member(result, "content");
    if (!content || !content->is_array()) return text;
    for (const auto& block : *content) text += std::string{text_member(block, "text")} + '\n';
    return text;
}

}  // namespace

int call_tool(const CallOptions& options)
{
    auto token = read_token(options);
    if (!token) return complain(token.error(), exit_usage);
    const bool has_token = !token->empty();
    auto client = McpClient::create(options.url, *std::move(token));
    if (!client) return complain(client.error(), exit_usage);
    const auto result = run_task<json>(call(*std::move(client), options));
    if (!result && result.error().code() == Errc::unauthenticated && !has_token) {
        return complain(
            "this gateway wants a token, and none was given: set TAILOPS_TOKEN, or name a file "
            "with --token-file",
            exit_failed);
    }
    if (!result) {
        const bool is_usage = result.error().code() == Errc::invalid_argument;
        return complain(result.error(), is_usage ? exit_usage : exit_failed);
    }
    const auto* is_error = find_member(*result, "isError");
    return answer(text_of(*result), is_error && *is_error == true ? exit_failed : exit_ok);
}

}  // namespace tailops::app
