#pragma once

#include "targets/http/http_executor.hpp"
#include "tests/support/permit.hpp"
#include "tests/support/run.hpp"
#include "tests/support/scripted_server.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tailops::targets {

using testing::answer;
using testing::answers;
using testing::Peer;
using testing::Script;
using testing::ScriptedServer;

inline HttpConnection connection_to(const ScriptedServer& server, std::string path = "")
{
    HttpConnection connection;
    connection.base_url = server.url() + path;
    return connection;
}

inline CredentialReader reads(std::string text)
{
    return [text]() -> Result<Secret> { return Secret{text}; };
}

inline HttpCall get(std::string path)
{
    HttpCall call;
    call.path = std::move(path);
    return call;
}

/// Runs `operations` one after the other on one executor.
inline std::vector<Result<ExecutionResult>> run_all(const HttpConnection& connection,
                                                    CredentialReader credential,
                                                    std::vector<Operation> operations,
                                                    policy::Obligations obligations = {})
{
    std::vector<Result<ExecutionResult>> results;
    testing::run([&](Runtime&) -> Task<void> {
        const auto api = make_http_executor(connection, credential);
        if (!api) throw std::runtime_error{api.error().describe()};
        for (auto& operation : operations) {
            auto permit = testing::any_permit(TargetId{"api"}, obligations);
            results.push_back(co_await (*api)->run(std::move(permit), std::move(operation)));
        }
    });
    return results;
}

inline Result<ExecutionResult> run(const HttpConnection& connection,
                                   Operation operation,
                                   CredentialReader credential = {},
                                   policy::Obligations obligations = {})
{
    return run_all(connection, std::move(credential), {std::move(operation)}, obligations).front();
}

/// Notes each request and answers it, on one connection.
inline Script notes(std::vector<std::string>& requests, std::string bytes)
{
    return [&requests, bytes](Peer& peer) {
        for (;;) {
            auto request = peer.read_request();
            if (request.empty()) return;
            requests.push_back(std::move(request));
            peer.write(bytes);
        }
    };
}

}  // namespace tailops::targets
