#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/core/disk.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

/// Faults to order, for whatever works through a Disk or a Clock. tests/support/small_disk.hpp has
/// a file system that is really full, faulty_sqlite.hpp the same for the database.
namespace tailops::testing {

/// The machine's disk, with calls that fail when the test wants it: with any errno (ENOSPC, EIO,
/// EMFILE), short of what was asked, or by the end of the process. It keeps account of what has
/// reached stable storage, as fsync(2) has it: after a sync that failed, what had been written
/// before it counts as lost until it is written once more. Safe from any thread.
class FaultyDisk : public Disk {
public:
    enum class Step { open, write, truncate, sync_data, sync, rename, remove, make_folder };

    /// From now on every `step` but the first `passes` fails with `error`.
    void fail(Step step, int error, unsigned passes = 0)
    {
        const std::scoped_lock lock{mutex_};
        faults_[step] = {.error = error, .passes = passes};
    }
    /// The next write takes `bytes` of what it is given, and all that come after it fail.
    void fill_up_after(std::size_t bytes)
    {
        const std::scoped_lock lock{mutex_};
        room_ = bytes;
    }
    /// All is well again.
    void mend()
    {
        const std::scoped_lock lock{mutex_};
        faults_.clear();
        room_.reset();
    }
    /// SIGKILL in the place of the step that comes after `count` others; of a write half is done.
    void kill_after(unsigned count)
    {
        const std::scoped_lock lock{mutex_};
        kill_at_ = steps_ + count;
    }
    /// Called before each step, without a lock: to hold it, or to break something else meanwhile.
    std::function<void(Step)> before_step;

    unsigned steps() const
    {
        const std::scoped_lock lock{mutex_};
        return steps_;
    }

    /// How many bytes of the file a power failure would leave for certain.
    std::uint64_t durable_bytes(const std::string& path) const
    {
        struct stat info{};
        if (::stat(path.c_str(), &info) != 0) return 0;
        const std::scoped_lock lock{mutex_};
        const auto known = files_.find({info.st_dev, info.st_ino});
        return known == files_.end() ? 0 : known->second.durable;
    }

    int open(int folder, const char* path, int flags, mode_t mode) override
    {
        return fails(Step::open) ? -1 : Disk::open(folder, path, flags, mode);
    }
    ssize_t write(int file, std::string_view bytes, off_t offset) override
    {
        const bool dies = is_last_step();
        if (dies) bytes = bytes.substr(0, bytes.size() / 2);
        if (!dies && fails(Step::write)) return -1;
        if (const auto room = take_room(bytes.size())) {
            if (*room == 0) {
                errno = ENOSPC;
                return -1;
            }
            bytes = bytes.substr(0, *room);
        }
        const auto written = Disk::write(file, bytes, offset);
        if (dies) die();
        if (written > 0) note_written(file, offset, static_cast<std::uint64_t>(written));
        return written;
    }
    int truncate(int file, off_t bytes) override
    {
        if (fails(Step::truncate)) return -1;
        note_cut(file, static_cast<std::uint64_t>(bytes));
        return Disk::truncate(file, bytes);
    }
    int sync_data(int file) override
    {
        return note_synced(file, fails(Step::sync_data) ? -1 : Disk::sync_data(file));
    }
    int sync(int file) override
    {
        return note_synced(file, fails(Step::sync) ? -1 : Disk::sync(file));
    }
    int rename(int folder, const char* from, const char* to) override
    {
        return fails(Step::rename) ? -1 : Disk::rename(folder, from, to);
    }
    int remove(int folder, const char* name) override
    {
        return fails(Step::remove) ? -1 : Disk::remove(folder, name);
    }
    int make_folder(const char* path, mode_t mode) override
    {
        return fails(Step::make_folder) ? -1 : Disk::make_folder(path, mode);
    }

private:
    struct Fault {
        int error{0};
        unsigned passes{0};
    };
    struct File {
        std::uint64_t durable{0};
        std::uint64_t lost_from{0};  // [lost_from, lost_to): clean for the kernel, not on the disk
        std::uint64_t lost_to{0};
    };
    using Identity = std::pair<dev_t, ino_t>;

    [[noreturn]] static void die()
    {
        ::kill(::getpid(), SIGKILL);
        ::pause();
        std::abort();
    }
    bool is_last_step()
    {
        const std::scoped_lock lock{mutex_};
        return kill_at_ && steps_ == *kill_at_;
    }
    bool fails(Step step)
    {
        if (before_step) before_step(step);
        if (is_last_step()) die();
        const std::scoped_lock lock{mutex_};
        ++steps_;
        const auto fault = faults_.find(step);
        if (fault == faults_.end()) return false;
        if (fault->second.passes > 0) {
            --fault->second.passes;
            return false;
        }
        errno = fault->second.error;
        return true;
    }
    std::optional<std::size_t> take_room(std::size_t bytes)
    {
        const std::scoped_lock lock{mutex_};
        if (!room_) return std::nullopt;
        const auto taken = std::min(*room_, bytes);
        *room_ -= taken;
        return taken;
    }

    /// Its lock must be held.
    File& account(int file, std::uint64_t& bytes)
    {
        struct stat info{};
        ::fstat(file, &info);
        bytes = static_cast<std::uint64_t>(info.st_size);
        return files_[{info.st_dev, info.st_ino}];
    }
    void note_written(int file, off_t offset, std::uint64_t count)
    {
        const std::scoped_lock lock{mutex_};
        std::uint64_t bytes = 0;
        auto& known = account(file, bytes);
        const auto from = static_cast<std::uint64_t>(offset);
        known.durable = std::min(known.durable, from);
        if (from <= known.lost_from && from + count > known.lost_from) {
            known.lost_from = std::min(from + count, known.lost_to);
        }
    }
    void note_cut(int file, std::uint64_t to)
    {
        const std::scoped_lock lock{mutex_};
        std::uint64_t bytes = 0;
        auto& known = account(file, bytes);
        known.durable = std::min(known.durable, to);
        known.lost_from = std::min(known.lost_from, to);
        known.lost_to = std::min(known.lost_to, to);
    }
    int note_synced(int file, int answer)
    {
        const auto error = errno;
        const std::scoped_lock lock{mutex_};
        std::uint64_t bytes = 0;
        auto& known = account(file, bytes);
        const bool has_lost = known.lost_from < known.lost_to;
        if (answer == 0) {
            known.durable = has_lost ? known.lost_from : bytes;
        } else {
            known.lost_from = has_lost ? std::min(known.lost_from, known.durable) : known.durable;
            known.lost_to = bytes;
        }
        errno = error;
        return answer;
    }

    mutable std::mutex mutex_;
    std::map<Step, Fault> faults_;
    std::map<Identity, File> files_;
    std::optional<std::size_t> room_;
    unsigned steps_{0};
    std::optional<unsigned> kill_at_;
};

/// Runs `work` in a process of its own and returns whether SIGKILL ended it
/// (FaultyDisk::kill_after); false: it came to its end. Other ends are not expected and answer
/// nothing.
inline std::optional<bool> is_killed(const std::function<void()>& work)
{
    const auto child = ::fork();
    if (child == 0) {
        work();
        ::_exit(0);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return std::nullopt;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return false;
    return std::nullopt;
}

/// A clock that stands until the test moves it, also backwards.
class JumpyClock final : public Clock {
public:
    explicit JumpyClock(TimePoint start = std::chrono::system_clock::now()) : now_{start} {}
    TimePoint now() const override
    {
        const std::scoped_lock lock{mutex_};
        return now_;
    }
    void jump(std::chrono::seconds by)
    {
        const std::scoped_lock lock{mutex_};
        now_ += by;
    }

private:
    mutable std::mutex mutex_;
    TimePoint now_;
};

}  // namespace tailops::testing
