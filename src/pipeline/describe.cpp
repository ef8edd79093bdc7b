#include <backstay/pipeline/describe.hpp>

#include <backstay/pipeline/order.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <limits>
#include <ranges>

namespace backstay::inline BACKSTAY_ABI {

namespace {

std::string number(double value) {
    std::array<char, 32> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 3).ptr;
    return {text.data(), end};
}

int product(int inner, int outer) noexcept {
    constexpr int most = std::numeric_limits<int>::max();
    return inner > most / outer ? most : inner * outer;
}

/// The time of `inner`, `times` times over, plus the waits between.
std::optional<Duration> repeated(std::optional<Duration> inner, int times, Duration waits) {
    if (!inner || times == 0 || *inner > (Duration::max() - waits) / times) {
        return std::nullopt;
    }
    return *inner * times + waits;
}

} // namespace

PipelineBounds bounds(std::span<const StageDescription> stages) {
    PipelineBounds result{.most_attempts = 1, .largest_amplification = 1};
    std::optional<Duration> cut;   // the operation's time, as the stages seen so far bound it
    std::optional<Duration> uncut; // the same without the outermost total limit
    for (const StageDescription& stage : stages | std::views::reverse) {
        if (stage.most_attempts) {
            result.most_attempts = *stage.most_attempts == 0 || !result.most_attempts
                                       ? std::nullopt
                                       : std::optional{product(*result.most_attempts, *stage.most_attempts)};
            cut = repeated(cut, stage.at_once ? 1 : *stage.most_attempts,
                           stage.longest_wait.value_or(Duration::zero()));
        } else if (stage.longest_wait) {
            cut = repeated(cut, 1, *stage.longest_wait);
        }
        uncut = cut;
        if (stage.total_limit) {
            cut = cut ? std::min(*cut, *stage.total_limit) : *stage.total_limit;
        }
        if (stage.amplification) {
            result.sustained_amplification =
                result.sustained_amplification.value_or(1.0) * *stage.amplification;
        }
    }
    for (const StageDescription& stage : stages) {
        if (stage.total_limit) {
            result.longest_total = stage.total_limit;
        }
        if (stage.total_limit || stage.most_attempts || stage.longest_wait || stage.queues) {
            break;
        }
    }
    result.longest_time = cut;
    result.longest_sum = uncut;
    result.largest_amplification = result.most_attempts ? static_cast<double>(*result.most_attempts) : 0;
    return result;
}

namespace {

/// What comes of it when one stage stands outside another; empty when that is as usual.
std::string_view consequence(Stage outer, Stage inner) noexcept {
    const bool limit = detail::is_limit(outer) || outer == Stage::adaptive_throttle;
    const bool queue = detail::is_limit(inner) || inner == Stage::cool_down;
    if (detail::is_limit(outer) && inner == Stage::total_timeout) {
        return "the total does not bound how long a call waits there"; // dotnet/extensions#5185
    }
    if (detail::is_judge(outer) && inner == Stage::total_timeout) {
        return "it judges calls, and one that was cut by its total as a failure of the origin";
    }
    if (outer == Stage::circuit_breaker && inner == Stage::retry) {
        return "it counts calls, and a call fails only when all its attempts have";
    }
    if (outer == Stage::cool_down && inner == Stage::hedge) {
        return "a branch may begin after the server has asked for patience";
    }
    if (limit && inner == Stage::hedge) {
        return "a call counts once there, however many branches it has";
    }
    if (outer == Stage::attempt_timeout && queue) {
        return "an attempt's time runs while it waits there";
    }
    return {};
}

} // namespace

std::vector<std::string> order_warnings(std::span<const Stage> stages) {
    std::vector<std::string> warnings;
    for (; !stages.empty(); stages = stages.subspan(1)) {
        for (const Stage inner : stages.subspan(1)) {
            if (const std::string_view what = consequence(stages.front(), inner); !what.empty()) {
                warnings.push_back(std::string(to_string(stages.front())) + " stands outside " +
                                   std::string(to_string(inner)) + ": " + std::string(what));
            }
        }
    }
    return warnings;
}

std::string describe(std::span<const StageDescription> stages) {
    std::size_t width = 0;
    for (const StageDescription& stage : stages) {
        width = std::max(width, stage.name.size());
    }
    std::string text;
    int place = 0;
    for (const StageDescription& stage : stages) {
        text += std::to_string(++place) + ". " + stage.name +
                std::string(width - stage.name.size() + 2, ' ') + stage.settings + "\n";
    }
    const PipelineBounds worst = bounds(stages);
    text +=
        "most attempts: " + (worst.most_attempts ? std::to_string(*worst.most_attempts) : "without limit") +
        "\n";
    text += "longest time: " + (worst.longest_time ? to_text(*worst.longest_time) : "without limit");
    if (worst.longest_time != worst.longest_total) {
        text += ", with queues and servers' waits " +
                (worst.longest_total ? to_text(*worst.longest_total) : "without limit");
    }
    text += "\n";
    text +=
        "largest amplification: " +
        (worst.most_attempts ? number(worst.largest_amplification) + " attempts a call" : "without limit");
    if (worst.sustained_amplification) {
        text += ", " + number(*worst.sustained_amplification) + " in the long run (budget)";
    }
    text += "\n";
    if (worst.longest_time && worst.longest_sum && *worst.longest_sum > *worst.longest_time) {
        text += "warning: attempts and waits can take " + to_text(*worst.longest_sum) +
                ", more than the total of " + to_text(*worst.longest_time) +
                " lets them: the last attempts may be cut short\n";
    }
    return text;
}

} // namespace backstay::inline BACKSTAY_ABI
