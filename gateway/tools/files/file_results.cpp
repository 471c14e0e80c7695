#include "gateway/tools/files/file_results.hpp"

#include "gateway/core/safe_text.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/tools/files/directory_entries.hpp"
#include "gateway/tools/files/file_place.hpp"
#include "gateway/tools/sections.hpp"
#include "gateway/tools/shown_output.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace tailops::tools::files {

using tools::words;  // besides those of Action

namespace {

using targets::ExecutionResult;

/// What the scripts say when they refuse, in words.
std::string refusal_in_words(std::string_view why, const std::string& path)
{
    const auto it = quote(path);
    if (why == "missing")
        return "there is no " + it + ", or the target's account may not look there";
    if (why == "outside") return it + " leads outside the allowed directories";
    if (why == "link") {
        return it +
               " is a symbolic link that does not lead to something readable inside the allowed "
               "directories";
    }
    if (why == "denied") return "the target's account may not read " + it;
    if (why == "directory") return it + " is a directory; use the action list";
    if (why == "not_a_directory") return it + " is not a directory; use the action read or info";
    if (why == "moved") return it + " was replaced while it was opened; try again";
    if (why == "special") return it + " is a pipe, a socket or a device; only files can be read";
    return "the target cannot tell where " + it + " really is; it needs /proc and readlink";
}

FileAnswer refused(const Question& question, std::string_view said)
{
    const auto why = said.substr(0, said.find('\n'));
    FileAnswer out{.success = false,
                   .error = refusal_in_words(why, question.path),
                   .action = question.action,
                   .path = question.path};
    if (question.action == Action::info && why == "missing") out.exists = false;
    if (why == "outside" || why == "link") out.allowed_paths = question.roots;
    return out;
}

/// The beginning of an answer. `answer` carries the place, also where it differs from the path.
FileAnswer answer_to(const Question& question, const Opened& opened)
{
    FileAnswer out{.success = true, .action = question.action, .path = question.path};
    if (opened.place != question.path) out.opened = escaped_line(opened.place, 4096);
    return out;
}

/// Names between NUL bytes; what follows the last NUL was cut off.
std::vector<std::string_view> names_in(std::string_view text)
{
    std::vector<std::string_view> out;
    for (auto end = text.find('\0'); end != text.npos; end = text.find('\0')) {
        auto name = text.substr(0, end);
        if (name.starts_with("./")) name.remove_prefix(2);
        out.push_back(name);
        text.remove_prefix(end + 1);
    }
    return out;
}

/// A name as it is shown: what could pass for something else is escaped.
std::string shown(std::string_view name)
{
    return escaped_line(name, 4096);
}

std::optional<std::int64_t> number_of(const Sections& sections, std::string_view name)
{
    for (const auto line : sections.lines("facts")) {
        const auto fields = words(line);
        if (fields.size() != 2 || fields[0] != name) continue;
        if (const auto value = parse_int(fields[1], 0)) return *value;
    }
    return std::nullopt;
}

std::optional<std::uint32_t> mode_of(std::string_view text)
{
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// man 7 inode: the type bits of a mode.
std::string_view type_of(std::uint32_t mode)
{
    switch (mode & 0170000U) {
    case 0100000U: return "file";
    case 0040000U: return "directory";
    case 0120000U: return "symlink";
    case 0020000U: return "character-device";
    case 0060000U: return "block-device";
    case 0010000U: return "pipe";
    case 0140000U: return "socket";
    default: return "unknown";
    }
}

std::string permissions_of(std::uint32_t mode)
{
    const auto bits = mode & 07777U;
    std::string out{"0"};
    for (int shift = bits > 0777U ? 9 : 6; shift >= 0; shift -= 3) {
        out += static_cast<char>('0' + ((bits >> shift) & 7U));
    }
    return out;
}

std::string time_text(std::int64_t seconds)
{
    return rfc3339(TimePoint{std::chrono::seconds{seconds}});
}

kit::Json file_entry(std::string_view name, const std::vector<std::string_view>& facts)
{
    nlohmann::json out{{"name", shown(name)}};
    if (const auto size = parse_int(facts[1], 0)) out["size"] = *size;
    if (const auto at = parse_int(facts[2])) out["modified"] = time_text(*at);
    return std::make_shared<const nlohmann::json>(std::move(out));
}

Result<FileAnswer> present_list(const Question& question,
                                const ExecutionResult& result,
                                PlaceJudge& judge)
{
    const auto sections = Sections::read(result.output, "entries");
    TAILOPS_TRY([[maybe_unused]] const auto checked, sections.required("facts"));
    TAILOPS_TRY(const auto opened, judged_place(question, sections, judge));
    const auto total = number_of(sections, "total").value_or(0);
    const auto entries = entries_in(sections.whole("entries"));
    std::vector<kit::Json> files;
    std::vector<std::string> directories;
    std::vector<OtherEntry> others;
    const Names names{question, opened, judge};
    std::int64_t withheld = 0;
    for (const auto& [name, facts] : entries) {
        if (!names.may_tell(name)) {
            ++withheld;
            continue;
        }
        const auto mode = facts.size() == 3 ? mode_of(facts[0]) : std::nullopt;
        const auto type = mode ? type_of(*mode) : std::string_view{"unknown"};
        if (type == "directory") {
            directories.push_back(shown(name));
            continue;
        }
        if (type == "file") {
            files.push_back(file_entry(name, facts));
        } else {
            others.push_back({.name = shown(name), .type = std::string{type}});
        }
    }
    auto out = answer_to(question, opened);
    const auto seen = question.offset + std::ssize(entries);
    out.total = total;
    out.files = std::move(files);
    out.directories = std::move(directories);
    if (!others.empty()) out.others = std::move(others);
    out.has_more = seen < total;
    if (withheld > 0) out.withheld = withheld;
    if (result.truncated) out.content.truncated = true;
    return out;
}

Result<FileAnswer> present_info(const Question& question,
                                const ExecutionResult& result,
                                PlaceJudge& judge)
{
    const auto sections = Sections::read(result.output, "link");
    TAILOPS_TRY(const auto line, sections.required("stat"));
    const auto fields = words(line);  // mode size modified changed uid gid links born
    TAILOPS_TRY(const auto opened, judged_place(question, sections, judge));
    if (fields.size() < 7) return refused(question, "missing");
    const auto mode = mode_of(fields[0]);
    const auto size = parse_int(fields[1], 0), modified = parse_int(fields[2]),
               changed = parse_int(fields[3]), uid = parse_int(fields[4], 0),
               gid = parse_int(fields[5], 0), links = parse_int(fields[6], 0);
    if (!mode || !size || !modified || !changed || !uid || !gid || !links) {
        return fail(Errc::internal, "the target's stat did not answer as expected: " + quote(line));
    }
    auto out = answer_to(question, opened);
    out.exists = true;
    out.type = type_of(*mode);
    out.size = *size;
    out.modified = time_text(*modified);
    out.changed = time_text(*changed);
    // Not every file system knows it, and busybox cannot ask.
    const auto born = fields.size() > 7 ? parse_int(fields[7], 1) : Result<std::int64_t>{0};
    if (born && *born > 0) out.created = time_text(*born);
    out.permissions = permissions_of(*mode);
    out.owner_uid = *uid;
    out.group_gid = *gid;
    out.links = *links;
    if (const auto owner = sections.text("owner"); !owner.empty()) out.owner = shown(owner);
    if (const auto group = sections.text("group"); !group.empty()) out.group = shown(group);
    if (const auto link = sections.text("link"); !link.empty()) out.link_target = shown(link);
    return out;
}

/// Text for a reader, and a word when it is not what the file holds.
void add_content(FileAnswer& out, std::string_view content)
{
    const bool is_text = is_valid_utf8(content) && content.find('\0') == content.npos;
    if (is_text) {
        out.content.text = content;
        return;
    }
    auto repaired = repair_utf8(content);
    std::ranges::replace(repaired, '\0', '?');
    out.content.text = std::move(repaired);
    out.binary = true;
}

/// The content of a file as it is shown.
struct Content {
    ShownOutput shown;
    bool is_cut{false};
    bool is_within_a_line{false};  // a piece of one line and nothing else
    std::uint64_t bytes{0};        // all that was asked for
    std::uint64_t lines{0};
};

/// `content` stands at the end of the output, as far as the output limit let it.
Content shape_content(const Question& question,
                      std::string_view content,
                      const ExecutionResult& result)
{
    const auto skipped = result.output.size() - content.size();
    const std::string_view before{result.output.data(), skipped};
    Content out;
    out.is_cut = result.truncated;
    out.bytes = std::max<std::uint64_t>(result.output_bytes, result.output.size()) - skipped;
    out.lines = result.output_lines - std::min(result.output_lines, targets::count_lines(before));
    if (question.action == Action::tail && content.size() > content_bytes_max) {
        out.is_cut = true;
        content.remove_prefix(content.size() - content_bytes_max);
        // Cut within a character: three bytes are the most that can be too many.
        for (int i = 0; i < 3 && !content.empty() &&
                        (static_cast<unsigned char>(content.front()) & 0xC0) == 0x80;
             ++i) {
            content.remove_prefix(1);
        }
        out.shown.head = content;
        return out;
    }
    // The script stops at its own limit, which may be the lower one.
    out.is_cut |= question.action == Action::read && out.bytes >= read_bytes_max;
    out.shown =
        result.output_tail.empty() ? ShownOutput{content, {}} : shown_output_after(result, skipped);
    // A piece of a line is no line: who reads on by lines begins with that line again. One that is
    // too long by itself is shown as far as it goes, and not counted.
    auto& head = out.shown.head;
    if (out.is_cut && !head.empty() && !head.ends_with('\n')) {
        const auto whole_lines = head.substr(0, head.rfind('\n') + 1);
        out.is_within_a_line = whole_lines.empty();
        if (!out.is_within_a_line) head = whole_lines;
    }
    return out;
}

Result<FileAnswer> present_content(const Question& question,
                                   const ExecutionResult& result,
                                   PlaceJudge& judge)
{
    const auto sections = Sections::read(result.output, "content");
    TAILOPS_TRY([[maybe_unused]] const auto checked, sections.required("content"));
    TAILOPS_TRY(const auto opened, judged_place(question, sections, judge));
    const auto content = shape_content(question, sections.whole("content"), result);
    auto out = answer_to(question, opened);
    const auto whole_lines =
        content.is_within_a_line ? 0 : targets::count_lines(content.shown.head);
    const auto lines = static_cast<std::int64_t>(whole_lines);
    out.size = number_of(sections, "size");
    out.lines_returned = lines;
    if (question.action == Action::read) {
        out.offset = question.offset;
        out.total_lines = number_of(sections, "lines");
        out.has_more =
            out.total_lines ? question.offset + lines < *out.total_lines : lines >= question.lines;
    }
    add_content(out, content.shown.head);
    if (!content.shown.tail.empty()) out.content.tail = safe_text(content.shown.tail);
    if (content.is_cut) add_extent(out.content, content.bytes, content.lines);
    return out;
}

Result<FileAnswer> present_search(const Question& question,
                                  const ExecutionResult& result,
                                  PlaceJudge& judge)
{
    const auto sections = Sections::read(result.output, "names");
    TAILOPS_TRY([[maybe_unused]] const auto checked, sections.required("names"));
    TAILOPS_TRY(const auto opened, judged_place(question, sections, judge));
    const auto text = sections.whole("names");
    auto names = names_in(text);
    const Names judged{question, opened, judge};
    const auto withheld =
        std::erase_if(names, [&](std::string_view name) { return !judged.may_tell(name); });
    const bool is_cut = !text.empty() && text.back() != '\0';
    const bool is_long = names.size() > found_max;
    std::ranges::sort(names);
    if (is_long) names.resize(found_max);
    std::vector<kit::Json> files;
    files.reserve(names.size());
    const auto prefix = question.path == "/" ? std::string{"/"} : question.path + '/';
    for (const auto name : names) {
        files.push_back(std::make_shared<const nlohmann::json>(prefix + shown(name)));
    }
    auto out = answer_to(question, opened);
    out.pattern = question.pattern;
    out.directory = question.path;
    out.count = files.size();
    out.files = std::move(files);
    if (withheld > 0) out.withheld = withheld;
    if (is_cut || is_long || result.truncated) out.content.truncated = true;
    return out;
}

}  // namespace

Result<FileAnswer> present(const Question& question,
                           const ExecutionResult& result,
                           PlaceJudge& judge)
{
    // A script refuses before it says anything else, so nothing that a file holds can say
    // "refused".
    const auto sections = Sections::read(result.output, "refused");
    if (sections.first() == "refused") {
        TAILOPS_CHECK(check_refused(question, sections, judge));
        return refused(question, sections.text("refused"));
    }
    if (question.action == Action::list) return present_list(question, result, judge);
    if (question.action == Action::info) return present_info(question, result, judge);
    if (question.action == Action::search) return present_search(question, result, judge);
    return present_content(question, result, judge);
}

}  // namespace tailops::tools::files
