#include "gateway/app/commands.hpp"
#include "gateway/app/configuration.hpp"
#include "gateway/app/continuity.hpp"
#include "gateway/app/environment.hpp"
#include "gateway/app/output.hpp"
#include "gateway/app/own_credential.hpp"
#include "gateway/app/start_places.hpp"
#include "gateway/app/state_dir.hpp"
#include "gateway/audit/reader.hpp"
#include "gateway/core/regular_file.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/http/tls_context.hpp"
#include "gateway/store/state_marks.hpp"
#include "targets/executors.hpp"

#include <cstdio>
#include <filesystem>

namespace tailops::app {
namespace {

void print_notices(const yaml::Problems& problems)
{
    for (const auto& notice : problems.notices()) {
        std::fprintf(stderr, "note: %s\n", yaml::Problems::render(notice).c_str());
    }
}

int report(const yaml::Problems& problems, const std::string& when_good)
{
    print_notices(problems);
    if (!problems.empty()) {
        std::fputs(problems.render().c_str(), stderr);
        return complain(std::to_string(problems.all().size()) + " problem(s)", exit_usage);
    }
    return answer(when_good + '\n', exit_ok);
}

int check_targets_alone(const std::string& path)
{
    const auto text = read_regular_file(path, configuration_bytes_max);
    if (!text) {
        return complain(path + ": cannot be read: " + text.error().public_message(), exit_usage);
    }
    yaml::Problems problems;
    const auto targets = targets::read_targets(*text, path, process_environment(), problems);
    note_unused_capabilities(targets, path, problems);
    return report(problems, "ok: " + std::to_string(targets.targets.size()) + " targets");
}

/// Reads the server's certificate and key as `serve` would. Complains where they are named.
void check_tls(const config::Settings& settings, yaml::Problems& problems)
{
    if (settings.tls_certificate.empty() || settings.tls_key.empty()) return;
    const auto complain = [&](const char* key, std::string text) {
        const auto& source = settings.sources.of(key);
        problems.add(source.file, source.place, std::move(text));
    };
    bool is_readable = true;
    for (const auto& [key, file] : {std::pair{"tls.certificate", settings.tls_certificate},
                                    std::pair{"tls.key", settings.tls_key}}) {
        const auto read = read_regular_file(file, configuration_bytes_max);
        if (read) continue;
        is_readable = false;
        complain(key, std::string{key} + ": " + quote(file) +
                          " cannot be read: " + read.error().public_message());
    }
    if (!is_readable) return;
    const auto loaded = http::TlsContext::load(settings.tls_certificate, settings.tls_key);
    if (!loaded) complain("tls", loaded.error().public_message());
}

/// Whether the executors that `serve` would build can be built, with their TLS files. Nothing is
/// connected to.
Status try_to_build(const Configuration& configuration)
{
    Runtime runtime{1, 1};
    targets::StateBoard states;
    const Clock clock;
    const targets::ExecutorContext context{
        .io = runtime.io.get_executor(),
        .environment = process_environment(),
        .known_hosts_file = StatePaths{configuration.settings.state_dir}.known_hosts(),
        .states = states,
        .clock = clock};
    const auto registry = targets::make_registry(configuration.targets.targets, nullptr, context);
    if (!registry) return fail(registry.error());
    return {};
}

void note(const std::string& text)
{
    std::fprintf(stderr, "note: audit trail: %s\n", escaped_line(text).c_str());
}

/// What the trail holds; of one that is not there: nothing. Errors: a start would refuse it.
Result<audit::Examination> examine_trail(const config::Settings& settings, const StatePaths& paths)
{
    std::error_code unreadable;
    if (!std::filesystem::exists(paths.audit(), unreadable)) return audit::Examination{};
    std::optional<Secret> key;
    if (settings.audit.key) {
        TAILOPS_TRY(key, own_credential("audit.key", *settings.audit.key, process_environment()));
    }
    auto found = audit::examine(paths.audit(), key);
    if (found || found.error().code() != Errc::not_found) return found;
    if (!settings.audit.key && audit::read_trail_key(paths.audit())) {
        note("its key is there and no record: a trail before this is gone");
    }
    return audit::Examination{};
}

/// What a start would find of the trail and the database, as notes. Errors: it would refuse them.
Status check_state(const config::Settings& settings)
{
    const StatePaths paths{settings.state_dir};
    TAILOPS_TRY(const auto found, examine_trail(settings, paths));
    if (found.is_live) return {};
    std::error_code unreadable;
    if (std::filesystem::exists(paths.database(), unreadable)) {
        const auto known = store::mark_at_rest(paths.database());
        // What a crash left half-done is in order together with its -wal, which a start reads.
        const bool is_whole =
            std::filesystem::file_size(paths.database() + "-wal", unreadable) == 0 || unreadable;
        if (!known && is_whole) return fail(known.error());
        if (known && *known) {
            TAILOPS_TRY(const auto cut, find_cut(**known, found.head_seq, paths.audit()));
            if (cut) note(*cut);
        }
    }
    if (!found.has_ended_in_order) {
        note("the last run did not end in order; " + std::to_string(found.open_calls) +
             " call(s) are without an outcome");
    }
    if (found.torn_bytes > 0) note(std::to_string(found.torn_bytes) + " bytes at its end are torn");
    for (const auto& loss : found.losses) note(loss);
    for (const auto& strange : found.strange) note(strange);
    return {};
}

}  // namespace

int check(const CheckOptions& options)
{
    if (!options.targets_file.empty()) return check_targets_alone(options.targets_file);
    yaml::Problems problems;
    const auto configuration =
        load_configuration(options.config_file, process_environment(), problems);
    check_tls(configuration.settings, problems);
    check_start_places(configuration.settings, problems);
    if (!problems.empty()) return report(problems, {});
    if (const auto built = try_to_build(configuration); !built) {
        return complain(built.error(), exit_usage);
    }
    if (const auto sound = check_state(configuration.settings); !sound) {
        return complain(sound.error(), exit_failed);
    }
    return report(problems, "ok: " + std::to_string(configuration.targets.targets.size()) +
                                " targets, " + std::to_string(configuration.policy.rules.size()) +
                                " rules, " + std::to_string(configuration.commands->all().size()) +
                                " commands");
}

}  // namespace tailops::app
