#include <backstay/core/random.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <cmath>

using namespace backstay;

TEST_CASE("random numbers are splitmix64's", "[random]") {
    Random random{1234567}; // reference values of the algorithm's published C source
    CHECK(random.next() == 6457827717110365317U);
    CHECK(random.next() == 3203168211198807973U);
    CHECK(random.next() == 9817491932198370423U);
    CHECK(random.next() == 4593380528125082431U);
    CHECK(random.next() == 16408922859458223821U);
}

TEST_CASE("the same seed draws the same numbers, another seed others", "[random]") {
    Random a{7};
    Random b{7};
    Random c{8};
    for (int n = 0; n < 100; ++n) {
        const std::uint64_t drawn = a.next();
        CHECK(b.next() == drawn);
        CHECK(c.next() != drawn);
    }
}

TEST_CASE("unit draws evenly from zero up to but not including one", "[random]") {
    Random random{42};
    std::array<int, 10> tenths{};
    for (int n = 0; n < 100'000; ++n) {
        const double drawn = random.unit();
        REQUIRE(drawn >= 0);
        REQUIRE(drawn < 1);
        ++tenths.at(static_cast<std::size_t>(drawn * 10));
    }
    for (const int tenth : tenths) {
        CHECK(std::abs(tenth - 10'000) < 500); // five standard deviations
    }
}

TEST_CASE("between draws from its range and reaches close to both ends", "[random]") {
    Random random{42};
    double least = 5;
    double most = 3;
    for (int n = 0; n < 10'000; ++n) {
        const double drawn = random.between(3, 5);
        REQUIRE(drawn >= 3);
        REQUIRE(drawn <= 5);
        least = std::min(least, drawn);
        most = std::max(most, drawn);
    }
    CHECK(least < 3.01);
    CHECK(most > 4.99);
}

TEST_CASE("between a and a is a, and an empty range gives its low end", "[random]") {
    Random random{42};
    CHECK(random.between(4, 4) == 4);
    CHECK(random.between(4, 3) == 4);
}
