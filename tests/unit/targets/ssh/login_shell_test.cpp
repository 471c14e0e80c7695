#include "targets/ssh/login_shell.hpp"

#include "tests/support/shell_server.hpp"
#include "tests/unit/targets/ssh/nasty.hpp"
#include "tests/unit/targets/ssh/rig.hpp"

namespace tailops::targets::ssh {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using ::testing::HasSubstr;
using testing::ShellAccount;
using testing::ShellSshServer;

/// Every login shell we say we work with, plain and with start-up files that change how it reads.
const std::vector<ShellAccount>& accounts()
{
    // busybox becomes ash by the name it is called by; sshd calls a shell by its file name.
    static const testing::TemporaryDirectory links;
    static const std::vector<ShellAccount> list = [] {
        std::filesystem::permissions(links.path(), std::filesystem::perms{0755});
        std::filesystem::create_symlink("/bin/busybox", links.file("ash"));
        return std::vector<ShellAccount>{
            {"t-sh", "/bin/sh"},
            {"t-dash", "/bin/dash"},
            {"t-bash", "/bin/bash"},
            {"t-zsh", "/bin/zsh"},
            {"t-ksh", "/bin/ksh"},
            {"t-ash", links.file("ash")},
            {"t-fish", "/usr/bin/fish"},
            {"t-tcsh", "/bin/tcsh"},
            {"t-csh", "/bin/csh"},
            {"t-loud-bash", "/bin/bash", ".bashrc", "echo hello; set -H; set -o history\n"},
            {"t-odd-zsh", "/bin/zsh", ".zshenv",
             "setopt rc_quotes csh_junkie_quotes csh_junkie_history extended_glob null_glob "
             "bang_hist glob_subst sh_word_split\n"},
            {"t-odd-tcsh", "/bin/tcsh", ".cshrc", "set backslash_quote\nset noglob\n"},
            {"t-odd-fish", "/usr/bin/fish", ".config/fish/config.fish", "abbr -a exec echo\n"},
        };
    }();
    return list;
}

/// A rig that logs in as one of the server's own accounts.
struct AccountRig : Rig {
    AccountRig(const SshServer& server, const std::string& account) : Rig{server}
    {
        setup.connection.username = account;
    }
};

class EveryLoginShell : public ::testing::TestWithParam<std::string> {
protected:
    static void SetUpTestSuite()
    {
        if (::geteuid() == 0) server_ = std::make_unique<ShellSshServer>(accounts());
    }
    static void TearDownTestSuite() { server_.reset(); }
    void SetUp() override
    {
        if (!server_) FAIL() << "needs root: a server with accounts of its own";
    }

    static AccountRig rig_for(const std::string& account) { return {*server_, account}; }
    static std::string canary() { return server_->home(GetParam()) + "/canary"; }

private:
    static inline std::unique_ptr<ShellSshServer> server_;
};

std::vector<std::string> account_names()
{
    std::vector<std::string> names;
    for (const auto& account : accounts()) names.push_back(account.name);
    return names;
}

INSTANTIATE_TEST_SUITE_P(Ssh,
                         EveryLoginShell,
                         ::testing::ValuesIn(account_names()),
                         [](const auto& account) {
                             auto name = account.param.substr(2);
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST_P(EveryLoginShell, HandsOverEveryArgumentUnchanged)
{
    const auto rig = rig_for(GetParam());
    for (const auto& arguments : {nasty, random_arguments()}) {
        const auto result = run_once(rig, printing(arguments));
        ASSERT_TRUE(result) << why(result);
        auto output = result->output;
        const std::string greeting{"hello\n"};
        if (GetParam() == "t-loud-bash" && output.starts_with(greeting)) {
            output.erase(0, greeting.size());
        }
        EXPECT_EQ(output, expected(arguments));
        EXPECT_EQ(result->diagnostics, "");
    }
}

TEST_P(EveryLoginShell, RunsNoPartOfAnArgument)
{
    const auto rig = rig_for(GetParam());
    const auto touch = "touch " + canary();
    std::vector<std::string> argv{"true"};
    for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
             {"a\\'(", ") #"}, {"a\\';", "; '"},  {"a;", ";echo '"},  {"a'`", "`'"},
             {"`", "`"},       {"$(", ")"},       {"(", ")"},         {"';", ";'"},
             {"\";", ";\""},   {"\n", "\n"},      {"'\n", "\n'"},     {"\\\n", "\n"},
             {"&&", "&&"},     {"|", "|"},        {"||", "||"},       {"&", "&"},
             {"<(", ")"},      {"!!\n", "\n"},    {"\\'\n", "\n\\'"}, {"\xff'`", "`\xff'"},
             {"{", ";}"},      {"\r", "\r"},      {"''';", ";'''"},   {"\\\\';", ";'"},
             {"a[$(", ")]"},   {"${x:-$(", ")}"}, {"'$(", ")'"},      {"\\0047;", ";\\0047"},
         }) {
        auto payload = before;
        payload.append(touch).append(after);
        argv.push_back(payload);
        argv.push_back("-" + payload);
    }
    // Together, and each alone: what follows could hide what came before.
    const auto together = run_once(rig, argv);
    ASSERT_TRUE(together) << why(together);
    EXPECT_EQ(together->status, 0) << together->diagnostics;
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto executor = rig.make(runtime);
        for (const auto& payload : argv) {
            const std::vector<std::string> one{"true", payload};
            const auto result = co_await run_argv(executor, one);
            EXPECT_TRUE(result && result->status == 0) << payload << why(result);
        }
    });
    EXPECT_FALSE(std::filesystem::exists(canary()));
}

TEST_P(EveryLoginShell, TellsStatusAndSignalOfTheProgramItself)
{
    const auto rig = rig_for(GetParam());
    const auto seven = run_once(rig, {"sh", "-c", "exit 7"});
    ASSERT_TRUE(seven) << why(seven);
    EXPECT_EQ(seven->status, 7);
    for (const auto& [program, status] :
         std::vector<std::pair<std::string, int>>{{"no-such-program", 127},
                                                  {"/no/such/program", 127},
                                                  {"/etc/passwd", 126},
                                                  {"eval", 127}}) {
        const auto result = run_once(rig, {program, "echo no"});
        ASSERT_TRUE(result) << why(result);
        EXPECT_EQ(result->status, status) << program << ": " << result->diagnostics;
    }
    const auto killed = run_once(rig, {"sh", "-c", "kill -9 $$"});
    ASSERT_TRUE(killed) << why(killed);
    EXPECT_EQ(killed->signal, "KILL");
}

TEST_P(EveryLoginShell, LeavesTheInputToTheProgram)
{
    const auto text = std::string(100'000, 'x') + "\n'!`\\\n";
    const auto result = run_once(rig_for(GetParam()), {"md5sum"}, in_good_time(), text);
    ASSERT_TRUE(result) << why(result);
    const testing::TemporaryDirectory directory;
    testing::run_program({"md5sum", "-z", directory.write("-", text)}, directory.file("sum"));
    const auto sum = testing::read_text(directory.file("sum")).substr(0, 32);
    EXPECT_THAT(result->output, HasSubstr(sum));
}

TEST_P(EveryLoginShell, EndsTheProgramAndItsChildrenWhenTimeIsUp)
{
    const auto mark = "37" + std::to_string(::getpid()) + "." + std::to_string(GetParam().size());
    const auto result = run_warm(rig_for(GetParam()), {"sh", "-c", "sleep " + mark + " & wait"},
                                 within(short_time));
    expect_error(result, Errc::deadline_exceeded, "it was stopped");
    EXPECT_TRUE(eventually([&] { return !testing::runs_with_argument(mark); }));
}

std::size_t count(std::string_view text, std::string_view word)
{
    std::size_t found = 0;
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++found;
    return found;
}

TEST(LoginShell, IsProvenOncePerSession)
{
    const OpenSshServer server{"LogLevel VERBOSE"};
    const Rig rig{server};
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto executor = rig.make(runtime);
        for (int i = 0; i < 5; ++i) {
            const std::vector<std::string> argv{"true"};
            const auto result = co_await run_argv(executor, argv);
            EXPECT_TRUE(result) << why(result);
        }
    });
    EXPECT_EQ(count(server.log(), "Starting session: command"), 6U);
}

TEST(LoginShell, ThatCannotBeMadeSafeIsRefusedByName)
{
    if (::geteuid() != 0) FAIL() << "needs root: a server with accounts of its own";
    const ShellSshServer server{{{"t-rbash", "/bin/rbash"},
                                 {"t-nologin", "/usr/sbin/nologin"},
                                 {"t-quits", "/bin/bash", ".bashrc", "exit 0\n"},
                                 {"t-python", "/usr/bin/python3"}}};
    for (const auto& [account, words] : std::vector<std::pair<std::string, std::string>>{
             {"t-rbash", "the login shell of target \"web-01\" is rbash, which cannot be made"},
             {"t-nologin", "answers our commands with something else"},
             {"t-quits", "answers our commands with something else"},
             {"t-python", "answers our commands with something else"},
         }) {
        const AccountRig rig{server, account};
        const auto canary = server.home(account) + "/canary";
        const auto result = run_once(rig, {"touch", canary});
        expect_error(result, Errc::unauthorized_there, words);
        EXPECT_FALSE(std::filesystem::exists(canary));
        EXPECT_TRUE(result.error().has_nothing_begun());
    }
}

TEST(LoginShell, ThatHasBeenMendedIsTakenAtTheNextCall)
{
    if (::geteuid() != 0) FAIL() << "needs root: a server with accounts of its own";
    ShellSshServer server{{{"t-mended", "/bin/rbash"}}};
    const AccountRig rig{server, "t-mended"};
    testing::run([&](Runtime& runtime) -> Task<void> {
        const auto executor = rig.make(runtime);
        const std::vector<std::string> argv{"echo", "x"};
        const auto before = co_await run_argv(executor, argv);
        expect_error(before, Errc::unauthorized_there, "rbash");
        server.change_shell("t-mended", "/usr/bin/fish");
        const auto after = co_await run_argv(executor, argv);
        EXPECT_TRUE(after && after->output == "x\n") << why(after);
    });
}

TEST(LoginShell, AForcedCommandIsToldFromOurs)
{
    const OpenSshServer deaf{"ForceCommand echo \"$SSH_ORIGINAL_COMMAND\""};
    expect_error(run_once(Rig{deaf}, {"echo", "x"}), Errc::unauthorized_there, "ForceCommand");
    const OpenSshServer obeying{"ForceCommand sh -c \"$SSH_ORIGINAL_COMMAND\""};
    const auto result = run_once(Rig{obeying}, {"echo", "it's $HOME"});
    ASSERT_TRUE(result) << why(result);
    EXPECT_EQ(result->output, "it's $HOME\n");
}

TEST(LoginShell, IsReadFromWhatItPrints)
{
    for (const auto& [printed, name] : std::vector<std::pair<std::string, std::string>>{
             {"/usr/bin/fish\n", "fish"},
             {"Welcome!\n/bin/rbash\r\n", "rbash"},
             {"/bin/ksh93", "ksh93"},
             {"", ""},
             {"$SHELL\n", ""},
             {"This account is currently not available.\n", ""},
             {"/bin/a b\n", ""},
             {"/bin/\x1b[31m\n", ""},
             {"/bin/\n", ""},
             {"/" + std::string(33, 'x'), ""},
         }) {
        EXPECT_EQ(shell_name(printed), name) << printed;
    }
}

}  // namespace
}  // namespace tailops::targets::ssh
