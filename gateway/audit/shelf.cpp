#include "gateway/audit/shelf.hpp"

#include "gateway/audit/lines.hpp"
#include "gateway/core/try.hpp"

#include <fcntl.h>

namespace tailops::audit {
namespace {

std::unexpected<Error> not_ours(const std::string& name, std::string why)
{
    return fail(
        Error{Errc::unavailable, "a file of the audit trail is not what its name says"}.with_detail(
            name + ": " + std::move(why)));
}

}  // namespace

Result<ShelvedFile> read_shelved(const Directory& directory, const std::string& name, KeyedMac& mac)
{
    TAILOPS_TRY(const auto file, directory.open_file(name, O_RDONLY));
    const auto bytes = identify(file).bytes;
    ShelvedFile shelved{.name = name};

    LineReader front{file, bytes};
    TAILOPS_TRY(const auto first, front.next());
    if (!first || first->shape != Line::Shape::whole) return not_ours(name, "it has no first line");
    const auto header = parse_frame(first->text);
    const auto said = decode_line(first->text);
    if (!header || !said || said->kind != LineKind::file) {
        return not_ours(name, "it does not begin as a file of the trail does");
    }
    if (said->key_id != mac.key_id()) return not_ours(name, "it is sealed with another key");
    if (!mac.matches(*header)) return not_ours(name, "its first record was changed");
    if (rotated_name(header->seq) != name) {
        return not_ours(name, "it begins with record " + std::to_string(header->seq));
    }
    shelved.first_seq = header->seq;
    shelved.first_prev = header->prev;

    TAILOPS_TRY(const auto end, read_at(file, bytes - 1, 1));
    ReverseLineReader back{file, bytes};
    TAILOPS_TRY(const auto last, back.next());
    if (end != "\n" || !last || last->shape != Line::Shape::whole) {
        return not_ours(name, "it does not end with a whole line");
    }
    const auto frame = parse_frame(last->text);
    if (!frame) return not_ours(name, "its last line is no record");
    if (!mac.matches(*frame)) return not_ours(name, "its last record was changed");
    if (frame->seq < shelved.first_seq) return not_ours(name, "it ends before it begins");
    shelved.last_seq = frame->seq;
    shelved.last_mac = frame->mac;
    return shelved;
}

Result<Shelf::Survey> Shelf::survey(const Directory& directory,
                                    KeyedMac& mac,
                                    std::uint64_t oldest_seq,
                                    std::uint64_t current_seq)
{
    Survey found;
    files_.clear();
    TAILOPS_TRY(const auto names, directory.rotated_files());
    auto due = oldest_seq;
    std::string prev;  // of the record `due`, where we know it
    const auto lose_until = [&](std::uint64_t seq, std::string why) {
        found.losses.push_back({.first_seq = due, .last_seq = seq - 1, .why = std::move(why)});
    };
    constexpr auto removed = "gone; their file was removed or damaged, and not by the gateway";
    for (const auto& name : names) {
        auto file = read_shelved(directory, name, mac);
        if (!file) {
            found.strange.push_back(file.error().describe());
            continue;
        }
        if (file->last_seq >= current_seq) {
            return fail(Error{Errc::unavailable,
                              "the audit trail does not continue; run `tailops audit verify` and, "
                              "once it is understood, move its files aside"}
                            .with_detail(name + " reaches to record " +
                                         std::to_string(file->last_seq) +
                                         ", and audit.jsonl begins before that"));
        }
        if (due > 0 && file->first_seq > due) lose_until(file->first_seq, removed);
        if (due > 0 && file->first_seq == due && !prev.empty() && file->first_prev != prev) {
            found.strange.push_back(name + ": it does not follow the file before it");
        }
        // One that retention said it would remove, and a crash kept: it goes with the next.
        if (due == 0 || file->last_seq >= due) {
            due = file->last_seq + 1;
            prev = file->last_mac;
        }
        files_.push_back(*std::move(file));
    }
    if (due > 0 && current_seq > due) lose_until(current_seq, removed);
    return found;
}

Status Shelf::check_oldest(const Directory& directory, KeyedMac& mac) const
{
    TAILOPS_TRY(const auto now, read_shelved(directory, files_.front().name, mac));
    if (now == files_.front()) return {};
    return not_ours(now.name, "it was exchanged");
}

}  // namespace tailops::audit
