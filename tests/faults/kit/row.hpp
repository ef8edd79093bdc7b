#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace backstay::test {

/// One case of a row: what was broken in it.
class FaultCase {
public:
    /// Names the case for people; without it, only its number is known.
    void describe(std::string text) { description_ = std::move(text); }

    /// Fails the case unless `kept`.
    void expect(bool kept, std::string_view promise) {
        if (!kept) {
            broken_.emplace_back(promise);
        }
    }

    [[nodiscard]] const std::string& description() const noexcept { return description_; }
    [[nodiscard]] const std::vector<std::string>& broken() const noexcept { return broken_; }

private:
    std::string description_;
    std::vector<std::string> broken_;
};

/// A row of the fault matrix: its cases are numbered, and each is a scene of its own.
struct FaultRow {
    std::string_view id;
    std::string_view fault;
    std::size_t cases = 0;
    void (*play)(std::size_t number, FaultCase& fault_case) = nullptr;
};

/// Takes the parts of a case out of its number: what is taken first varies quickest.
class Pick {
public:
    explicit Pick(std::size_t number) noexcept : rest_(number) {}

    [[nodiscard]] std::size_t below(std::size_t count) noexcept {
        const std::size_t picked = rest_ % count;
        rest_ /= count;
        return picked;
    }
    [[nodiscard]] bool flag() noexcept { return below(2) == 1; }
    template <class Range>
    [[nodiscard]] const auto& from(const Range& range) noexcept {
        return range[below(range.size())];
    }

private:
    std::size_t rest_;
};

/// The `main` of a row: plays its cases, prints how many failed and how, and exits with 1 if any did.
///
///   --sample N    plays N cases, drawn by the seed
///   --seed S      for the sample; 1 by default
///   --only CASE   plays one case, by the number that a failure is printed with
///   --json FILE   writes the counts there
///
/// A case that crashes, or that takes 30 s of real time, is named too.
int run_row(const FaultRow& row, int argc, char** argv);

} // namespace backstay::test
