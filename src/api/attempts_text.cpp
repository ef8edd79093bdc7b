#include "api/attempts_text.hpp"

#include "core/printable.hpp"

#include <backstay/core/description.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

constexpr std::size_t longest_text = 200;
constexpr Duration shortest_wait = std::chrono::milliseconds{1}; ///< less is what the program itself takes

/// Appends an id: one word, without what stands between attempts.
void append_id(std::string& line, std::string_view name, std::string_view id) {
    if (id.empty()) {
        return;
    }
    line.append(" ").append(name).append("=");
    const std::size_t begin = line.size();
    append_text(line, id);
    std::replace_if(
        line.begin() + static_cast<std::ptrdiff_t>(begin), line.end(),
        [](char c) { return c == ' ' || c == ';' || c == '#' || c == '[' || c == ']'; }, '_');
}

void append_attempt(std::string& line, const Attempt& attempt) {
    line.append("#").append(std::to_string(attempt.number)).append(" ");
    if (attempt.waited >= shortest_wait) {
        line.append("after ").append(to_text(attempt.waited)).append(" ");
    }
    if (attempt.status != 0) {
        line.append(std::to_string(attempt.status)).append(" ");
    }
    line.append(attempt.kind == FailureKind::none ? "success" : to_string(attempt.kind));
    line.append(" in ").append(to_text(attempt.duration));
    append_id(line, "request_id", attempt.request_id);
}

} // namespace

void append_text(std::string& line, std::string_view text) {
    line += printable(utf8_prefix(text, longest_text));
    if (text.size() > longest_text) {
        line += "...";
    }
}

std::string attempts_text(const std::vector<Attempt>& attempts) {
    std::string line;
    int previous = 0;
    for (const auto& attempt : attempts) {
        line.append(line.empty() ? "" : "; ");
        if (previous + 1 < attempt.number) {
            line.append("... ");
        }
        append_attempt(line, attempt);
        previous = attempt.number;
    }
    return line;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
