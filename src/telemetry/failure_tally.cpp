#include "telemetry/failure_tally.hpp"

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI::detail {

void FailureTally::count(std::string_view origin, FailureKind kind, TimePoint at) {
    auto place = origins_.find(origin);
    if (place == origins_.end()) {
        if (origins_.size() >= max_origins_) {
            origins_.erase(
                std::min_element(origins_.begin(), origins_.end(),
                                 [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
        }
        place = origins_.emplace(origin, Counts{}).first;
    }
    Counts& counts = place->second;
    counts.last = at;
    const auto known = std::find_if(counts.kinds.begin(), counts.kinds.end(),
                                    [kind](const auto& entry) { return entry.first == kind; });
    if (known != counts.kinds.end()) {
        ++known->second;
    } else {
        counts.kinds.emplace_back(kind, 1);
    }
}

std::string FailureTally::take(std::string_view origin, std::size_t most) {
    const auto place = origins_.find(origin);
    if (place == origins_.end()) {
        return {};
    }
    auto kinds = std::move(place->second.kinds);
    origins_.erase(place);
    std::sort(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    kinds.resize(std::min(kinds.size(), most));
    std::string text;
    for (const auto& [kind, count] : kinds) {
        text.append(text.empty() ? "" : ", ")
            .append(to_string(kind))
            .append(" ")
            .append(std::to_string(count));
    }
    return text;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
