#include "gateway/audit/trail_file.hpp"

#include "gateway/core/try.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace tailops::audit {
namespace {

std::unexpected<Error> tampered(std::string detail)
{
    return fail(Error{Errc::unavailable, "the audit trail cannot be written"}.with_detail(
        std::move(detail)));
}

}  // namespace

TrailFile::TrailFile(const Directory& directory, FileDescriptor file, const Extent& extent)
    : directory_{&directory},
      file_{std::move(file)},
      identity_{identify(file_)},
      extent_{extent}
{
}

Result<TrailFile> TrailFile::resume(const Directory& directory, const Extent& extent)
{
    TAILOPS_TRY(auto file, directory.open_file(current_file, O_WRONLY));
    TrailFile resumed{directory, std::move(file), extent};
    TAILOPS_CHECK(resumed.check());
    // What the run before wrote last may wait in the kernel still, where we cannot write it again.
    TAILOPS_CHECK(resumed.sync());
    return resumed;
}

Result<TrailFile> TrailFile::begin(const Directory& directory,
                                   const Beginning& beginning,
                                   ChainPosition& position,
                                   KeyedMac& mac)
{
    auto next = position;
    std::string lines;
    seal(lines, encode_file_body(mac.key_id(), beginning.oldest_seq, beginning.time), next, mac);
    for (const auto& body : beginning.open_bodies) seal(lines, as_open_body(body), next, mac);

    TAILOPS_TRY(auto file, directory.open_file(current_file, O_WRONLY | O_CREAT | O_EXCL));
    TrailFile begun{directory, std::move(file), {.first_seq = position.next_seq}};
    auto written = begun.append(lines);
    if (written) written = begun.sync();
    if (written) written = directory.sync();
    if (!written) {
        // An empty or unlinked leftover does no harm: recovery passes over it.
        static_cast<void>(directory.disk().truncate(begun.file_.get(), 0));
        static_cast<void>(directory.remove(current_file));
        return fail(written.error());
    }
    begun.extent_.begun_bytes = begun.extent_.bytes;
    position = std::move(next);
    return begun;
}

Status TrailFile::check()
{
    TAILOPS_CHECK(directory_->check_place());
    const auto now = directory_->identify(current_file);
    if (!now) return tampered("audit.jsonl was removed while the gateway wrote it; put it back");
    if (now->device != identity_.device || now->inode != identity_.inode) {
        return tampered(
            "audit.jsonl was replaced while the gateway wrote it; put the old one back");
    }
    if (now->bytes == extent_.bytes) return {};
    if (!has_leftover_ || now->bytes < extent_.bytes) {
        return tampered("audit.jsonl was changed by another program");
    }
    if (directory_->disk().truncate(file_.get(), static_cast<off_t>(extent_.bytes)) != 0) {
        return fail(unwritable("ftruncate audit.jsonl", errno));
    }
    has_leftover_ = false;
    return {};
}

Status TrailFile::append(std::string_view lines)
{
    TAILOPS_CHECK(check());
    const auto before = extent_.bytes;
    auto written = write_at(directory_->disk(), file_, lines, before, current_file);
    if (!written) {
        take_back(before);
        return written;
    }
    extent_.bytes += lines.size();
    unsynced_ += lines;
    return {};
}

Status TrailFile::sync()
{
    auto& disk = directory_->disk();
    if (is_doubtful_) {
        TAILOPS_CHECK(
            write_at(disk, file_, unsynced_, extent_.bytes - unsynced_.size(), current_file));
    }
    while (disk.sync_data(file_.get()) != 0) {
        if (errno == EINTR) continue;
        is_doubtful_ = true;
        return fail(unwritable("fdatasync of audit.jsonl", errno));
    }
    is_doubtful_ = false;
    unsynced_.clear();
    return {};
}

void TrailFile::take_back(std::uint64_t bytes)
{
    const auto cut = std::min<std::uint64_t>(extent_.bytes - bytes, unsynced_.size());
    unsynced_.resize(unsynced_.size() - static_cast<std::size_t>(cut));
    extent_.bytes = bytes;
    has_leftover_ = directory_->disk().truncate(file_.get(), static_cast<off_t>(bytes)) != 0;
}

}  // namespace tailops::audit
