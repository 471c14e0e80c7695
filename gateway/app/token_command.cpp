#include "auth/gateway_tokens.hpp"
#include "auth/scopes.hpp"
#include "gateway/app/commands.hpp"
#include "gateway/app/operator.hpp"
#include "gateway/app/output.hpp"
#include "gateway/app/state_dir.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/store/sqlite_store.hpp"

#include <signal.h>

#include <algorithm>
#include <filesystem>

namespace tailops::app {
namespace {

/// The store, and who works on it.
struct OpenStore {
    StatePaths paths;
    std::shared_ptr<store::SqliteStore> store;
    auth::TokenActor by;
};

/// Whether a state directory is made: a first token may be minted before the first start.
enum class IfMissing { make, refuse };

Result<OpenStore> open_store(const StateOptions& options, IfMissing if_missing)
{
    TAILOPS_TRY(const auto paths, find_state(options));
    std::error_code unreadable;
    const bool is_there = std::filesystem::exists(paths.directory, unreadable) || unreadable;
    if (if_missing == IfMissing::refuse && !is_there) {
        return fail(Errc::invalid_argument,
                    "the state directory " + quote(paths.directory) +
                        " does not exist; name it with --state-dir, or its configuration with "
                        "--config");
    }
    auto by = this_operator("tailops token");  // before root becomes somebody else
    if (auto ours = become_state_owner(paths); !ours) return fail(std::move(ours).error());
    TAILOPS_TRY(auto store, store::SqliteStore::open({.path = paths.database()}));
    return OpenStore{paths, std::move(store), std::move(by)};
}

std::string state_of(const auth::StoredToken& token, TimePoint now)
{
    if (token.revoked) return "revoked " + rfc3339(*token.revoked);
    return (token.expires <= now ? "expired " : "until ") + rfc3339(token.expires);
}

/// A token in the store that nobody has seen yet.
struct KeptToken {
    OpenStore opened;
    auth::MintedToken minted;
};

Result<KeptToken> mint_and_keep(const TokenMintOptions& options)
{
    TAILOPS_TRY(const auto lifetime, parse_duration(options.ttl));
    // `--scope a --scope b`, `--scope "a b"` and `--scope a,b` mean the same.
    std::set<std::string> scopes;
    for (const auto& given : options.scopes) {
        auto text = given;
        std::ranges::replace(text, ',', ' ');
        const auto named = auth::split_scopes(text);
        // To say nothing would mean every right of the subject's roles.
        if (named.empty()) {
            return fail(Errc::invalid_argument,
                        "--scope " + quote(given) +
                            " names no scope; name one, e.g. container:read, or leave --scope out "
                            "to let the policy's roles decide");
        }
        scopes.insert(named.begin(), named.end());
    }
    TAILOPS_TRY(auto minted,
                auth::mint({.subject = options.subject, .scopes = scopes, .lifetime = lifetime},
                           std::chrono::system_clock::now()));
    TAILOPS_TRY(auto opened, open_store(options.state, IfMissing::make));
    TAILOPS_CHECK(check_daemon_has(opened.paths, opened.store->file()));
    if (auto kept = opened.store->insert(minted.stored, opened.by); !kept) {
        return fail(std::move(kept).error());
    }
    return KeptToken{std::move(opened), std::move(minted)};
}

/// Ends a token that could not be shown: it would be valid, and nobody would know it. Says so.
int take_back(const KeptToken& kept, const Error& why)
{
    const auto& id = kept.minted.stored.id;
    const auto ended =
        kept.opened.store->revoke(id, std::chrono::system_clock::now(), kept.opened.by);
    complain(why, exit_failed);
    if (!ended) complain(ended.error(), exit_failed);
    return complain(
        "nobody has seen token " + id +
            (ended ? "; it is revoked again, mint another"
                   : ", and it could not be revoked; run `tailops token revoke " + id + "`"),
        exit_failed);
}

int complain_of(const Error& error)
{
    return complain(error, error.code() == Errc::invalid_argument ? exit_usage : exit_failed);
}

}  // namespace

int token_mint(const TokenMintOptions& options)
{
    // A reader that has gone is told by the write: then the token must not stay.
    ::signal(SIGPIPE, SIG_IGN);
    const auto kept = mint_and_keep(options);
    if (!kept) return complain_of(kept.error());
    const auto& minted = kept->minted;
    // The one place where a token is shown: to the person who asked for it, once.
    const auto shown = print(std::string{minted.text.reveal()} + '\n');
    if (!shown) return take_back(*kept, shown.error());
    complain("token " + minted.stored.id + " for " + quote(minted.stored.subject) + ", until " +
                 rfc3339(minted.stored.expires) + "; it is shown only now",
             exit_ok);
    return exit_ok;
}

int token_list(const StateOptions& options)
{
    const auto opened = open_store(options, IfMissing::refuse);
    if (!opened) return complain_of(opened.error());
    const auto tokens = opened->store->list();
    if (!tokens) return complain(tokens.error(), exit_failed);
    const auto now = std::chrono::system_clock::now();
    std::string list;
    for (const auto& token : *tokens) {
        const std::vector<std::string> scopes{token.scopes.begin(), token.scopes.end()};
        list += token.id + "  " + escaped_line(token.subject) + "  " + state_of(token, now) +
                "  [" + join(scopes, " ") + "]\n";
    }
    return answer(list, exit_ok);
}

int token_revoke(const StateOptions& options, const std::string& id)
{
    const auto opened = open_store(options, IfMissing::refuse);
    if (!opened) return complain_of(opened.error());
    const auto revoked = opened->store->revoke(id, std::chrono::system_clock::now(), opened->by);
    if (!revoked) return complain(revoked.error(), exit_failed);
    // Revoked it is all the same, from the gateway's next start on.
    if (const auto seen = check_daemon_has(opened->paths, opened->store->file()); !seen) {
        return complain("token " + quote(id) +
                            " is revoked only from the next start on: " + seen.error().describe(),
                        exit_failed);
    }
    return answer("revoked " + id + "\n", exit_ok);
}

}  // namespace tailops::app
