#pragma once

#include "gateway/audit/jsonl_trail.hpp"
#include "gateway/audit/reader.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace tailops::audit {

/// A directory of its own for one test, gone afterwards, with a trail's key and clock.
class TrailDirectory {
public:
    TrailDirectory()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "trail-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) ADD_FAILURE() << "no temporary directory";
        path = pattern;
    }
    TrailDirectory(const TrailDirectory&) = delete;
    TrailDirectory& operator=(const TrailDirectory&) = delete;
    ~TrailDirectory() { std::filesystem::remove_all(path); }

    static Secret key() { return Secret{std::string(32, 'k')}; }

    TrailSettings settings() const
    {
        TrailSettings settings{.directory = path, .key = key()};
        settings.retry_interval = std::chrono::hours{1};  // tests retry by appending
        return settings;
    }

    Result<std::unique_ptr<JsonlTrail>> try_open() { return JsonlTrail::open(settings(), clock); }
    std::unique_ptr<JsonlTrail> open() { return open(settings()); }
    std::unique_ptr<JsonlTrail> open(TrailSettings with)
    {
        auto trail = JsonlTrail::open(std::move(with), clock);
        if (!trail) {
            ADD_FAILURE() << trail.error().describe();
            return nullptr;
        }
        return *std::move(trail);
    }

    /// Appends one record after the other; the first failure ends it.
    Status append_all(JsonlTrail& trail, std::vector<Record> records, Durability durability)
    {
        auto last = Status{};
        for (auto& record : records) {
            last = finish(trail.append(std::move(record), durability));
            if (!last) break;
        }
        return last;
    }
    Status append(JsonlTrail& trail, Record record, Durability durability = Durability::durable)
    {
        return finish(trail.append(std::move(record), durability));
    }
    Status flush(JsonlTrail& trail) { return finish(trail.flush()); }

    Report verified(const Secret& with = key()) const
    {
        auto report = verify(path, with);
        if (report) return *std::move(report);
        ADD_FAILURE() << report.error().describe();
        return {};
    }

    std::vector<StoredRecord> found(const Query& wanted) const
    {
        std::vector<StoredRecord> records;
        const auto count = query(path, wanted, [&](const StoredRecord& record) {
            records.push_back(record);
            return true;
        });
        if (!count) ADD_FAILURE() << count.error().describe();
        return records;
    }

    std::string text(const std::string& file = "audit.jsonl") const
    {
        std::ifstream in{path / file, std::ios::binary};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    void rewrite(const std::string& text, const std::string& file = "audit.jsonl") const
    {
        std::ofstream{path / file, std::ios::binary} << text;
    }
    std::vector<std::string> lines(const std::string& file = "audit.jsonl") const
    {
        std::vector<std::string> lines;
        std::ifstream in{path / file, std::ios::binary};
        for (std::string line; std::getline(in, line);) lines.push_back(line);
        return lines;
    }
    void rewrite_lines(const std::vector<std::string>& lines) const
    {
        std::string text;
        for (const auto& line : lines) text += line + '\n';
        rewrite(text);
    }
    std::vector<std::string> names() const
    {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator{path}) {
            names.push_back(entry.path().filename().string());
        }
        std::sort(names.begin(), names.end());
        return names;
    }

    std::filesystem::path path;
    Clock clock;
    // Outlives every trail of the test, as the Runtime outlives the daemon's.
    boost::asio::io_context io;

private:
    Status finish(Task<Status> task)
    {
        std::optional<Status> answer;
        io.restart();
        boost::asio::co_spawn(io, std::move(task),
                              [&answer](std::exception_ptr thrown, Status got) {
                                  if (thrown) std::rethrow_exception(thrown);
                                  answer = std::move(got);
                              });
        io.run();
        return answer.value();
    }
};

inline Record intent(const std::string& request)
{
    return {.phase = Phase::intent,
            .request = RequestId{request},
            .subject = "https://idp.example|alice",
            .name = "alice",
            .client = "claude",
            .method = "oidc",
            .tool = ToolName{"manage_container"},
            .capability = "container:write",
            .tier = Tier::control,
            .target = TargetId{"web-01"},
            .parameters = R"({"action":"restart"})",
            .effect = policy::Effect::allow,
            .why = "decided by rule ops",
            .rule = "ops",
            .policy_version = "abc"};
}

inline Record outcome(const std::string& request, const std::string& what = "ok")
{
    auto record = intent(request);
    record.phase = Phase::outcome;
    record.outcome = what;
    record.elapsed_ms = 12;
    return record;
}

}  // namespace tailops::audit
