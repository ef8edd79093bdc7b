#include "table.hpp"

#include <backstay/core/description.hpp>

#include <algorithm>
#include <array>
#include <iostream>
#include <string_view>

namespace demo {

namespace {

using namespace backstay;

constexpr std::array<std::size_t, 4> widths{25, 21, 28, 29};
using Cells = std::array<std::string, widths.size()>;

/// Takes as many words from the front as fit.
std::string take_line(std::string& text, std::size_t width) {
    std::size_t end = text.size();
    if (end > width) {
        const std::size_t blank = text.rfind(' ', width);
        end = blank == std::string::npos || blank == 0 ? width : blank;
    }
    std::string line = text.substr(0, end);
    text.erase(0, end);
    text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
    return line;
}

void print_cells(Cells cells, std::string_view last) {
    do {
        std::string line;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const std::string part = take_line(cells.at(i), widths.at(i));
            line.append(" ").append(part).append(widths.at(i) + 1 - part.size(), ' ');
        }
        line.append(" ").append(last);
        std::cout << line.substr(0, line.find_last_not_of(' ') + 1) << "\n";
        last = "";
    } while (std::any_of(cells.begin(), cells.end(), [](const std::string& cell) { return !cell.empty(); }));
}

std::string spaced(std::string_view name) {
    std::string words(name);
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
}

/// `503, 1.05 s later 200`
std::string attempts_and_waits(const Observed& observed) {
    if (observed.attempts.empty()) {
        return "none";
    }
    std::string text;
    for (const Attempt& attempt : observed.attempts) {
        if (attempt.number > 1) {
            text += ", " + to_text(attempt.waited) + " later ";
        }
        text += attempt.status != 0 ? std::to_string(attempt.status) : spaced(to_string(attempt.kind));
        if (attempt.retry_after) {
            text += " (\"in " + to_text(*attempt.retry_after) + "\")";
        }
    }
    return text;
}

std::string outcome(const Observed& observed) {
    std::string text = spaced(observed.outcome());
    if (observed.error) {
        const ApiError& error = *observed.error;
        if (error.stop_reason() != StopReason::none) {
            text += "; stopped: " + spaced(to_string(error.stop_reason()));
        }
        if (error.certainty() == Certainty::unknown) {
            text += "; its fate is unknown";
        }
        if (error.retry_after()) {
            text += "; again in " + to_text(*error.retry_after());
        }
    }
    if (observed.circuit) {
        text += "; circuit " + spaced(to_string(*observed.circuit));
    }
    return text;
}

std::string server(const Observed& observed) {
    if (observed.requests == 0) {
        return "saw nothing";
    }
    return observed.effects == 0 ? observed.server : observed.server + " (did it once)";
}

} // namespace

void print_head() {
    print_cells({"call", "what the server did", "attempts and waits", "outcome"}, "expected?");
}

void print_title(const std::string& title) {
    std::cout << "\n" << title << "\n";
}

void print_row(const Observed& observed, const std::vector<std::string>& wrong) {
    print_cells({observed.call, server(observed), attempts_and_waits(observed), outcome(observed)},
                wrong.empty() ? "yes" : "NO");
    for (const std::string& line : wrong) {
        std::cout << "     ! " << line << "\n";
    }
    std::cout << std::flush;
}

} // namespace demo
