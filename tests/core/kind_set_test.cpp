#include <backstay/core/kind_set.hpp>

#include "support/catch.hpp"

using namespace backstay;

TEST_CASE("A set holds the kinds that were added and no others") {
    constexpr KindSet set{FailureKind::circuit_open, FailureKind::none, static_cast<FailureKind>(255)};
    for (int kind = 0; kind < 256; ++kind) {
        const bool listed = kind == 0 || kind == 255 || kind == static_cast<int>(FailureKind::circuit_open);
        CHECK(set.has(static_cast<FailureKind>(kind)) == listed);
        CHECK(KindSet::all().has(static_cast<FailureKind>(kind)));
        CHECK_FALSE(KindSet{}.has(static_cast<FailureKind>(kind)));
    }
}

TEST_CASE("A kind that is removed is gone, alone") {
    auto set = KindSet::all().remove(FailureKind::canceled);
    CHECK_FALSE(set.has(FailureKind::canceled));
    CHECK(set.has(FailureKind::exception));
    CHECK(set.add(FailureKind::canceled) == KindSet::all());
}
