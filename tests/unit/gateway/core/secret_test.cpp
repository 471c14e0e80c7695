#include "gateway/core/secret.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace tailops {
namespace {

/// Where a Secret lives, with all of its bytes in sight.
class Room {
public:
    explicit Room(std::string text) : secret_{::new(bytes_) Secret{std::move(text)}} {}
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    ~Room() { std::destroy_at(secret_); }

    Secret& secret() { return *secret_; }
    bool holds(std::string_view text) const
    {
        const std::string_view all{reinterpret_cast<const char*>(bytes_), sizeof bytes_};
        return all.find(text) != all.npos;
    }

private:
    alignas(Secret) unsigned char bytes_[sizeof(Secret)];
    Secret* secret_;
};

TEST(Secret, LeavesNothingWhereItWasMovedFrom)
{
    Room from{"hunter2"};  // short: its bytes are in the object itself
    ASSERT_TRUE(from.holds("unter2"));
    const Secret taken{std::move(from.secret())};
    EXPECT_EQ(taken.reveal(), "hunter2");
    EXPECT_TRUE(from.secret().empty());
    EXPECT_FALSE(from.holds("unter2"));

    Room other{"hunter3"};
    Secret assigned{"long enough to be outside of the object"};
    assigned = std::move(other.secret());
    EXPECT_EQ(assigned.reveal(), "hunter3");
    EXPECT_TRUE(other.secret().empty());
    EXPECT_FALSE(other.holds("unter3"));
}

TEST(Secret, MovesALongTextWithoutACopy)
{
    Secret from{std::string(100, 'k')};
    const auto* const bytes = from.reveal().data();
    const Secret taken{std::move(from)};
    EXPECT_EQ(taken.reveal().data(), bytes);
    EXPECT_EQ(taken.reveal(), std::string(100, 'k'));
}

TEST(Secret, KeepsItsTextWhenItIsAssignedToItself)
{
    Secret secret{"hunter2"};
    auto& same = secret;
    secret = std::move(same);
    EXPECT_EQ(secret.reveal(), "hunter2");
}

}  // namespace
}  // namespace tailops
