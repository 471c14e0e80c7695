#pragma once

#include "auth/token_store.hpp"
#include "gateway/core/digest.hpp"
#include "gateway/store/sqlite_store.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace tailops::store {

/// A folder of one test, gone at its end.
class Folder {
public:
    Folder()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "tailops-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string file(const char* name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

inline TimePoint at(std::int64_t seconds)
{
    return TimePoint{std::chrono::seconds{seconds}};
}

inline std::shared_ptr<SqliteStore> open(const std::string& path)
{
    auto store = SqliteStore::open({.path = path});
    if (!store) throw std::runtime_error{store.error().describe()};
    return *store;
}

/// Takes a database back to its first schema, as an early gateway left it.
inline constexpr const char* back_to_first_schema =
    "DROP TABLE tasks; DROP TABLE token_events; DROP TABLE call_keys;"
    "DROP TABLE state; DROP TABLE changes;"
    "DELETE FROM schema_version WHERE version > 1";

inline const auth::TokenActor operator_here{.user = "ops", .detail = "uid 7", .program = "a test"};

inline auth::StoredToken token(const std::string& id, std::int64_t created)
{
    auth::StoredToken made;
    made.id = id;
    made.subject = "alice";
    made.scopes = {"container:read", "system:read"};
    made.digest = sha256(id);
    made.created = at(created);
    made.expires = at(created + 3600);
    return made;
}

}  // namespace tailops::store
