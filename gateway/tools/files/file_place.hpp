#pragma once

#include "gateway/core/error.hpp"
#include "gateway/tools/files/file_results.hpp"
#include "gateway/tools/sections.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Where the scripts of file_operations say that they are, and who may know of it.
namespace tailops::tools::files {

/// Where a script says that it is.
struct Opened {
    std::string place;
    std::vector<std::string_view> identities;  // of it and of the folders above it
};

/// Errors: internal, when a script does not say.
Result<Opened> opened_in(const Sections& sections);

/// Whether the caller may have what stands there. Errors: denied, approval_required.
Status check_opened(const Question& question, const Opened& opened, PlaceJudge& judge);

/// Where the script says that it is, if the caller may have what stands there. Errors: of both.
Result<Opened> judged_place(const Question& question, const Sections& sections, PlaceJudge& judge);

/// What a refusal tells (there is such a file, it is a link) is told of a place, too.
Status check_refused(const Question& question, const Sections& sections, PlaceJudge& judge);

/// Which of the names that were found below what was opened may be told.
class Names {
public:
    Names(const Question& question, const Opened& opened, PlaceJudge& judge)
        : question_{question},
          prefix_{opened.place == "/" ? opened.place : opened.place + '/'},
          judge_{judge}
    {
    }

    /// `name` is relative to what was opened, and may have folders of its own. Refers to it until
    /// the next call.
    bool may_tell(std::string_view name) const;

private:
    const Question& question_;
    const std::string prefix_;
    PlaceJudge& judge_;
    mutable std::optional<std::string_view> folder_;
    mutable bool is_closed_{false};
};

}  // namespace tailops::tools::files
