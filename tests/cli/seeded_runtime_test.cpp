#include "cli/seeded_runtime.hpp"

#include "support/catch.hpp"

#include <backstay/pipeline/virtual_runtime.hpp>

#include <set>

using namespace backstay;
using namespace backstay::cli;

TEST_CASE("The same seed gives the same seeds, another gives others") {
    VirtualRuntime beneath;
    SeededRuntime first(beneath, 1);
    SeededRuntime same(beneath, 1);
    SeededRuntime other(beneath, 2);
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 100; ++i) {
        const std::uint64_t seed = first.seed();
        CHECK(seed == same.seed());
        seen.insert(seed);
        seen.insert(other.seed());
    }
    CHECK(seen.size() == 200);
}
