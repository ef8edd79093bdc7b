#include "table.hpp"

#include "tally.hpp"

#include <backstay/core/description.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <string_view>

namespace demo {

namespace {

using namespace backstay;

constexpr std::array<std::size_t, 4> widths{22, 18, 22, 26};
using Cells = std::array<std::string, widths.size()>;

constexpr char unbreakable = '\t'; ///< a blank at which no line ends

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
            std::string part = take_line(cells.at(i), widths.at(i));
            std::replace(part.begin(), part.end(), unbreakable, ' ');
            line.append(" ").append(part).append(widths.at(i) + 1 - part.size(), ' ');
        }
        line.append(" ").append(last);
        std::cout << line.substr(0, line.find_last_not_of(' ') + 1) << "\n";
        last = "";
    } while (std::any_of(cells.begin(), cells.end(), [](const std::string& cell) { return !cell.empty(); }));
}

/// A number and its unit, on one line.
std::string in_words(Duration duration) {
    std::string text = to_text(duration);
    std::replace(text.begin(), text.end(), ' ', unbreakable);
    return text;
}

std::string spaced(std::string_view name) {
    std::string words(name);
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
}

/// `503 ("in 1 s")`
std::string what_came_of(const Attempt& attempt) {
    std::string text = attempt.status != 0 ? std::to_string(attempt.status) : spaced(to_string(attempt.kind));
    if (attempt.retry_after) {
        text += " (\"in " + in_words(*attempt.retry_after) + "\")";
    }
    return text;
}

/// `503, 1.05 s later 200`
std::string attempts_and_waits(const Result& result) {
    std::string text;
    bool outrun = false; // the attempt before: a hedge's loser, which was still running
    for (const Attempt& attempt : result.attempts) {
        if (attempt.number > 1) {
            text += ", " + in_words(attempt.waited) + (outrun ? " after its begin " : " later ");
        }
        text += what_came_of(attempt);
        outrun = attempt.kind == FailureKind::canceled;
    }
    return text.empty() ? "none" : text;
}

/// `; waits of 2.01 s to 2.12 s`; nothing below the milliseconds in which calls take turns
std::string waits(Duration shortest, Duration longest) {
    using namespace std::chrono_literals;
    if (longest < 1ms) {
        return {};
    }
    return (shortest < 1ms ? "; waits up to " : "; waits of " + in_words(shortest) + " to ") +
           in_words(longest);
}

/// `17 x 500, 3 x (500, 500); waits up to 180 ms`
std::string attempts_and_waits(const std::vector<Result>& results) {
    if (results.size() == 1) {
        return attempts_and_waits(results.front());
    }
    std::vector<std::string> lists;
    Duration shortest = Duration::max();
    Duration longest{0};
    for (const Result& result : results) {
        std::string list;
        for (const Attempt& attempt : result.attempts) {
            list.append(list.empty() ? "" : ", ").append(what_came_of(attempt));
        }
        lists.push_back(list.empty() ? "none" : list);
        shortest = std::min(shortest, result.waited());
        longest = std::max(longest, result.waited());
    }
    std::sort(lists.begin(), lists.end());
    return tally(lists) + waits(shortest, longest);
}

std::string outcome(const Result& result) {
    std::string text = spaced(result.outcome());
    if (result.is_fallback) {
        text += " " + result.data;
    }
    if (result.error) {
        const ApiError& error = *result.error;
        if (error.stop_reason() != StopReason::none) {
            text += "; stopped: " + spaced(to_string(error.stop_reason()));
        }
        if (error.certainty() == Certainty::unknown) {
            text += "; its fate is unknown";
        }
        if (error.retry_after()) {
            text += "; again in " + in_words(*error.retry_after());
        }
    }
    return text;
}

std::string outcome(const Observed& observed) {
    std::vector<std::string> texts;
    for (const Result& result : observed.results) {
        texts.push_back(outcome(result));
    }
    return tally(texts) + (observed.circuit ? "; circuit " + spaced(to_string(*observed.circuit)) : "");
}

std::string server(const Observed& observed) {
    if (observed.server.empty()) {
        return "saw nothing";
    }
    std::string text;
    if (observed.results.size() > 1) {
        text = tally(observed.server);
    } else {
        for (const std::string& did : observed.server) {
            text.append(text.empty() ? "" : ", ").append(did);
        }
    }
    if (const auto& came = observed.arrivals) {
        text += "; came " + in_words(came->first) + " to " + in_words(came->last) + " after " + came->after;
    }
    switch (observed.effects) {
    case 0:
        return text;
    case 1:
        return text + " (did it once)";
    default:
        return text + " (did it " + std::to_string(observed.effects) + " times)";
    }
}

} // namespace

void print_head() {
    print_cells({"call", "what the server did", "attempts and waits", "outcome"}, "ok?");
}

void print_title(const std::string& title) {
    std::cout << "\n" << title << "\n";
}

void print_row(const Observed& observed, const std::vector<std::string>& wrong) {
    const std::size_t callers = observed.results.size();
    const std::string call = callers == 1 ? observed.call : std::to_string(callers) + " x " + observed.call;
    print_cells({call, server(observed), attempts_and_waits(observed.results), outcome(observed)},
                wrong.empty() ? "yes" : "NO");
    for (const std::string& line : wrong) {
        std::cout << "     ! " << line << "\n";
    }
    std::cout << std::flush;
}

} // namespace demo
