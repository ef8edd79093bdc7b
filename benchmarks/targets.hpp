#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

namespace backstay::bench {

/// Shows one row for each benchmark: its best repetition, which other programs on the machine disturbed
/// least. That is the one with the fewest CPU time, or, where a rate is counted, the highest.
class BestOf final : public benchmark::ConsoleReporter {
public:
    struct Row {
        double nanoseconds = 0; ///< CPU time of one call
        double allocations = 0; ///< of one call
    };

    BestOf() : ConsoleReporter(OO_None) {} // no colours: they spoil what goes into a file

    void ReportRuns(const std::vector<Run>& runs) override;

    /// Finds a row by its name; null when it was not measured.
    [[nodiscard]] const Row* find(const std::string& name) const;

private:
    std::map<std::string, Row> rows_;
};

/// Compares what was measured with what the library promises.
void print_targets(const BestOf& measured);

} // namespace backstay::bench
