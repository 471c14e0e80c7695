#pragma once

#include "gateway/core/error.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace tailops {

/// A bound on how much each of many may have under way at once, so that one of them cannot have all
/// there is. Safe from any thread.
class Shares {
public:
    explicit Shares(std::size_t each_max);

    struct State;

    /// One thing under way; destroying it makes room for another of the same holder.
    class Share {
    public:
        Share(std::shared_ptr<State> state, std::string holder);
        Share(Share&&) noexcept = default;
        Share& operator=(Share&&) = delete;
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;
        ~Share();

    private:
        std::shared_ptr<State> state_;
        std::string holder_;
    };

    /// Errors: busy (`holder` has its share under way).
    Result<Share> take(std::string holder);

private:
    std::shared_ptr<State> state_;
};

}  // namespace tailops
