#pragma once

#include <chrono>
#include <cstddef>

namespace tailops::http {

/// Every bound that the server puts on what comes from outside, with its default.
struct Limits {
    std::size_t header_bytes{16 * 1024};                  // request line and headers of one request
    std::size_t body_bytes{4 * 1024 * 1024};              // of one request
    std::size_t bodies_bytes{64 * 1024 * 1024};           // of all requests at once
    std::size_t bodies_bytes_per_peer{16 * 1024 * 1024};  // of one address
    std::chrono::seconds header_read_timeout{10};         // from the first byte of a request
    std::chrono::seconds body_read_timeout{30};           // from the end of its headers
    std::chrono::seconds idle_timeout{120};               // between two requests of a connection
    std::chrono::seconds write_stall_timeout{30};         // a client that does not read
    std::size_t connections{4096};
    std::size_t connections_per_peer{256};  // per address
    std::chrono::seconds stop_grace{10};    // for calls in flight when the daemon stops
};

}  // namespace tailops::http
