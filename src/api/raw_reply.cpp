#include <backstay/api/detail/raw_reply.hpp>

#include "api/call_record.hpp"
#include "api/json_text.hpp"

#include <algorithm>
#include <new>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

namespace json = boost::json;

bool is_blank(std::string_view text) noexcept {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

} // namespace

RawReply::RawReply(Response response, ApiError::Detail context, const Codec& codec,
                   std::shared_ptr<CallRecord> record) noexcept
    : response_(std::move(response)),
      context_(std::move(context)),
      codec_(codec),
      record_(std::move(record)) {}

void RawReply::tell(const ApiError* error) const noexcept {
    record_->ended(error, response_, fault_.plain);
}

/// In our words alone.
RawReply::Body RawReply::malformed(std::string words) {
    fault_ = {.text = words, .plain = words};
    return Body::malformed;
}

RawReply::Body RawReply::read() {
    if (is_blank(response_.body())) {
        (void)malformed("body: expected a value, found nothing");
        return Body::absent;
    }
    std::error_code error;
    root_ = parse_json(response_.body(), codec_, error);
    if (error) {
        return malformed("the body is not JSON: " + error.message());
    }
    data_ = &root_;
    const auto* object = root_.if_object();
    const bool wrapped = object != nullptr && object->contains("data");
    if (codec_.envelope == Envelope::required && !wrapped) {
        const std::string_view what = object != nullptr ? "the body has no member \"data\""
                                                        : "the body is no object with a member \"data\"";
        return malformed(std::string(what) + ": where the body itself is the data, set Codec.envelope to "
                                             "Envelope::none");
    }
    if (codec_.envelope == Envelope::required || (codec_.envelope == Envelope::optional && wrapped)) {
        data_ = object->if_contains("data");
        data_name_ = "data";
    }
    return Body::present;
}

JsonPlace RawReply::data() noexcept {
    return {data_, data_name_, fault_};
}

void RawReply::describe(ReplyInfo& info) const {
    info.status = response_.status();
    info.headers = response_.fields();
    info.idempotency_key = context_.idempotency_key;
    info.attempts = context_.history.attempts();
    info.attempt_count = context_.history.total();
    const auto* object = root_.if_object();
    if (object != nullptr && codec_.envelope != Envelope::none) {
        const auto* links = object->if_contains("links");
        if (links != nullptr && links->is_object()) {
            for (const auto& [name, target] : links->get_object()) {
                if (const auto* text = target.if_string()) {
                    info.links.emplace(name, *text);
                }
            }
        }
    }
    info.request_id = request_id();
    const auto succeeded =
        std::find_if(info.attempts.rbegin(), info.attempts.rend(), [](const Attempt& attempt) {
            return attempt.kind == FailureKind::none || attempt.kind == FailureKind::not_modified;
        });
    if (succeeded != info.attempts.rend()) {
        succeeded->request_id = info.request_id;
    }
}

std::string RawReply::request_id() const {
    const auto* object = root_.if_object();
    const auto from_body = object != nullptr ? string_member(*object, "request_id") : std::string_view{};
    return std::string{from_body.empty() ? request_id_of(response_.fields()) : from_body};
}

ApiError RawReply::unsuitable() && {
    if (!not_modified()) {
        context_.message = std::move(fault_.text);
    }
    return std::move(*this).error(not_modified() ? FailureKind::not_modified : FailureKind::decode_error);
}

ApiError RawReply::thrown() && noexcept {
    auto kind = FailureKind::exception;
    try {
        throw;
    } catch (const std::bad_alloc&) {
        kind = FailureKind::out_of_memory;
    } catch (...) { // NOLINT(bugprone-empty-catch): it stays `exception`
    }
    return std::move(*this).error(kind);
}

ApiError RawReply::error(FailureKind kind) && noexcept {
    Failure failure = response_.facts();
    failure.kind = kind;
    try {
        context_.request_id = request_id();
    } catch (const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): the error stands without it
    }
    context_.response = std::move(response_);
    return ApiError{failure, std::move(context_)};
}

} // namespace backstay::inline BACKSTAY_ABI::detail
