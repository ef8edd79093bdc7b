#include "policy/sliding_sum.hpp"

#include "support/catch.hpp"

using namespace backstay;

TEST_CASE("a sum holds the last so many steps, the open one included", "[sliding_sum]") {
    detail::SlidingSum<3> sum;
    sum.move_to(100);
    sum.add(1);
    sum.move_to(101);
    sum.add(10);
    sum.move_to(102);
    sum.add(100);
    CHECK(sum.total() == 111);
    sum.move_to(103);
    CHECK(sum.total() == 110);
    sum.move_to(104);
    CHECK(sum.total() == 100);
    sum.move_to(1'000'000);
    CHECK(sum.total() == 0);
}

TEST_CASE("a step that comes late opens nothing and forgets nothing", "[sliding_sum]") {
    detail::SlidingSum<3> sum;
    sum.move_to(100);
    sum.add(1);
    sum.move_to(99);
    sum.add(1);
    CHECK(sum.step() == 100);
    CHECK(sum.total() == 2);
    sum.move_to(102);
    CHECK(sum.total() == 2);
    sum.move_to(103);
    CHECK(sum.total() == 0);
}

TEST_CASE("what is taken back from a step that was forgotten changes nothing", "[sliding_sum]") {
    detail::SlidingSum<3> sum;
    sum.move_to(100);
    sum.add(5);
    sum.move_to(102);
    sum.add_at(100, -2);
    CHECK(sum.total() == 3);
    sum.move_to(103);
    sum.add_at(100, -3);
    sum.add_at(104, 7); // not open yet
    CHECK(sum.total() == 0);
}
