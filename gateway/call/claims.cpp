#include "gateway/call/claims.hpp"

#include <algorithm>

namespace tailops::call {
namespace {

// What is shorter is more likely a name.
constexpr std::size_t id_letters_min = 4;

}  // namespace

bool Claims::take(const Thing& thing)
{
    const std::scoped_lock lock{mutex_};
    if (std::ranges::find(taken_, thing) != taken_.end()) return false;
    taken_.push_back(thing);
    return true;
}

void Claims::give_back(const Thing& thing)
{
    const std::scoped_lock lock{mutex_};
    std::erase(taken_, thing);
}

bool Claims::is_taken(std::string_view target, std::string_view kind, std::string_view word) const
{
    const std::scoped_lock lock{mutex_};
    return std::ranges::any_of(taken_, [&](const Thing& thing) {
        if (thing.kind != kind) return false;
        if (!thing.target.empty()) return thing.target == target && thing.word == word;
        return word.size() >= id_letters_min && thing.word.starts_with(word);
    });
}

}  // namespace tailops::call
