#include "gateway/store/held_files.hpp"

#include <algorithm>

namespace tailops::store {

HeldFiles::HeldFiles(const std::string& path)
{
    if (path == ":memory:") return;
    for (const auto* suffix : {"", "-wal", "-shm"}) {
        auto name = path + suffix;
        // -wal and -shm stay for as long as one connection is open, and are made before the first.
        if (const auto identity = identity_of(name)) held_.push_back({std::move(name), *identity});
    }
}

Status HeldFiles::check() const
{
    const auto is_replaced = [](const Held& held) {
        return identity_of(held.path) != held.identity;
    };
    const auto replaced = std::ranges::find_if(held_, is_replaced);
    if (replaced != held_.end()) were_replaced_ = true;
    if (!were_replaced_) return {};
    const auto name = replaced != held_.end() ? replaced->path : held_.front().path;
    const auto* how = were_overwritten_ ? " does not hold what the gateway wrote: another database "
                                          "was copied or restored over it"
                                        : " is not the file that the gateway opened: it was moved, "
                                          "removed or replaced";
    return fail(Error{Errc::unavailable, "the gateway's database was replaced while it was open"}
                    .with_detail(name + how +
                                 "; see to it that the right database is there with its -wal and "
                                 "-shm, or without both, and restart the gateway"));
}

void HeldFiles::note_overwritten() noexcept
{
    were_overwritten_ = true;
    were_replaced_ = true;
}

std::optional<FileIdentity> HeldFiles::database() const
{
    if (held_.empty()) return std::nullopt;
    return held_.front().identity;
}

}  // namespace tailops::store
