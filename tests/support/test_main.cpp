// The main() of every unit test program: GoogleTest, with a bound on each test.
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <string>

namespace {

// Several times what the slowest test takes under a sanitizer on a busy machine. A test that waits
// for something that never comes ends here, and by name, instead of holding up the run.
constexpr unsigned test_limit_seconds = 180;

std::string overdue;  // written before the alarm is set, read by its handler

extern "C" void tell_overdue(int)
{
    // Only async-signal-safe calls from here on.
    const auto written = ::write(STDERR_FILENO, overdue.data(), overdue.size());
    ::_exit(written < 0 ? 125 : 124);
}

class TimeLimit final : public ::testing::EmptyTestEventListener {
    void OnTestStart(const ::testing::TestInfo& test) override
    {
        overdue = std::string{"[  OVERDUE ] "} + test.test_suite_name() + "." + test.name() +
                  " did not end within " + std::to_string(test_limit_seconds) + " s\n";
        ::alarm(test_limit_seconds);
    }
    void OnTestEnd(const ::testing::TestInfo&) override { ::alarm(0); }
};

}  // namespace

int main(int argc, char** argv)
{
    ::testing::InitGoogleTest(&argc, argv);
    std::signal(SIGALRM, tell_overdue);
    ::testing::UnitTest::GetInstance()->listeners().Append(new TimeLimit);  // GoogleTest deletes it
    return RUN_ALL_TESTS();
}
