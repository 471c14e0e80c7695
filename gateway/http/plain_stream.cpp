#include "gateway/http/byte_stream.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

namespace tailops::http {
namespace {

class PlainStream final : public ByteStream {
public:
    explicit PlainStream(int descriptor) : descriptor_{descriptor} {}

    IoResult handshake() override { return {IoState::done, 0}; }

    IoResult read(std::span<char> into) override
    {
        for (;;) {
            const auto got = ::recv(descriptor_, into.data(), into.size(), 0);
            if (got > 0) {
                const auto bytes = static_cast<std::size_t>(got);
                drained_ = bytes < into.size();
                return {IoState::done, bytes};
            }
            drained_ = true;
            if (got == 0) return {IoState::closed, 0};
            if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoState::want_read, 0};
            if (errno != EINTR) return {IoState::failed, 0};
        }
    }

    IoResult write(std::span<const std::string_view> parts) override
    {
        std::array<iovec, 2> vectors{};
        std::size_t count = 0;
        for (const auto part : parts) {
            if (part.empty() || count == vectors.size()) continue;
            vectors[count++] = {const_cast<char*>(part.data()), part.size()};
        }
        msghdr message{};
        message.msg_iov = vectors.data();
        message.msg_iovlen = count;
        for (;;) {
            const auto put = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
            if (put >= 0) return {IoState::done, static_cast<std::size_t>(put)};
            if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoState::want_write, 0};
            if (errno != EINTR) return {IoState::failed, 0};
        }
    }

    bool holds_input() const override { return !drained_; }
    void say_goodbye() override {}

private:
    int descriptor_;
    bool drained_{true};  // the last read left nothing behind
};

}  // namespace

std::unique_ptr<ByteStream> make_plain_stream(int descriptor)
{
    return std::make_unique<PlainStream>(descriptor);
}

}  // namespace tailops::http
