#include "gateway/app/stdio_lines.hpp"

#include "gateway/async/blocking.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

namespace tailops::app {
namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;

std::unexpected<Error> too_long(std::size_t bytes_max)
{
    return fail(Errc::invalid_argument,
                "a message holds at most " + std::to_string(bytes_max) + " bytes");
}

FileDescriptor make_event()
{
    return FileDescriptor{::eventfd(0, EFD_CLOEXEC)};
}

void raise(const FileDescriptor& event)
{
    (void)::eventfd_write(event.get(), 1);
}

/// Waits until `events` come about on `file` or `stop` is raised; false for the latter and when the
/// time is over. -1: no limit of time.
bool wait_for(const FileDescriptor& file, short events, const FileDescriptor& stop, int timeout_ms)
{
    std::array<pollfd, 2> both{{{file.get(), events, 0}, {stop.get(), POLLIN, 0}}};
    int ready = 0;
    do {
        ready = ::poll(both.data(), both.size(), timeout_ms);
    } while (ready < 0 && errno == EINTR);
    return ready > 0 && both[1].revents == 0;
}

}  // namespace

StdioLines::StdioLines(FileDescriptor in, FileDescriptor out, Bounds bounds)
    : in_{std::move(in)},
      out_{std::move(out)},
      closed_{make_event()},
      abandoned_{make_event()},
      bounds_{bounds}
{
}

Result<std::unique_ptr<StdioLines>> StdioLines::over(FileDescriptor in,
                                                     FileDescriptor out,
                                                     Bounds bounds)
{
    std::unique_ptr<StdioLines> lines{new StdioLines{std::move(in), std::move(out), bounds}};
    for (const auto* file : {&lines->in_, &lines->out_, &lines->closed_, &lines->abandoned_}) {
        if (!file->is_open()) return fail(Errc::internal, "stdin and stdout cannot be used");
    }
    return lines;
}

Result<std::unique_ptr<StdioLines>> StdioLines::take_over(Bounds bounds)
{
    // Above the standard three, so that nothing takes one of them for its own.
    FileDescriptor in{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)};
    FileDescriptor out{::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)};
    const FileDescriptor nothing{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    if (!nothing.is_open() || ::dup2(nothing.get(), STDIN_FILENO) < 0 ||
        ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        return fail(Errc::internal, "stdin and stdout cannot be taken over");
    }
    return over(std::move(in), std::move(out), bounds);
}

StdioLines::~StdioLines()
{
    close();
    raise(abandoned_);
    reader_.join();
    writer_.join();
}

void StdioLines::close()
{
    raise(closed_);
}

Task<Result<std::optional<std::string>>> StdioLines::read()
{
    for (;;) {
        if (auto line = next_line()) {
            if (line->size() > bounds_.line_bytes_max) co_return too_long(bounds_.line_bytes_max);
            co_return line;
        }
        if (buffer_.size() > bounds_.line_bytes_max) {
            buffer_.clear();
            searched_ = 0;
            if (std::exchange(is_skipping_, true)) continue;
            co_return too_long(bounds_.line_bytes_max);
        }
        if (has_ended_) co_return std::optional<std::string>{};
        auto work = [this](std::stop_token) { return read_some(); };
        auto chunk = co_await run_blocking(reader_, std::move(work));
        if (!chunk) co_return fail(std::move(chunk).error());
        has_ended_ = chunk->empty();
        buffer_ += *chunk;
    }
}

/// The next whole line of the buffer; at the end of the input also one without its end.
std::optional<std::string> StdioLines::next_line()
{
    for (;;) {
        auto end = buffer_.find('\n', searched_);
        if (end == std::string::npos) {
            searched_ = buffer_.size();
            if (!has_ended_ || buffer_.empty()) return std::nullopt;
            end = buffer_.size();
        }
        auto line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        searched_ = 0;
        if (!std::exchange(is_skipping_, false)) return line;
    }
}

/// Empty at the end of the input and after close().
Result<std::string> StdioLines::read_some()
{
    if (!wait_for(in_, POLLIN, closed_, -1)) return std::string{};
    std::string chunk(chunk_bytes, '\0');
    ssize_t got = 0;
    do {
        got = ::read(in_.get(), chunk.data(), chunk.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return std::unexpected{
            Error{Errc::internal, "stdin cannot be read"}.with_detail(std::strerror(errno))};
    }
    chunk.resize(static_cast<std::size_t>(got));
    return chunk;
}

Task<Status> StdioLines::write(std::string line)
{
    line += '\n';
    auto work = [this, text = std::move(line)](std::stop_token) { return write_all(text); };
    co_return co_await run_blocking(writer_, std::move(work));
}

Status StdioLines::write_all(std::string_view text)
{
    const auto timeout = static_cast<int>(bounds_.write_stall_timeout.count());
    while (!text.empty()) {
        if (!wait_for(out_, POLLOUT, abandoned_, timeout)) {
            return fail(Errc::deadline_exceeded, "the client does not read");
        }
        // So much a pipe that is ready takes without blocking (pipe(7), PIPE_BUF).
        const auto sent =
            ::write(out_.get(), text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
        if (sent < 0 && errno != EINTR) return fail(Errc::cancelled, "the client is gone");
        if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

}  // namespace tailops::app
