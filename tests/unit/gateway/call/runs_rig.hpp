#pragma once

#include "gateway/call/view.hpp"
#include "gateway/runs/runs.hpp"
#include "tests/unit/gateway/call/call_rig.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tailops::call {

// `flood` prints 50,000,008 bytes: 1 to 6388889, a line each.
inline constexpr std::size_t flood_bytes = 50'000'008;
inline constexpr auto runs_catalogue = R"(commands:
  - {name: much, description: "Print more than a result holds", command_template: "seq 1 300000", category: custom}
  - {name: flood, description: "Print a lot of numbers", command_template: "seq 1 6388889", category: custom}
  - {name: endless, description: "Print without an end", command_template: "yes", category: custom}
  - {name: greet, description: "Say hello to the world", command_template: "echo hello", category: custom}
  - {name: missing, description: "No such program here", command_template: "no-such-program-here", category: custom}
  - {name: change, description: "Change something at once", command_template: "echo changed", category: custom, capability: "system:write", tier: control}
)";

/// Calls about a local target, with a spool for what their results have no room for.
class RunsRig : public ::testing::Test {
protected:
    RunsRig() { settings_.folder = directory_.path() / "spool"; }

    void start()
    {
        auto spool = runs::Spool::open(settings_, rig_.clock, rig_.runtime->blocking);
        if (!spool) throw std::runtime_error{spool.error().describe()};
        rig_.start(*std::move(spool));
    }

    /// As a daemon that ends and starts again.
    void restart()
    {
        rig_.stop();
        start();
    }

    Result<tools::OutputPage> page(tools::OutputQuestion question,
                                   const std::string& subject = "alice")
    {
        using Page = Result<tools::OutputPage>;
        return rig_.run_task<Page>([&]() -> Task<Page> {
            const auto world = rig_.world->get();
            const auto principal = rig_.principal(subject);
            const PrincipalView view{*world,     principal,  rig_.states,
                                     rig_.trail, *rig_.runs, {rig_.clock.now(), TimePoint{}}};
            co_return co_await view.read_output(question);
        });
    }

    static tools::OutputQuestion slice(const std::string& run,
                                       std::uint64_t offset,
                                       std::size_t size)
    {
        tools::OutputQuestion question{.run = RequestId{run}};
        question.part = tools::OutputQuestion::Slice{.offset = offset, .bytes_max = size};
        return question;
    }

    /// All that is kept of a run, in pages.
    std::string whole(const std::string& run)
    {
        std::string text;
        for (std::optional<std::uint64_t> next = 0; next;) {
            const auto read = page(slice(run, *next, 1'000'000));
            if (!read) return read.error().public_message();
            text += read->bytes;
            next = read->next_offset;
        }
        return text;
    }

    Result<Answer> ask(const std::string& tool,
                       nlohmann::json arguments,
                       const std::string& subject = "alice")
    {
        return rig_.run(rig_.invocation(tool, std::move(arguments), subject, "asking"));
    }
    Result<Answer> get_run(const std::string& id, const std::string& subject = "alice")
    {
        return ask("get_run", {{"run_id", id}}, subject);
    }

    testing::TemporaryDirectory directory_;
    runs::SpoolSettings settings_;
    CallRig rig_{runs_catalogue};
};

}  // namespace tailops::call
