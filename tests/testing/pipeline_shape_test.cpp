#include <backstay/testing/pipeline_shape.hpp>

#include "support/catch.hpp"

#include <backstay/pipeline/named.hpp>
#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/concurrency_limit.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/total_timeout.hpp>

using namespace backstay;

TEST_CASE("a pipeline of the expected shape differs in nothing", "[pipeline_shape]") {
    const Named<"per host", ConcurrencyLimit> limit{ConcurrencyLimit{}};
    const Pipeline pipeline{TotalTimeout{}, Retry{}, limit};
    CHECK(shape_difference(pipeline.stages(), {"total_timeout", "retry", "concurrency_limit \"per host\""})
              .empty());
}

TEST_CASE("a difference is told by its place", "[pipeline_shape]") {
    const Pipeline pipeline{TotalTimeout{}, Retry{}};
    CHECK(shape_difference(pipeline.stages(), {"total_timeout", "circuit_breaker", "retry"}) ==
          "stage 2: expected circuit_breaker, found retry\n"
          "stage 3: expected retry, found nothing");
    CHECK(shape_difference(pipeline.stages(), {"total_timeout"}) == "stage 2: expected nothing, found retry");
}
