#include "targets/http/http_kind.hpp"

#include "gateway/core/text.hpp"
#include "targets/connection_reader.hpp"
#include "targets/credentials/credentials.hpp"
#include "targets/http/api_path.hpp"
#include "targets/http/http_executor.hpp"

#include <algorithm>
#include <array>

namespace tailops::targets {
namespace {

using yaml::MapReader;

void read_http_auth(MapReader& from, HttpConnection& out)
{
    const auto node = from.node("auth");
    if (!node) return;
    MapReader auth{*node, from.problems(), "auth"};
    const auto scheme = auth.choice("scheme", {"none", "bearer", "basic", "header"});
    if (scheme == "bearer") out.scheme = HttpConnection::Scheme::bearer;
    if (scheme == "basic") {
        out.scheme = HttpConnection::Scheme::basic;
        out.username = auth.required_text("username");
    }
    if (scheme == "header") {
        out.scheme = HttpConnection::Scheme::header;
        out.header_name = auth.required_text("header");
    }
    out.credential = credential(auth, "credential");
    const bool is_sent = out.scheme != HttpConnection::Scheme::none;
    if (is_sent && !auth.has("credential")) {
        auth.complain("auth lacks \"credential\", e.g. env:API_TOKEN");
    }
    // A scheme that could not be read is complained of already.
    if (!is_sent && auth.has("credential") && (scheme || !auth.has("scheme"))) {
        auth.problems().add(node->file(), auth.place_of("credential"),
                            "\"credential\" would never be sent; say how with \"scheme\": bearer, "
                            "basic or header, or leave it out");
    }
    if (const auto fit = check_credential_carrier(out); !fit) {
        const auto* key = out.scheme == HttpConnection::Scheme::basic ? "username" : "header";
        if (auth.node(key))
            auth.complain(*auth.node(key), quote(key) + ": " + fit.error().public_message());
    }
    auth.finish();
}

Connection read_http(MapReader& from, const Environment& environment)
{
    HttpConnection out;
    const auto* key = from.has("base_url") ? "base_url" : "host";
    out.base_url = from.required_text(key);
    if (!out.base_url.empty()) {
        if (const auto usable = check_base_url(out.base_url); !usable) {
            from.complain(*from.node(key), quote(key) + ": " + usable.error().public_message());
        }
    }
    out.tls_verify = from.boolean("tls_verify").value_or(true);
    out.ca_file = expanded(from, "cert_path", environment).value_or("");
    read_http_auth(from, out);
    out.methods = from.restricting_texts("methods");
    for (const auto& method : out.methods) {
        constexpr std::array known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
        if (std::ranges::find(known, method) == known.end()) {
            from.complain(*from.node("methods"), "unknown method " + quote(method));
        }
    }
    out.paths = from.restricting_texts("paths");
    for (const auto& path : out.paths) {
        if (!path.starts_with('/')) {
            from.complain(*from.node("paths"),
                          "the path " + quote(path) + " must begin with \"/\"");
        } else if (const auto usable = check_canonical_path(path); !usable) {
            from.complain(*from.node("paths"), "\"paths\": " + usable.error().public_message());
        }
    }
    from.ignore("timeout", "constraints.timeout bounds every operation, connecting included");
    return out;
}

Result<std::shared_ptr<Executor>> make_http(const TargetSpec& spec, const ExecutorParts& parts)
{
    const auto& http = std::get<HttpConnection>(spec.connection);
    return make_http_executor(http,
                              credential_reader(http.credential, parts.context, http.username));
}

std::vector<NamedCredential> http_credentials(const Connection& connection)
{
    const auto& http = std::get<HttpConnection>(connection);
    std::vector<NamedCredential> out;
    add_credential(out, "credential", http.credential, http.username);
    return out;
}

std::string http_address(const Connection& connection)
{
    return std::get<HttpConnection>(connection).base_url;
}

}  // namespace

KindDescriptor http_kind()
{
    return {.kind = Kind::http,
            .name = "http",
            .facets = {Facet::http_api},
            .read = read_http,
            .make = make_http,
            .credentials = http_credentials,
            .address = http_address};
}

}  // namespace tailops::targets
