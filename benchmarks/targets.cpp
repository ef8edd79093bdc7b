#include "targets.hpp"

#include <cstdio>

namespace backstay::bench {

namespace {

using Run = benchmark::BenchmarkReporter::Run;

/// What a row, or the difference of two, may be.
struct Target {
    const char* row;
    const char* over; ///< null: nothing is subtracted
    double nanoseconds;
    bool allocates; ///< else the difference must not
};

constexpr Target targets[] = {
    {"stages/5", "bare", 120, false},
    {"policy/breaker_closed", nullptr, 15, false},
    {"policy/breaker_open", nullptr, 5, false},
    {"standard", "bare", 150, false},
    {"standard_metrics", "standard", 60, false},
    {"hedge_armed", nullptr, 600, true},
};

double counter(const Run& run, const char* name) {
    const auto found = run.counters.find(name);
    return found == run.counters.end() ? 0 : found->second.value;
}

bool is_better(const Run& run, const Run& than) {
    const double rate = counter(run, "calls_per_s");
    return rate > 0 ? rate > counter(than, "calls_per_s")
                    : run.GetAdjustedCPUTime() < than.GetAdjustedCPUTime();
}

void print(const Target& target, const BestOf& measured) {
    const std::string name = target.row + (target.over != nullptr ? std::string(" - ") + target.over : "");
    const BestOf::Row* row = measured.find(target.row);
    const BestOf::Row* over = target.over != nullptr ? measured.find(target.over) : nullptr;
    if (row == nullptr || (target.over != nullptr && over == nullptr)) {
        std::printf("%-30s %7.0f ns  not measured\n", name.c_str(), target.nanoseconds);
        return;
    }
    const BestOf::Row base = over != nullptr ? *over : BestOf::Row{};
    const double took = row->nanoseconds - base.nanoseconds;
    const double allocations = row->allocations - base.allocations;
    const bool met = took <= target.nanoseconds && (target.allocates || allocations <= 0);
    std::printf("%-30s %7.0f ns  %8.1f ns  %5.2f allocations  %s\n", name.c_str(), target.nanoseconds, took,
                allocations, met ? "met" : "missed");
}

} // namespace

void BestOf::ReportRuns(const std::vector<Run>& runs) {
    const Run* best = nullptr;
    for (const Run& run : runs) {
        if (run.run_type == Run::RT_Iteration && (best == nullptr || is_better(run, *best))) {
            best = &run;
        }
    }
    if (best == nullptr) {
        return;
    }
    Run shown = *best;
    shown.repetitions = 1; // or its number is written behind its name
    ConsoleReporter::ReportRuns({shown});
    rows_[best->run_name.str()] = {best->GetAdjustedCPUTime(), counter(*best, "allocs_per_call")};
}

const BestOf::Row* BestOf::find(const std::string& name) const {
    const auto found = rows_.find(name);
    return found == rows_.end() ? nullptr : &found->second;
}

void print_targets(const BestOf& measured) {
    std::printf("\n%-30s %10s  %11s\n", "", "at most", "CPU time");
    for (const Target& target : targets) {
        print(target, measured);
    }
}

} // namespace backstay::bench
