#include "auth/token_text.hpp"
#include "gateway/app/commands.hpp"
#include "gateway/app/daemon.hpp"
#include "gateway/app/environment.hpp"
#include "gateway/app/operator.hpp"
#include "gateway/app/output.hpp"
#include "gateway/app/service_manager.hpp"
#include "gateway/app/state_dir.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/try.hpp"
#include "gateway/store/sqlite_store.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cstdio>

namespace tailops::app {
namespace {

Daemon::Load loader_for(const ServeOptions& options)
{
    if (options.embedded) {
        return [options](yaml::Problems& problems) {
            return embedded_configuration(options.state_dir, options.listen, process_environment(),
                                          problems);
        };
    }
    return [file = options.config_file](yaml::Problems& problems) {
        return load_configuration(file, process_environment(), problems);
    };
}

/// For a program that started us: one line of JSON, once requests will be answered.
std::string ready_line(const std::string& url, std::string_view token)
{
    nlohmann::json line{{"url", url}, {"pid", ::getpid()}};
    if (!token.empty()) line["token"] = token;
    return dump_json(line) + '\n';
}

/// For a person who typed `make run`.
std::string welcome(const std::string& url, std::string_view token)
{
    const std::string secret{token};
    return "TailOps Gateway answers at " + url +
           "\nIt looks at this machine: its status, the logs in /var/log, and configuration that "
           "every\nuser may read and that holds no secrets. It changes nothing.\n"
           "This token is shown once, now:\n\n  " +
           secret +
           "\n\nConnect a client, for example:\n\n  claude mcp add --transport http tailops " +
           url + " --header \"Authorization: Bearer " + secret +
           "\"\n\nor call a tool yourself:\n\n  TAILOPS_TOKEN=" + secret +
           " build/release/bin/tailops call get_system_status --target local --url " + url + "\n\n";
}

/// Ends the token of an embedded gateway that could not be shown: nobody knows it, and nobody could
/// use that gateway.
Status revoke_unseen(const std::string& state_dir, const Secret& token)
{
    const StatePaths paths{state_dir};
    TAILOPS_TRY(const auto store, store::SqliteStore::open({.path = paths.database()}));
    TAILOPS_TRY(const auto tokens, store->list());
    const auto digest = auth::token_digest(token.reveal());
    for (const auto& kept : tokens) {
        if (kept.digest != digest) continue;
        return store->revoke(kept.id, std::chrono::system_clock::now(),
                             this_operator("tailops serve --embedded"));
    }
    return {};
}

}  // namespace

int serve(const ServeOptions& options)
{
    if (options.embedded && options.state_dir.empty()) {
        return complain("--embedded needs --state-dir DIR", exit_usage);
    }
    const auto load = loader_for(options);
    auto configuration = load_and_start_log(load);
    if (!configuration) return exit_usage;
    auto daemon = Daemon::make(*std::move(configuration), load);
    if (!daemon) return complain(daemon.error(), exit_failed);
    Secret token;
    if (options.embedded) {
        auto minted = (*daemon)->mint_embedded_token();
        if (!minted) return complain(minted.error(), exit_failed);
        token = *std::move(minted);
    }
    const auto& url = (*daemon)->url();
    const auto shown =
        print(options.welcome ? welcome(url, token.reveal()) : ready_line(url, token.reveal()));
    if (!shown) complain(shown.error(), exit_failed);
    if (!shown && options.embedded) {
        daemon->reset();
        const auto revoked = revoke_unseen(options.state_dir, token);
        if (!revoked) return complain(revoked.error(), exit_failed);
        return complain(
            "nobody has seen the token of this gateway; it is revoked again, and the "
            "gateway stops",
            exit_failed);
    }
    tell_service_manager(process_environment(), "READY=1");
    if (const auto ran = (*daemon)->run(); !ran) return complain(ran.error(), exit_failed);
    return exit_ok;
}

}  // namespace tailops::app
