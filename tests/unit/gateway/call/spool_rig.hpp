#pragma once

#include "gateway/runs/spool.hpp"
#include "gateway/runs/spool_writer.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

namespace tailops::call {

/// A clock that only the test moves: `advance` is time that passes, `time` alone a jump.
class SettableClock final : public Clock {
public:
    TimePoint now() const override { return time; }
    void advance(std::chrono::microseconds passed)
    {
        time += passed;
        steady += passed;
    }
    AgeClock ages() const
    {
        return AgeClock{*this, [this] { return steady; }};
    }
    TimePoint time{TimePoint{} + std::chrono::hours{1000}};
    AgeClock::Steady::time_point steady{};
};

/// A spool in a folder of its own, by a clock that the test sets.
class SpoolRig : public ::testing::Test {
protected:
    SpoolRig() { settings_.folder = directory_.path() / "spool"; }

    /// Opens the spool as a daemon that starts does, and does something with it.
    template <class F>
    void with_spool(F work)
    {
        testing::run([&](Runtime& runtime) -> Task<void> {
            auto spool = runs::Spool::open(settings_, clock_.ages(), runtime.blocking);
            if (!spool) throw std::runtime_error{spool.error().describe()};
            co_await work(*spool);
        });
    }

    runs::RunRecord record(const std::string& id) const
    {
        runs::RunRecord out;
        out.shown.id = RequestId{id};
        out.shown.tool = ToolName{"execute_command"};
        out.shown.target = TargetId{"web-01"};
        out.shown.started = clock_.time;
        out.owner = owner_;
        out.tier = tier_;
        out.capability = "system:read";
        return out;
    }

    Task<runs::Kept> keep(std::shared_ptr<runs::Spool> spool, std::string id, std::string text)
    {
        const auto writer = spool->writer(record(id), {});
        std::string_view left{text};
        while (!left.empty()) {
            writer->write(targets::OutputStream::output, left.substr(0, 10'000));
            left.remove_prefix(std::min<std::size_t>(left.size(), 10'000));
        }
        auto kept = co_await writer->settle();
        auto ended = record(id);
        ended.shown.state = tools::RunState::ok;
        ended.shown.output = {.bytes = text.size(), .lines = 1, .kept_bytes = kept.output.bytes};
        (void)spool->save_now(ended);
        co_return kept;
    }

    std::string text_of(runs::Spool& spool,
                        const std::string& id,
                        targets::OutputStream stream = targets::OutputStream::output)
    {
        const auto file = spool.open_stream(RequestId{id}, stream);
        return file ? runs::read_range(*file, 0, 100'000'000) : "gone";
    }

    std::set<std::string> names() const
    {
        std::set<std::string> out;
        for (const auto& entry : std::filesystem::directory_iterator{settings_.folder}) {
            out.insert(entry.path().filename());
        }
        return out;
    }

    testing::TemporaryDirectory directory_;
    SettableClock clock_;
    runs::SpoolSettings settings_;
    std::string owner_{"issuer|alice"};
    Tier tier_{Tier::observe};
};

}  // namespace tailops::call
