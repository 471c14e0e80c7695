#include "gateway/tools/files/file_place.hpp"

#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"

namespace tailops::tools::files {

using tools::words;  // besides those of Action
namespace {

std::unexpected<Error> closed(const std::string& path, std::string_view holds)
{
    return fail(Errc::denied, quote(path) + " holds " + std::string{holds} +
                                  "; a target opens such a place only by naming it in "
                                  "constraints.allowed_paths");
}

bool only_tells_of(const Question& question)
{
    return question.action == Action::info;
}

/// What no policy decides: places of secrets, and the gateway's own.
Status check_place(const Question& question, const Opened& opened)
{
    if (question.own && question.own->hold(opened.place, opened.identities)) {
        return fail(Errc::denied,
                    quote(question.path) + " belongs to the gateway itself; nothing opens it");
    }
    // Of a file in an open folder it may be told that it is there, and whose it is.
    if (only_tells_of(question) && !is_closed_name(opened.place, question.roots)) return {};
    if (const auto holds = closed_place(opened.place, question.roots)) {
        return closed(question.path, *holds);
    }
    return {};
}

/// A path in which something was taken for a secret is not the one that was opened.
bool is_altered(std::string_view place)
{
    return place.find("[redacted") != place.npos || place.find("****") != place.npos;
}

}  // namespace

Result<Opened> opened_in(const Sections& sections)
{
    Opened out;
    TAILOPS_TRY(const auto place, sections.required("opened"));
    out.place = place;
    // What follows tells that the place is there whole: the beginning of a path is another path.
    TAILOPS_TRY([[maybe_unused]] const auto checked, sections.required("identities"));
    for (const auto line : sections.lines("identities")) {
        const auto fields = words(line);  // size, device:inode
        if (fields.size() == 2) out.identities.push_back(fields[1]);
    }
    return out;
}

Status check_opened(const Question& question, const Opened& opened, PlaceJudge& judge)
{
    if (!opened.place.starts_with('/') || is_altered(opened.place)) {
        return fail(Errc::denied, "the target did not say where " + quote(question.path) +
                                      " really is; nothing of it is shown");
    }
    TAILOPS_CHECK(check_place(question, opened));
    return judge.may_open(opened.place);
}

Result<Opened> judged_place(const Question& question, const Sections& sections, PlaceJudge& judge)
{
    TAILOPS_TRY(auto opened, opened_in(sections));
    TAILOPS_CHECK(check_opened(question, opened, judge));
    return opened;
}

Status check_refused(const Question& question, const Sections& sections, PlaceJudge& judge)
{
    const auto lines = sections.lines("refused");
    if (lines.size() < 2 || lines[1].empty()) return {};
    return check_opened(question, Opened{std::string{lines[1]}, {}}, judge);
}

Status check_text(const Question& question)
{
    return check_place(question, Opened{question.path, {}});
}

Status check_opened(const Question& question, std::string_view output, PlaceJudge& judge)
{
    const auto sections = Sections::read(output, "content");
    if (sections.first() == "refused") return check_refused(question, sections, judge);
    TAILOPS_TRY(const auto opened, opened_in(sections));
    return check_opened(question, opened, judge);
}

bool Names::may_tell(std::string_view name) const
{
    const auto place = prefix_ + std::string{name};
    if (question_.own && question_.own->hold(place, {})) return false;
    // Names come folder by folder, and what is closed is a folder.
    const auto slash = name.rfind('/');
    const auto folder = slash == name.npos ? std::string_view{} : name.substr(0, slash);
    if (!folder_ || *folder_ != folder) {
        folder_ = folder;
        is_closed_ = is_closed_name(place, question_.roots);
    }
    return !is_closed_ && judge_.may_name(place);
}

}  // namespace tailops::tools::files
