#include "cli/call_report_text.hpp"

#include "cli/shell_guide.hpp"
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

TEST_CASE("What a shell user reads names flags, and no function of the library") {
    const ApiError no_envelope{
        {.kind = FailureKind::decode_error, .reach = Reach::answered, .status = 200},
        {.message =
             "the body has no member \"data\": where the body itself is the data, set Codec.envelope to "
             "Envelope::none"}};
    CHECK_THAT(error_text(no_envelope),
               ContainsSubstring("the body has no member \"data\": --raw gives the body as it came") &&
                   !ContainsSubstring("Codec") && !ContainsSubstring("Envelope"));
    for (int kind = 1; kind <= static_cast<int>(FailureKind::client_closed); ++kind) {
        for (const auto* method : {"GET", "POST"}) {
            const ApiError error{{.kind = static_cast<FailureKind>(kind)}, {.guide = shell_guide(method)}};
            INFO(to_string(error.kind()));
            CHECK_FALSE(error.advice().empty());
            CHECK_THAT(error_text(error), !ContainsSubstring("()"));
        }
    }
}

TEST_CASE("Nobody is warned of repeating what only read") {
    for (const auto kind : {FailureKind::connection_lost, FailureKind::attempt_timeout,
                            FailureKind::decode_error, FailureKind::gateway_timeout}) {
        const auto advice = [kind](const char* method) {
            return error_text(ApiError{Failure{.kind = kind}, {.guide = shell_guide(method)}});
        };
        CHECK_THAT(advice("GET"), !ContainsSubstring("repeat"));
        CHECK_THAT(advice("POST"), ContainsSubstring("repeat"));
    }
}
