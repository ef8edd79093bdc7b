#include "cli/call_report_text.hpp"

#include "support/catch.hpp"

using namespace backstay;
using namespace backstay::cli;

namespace {

const Failure invalid{.kind = FailureKind::validation_error, .reach = Reach::answered, .status = 422};

} // namespace

TEST_CASE("What a server says cannot steer the terminal") {
    const ApiError error{invalid,
                         {.description = "csi\xc2\x9b"
                                         "31m",
                          .details = {{"user\xe2\x80\xaetxt", "\x1b[2J"}},
                          .request_id = "r\xe2\x81\xa6"}};
    const std::string text = error_text(error);
    CHECK_THAT(text, ContainsSubstring("422 validation error: csi 31m\n"));
    CHECK_THAT(text, ContainsSubstring("  user txt:  [2J\n"));
    CHECK_THAT(text, ContainsSubstring("  request id: r \n"));
}

TEST_CASE("Complaints that cannot be read as such are shown as they came") {
    const ApiError error{invalid,
                         {.details = {{"email", "missing"}},
                          .details_json = R"([{"field":"email","message":"missing"},{"code":7}])"}};
    CHECK_THAT(error_text(error),
               ContainsSubstring("  email: missing\n") &&
                   ContainsSubstring(R"(  details: [{"field":"email","message":"missing"},{"code":7}])"));
    const ApiError understood{
        invalid,
        {.details = {{"email", "missing"}}, .details_json = R"([{"field":"email","message":"missing"}])"}};
    CHECK_THAT(error_text(understood), !ContainsSubstring("details: "));
}
