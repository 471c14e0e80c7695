#include "gateway/app/commands.hpp"
#include "gateway/app/daemon.hpp"
#include "gateway/app/environment.hpp"
#include "gateway/app/operator.hpp"
#include "gateway/app/output.hpp"

namespace tailops::app {
namespace {

// The embedded gateway binds no address here, but its settings are checked with one.
constexpr auto no_address = "127.0.0.1:0";

/// Where a user's programs keep their state (XDG Base Directory Specification).
std::string own_state_dir(const targets::Environment& environment)
{
    if (const auto state = environment("XDG_STATE_HOME")) return *state + "/tailops";
    if (const auto home = environment("HOME")) return *home + "/.local/state/tailops";
    return {};
}

Daemon::Load loader_for(StdioOptions options)
{
    if (options.embedded) {
        return [options = std::move(options)](yaml::Problems& problems) {
            return embedded_configuration(options.state_dir, no_address, process_environment(),
                                          problems);
        };
    }
    return [options = std::move(options)](yaml::Problems& problems) {
        auto out = load_configuration(options.config_file, process_environment(), problems);
        if (!options.state_dir.empty()) out.settings.state_dir = options.state_dir;
        return out;
    };
}

}  // namespace

int serve_stdio(const StdioOptions& given)
{
    auto options = given;
    if (options.embedded && options.state_dir.empty()) {
        options.state_dir = own_state_dir(process_environment());
        if (options.state_dir.empty()) {
            return complain("--embedded needs --state-dir DIR where HOME is not set", exit_usage);
        }
    }
    const auto load = loader_for(options);
    auto configuration = load_and_start_log(load);
    if (!configuration) return exit_usage;
    // Nobody grants scopes here. The embedded policy knows no roles, and the embedded gateway is
    // its user's own.
    std::optional<std::set<std::string>> scopes;
    if (options.embedded) scopes = std::set<std::string>{"admin"};
    auto daemon = Daemon::make(*std::move(configuration), load, local_identity(std::move(scopes)));
    if (!daemon) {
        const bool is_taken = daemon.error().code() == Errc::unavailable;
        const auto failed = complain(daemon.error(), exit_failed);
        if (is_taken)
            complain("each process needs a state of its own: say --state-dir DIR", failed);
        return failed;
    }
    if (const auto ran = (*daemon)->run(); !ran) return complain(ran.error(), exit_failed);
    return exit_ok;
}

}  // namespace tailops::app
