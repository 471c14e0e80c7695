#pragma once

#include "gateway/core/json.hpp"
#include "gateway/service/service.hpp"
#include "tests/unit/gateway/doors/mcp/fake_exchange.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace tailops::mcp::testing {

/// Serves `echo`, and tools that fail in every way there is.
class FakeService : public service::Service {
public:
    explicit FakeService(Bell& bell) : bell_{bell} {}

    Status admit(const auth::Principal&) override
    {
        ++admitted;
        return {};
    }

    std::string instructions() const override { return "use it well"; }

    std::vector<service::ToolListing> list_tools(const auth::Principal& principal) const override
    {
        ++listings;
        std::vector<service::ToolListing> tools;
        for (const auto& tool : tools_) {
            if (tool.name != "erase" || principal.identity.subject.view() != "bob") {
                tools.push_back(tool);
            }
        }
        return tools;
    }
    std::string listing_key(service::ListKind, const auth::Principal& principal) const override
    {
        return principal.identity.subject.str();
    }
    std::shared_ptr<const service::ToolListing> find_tool(std::string_view name) const override
    {
        for (const auto& tool : tools_) {
            if (tool.name == name) return {std::shared_ptr<void>{}, &tool};
        }
        return nullptr;
    }

    Task<Result<service::ToolOutcome>> call_tool(service::Caller& caller,
                                                 std::string name,
                                                 JsonPart arguments) override
    {
        requests.push_back(caller.request().str());
        if (name == "slow") co_return co_await slow();
        if (name == "throws") throw std::runtime_error{"a bug"};
        co_return quick(name, *arguments);
    }

    void release()
    {
        is_released = true;
        bell_.ring();
    }

    mutable int listings{0};
    int admitted{0};
    int slow_calls{0};
    int slow_ends{0};
    int slow_cancels{0};
    bool is_released{false};
    std::vector<std::string> requests;

private:
    static std::shared_ptr<const json> schema(std::string_view text)
    {
        return std::make_shared<const json>(parse_json(text).value());
    }
    static service::ToolListing listing(std::string name)
    {
        return {.name = name,
                .title = "The " + name,
                .description = "does " + name,
                .input_schema = schema(R"({"type":"object"})"),
                .output_schema = nullptr,
                .annotations = nullptr};
    }

    static service::ToolResult result(std::string text, JsonPart structured)
    {
        return {
            .text = std::move(text), .structured = std::move(structured), .more_blocks = nullptr};
    }
    static std::vector<service::ToolListing> all_tools()
    {
        auto echo = listing("echo");
        echo.output_schema = schema(R"({"type":"object"})");
        echo.annotations = schema(R"({"readOnlyHint":true})");
        auto routed = listing("routed");
        routed.input_schema = schema(
            R"({"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}})");
        return {std::move(echo), listing("erase"), std::move(routed)};
    }

    static Result<service::ToolOutcome> quick(std::string_view name, const json& arguments)
    {
        if (name == "echo") return result({}, std::make_shared<const json>(arguments));
        if (name == "routed") {
            return result(dump_json(arguments), std::make_shared<const json>(arguments));
        }
        if (name == "list") {
            return result("[1]", schema("[1]"));
        }
        if (name == "fails") {
            auto failed = result("exit 1", nullptr);
            failed.is_error = true;
            return failed;
        }
        if (name == "scoped") {
            return fail(Error{Errc::insufficient_scope, "the token lacks a scope"}.with_detail(
                "host:read host:write"));
        }
        if (name == "denied") return fail(Errc::denied, "the policy says no");
        if (name == "misshapen") return fail(Errc::invalid_argument, "no such shape");
        if (name == "broken") return fail(Errc::internal, "broken");
        return fail(Errc::not_found, "no such tool");
    }

    /// Until release() or a cancellation.
    Task<Result<service::ToolOutcome>> slow()
    {
        struct End {
            FakeService& service;
            bool in_time{false};
            ~End()
            {
                ++(in_time ? service.slow_ends : service.slow_cancels);
                service.bell_.ring();
            }
        };
        ++slow_calls;
        bell_.ring();
        End end{*this};
        co_await bell_.until([this] { return is_released; });
        end.in_time = true;
        co_return result("slow and done", nullptr);
    }

    Bell& bell_;
    const std::vector<service::ToolListing> tools_{all_tools()};
};

}  // namespace tailops::mcp::testing
