#include "cli/shell_guide.hpp"

#include <string>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::cli {

ApiGuide shell_guide(std::string_view method) {
    using enum FailureKind;
    using Lines = std::vector<std::string>;
    const bool reads = method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
    const auto careful = [reads](std::string line) {
        Lines lines{std::move(line)};
        if (!reads) {
            lines.emplace_back("Find out whether it was done before you repeat what changes something");
        }
        return lines;
    };
    const Lines broken = careful("Look at the attempts for what each of them met (--verbose)");
    ApiGuide::Table table{
        {bad_request, {{"Correct the request"}}},
        {validation_error, {{"Correct the fields that are named above"}}},
        {invalid_request, {{"Correct the command"}}},
        {attempt_timeout,
         {careful("Give each attempt more time (--attempt-timeout), or the service less to do")}},
        {deadline_exceeded,
         {careful("Give the call more time (--total-timeout), or the service less to do")}},
        {rate_limited, {{"Call again after the wait that the server named, and less often"}}},
        {service_unavailable, {{"Call again after the wait that the server named, or later"}}},
        {body_too_large, {{"Raise the limit (--max-body) if the reply is meant to be this large"}}},
        {concurrency_rejected, {{"Nothing was sent: too many calls were under way. Make fewer at once"}}},
        {decode_error,
         {{"The server answered, but not with a JSON document that has \"data\" in it: use --raw"}}},
    };
    if (!reads) {
        table[decode_error].advice.emplace_back("It did what was asked: do not repeat it blindly");
    }
    for (const auto kind : {bad_gateway, gateway_timeout, connection_lost, protocol_error, truncated}) {
        table[kind] = {broken};
    }
    for (const auto kind : {not_modified, redirect, request_timeout, too_early, client_error, not_supported,
                            too_many_redirects, exception, out_of_memory}) {
        table[kind] = {{"Look at the attempts for what each of them met (--verbose)"}};
    }
    for (const auto kind : {circuit_open, cooling_down, rate_limit_rejected, throttled}) {
        table[kind] = {{"Nothing was sent: try again later"}};
    }
    return ApiGuide{std::move(table)};
}

} // namespace backstay::inline BACKSTAY_ABI::cli
