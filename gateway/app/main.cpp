#include "gateway/app/cli.hpp"
#include "gateway/app/signals.hpp"
#include "gateway/app/standard_streams.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv)
try {
    tailops::app::start_with_known_signals();
    tailops::app::start_with_standard_streams();
    return tailops::app::run_command_line(argc, argv);
} catch (const std::exception& error) {
    std::fprintf(stderr, "tailops: internal error: %s\n", error.what());
    return 1;
}
