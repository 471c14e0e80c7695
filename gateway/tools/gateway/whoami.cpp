#include "gateway/core/text.hpp"
#include "gateway/tools/kit/tool_of.hpp"
#include "gateway/tools/texts.hpp"

namespace tailops::tools {
namespace {

using kit::Fields;
using kit::NoArguments;

struct Caller {
    std::string subject{}, issuer{}, name{};
    std::optional<std::string> client{};
    std::optional<Texts> actors{};
    std::string method{};
    Texts roles{};
    std::optional<Texts> groups{}, scopes{};
    Texts capabilities{};
    std::optional<std::string> expires{};

    static void fields(Fields& f, Caller& s)
    {
        f("subject", s.subject);
        f("issuer", s.issuer, "Who vouches for the subject");
        f("name", s.name);
        f("client", s.client, "The software that acts for you");
        f("actors", s.actors,
          "Who acts for you by delegation, nearest first; absent when you act yourself");
        f("method", s.method, "How the gateway came to believe it");
        f("roles", s.roles);
        f("groups", s.groups);
        f("scopes", s.scopes, "Of the token, when it brings any");
        f("capabilities", s.capabilities, "What you may ask for at all");
        f("expires", s.expires, "When the token does");
    }
};

Result<Caller> answer_whoami(const NoArguments&, const GatewayView& view)
{
    const auto& principal = view.principal();
    const auto& identity = principal.identity;
    Caller out{.subject = identity.subject.str(),
               .issuer = identity.issuer,
               .name = identity.name,
               .method = std::string{auth::to_string(identity.method)},
               .roles = texts_of(principal.roles),
               .capabilities = names_of(principal.capabilities)};
    if (!identity.client_id.empty()) out.client = identity.client_id;
    if (!identity.actors.empty()) out.actors = texts_of(identity.actors);
    if (!identity.groups.empty()) out.groups = texts_of(identity.groups);
    if (identity.scopes) out.scopes = texts_of(*identity.scopes);
    if (identity.expires != TimePoint{} && identity.expires != auth::never) {
        out.expires = rfc3339(identity.expires);
    }
    return out;
}

}  // namespace

Tool whoami()
{
    return kit::ToolOf<NoArguments, Caller>{
        {.name = "whoami",
         .title = "Who am I",
         .summary = "Who the gateway believes you are, your roles, and what you may ask for.",
         .rights = {{{"gateway", "read"}, Tier::observe}}}}
        .answers(answer_whoami);
}

}  // namespace tailops::tools
