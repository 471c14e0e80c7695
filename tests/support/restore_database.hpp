#pragma once

#include <gtest/gtest.h>

#include <sqlite3.h>

#include <string>

namespace tailops::testing {

/// What `sqlite3 FILE ".restore OTHER"` does, and others that write over a file.
inline void restore_database(const std::string& from, const std::string& to)
{
    sqlite3* source = nullptr;
    sqlite3* target = nullptr;
    ASSERT_EQ(sqlite3_open(from.c_str(), &source), SQLITE_OK);
    ASSERT_EQ(sqlite3_open(to.c_str(), &target), SQLITE_OK);
    auto* copy = sqlite3_backup_init(target, "main", source, "main");
    ASSERT_TRUE(copy);
    EXPECT_EQ(sqlite3_backup_step(copy, -1), SQLITE_DONE);
    sqlite3_backup_finish(copy);
    sqlite3_close(source);
    sqlite3_close(target);
}

}  // namespace tailops::testing
