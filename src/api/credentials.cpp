#include <backstay/api/credentials.hpp>

#include "api/credential_use.hpp"
#include "api/token_refresh.hpp"

#include <new>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {
namespace {

using detail::TokenStore;
using detail::TokenWaiter;

Admission out_of_memory() noexcept {
    return Admission::reject({.kind = FailureKind::out_of_memory, .refused_by = RefusedBy::credentials});
}

} // namespace

StageDescription Credentials::describe() const {
    return {.name = std::string(to_string(stage)),
            .settings = "waits for a token, one repeat after a 401",
            .queues = true};
}

Admission Credentials::ask(Call& mine, CallContext& call) noexcept {
    detail::CredentialUse& use = *call.credentials;
    TokenStore::Answer answer = use.store()->ask(use.refused(), mine.waiter_, call.now);
    if (answer.begin != 0 && !detail::begin_refresh(use.client(), answer.begin) &&
        answer.kind == TokenStore::Answer::Kind::wait) {
        return Admission::reject({.kind = FailureKind::client_closed, .refused_by = RefusedBy::client});
    }
    switch (answer.kind) {
    case TokenStore::Answer::Kind::proceed:
        break;
    case TokenStore::Answer::Kind::wait:
        if (mine.waiter_ == nullptr) {
            mine.waiter_ = new (std::nothrow) TokenWaiter(use.store());
            if (mine.waiter_ == nullptr) {
                return out_of_memory();
            }
            mine.waiter_->refresh = answer.refresh;
        }
        return Admission::wait(answer.until);
    case TokenStore::Answer::Kind::refuse:
        const Failure failure = refusal(answer.error.kind(), RefusedBy::credentials, answer.until - call.now);
        use.note_error(std::move(answer.error));
        return Admission::reject(failure);
    }
    return Admission::proceed();
}

Verdict Credentials::judge(CallContext& call, const Failure* failure) noexcept {
    detail::CredentialUse& use = *call.credentials;
    const bool repeat = use.end_repeat();
    if (failure == nullptr) {
        return Verdict::pass();
    }
    if (repeat && failure->reach == Reach::refused_here) { // the caller sees the 401, not what hid it
        return Verdict::keep_previous(StopReason::refused);
    }
    if (failure->kind != FailureKind::unauthorized || failure->reach != Reach::answered) {
        return Verdict::pass();
    }
    // without a version the 401 is not about our token; out of time, the answer that came stands
    const bool repeats = use.refused() != 0 && call.now < call.deadline.at && use.take_repeat();
    return repeats ? Verdict::again_here(call.now) : Verdict::pass();
}

bool Credentials::enqueue(Call& mine, Waker waker) noexcept { // NOLINT(*-convert-member-functions-to-static)
    return mine.waiter_->store->enqueue(*mine.waiter_, std::move(waker));
}

void Credentials::Call::leave() noexcept {
    waiter_->store->leave(*waiter_);
    delete waiter_;
}

} // namespace backstay::inline BACKSTAY_ABI
