#include "testing/responder.hpp"

#include "testing/guide.hpp"
#include "testing/reply_writer.hpp"

#include <array>
#include <cstdio>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

namespace {

ApiReply to_reply(const ScriptedReply& scripted, const std::string& request_id) {
    auto wait = scripted.retry_after ? scripted.retry_after : guide_wait(scripted.status);
    if (scripted.without_wait) {
        wait.reset();
    }
    ApiReply reply = guide_reply(scripted.status, wait, request_id);
    if (scripted.body) {
        reply.body = *scripted.body;
        if (!scripted.retry_after) { // a body of one's own does not take over the guide's wait
            reply.fields.remove("Retry-After");
        }
    }
    for (const Field& field : scripted.fields) {
        reply.fields.remove(field.name);
    }
    for (const Field& field : scripted.fields) {
        reply.fields.add(field.name, field.value);
    }
    return reply;
}

std::string first_of(const Fields& fields, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        if (const std::string* const value = fields.find(name)) {
            return *value;
        }
    }
    return {};
}

/// What every reply carries besides its own fields.
void add_common_fields(ApiReply& reply, const Fields& request, const std::string& request_id) {
    if (!reply.fields.has("X-Request-Id")) {
        reply.fields.add("X-Request-Id", request_id);
    }
    if (const std::string* const nonce = request.find("X-Nonce")) {
        reply.fields.add("X-Nonce", *nonce);
    }
}

bool says_close(const Fields& fields) {
    const std::string* const connection = fields.find("Connection");
    return connection != nullptr && same_field_name(*connection, "close");
}

} // namespace

Responder::Responder(FaultScript script, SandboxApiOptions api)
    : cursor_(std::move(script)), api_(std::move(api)) {}

Responder::Answer Responder::answer(const ApiRequest& request, bool last, SeenRequest& record) {
    const std::lock_guard lock(mutex_);
    const std::string_view target = request.target;
    const auto step = cursor_.next(request.method, target.substr(0, target.find('?'))).value_or(FaultStep());
    record.request_id = next_request_id();
    record.attempt_id = first_of(request.fields, {"X-Attempt-Id", "X-Request-Id", "X-Nonce"});
    record.fault = to_string(step);
    if (step.raw) {
        record.request_id.clear();
        return {.playback = Playback(step, *step.raw, last), .effects = {}};
    }
    ApiReply reply = step.reply ? to_reply(*step.reply, record.request_id)
                                : api_.answer(request, record.request_id, Clock::now());
    add_common_fields(reply, request.fields, record.request_id);
    record.status = reply.status;
    const ReplyForm form{.to_head = request.method == "HEAD",
                         .last = last || step.after == AfterReply::close,
                         .chunks = step.chunks,
                         .date = record.at};
    return {.playback = Playback(step, write_reply(reply, form), form.last || says_close(reply.fields)),
            .effects = api_.take_effects()};
}

Responder::Answer Responder::refuse(int status, SeenRequest& record) {
    const std::lock_guard lock(mutex_);
    ApiReply reply = status == 400 ? error_reply(400, "bad_request", "Not an HTTP/1.1 request")
                                   : guide_reply(status, std::nullopt, {});
    record.request_id = next_request_id();
    record.status = status;
    add_common_fields(reply, Fields(), record.request_id);
    const ReplyForm form{.last = true, .date = record.at};
    return {.playback = Playback(FaultStep(), write_reply(reply, form), true), .effects = {}};
}

void Responder::play(FaultScript script) {
    ScriptCursor cursor(std::move(script));
    const std::lock_guard lock(mutex_);
    cursor_ = std::move(cursor);
}

void Responder::replace_token(std::string token) {
    const std::lock_guard lock(mutex_);
    api_.replace_token(std::move(token));
}

ConnectionFault Responder::next_connection() {
    const std::lock_guard lock(mutex_);
    return cursor_.next_connection();
}

std::string Responder::next_request_id() {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "req-%06llx", static_cast<unsigned long long>(++ids_));
    return text.data();
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
