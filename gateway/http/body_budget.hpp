#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace tailops::http {

/// Bounds how many bytes of request bodies are held at once, in all and per address: what one
/// request may send, times what one address may connect, is more memory than a machine has. Safe
/// from any thread.
class BodyBudget : public std::enable_shared_from_this<BodyBudget> {
public:
    BodyBudget(std::size_t bytes_max, std::size_t bytes_max_per_peer);

    /// What one request holds; given back on destruction.
    class Hold {
    public:
        Hold(std::shared_ptr<BodyBudget> budget, std::string peer);
        Hold(Hold&& other) noexcept;
        Hold& operator=(Hold&&) = delete;
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;
        ~Hold();
        /// Whether there is room for `bytes` in all. Only grows.
        bool grow_to(std::size_t bytes);

    private:
        std::shared_ptr<BodyBudget> budget_;
        std::string peer_;
        std::size_t bytes_{0};
    };

    Hold hold(std::string peer);

private:
    bool take(const std::string& peer, std::size_t bytes);
    void give_back(const std::string& peer, std::size_t bytes);

    const std::size_t bytes_max_;
    const std::size_t bytes_max_per_peer_;
    std::mutex mutex_;
    std::size_t bytes_{0};
    std::map<std::string, std::size_t> per_peer_;
};

}  // namespace tailops::http
