#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <thread>
#include <vector>

namespace tailops {

/// The daemon's places to run code: `io` for coroutines, `blocking` for calls that sleep. Two kinds
/// of such calls have lanes of their own: `reading`, what searches long files for a caller, and
/// `letting_in`, what every caller waits for before it is anybody. No amount of the one can hold up
/// the other.
///
/// Member order is load-bearing. The pools are destroyed (joined) first: their threads still touch
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
        join();
    }

    /// Waits for what sleeps.
    void join()
    {
        blocking.join();
        reading.join();
        letting_in.join();
    }

    int threads;
    boost::asio::io_context io;
    boost::asio::thread_pool blocking;
    boost::asio::thread_pool reading{2};
    boost::asio::thread_pool letting_in{1};
};

}  // namespace tailops
