#include <backstay/testing/pipeline_shape.hpp>

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI {

std::string shape_difference(std::span<const StageDescription> stages,
                             std::initializer_list<std::string_view> expected) {
    std::string text;
    const auto* wanted = expected.begin();
    for (std::size_t i = 0; i < std::max(stages.size(), expected.size()); ++i) {
        const std::string_view found = i < stages.size() ? std::string_view(stages[i].name) : "nothing";
        const std::string_view meant = i < expected.size() ? *wanted++ : "nothing";
        if (found != meant) {
            text.append(text.empty() ? "" : "\n").append("stage ").append(std::to_string(i + 1));
            text.append(": expected ").append(meant).append(", found ").append(found);
        }
    }
    return text;
}

} // namespace backstay::inline BACKSTAY_ABI
