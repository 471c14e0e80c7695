#include "gateway/doors/mcp/counters.hpp"

#include "gateway/core/log.hpp"
#include "gateway/core/secret_scan.hpp"
#include "gateway/core/text.hpp"

namespace tailops::mcp {
namespace {

constexpr std::array<std::string_view, 2> era_names{"legacy", "modern"};

/// The samples of one metric, below what says what it is.
class Family {
public:
    Family(std::string& out, std::string_view name, std::string_view help) : out_{out}, name_{name}
    {
        for (const auto part : {std::string_view{"# HELP "}, name, std::string_view{" "}, help,
                                std::string_view{"\n# TYPE "}, name}) {
            out_ += part;
        }
        out_ += " counter\n";
    }

    struct Label {
        std::string_view name;
        std::string_view value;
    };
    void add(std::uint64_t count, std::initializer_list<Label> labels)
    {
        out_ += name_;
        char before = '{';
        for (const auto& label : labels) {
            out_ += before;
            out_ += label.name;
            out_ += '=';
            append_value(label.value);
            before = ',';
        }
        if (before == ',') out_ += '}';
        out_ += ' ';
        out_ += std::to_string(count);
        out_ += '\n';
    }

private:
    /// Backslash, quote and line feed are escaped. Client names may hold anything.
    void append_value(std::string_view value)
    {
        out_ += '"';
        for (const char c : value) {
            if (c == '\\' || c == '"' || c == '\n') out_ += '\\';
            out_ += c == '\n' ? 'n' : c;
        }
        out_ += '"';
    }

    std::string& out_;
    std::string_view name_;
};

}  // namespace

void Counters::count_request(Revision revision, std::string_view client)
{
    requests_[static_cast<std::size_t>(revision)].fetch_add(1, std::memory_order_relaxed);
    // 80 bytes: a name is for reading; a longer one is no name.
    if (client.empty() || client.size() > 80) client = "unnamed";
    // It comes from outside, and is shown to whoever asks for metrics.
    const auto name = escaped_line(client);
    if (count_client(name, is_modern(revision) ? 1 : 0)) {
        log(Event::client_downgraded,
            {{"client", name}, {"revision", std::string{to_string(revision)}}});
    }
}

/// Whether the client falls back to the legacy era with this request.
bool Counters::count_client(std::string_view client, std::size_t era)
{
    const std::scoped_lock lock{mutex_};
    auto at = clients_.find(client);
    if (at == clients_.end()) {
        const auto name = clients_.size() < clients_max ? client : std::string_view{"other"};
        at = clients_.try_emplace(std::string{name}).first;
    }
    auto& counts = at->second;
    const bool is_downgrade = ++counts[era] == 1 && era == 0 && counts[1] > 0;
    if (is_downgrade) ++downgrades_;
    return is_downgrade;
}

void Counters::count_error(int code)
{
    const std::scoped_lock lock{mutex_};
    ++errors_[code];
}

Counters::Totals Counters::totals() const
{
    Totals totals;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
        totals.requests[i] = requests_[i].load(std::memory_order_relaxed);
    }
    const std::scoped_lock lock{mutex_};
    totals.errors = errors_;
    totals.clients = clients_;
    totals.downgrades = downgrades_;
    return totals;
}

Counters::Totals without_secrets(Counters::Totals totals, const SecretRegistry& secrets)
{
    const auto known = secrets.known();
    const auto named = std::exchange(totals.clients, {});
    for (const auto& [client, counts] : named) {
        // Two names may become one.
        auto& sum = totals.clients[without_suspects(client, *known)];
        for (std::size_t era = 0; era < counts.size(); ++era) sum[era] += counts[era];
    }
    return totals;
}

std::string metrics_text(const Counters::Totals& totals)
{
    std::string out;
    Family requests{out, "tailops_mcp_requests_total",
                    "Requests, by the protocol revision they speak."};
    for (std::size_t i = 0; i < totals.requests.size(); ++i) {
        const auto revision = static_cast<Revision>(i);
        requests.add(totals.requests[i], {{"era", era_names[is_modern(revision) ? 1 : 0]},
                                          {"revision", to_string(revision)}});
    }
    Family clients{out, "tailops_mcp_client_requests_total",
                   "Requests, by the name that the client gives itself, and era."};
    for (const auto& [client, counts] : totals.clients) {
        for (std::size_t era = 0; era < counts.size(); ++era) {
            if (counts[era] == 0) continue;
            clients.add(counts[era], {{"client", client}, {"era", era_names[era]}});
        }
    }
    Family downgrades{out, "tailops_mcp_client_downgrades_total",
                      "Clients that were modern first and then came as legacy ones."};
    downgrades.add(totals.downgrades, {});
    Family errors{out, "tailops_mcp_errors_total",
                  "Requests that were answered by a protocol error, by its code."};
    for (const auto& [code, count] : totals.errors) {
        errors.add(count, {{"code", std::to_string(code)}});
    }
    return out;
}

void log_usage(const Counters::Totals& totals)
{
    std::string revisions;
    for (std::size_t i = 0; i < totals.requests.size(); ++i) {
        if (totals.requests[i] == 0) continue;
        revisions += (revisions.empty() ? "" : " ") +
                     std::string{to_string(static_cast<Revision>(i))} + ':' +
                     std::to_string(totals.requests[i]);
    }
    std::string errors;
    for (const auto& [code, count] : totals.errors) {
        errors += (errors.empty() ? "" : " ") + std::to_string(code) + ':' + std::to_string(count);
    }
    std::string clients;
    for (const auto& [client, counts] : totals.clients) {
        clients += (clients.empty() ? "" : " ") + quote(client) + ':' + std::to_string(counts[0]) +
                   '/' + std::to_string(counts[1]);
    }
    log(Event::protocol_usage,
        {{"requests", revisions}, {"errors", errors}, {"clients_legacy_modern", clients}});
}

}  // namespace tailops::mcp
