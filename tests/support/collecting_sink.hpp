#pragma once

#include "targets/output.hpp"

#include <array>
#include <memory>
#include <string>

namespace tailops::testing {

/// Keeps what an executor hands over, up to `limit` bytes of each stream.
class CollectingSink final : public targets::OutputSink {
public:
    explicit CollectingSink(std::size_t limit = SIZE_MAX) : limit_{limit} {}

    Wants write(targets::OutputStream stream, std::string_view bytes) override
    {
        auto& kept = stream == targets::OutputStream::output ? output : diagnostics;
        kept += bytes.substr(0, limit_ - kept.size());
        return kept.size() < limit_ ? Wants::more : Wants::nothing;
    }

    std::string output;
    std::string diagnostics;

private:
    std::size_t limit_;
};

/// `bytes` bytes of lines that tell where they stand: "0\n1\n2\n...", cut off at the end.
inline std::string numbered_lines(std::size_t bytes)
{
    std::string text;
    text.reserve(bytes + 32);
    for (std::size_t i = 1; text.size() < bytes; ++i) {
        text += std::to_string(i);
        text += '\n';
    }
    text.resize(bytes);
    return text;
}

}  // namespace tailops::testing
