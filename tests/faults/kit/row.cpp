#include "faults/kit/row.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>
#include <utility>

namespace backstay::test {

namespace {

constexpr unsigned longest_case_seconds = 30;
constexpr std::size_t failures_shown = 10;

struct Arguments {
    std::optional<std::size_t> sample{};
    std::uint64_t seed = 1;
    std::optional<std::size_t> only{};
    std::string json{};
};

std::size_t number(std::string_view text) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        throw std::invalid_argument("'" + std::string(text) + "' is not a number");
    }
    return value;
}

Arguments parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; i += 2) {
        const std::string_view flag = argv[i];
        if (i + 1 == argc) {
            throw std::invalid_argument(std::string(flag) + " needs a value");
        }
        const std::string_view value = argv[i + 1];
        if (flag == "--sample") {
            arguments.sample = number(value);
        } else if (flag == "--seed") {
            arguments.seed = number(value);
        } else if (flag == "--only") {
            arguments.only = number(value);
        } else if (flag == "--json") {
            arguments.json = value;
        } else {
            throw std::invalid_argument("there is no " + std::string(flag) +
                                        ": --sample N, --seed S, --only CASE, --json FILE");
        }
    }
    return arguments;
}

std::vector<std::size_t> chosen(const FaultRow& row, const Arguments& arguments) {
    if (arguments.only) {
        if (*arguments.only >= row.cases) {
            throw std::invalid_argument("row " + std::string(row.id) + " has cases 0 to " +
                                        std::to_string(row.cases - 1));
        }
        return {*arguments.only};
    }
    std::vector<std::size_t> all(row.cases);
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (!arguments.sample || *arguments.sample >= row.cases) {
        return all;
    }
    std::vector<std::size_t> drawn;
    std::ranges::sample(all, std::back_inserter(drawn), static_cast<std::ptrdiff_t>(*arguments.sample),
                        std::mt19937_64(arguments.seed));
    return drawn;
}

volatile std::sig_atomic_t current_case = 0;

/// Says which case it was; calls nothing that a signal handler may not.
void died(int signal) {
    char text[64] = "a case ended the program, or did not end: --only ";
    std::size_t length = std::strlen(text);
    char digits[16];
    std::size_t count = 0;
    for (auto rest = current_case; count == 0 || rest != 0; rest /= 10) {
        digits[count++] = static_cast<char>('0' + rest % 10);
    }
    while (count != 0 && length + 1 < sizeof text) {
        text[length++] = digits[--count];
    }
    text[length++] = '\n';
    if (::write(STDERR_FILENO, text, length) < 0) { // nothing can be done about it
    }
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

FaultCase play(const FaultRow& row, std::size_t index) {
    FaultCase played;
    current_case = static_cast<std::sig_atomic_t>(index);
    alarm(longest_case_seconds);
    try {
        row.play(index, played);
    } catch (const std::exception& error) {
        played.expect(false, std::string("nothing is thrown: ") + error.what());
    }
    alarm(0);
    return played;
}

/// `43200` as `43 200`.
std::string grouped(std::size_t count) {
    std::string text = std::to_string(count);
    for (std::size_t at = text.size(); at > 3; at -= 3) {
        text.insert(at - 3, 1, ' ');
    }
    return text;
}

void tell(const FaultRow& row, std::size_t index, const FaultCase& failed) {
    std::cout << "row " << row.id << ", --only " << index << ": " << failed.description() << '\n';
    for (const std::string& promise : failed.broken()) {
        std::cout << "    broken: " << promise << '\n';
    }
}

} // namespace

int run_row(const FaultRow& row, int argc, char** argv) {
    Arguments arguments;
    std::vector<std::size_t> indices;
    try {
        arguments = parse(argc, argv);
        indices = chosen(row, arguments);
    } catch (const std::invalid_argument& error) {
        std::cerr << error.what() << '\n';
        return 2;
    }
    for (const int signal : {SIGALRM, SIGABRT, SIGSEGV}) {
        std::signal(signal, died);
    }
    const auto began = std::chrono::steady_clock::now();
    std::size_t failures = 0;
    for (const std::size_t index : indices) {
        const FaultCase played = play(row, index);
        if (arguments.only) {
            std::cout << played.description() << '\n';
        }
        if (!played.broken().empty() && ++failures <= failures_shown) {
            tell(row, index, played);
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::cout << "row " << row.id << ": " << grouped(indices.size()) << " cases, " << grouped(failures)
              << " failures  (" << row.fault << ")" << std::endl;
    if (!arguments.json.empty()) {
        std::ofstream file(arguments.json);
        file << R"({"row":")" << row.id << R"(","fault":")" << row.fault << R"(","cases":)" << indices.size()
             << R"(,"of":)" << row.cases << R"(,"failures":)" << failures << R"(,"seconds":)" << took.count()
             << "}\n";
        if (!file.flush()) {
            std::cerr << "cannot write " << arguments.json << '\n';
            return 2;
        }
    }
    return failures == 0 ? 0 : 1;
}

} // namespace backstay::test
