#pragma once

#include "gateway/net/http_client.hpp"
#include "targets/output.hpp"

#include <chrono>
#include <string>

namespace tailops::targets {

/// An HTTP answer as the result of an operation. `output_bytes` is the announced length where the
/// body was cut and the server told it.
ExecutionResult result_of(net::HttpResponse response, std::chrono::steady_clock::time_point start);

/// Collects a body for `result_of`, which it is to be given afterwards.
net::BodyTap tap_into(std::shared_ptr<OutputCollector> collector);

/// As above; what `body` collected takes the place of the response's own body.
ExecutionResult result_of(net::HttpResponse response,
                          OutputCollector& body,
                          std::chrono::steady_clock::time_point start);

/// What must be known of an exchange to say honestly how it failed.
struct ExchangeFacts {
    std::string server;            // who was asked, e.g. `the Docker engine of target "x"`
    bool is_safe{true};            // the request changes nothing
    std::string work{"the call"};  // what the server may yet do: "the restart"
    std::shared_ptr<net::ExchangeTrace> trace{};
};

/// `error` of net::HttpClient in terms of the target. When the request changes something and the
/// server may have seen it, the message says that it may still finish.
Error failure_of(const Error& error, const ExchangeFacts& facts);

}  // namespace tailops::targets
