#pragma once

#include "gateway/core/file_descriptor.hpp"
#include "gateway/doors/mcp/wire/line_client.hpp"

#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace tailops::app {

/// Two descriptors as lines: pipes, a terminal, or files. They stay in blocking mode, which they
/// share with whoever else holds them, so each has a thread of its own here.
class StdioLines final : public mcp::Lines {
public:
    struct Bounds {
        std::size_t line_bytes_max{4 * 1024 * 1024};
        std::chrono::milliseconds write_stall_timeout{30'000};
    };
    /// Errors: internal (no descriptors are left).
    static Result<std::unique_ptr<StdioLines>> over(FileDescriptor in,
                                                    FileDescriptor out,
                                                    Bounds bounds);
    /// Over the process's stdin and stdout, which it takes away: from now on what reads stdin finds
    /// it empty, and what writes to stdout writes to stderr. Errors: internal.
    static Result<std::unique_ptr<StdioLines>> take_over(Bounds bounds);
    StdioLines(const StdioLines&) = delete;
    StdioLines& operator=(const StdioLines&) = delete;
    /// Gives up a write that nobody reads.
    ~StdioLines() override;

    Task<Result<std::optional<std::string>>> read() override;
    Task<Status> write(std::string line) override;
    void close() override;

private:
    StdioLines(FileDescriptor in, FileDescriptor out, Bounds bounds);

    Result<std::string> read_some();
    Status write_all(std::string_view text);
    std::optional<std::string> next_line();

    const FileDescriptor in_;
    const FileDescriptor out_;
    const FileDescriptor closed_;     // an eventfd, readable after close()
    const FileDescriptor abandoned_;  // an eventfd, readable at the end of this object's life
    const Bounds bounds_;
    std::string buffer_;       // read, and not handed out yet
    std::size_t searched_{0};  // of buffer_, without an end of line
    bool is_skipping_{false};  // the rest of a line that is too long
    bool has_ended_{false};
    boost::asio::thread_pool reader_{1};
    boost::asio::thread_pool writer_{1};  // one thread: lines go out in order, whole
};

}  // namespace tailops::app
