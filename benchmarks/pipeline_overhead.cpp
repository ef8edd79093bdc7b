#include "counting_allocator.hpp"
#include "rows.hpp"
#include "targets.hpp"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <vector>

// What calls pay for their policies. Each row is the best of several repetitions, and its CPU time is what
// counts: that is what other programs on the machine disturb least. Google Benchmark's options are taken;
// results for programs go into a file, by --benchmark_out.

int main(int argc, char** argv) {
    using namespace backstay;
    std::vector<char*> arguments{argv[0]};
    char repetitions[] = "--benchmark_repetitions=7"; // what the caller says comes later and stands
    char min_time[] = "--benchmark_min_time=0.05";
    arguments.insert(arguments.end(), {repetitions, min_time});
    arguments.insert(arguments.end(), argv + 1, argv + argc);
    int count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) {
        return 2;
    }
    if (!allocations_are_counted()) {
        std::fputs("bench_pipeline: something replaces the allocator, so allocations cannot be counted\n",
                   stderr);
        return 1;
    }
    bench::add_pipelines();
    bench::add_policies();
    bench::add_client();
    bench::add_sharing();
    bench::BestOf best;
    benchmark::RunSpecifiedBenchmarks(&best);
    bench::print_policies_of_pipelines();
    bench::print_shared_policies();
    bench::print_targets(best);
}
