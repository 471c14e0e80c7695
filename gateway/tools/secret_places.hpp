#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Places that hold secrets on machines of any kind. What a target allows does not open them: an
/// `allowed_paths` of /etc is meant to show configuration, and nobody who writes it thinks of
/// /etc/shadow.
namespace tailops::tools {

/// What a secret place holds, in words ("password hashes"), when `path` is or lies in one that none
/// of `roots` names. A root names a place when it is that place or lies inside it, so that /etc
/// does not open /etc/shadow, and /etc/shadow does. `path` is where the target's kernel says that
/// the opened thing is; both are canonical.
std::optional<std::string_view> closed_place(std::string_view path,
                                             const std::vector<std::string>& roots);

/// Whether `path` lies inside a folder of secrets that none of `roots` names: its very name is
/// withheld. The folder itself and a secret file in an open folder may be seen.
bool is_closed_name(std::string_view path, const std::vector<std::string>& roots);

/// The gateway's own state and credentials on the machine that it runs on: no setting opens them.
/// Safe from any thread.
class OwnPlaces {
public:
    OwnPlaces() = default;
    OwnPlaces(const OwnPlaces&) = delete;
    OwnPlaces& operator=(const OwnPlaces&) = delete;
    virtual ~OwnPlaces() = default;

    /// Whether a place is one of them or lies in one. `identities` ("device:inode", as
    /// `stat -c %d:%i` says) are its own and those of the folders above it, so that a folder
    /// mounted a second time is known too.
    virtual bool hold(std::string_view path,
                      const std::vector<std::string_view>& identities) const = 0;
};

/// Where such places are at one moment.
struct PlaceSet {
    std::vector<std::string> paths;    // files and folders, links resolved
    std::set<std::string> identities;  // of the same

    bool hold(std::string_view path, const std::vector<std::string_view>& place_identities) const;
};

}  // namespace tailops::tools
