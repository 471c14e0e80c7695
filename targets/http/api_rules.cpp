#include "targets/http/api_rules.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/net/request_writer.hpp"
#include "targets/http/api_path.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace tailops::targets {

namespace {

/// Headers of the caller that cannot name a server, carry a credential or reframe the message.
constexpr std::array<std::string_view, 13> caller_headers{"accept",
                                                          "accept-language",
                                                          "content-language",
                                                          "content-type",
                                                          "idempotency-key",
                                                          "if-match",
                                                          "if-modified-since",
                                                          "if-none-match",
                                                          "if-unmodified-since",
                                                          "prefer",
                                                          "traceparent",
                                                          "tracestate",
                                                          "x-request-id"};

template <class Range>
bool has(const Range& range, std::string_view word)
{
    return std::ranges::find(range, word) != std::ranges::end(range);
}

}  // namespace

Result<ApiRules> ApiRules::create(std::vector<std::string> methods,
                                  std::vector<std::string> paths,
                                  std::string_view credential_header)
{
    ApiRules rules;
    rules.methods_ = methods.empty() ? std::vector<std::string>{"GET", "HEAD"} : std::move(methods);
    for (const auto& method : rules.methods_) {
        if (!net::is_token(method)) {
            return fail(Errc::invalid_argument, quote(method) + " is not an HTTP method");
        }
    }
    rules.paths_ = paths.empty() ? std::vector<std::string>{"/"} : std::move(paths);
    for (const auto& path : rules.paths_) {
        if (auto checked = check_canonical_path(path); !checked) {
            return fail(std::move(checked).error());
        }
    }
    rules.credential_header_ = lower_ascii(credential_header);
    return rules;
}

Status ApiRules::check(const HttpCall& call) const
{
    if (!has(methods_, call.method)) {
        return fail(Errc::invalid_argument, "this target does not take " + quote(call.method) +
                                                "; it takes " + join(methods_, ", "));
    }
    if (auto checked = check_canonical_path(call.path); !checked) return checked;
    const bool is_listed = std::ranges::any_of(
        paths_, [&](const auto& prefix) { return is_path_under(call.path, prefix); });
    if (!is_listed) {
        return fail(Errc::invalid_argument, "this target does not take the path " +
                                                quote(call.path) + "; it takes what lies under " +
                                                join(paths_, ", "));
    }
    std::set<std::string> seen;
    for (const auto& [name, value] : call.headers) {
        if (auto checked = check_header(name, value); !checked) return checked;
        if (!seen.insert(lower_ascii(name)).second) {
            return fail(Errc::invalid_argument, "the header " + quote(name) + " is given twice");
        }
    }
    return {};
}

std::optional<HttpCall> probe_call(const HttpConnection& connection)
{
    const auto& methods = connection.methods;
    HttpCall call;
    for (const auto* method : {"GET", "HEAD"}) {
        if (!methods.empty() && !has(methods, method)) continue;
        call.method = method;
        if (!connection.paths.empty()) call.path = connection.paths.front();
        return call;
    }
    return std::nullopt;
}

Status ApiRules::check_header(std::string_view name, std::string_view value) const
{
    const auto lower = lower_ascii(name);
    if (!has(caller_headers, lower) || lower == credential_header_) {
        return fail(Errc::invalid_argument, "the header " + quote(name) + " cannot be set");
    }
    if (!net::is_header_value(value)) {
        return fail(Errc::invalid_argument,
                    "the value of the header " + quote(name) + " has control characters");
    }
    return {};
}

}  // namespace tailops::targets
