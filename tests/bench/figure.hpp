#pragma once

#include <cstdio>
#include <string_view>

namespace tailops::bench {

/// Which side of its goal a figure should be on.
enum class Wanted { at_least, at_most };

/// Something measured that has a goal. `what` and `unit` hold no "|".
struct Figure {
    std::string_view what;
    double measured{0};
    std::string_view unit;
    Wanted wanted{Wanted::at_least};
    double goal{0};
};

/// Prints the line that tests/bench/run.py takes into its table.
inline void report(const Figure& figure)
{
    std::printf("figure|%.*s|%.6g|%.*s|%s|%.6g\n", static_cast<int>(figure.what.size()),
                figure.what.data(), figure.measured, static_cast<int>(figure.unit.size()),
                figure.unit.data(), figure.wanted == Wanted::at_least ? "at_least" : "at_most",
                figure.goal);
}

}  // namespace tailops::bench
