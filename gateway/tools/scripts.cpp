#include "gateway/tools/scripts.hpp"

#include <iterator>

namespace tailops::tools::scripts {
namespace {

// What every script begins with. The C locale makes patterns, sorting and messages the same
// everywhere; the directories are added because a non-interactive SSH login may lack them.
constexpr std::string_view head = R"sh(LC_ALL=C
export LC_ALL
PATH="${PATH:+$PATH:}/usr/sbin:/usr/bin:/sbin:/bin"
export PATH
section() { printf '@@tailops:5b1e8f2c9d47:%s@@\n' "$1"; }
)sh";

}  // namespace

targets::Command command(std::string_view script, std::vector<std::string> parameters)
{
    targets::Command out{.argv = {"/bin/sh", "-c", std::string{head} + std::string{script}, "sh"},
                         .input = {}};
    out.argv.insert(out.argv.end(), std::make_move_iterator(parameters.begin()),
                    std::make_move_iterator(parameters.end()));
    return out;
}

}  // namespace tailops::tools::scripts
