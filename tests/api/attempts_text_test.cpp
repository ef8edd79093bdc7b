#include "api/attempts_text.hpp"

#include "support/catch.hpp"

#include <backstay/api/attempt.hpp>

#include <chrono>

using namespace backstay;
using namespace std::chrono_literals;

TEST_CASE("A wait is told when somebody waited, not when the program took a moment to begin") {
    const auto text = [](Duration waited) {
        const Attempt attempt{.number = 1,
                              .kind = FailureKind::not_found,
                              .status = 404,
                              .waited = waited,
                              .duration = Duration{5ms}};
        return detail::attempts_text({attempt});
    };
    CHECK(text(0s) == "#1 404 not_found in 5 ms");
    CHECK(text(9190ns) == "#1 404 not_found in 5 ms");
    CHECK(text(1ms) == "#1 after 1 ms 404 not_found in 5 ms");
}
