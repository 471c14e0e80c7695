#include "gateway/app/commands.hpp"
#include "gateway/app/environment.hpp"
#include "gateway/app/output.hpp"
#include "gateway/app/own_credential.hpp"
#include "gateway/app/state_dir.hpp"
#include "gateway/audit/reader.hpp"
#include "gateway/core/call_outcome.hpp"
#include "gateway/core/digest.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

#include <algorithm>
#include <cstdio>

namespace tailops::app {
namespace {

/// The trail's directory and the key that sealed it: configured, or lying with the trail.
struct TrailPlace {
    std::string directory;
    Secret key;
};

Result<TrailPlace> find_trail(const StateOptions& options)
{
    TAILOPS_TRY(const auto paths, find_state(options));
    if (options.state_dir.empty()) {
        TAILOPS_TRY(const auto settings, load_settings(options.config_file));
        if (settings.audit.key) {
            TAILOPS_TRY(auto key,
                        own_credential("audit.key", *settings.audit.key, process_environment()));
            return TrailPlace{paths.audit(), std::move(key)};
        }
    }
    TAILOPS_TRY(auto key, audit::read_trail_key(paths.audit()));
    return TrailPlace{paths.audit(), std::move(key)};
}

std::optional<std::string> given(const std::string& text)
{
    return text.empty() ? std::nullopt : std::optional{text};
}

/// What verify prints of the head: its number and its mac.
Result<std::optional<audit::Anchor>> read_anchor(std::string_view text)
{
    if (text.empty()) return std::nullopt;
    constexpr std::size_t mac_digits = 64;
    const auto gap = text.find_first_of(": ");
    const auto number = parse_int(text.substr(0, gap), 1);
    const auto mac = gap == text.npos ? std::string_view{} : text.substr(gap + 1);
    if (!number || mac.size() != mac_digits || !is_hex(mac)) {
        return fail(Errc::invalid_argument,
                    "--anchor must be SEQ:MAC, the number and the 64 digits that verify prints "
                    "behind \"head\"");
    }
    return audit::Anchor{.seq = static_cast<std::uint64_t>(*number), .mac = std::string{mac}};
}

/// Errors: invalid_argument, for what no record has as its outcome.
Status check_outcome(const std::string& outcome)
{
    if (outcome.empty()) return {};
    // `running` is no outcome; records of earlier versions may have any code of an error.
    const auto words = call_outcome_words();
    std::vector<std::string_view> known{words.begin(), words.end()};
    std::erase(known, to_string(CallOutcome::running));
    known.push_back(audit::outcome_alarm);
    known.push_back(audit::outcome_notice);
    if (std::ranges::find(known, outcome) != known.end() || find_errc(outcome)) return {};
    std::string list;
    for (const auto word : known) list += (list.empty() ? "" : ", ") + std::string{word};
    return fail(Errc::invalid_argument, "unknown outcome " + quote(outcome) +
                                            did_you_mean(outcome, known) + "; use one of " + list);
}

Result<audit::Query> read_query(const AuditQueryOptions& options)
{
    audit::Query query;
    query.filter.subject = given(options.subject);
    query.filter.tool = given(options.tool);
    query.filter.target = given(options.target);
    query.filter.outcome = given(options.outcome);
    query.filter.request = given(options.request);
    query.filter.trace = given(options.trace);
    TAILOPS_CHECK(check_outcome(options.outcome));
    query.limit = options.limit;
    if (!options.since.empty()) {
        TAILOPS_TRY(query.filter.since, parse_rfc3339(options.since));
    }
    if (!options.until.empty()) {
        TAILOPS_TRY(query.filter.until, parse_rfc3339(options.until));
    }
    if (!options.effect.empty()) {
        using policy::Effect;
        for (const auto effect :
             {Effect::allow, Effect::deny, Effect::require_approval, Effect::dry_run_only}) {
            if (policy::to_string(effect) == options.effect) query.filter.effect = effect;
        }
        if (!query.filter.effect) {
            return fail(Errc::invalid_argument,
                        "unknown effect " + quote(options.effect) +
                            "; use allow, deny, require_approval or dry_run_only");
        }
    }
    return query;
}

}  // namespace

int audit_verify(const AuditVerifyOptions& options)
{
    const auto anchor = read_anchor(options.anchor);
    if (!anchor) return complain(anchor.error(), exit_usage);
    const auto trail = find_trail(options.state);
    if (!trail) return complain(trail.error(), exit_usage);
    const auto report =
        audit::verify(trail->directory, trail->key,
                      {.anchor = *anchor, .acknowledged_seq = options.acknowledged_seq});
    if (!report) return complain(report.error(), exit_failed);
    if (options.acknowledged_seq > report->last_seq) {
        return complain("--acknowledged " + std::to_string(options.acknowledged_seq) +
                            " is behind the end of the trail, record " +
                            std::to_string(report->last_seq) +
                            ": what is not there yet cannot be known; name the record of an alarm",
                        exit_usage);
    }
    for (const auto& note : report->notes) std::fprintf(stderr, "note: %s\n", note.c_str());
    for (const auto& problem : report->problems) {
        std::fprintf(stderr, "%s\n", problem.describe().c_str());
    }
    if (!report->is_sound()) {
        return complain(std::to_string(report->problem_count) + " problem(s) in the audit trail",
                        exit_failed);
    }
    return answer("ok: " + std::to_string(report->records) + " records in " +
                      std::to_string(report->files) + " file(s), " + report->first_time + " to " +
                      report->last_time + "; head " + std::to_string(report->head.seq) + ' ' +
                      report->head.mac + '\n',
                  exit_ok);
}

int audit_query(const AuditQueryOptions& options)
{
    const auto paths = find_state(options.state);
    if (!paths) return complain(paths.error(), exit_usage);
    const auto query = read_query(options);
    if (!query) return complain(query.error(), exit_usage);
    Status shown;
    const auto found = audit::query(paths->audit(), *query, [&](const audit::StoredRecord& stored) {
        shown = print("{\"seq\":" + std::to_string(stored.seq) + ',' +
                      audit::encode_body(stored.record, stored.time) + "}\n");
        return shown.has_value();
    });
    if (!shown) return complain(shown.error(), exit_failed);
    if (!found) return complain(found.error(), exit_failed);
    return exit_ok;
}

}  // namespace tailops::app
