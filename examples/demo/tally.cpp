#include "tally.hpp"

#include <algorithm>
#include <utility>

namespace demo {

std::string tally(std::size_t count, const std::string& thing) {
    if (count == 1) {
        return thing;
    }
    const bool bracketed = thing.find(' ') != std::string::npos;
    return std::to_string(count) + " x " + (bracketed ? "(" + thing + ")" : thing);
}

std::string tally(const std::vector<std::string>& things) {
    std::vector<std::pair<std::string, std::size_t>> counts;
    for (const std::string& thing : things) {
        const auto found = std::find_if(counts.begin(), counts.end(),
                                        [&thing](const auto& known) { return known.first == thing; });
        if (found != counts.end()) {
            ++found->second;
        } else {
            counts.emplace_back(thing, 1);
        }
    }
    std::string text;
    for (const auto& [thing, count] : counts) {
        text.append(text.empty() ? "" : ", ").append(tally(count, thing));
    }
    return text;
}

} // namespace demo
