#include <backstay/api/guide.hpp>

namespace backstay::inline BACKSTAY_ABI {
namespace {

using enum FailureKind;

const ApiGuide::Table& neutral_table() {
    static const ApiGuide::Table table = [] {
        const std::string later = "The service is busy. Please try again in a moment.";
        const std::string unreachable = "The service cannot be reached. Please try again later.";
        const Guidance refused{{"Nothing was sent: call again after retry_after"}, later};
        const Guidance broken{{"See certainty() before you repeat a call that changes something",
                               "Look at the attempts for what each of them met"},
                              unreachable};
        const auto slow = [](const std::string& more) {
            return Guidance{
                {"See certainty() before you repeat a call that changes something",
                 "Look at the attempts for what took the time; give " + more + " more, or the service less"},
                "This took too long. Please try again later."};
        };
        const Guidance unreached{{"Check the host's name, the network and the service's address",
                                  "Nothing was processed: the call may be repeated"},
                                 unreachable};
        const Guidance too_large{{"Raise the limit if the reply is meant to be this large"}, ""};
        return ApiGuide::Table{
            {bad_request, {{"Correct the request: see details()"}, "The request could not be understood."}},
            {unauthorized,
             {{"Check that the access token is valid, refresh it if it expired"}, "Please sign in again."}},
            {forbidden, {{"Check the permissions of the credential"}, "You are not allowed to do this."}},
            {not_found,
             {{"Check the resource's identifier, and that it still exists"}, "This could not be found."}},
            {conflict,
             {{"Read the current state, then decide whether to change it"},
              "This was changed or exists already."}},
            {validation_error,
             {{"Correct the fields that details() names"}, "Please check what you entered."}},
            {rate_limited, {{"Call again after retry_after, and less often"}, later}},
            {server_error,
             {{"Repeat with backoff", "Report persistent errors with the request id"},
              "Something went wrong on our side. Please try again later."}},
            {bad_gateway, broken},
            {gateway_timeout, broken},
            {service_unavailable, {{"Call again after retry_after, or with backoff"}, later}},
            {decode_error,
             {{"The server did what was asked: do not repeat it blindly",
               "Compare the reply with the type: message() names the place"},
              ""}},
            {resolve_failed, unreached},
            {connect_failed, unreached},
            {tls_failed, unreached},
            {certificate_rejected,
             {{"Check the server's certificate, its name, and the trusted CA certificates",
               "Do not switch verification off"},
              unreachable}},
            {connection_lost, broken},
            {protocol_error, broken},
            {truncated, broken},
            {attempt_timeout, slow("each attempt")},
            {deadline_exceeded, slow("the call")},
            {head_too_large, too_large},
            {body_too_large, too_large},
            {canceled, {{"The caller ended the call"}, "The request was canceled."}},
            {invalid_request, {{"Correct the call: message() says what is wrong with it"}, ""}},
            {resource_exhausted, {{"Look for leaked descriptors or raise their limit"}, later}},
            {circuit_open, refused},
            {cooling_down, refused},
            {rate_limit_rejected, refused},
            {concurrency_rejected,
             {{"Nothing was sent: too many calls were under way. Make fewer at once, or raise the limit"},
              later}},
            {throttled, refused},
            {client_closed, {{"The client was shut down: make a new one"}, unreachable}},
        };
    }();
    return table;
}

const Guidance& neutral(FailureKind kind) noexcept {
    static const Guidance fallback{{"Look at message() and at the attempts"},
                                   "Something went wrong. Please try again later."};
    const auto row = neutral_table().find(kind);
    return row != neutral_table().end() ? row->second : fallback;
}

} // namespace

const Guidance* ApiGuide::find(FailureKind kind) const noexcept {
    if (!table_) {
        return nullptr;
    }
    const auto row = table_->find(kind);
    return row != table_->end() ? &row->second : nullptr;
}

const std::vector<std::string>& ApiGuide::advice(FailureKind kind) const noexcept {
    const auto* own = find(kind);
    return own != nullptr && !own->advice.empty() ? own->advice : neutral(kind).advice;
}

std::string_view ApiGuide::user_message(FailureKind kind) const noexcept {
    if (const auto* own = find(kind); own != nullptr && !own->user_message.empty()) {
        return own->user_message;
    }
    const auto& message = neutral(kind).user_message;
    return message.empty() ? neutral(none).user_message : message;
}

} // namespace backstay::inline BACKSTAY_ABI
