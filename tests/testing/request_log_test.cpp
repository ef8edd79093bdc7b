#include <backstay/testing/request_log.hpp>

#include "support/catch.hpp"

using namespace backstay;

TEST_CASE("a request becomes one line of JSON", "[request_log]") {
    SeenRequest request{.number = 3,
                        .at = WallTime{std::chrono::milliseconds{1705314600250}},
                        .connection = 2,
                        .exchange = 1,
                        .method = "POST",
                        .target = "/v1/resources?a=\"b\"",
                        .body = "secret",
                        .body_bytes = 6,
                        .status = 201,
                        .fault = "after 1 s",
                        .request_id = "req-000003",
                        .attempt_id = "a-1"};
    request.fields.add("A", "1");
    request.fields.add("A", "2\n");
    CHECK(to_json_line(request) ==
          R"({"number":3,"time":"2024-01-15T10:30:00.250Z","connection":2,"exchange":1,"method":"POST",)"
          R"("target":"/v1/resources?a=\"b\"","fields":[["A","1"],["A","2\n"]],"body_bytes":6,"status":201,)"
          R"("fault":"after 1 s","request_id":"req-000003","attempt_id":"a-1"})");
}

TEST_CASE("what does not apply is null in the line", "[request_log]") {
    CHECK(to_json_line({}).ends_with(
        R"("fields":[],"body_bytes":0,"status":null,"fault":null,"request_id":null,"attempt_id":null})"));
}
