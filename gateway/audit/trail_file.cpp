#include "gateway/audit/trail_file.hpp"

#include "gateway/core/try.hpp"

#include <fcntl.h>

#include <cerrno>

namespace tailops::audit {
namespace {

std::unexpected<Error> tampered(std::string detail)
{
    return fail(Error{Errc::unavailable, "the audit trail cannot be written"}.with_detail(
        std::move(detail)));
}

}  // namespace

TrailFile::TrailFile(const Directory& directory,
                     const SyncFunction& sync,
                     FileDescriptor file,
                     std::uint64_t first_seq)
    : directory_{&directory},
      sync_{&sync},
      file_{std::move(file)},
      identity_{identify(file_)},
      first_seq_{first_seq}
{
}

Result<TrailFile> TrailFile::resume(const Directory& directory,
                                    const SyncFunction& sync,
                                    std::uint64_t bytes,
                                    std::uint64_t first_seq)
{
    TAILOPS_TRY(auto file, directory.open_file(current_file, O_WRONLY | O_APPEND));
    TrailFile resumed{directory, sync, std::move(file), first_seq};
    resumed.bytes_ = bytes;
    if (auto sound = resumed.check(); !sound) return fail(sound.error());
    return resumed;
}

Result<TrailFile> TrailFile::begin(const Directory& directory,
                                   const SyncFunction& sync,
                                   const Beginning& beginning,
                                   ChainPosition& position,
                                   KeyedMac& mac)
{
    auto next = position;
    std::string lines;
    seal(lines, encode_file_body(mac.key_id(), beginning.time), next, mac);
    for (const auto& body : beginning.open_bodies) seal(lines, as_open_body(body), next, mac);

    TAILOPS_TRY(auto file,
                directory.open_file(current_file, O_WRONLY | O_APPEND | O_CREAT | O_EXCL));
    TrailFile begun{directory, sync, std::move(file), position.next_seq};
    auto written = begun.append(lines);
    if (written) written = begun.sync();
    if (written) written = directory.sync();
    if (!written) {
        // An empty or unlinked leftover does no harm: recovery passes over it.
        begun.take_back(0);
        static_cast<void>(directory.remove(current_file));
        return fail(written.error());
    }
    position = std::move(next);
    return begun;
}

Status TrailFile::check()
{
    const auto now = directory_->identify(current_file);
    if (!now) return tampered("audit.jsonl was removed while the gateway wrote it; put it back");
    if (now->device != identity_.device || now->inode != identity_.inode) {
        return tampered(
            "audit.jsonl was replaced while the gateway wrote it; put the old one back");
    }
    if (now->bytes == bytes_) return {};
    if (!has_leftover_ || now->bytes < bytes_) {
        return tampered("audit.jsonl was changed by another program");
    }
    if (::ftruncate(file_.get(), static_cast<off_t>(bytes_)) != 0) {
        return fail(unwritable("ftruncate audit.jsonl", errno));
    }
    has_leftover_ = false;
    return {};
}

Status TrailFile::append(std::string_view lines)
{
    if (auto sound = check(); !sound) return sound;
    const auto before = bytes_;
    while (!lines.empty()) {
        const auto count = ::write(file_.get(), lines.data(), lines.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            auto error = unwritable("write to audit.jsonl", count < 0 ? errno : EIO);
            take_back(before);
            return fail(std::move(error));
        }
        bytes_ += static_cast<std::uint64_t>(count);
        lines.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Status TrailFile::sync()
{
    while ((*sync_)(file_.get()) != 0) {
        if (errno == EINTR) continue;
        return fail(unwritable("fdatasync of audit.jsonl", errno));
    }
    return {};
}

void TrailFile::take_back(std::uint64_t bytes)
{
    bytes_ = bytes;
    has_leftover_ = ::ftruncate(file_.get(), static_cast<off_t>(bytes)) != 0;
}

}  // namespace tailops::audit
