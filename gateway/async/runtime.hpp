#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <thread>
#include <vector>

namespace tailops {

/// The daemon's two places to run code: `io` for coroutines, `blocking` for calls that sleep.
///
/// Member order is load-bearing. `blocking` is destroyed (joined) first: its threads still touch
/// the strands of `io` while they hand a result back.
struct Runtime {
    explicit Runtime(int io_threads, std::size_t blocking_threads)
        : threads{io_threads},
          io{io_threads},
          blocking{blocking_threads}
    {
    }

    /// Runs `io` on `threads` threads, the caller's among them, until it is out of work or stopped.
    void run()
    {
        std::vector<std::jthread> crew;
        for (int i = 1; i < threads; ++i) crew.emplace_back([this] { io.run(); });
        io.run();
        crew.clear();
        blocking.join();
    }

    int threads;
    boost::asio::io_context io;
    boost::asio::thread_pool blocking;
};

}  // namespace tailops
