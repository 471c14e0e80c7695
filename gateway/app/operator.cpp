#include "gateway/app/operator.hpp"

#include "gateway/core/text.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <fstream>

namespace tailops::app {
namespace {

// What the kernel shows for a process that no login led to.
constexpr std::int64_t no_login = 4'294'967'295;

std::string with_number(uid_t user)
{
    return "uid " + std::to_string(user);
}

/// The login session's user (loginuid, proc(5)), which only root can change once it is set.
std::optional<uid_t> login_user()
{
    std::ifstream file{"/proc/self/loginuid"};
    std::string text;
    if (!std::getline(file, text)) return std::nullopt;
    const auto number = parse_int(trim(text), 0, no_login);
    if (!number || *number == no_login) return std::nullopt;
    return static_cast<uid_t>(*number);
}

}  // namespace

std::string user_name(uid_t user)
{
    std::array<char, 4096> room{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(user, &entry, room.data(), room.size(), &found) != 0 || !found) {
        return with_number(user);
    }
    return found->pw_name;
}

auth::Identity local_identity(std::optional<std::set<std::string>> scopes)
{
    auth::Identity identity;
    identity.name = user_name(::getuid());
    identity.subject = SubjectId{identity.name};
    identity.issuer = "local";
    identity.scopes = std::move(scopes);
    identity.expires = auth::never;
    identity.method = auth::Method::local_user;
    return identity;
}

auth::TokenActor this_operator(std::string program)
{
    const auto user = ::getuid();
    auth::TokenActor actor{
        .user = user_name(user), .detail = with_number(user), .program = std::move(program)};
    if (const auto login = login_user(); login && *login != user) {
        actor.detail += ", logged in as " + user_name(*login) + " (" + with_number(*login) + ')';
    }
    return actor;
}

}  // namespace tailops::app
