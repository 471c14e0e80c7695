#pragma once

#include "gateway/audit/chain.hpp"
#include "gateway/audit/directory.hpp"
#include "gateway/audit/encoding.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace tailops::audit {

/// A file that rotation put aside, as its own first and last records tell.
struct ShelvedFile {
    std::string name;
    std::uint64_t first_seq{0};
    std::uint64_t last_seq{0};
    std::string first_prev{};  // 64 hex digits
    std::string last_mac{};    // 64 hex digits
    friend bool operator==(const ShelvedFile&, const ShelvedFile&) = default;
};

/// Reads both ends of the file `name`. Errors: not_found, unavailable (cannot be read, or is not
/// what its name says, whole and sealed with our key: the detail says which).
Result<ShelvedFile> read_shelved(const Directory& directory,
                                 const std::string& name,
                                 KeyedMac& mac);

/// The files put aside that are proven to be of this trail, oldest first, and what is missing
/// between them. Nothing else is ever deleted. Not safe from two threads.
class Shelf {
public:
    /// What a look at the directory found.
    struct Survey {
        std::vector<Loss> losses;          // records that ought to be there and are not
        std::vector<std::string> strange;  // "NAME: why", of files that are not ours
    };
    /// Looks at all that is there. `oldest_seq`: where the trail begins by its own word, 0 when it
    /// has none; `current_seq`: the first record of the file that grows.
    /// Errors: unavailable (the directory cannot be read; a file overlaps the one that grows).
    Result<Survey> survey(const Directory& directory,
                          KeyedMac& mac,
                          std::uint64_t oldest_seq,
                          std::uint64_t current_seq);

    /// Takes in what rotation has just put aside.
    void add(ShelvedFile file) { files_.push_back(std::move(file)); }

    std::size_t size() const noexcept { return files_.size(); }
    const ShelvedFile& oldest() const { return files_.front(); }
    /// Whether the oldest is still what it was when it was taken in. Errors: as read_shelved().
    Status check_oldest(const Directory& directory, KeyedMac& mac) const;
    /// Forgets the oldest: it is gone, or not ours any more.
    void drop_oldest() { files_.pop_front(); }

private:
    std::deque<ShelvedFile> files_;
};

}  // namespace tailops::audit
