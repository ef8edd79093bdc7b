#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/description.hpp>
#include <backstay/core/protocol.hpp>

namespace backstay::inline BACKSTAY_ABI {

namespace detail {
struct TokenWaiter;
} // namespace detail

/// Sees to it that attempts carry a fresh token, for clients whose `BearerToken` has a provider. A call waits
/// while there is none, and begins the refresh unless another has; with one that is about to expire it goes
/// on and begins the refresh beside it. After a 401 it is repeated once, with a newer token: at once if there
/// is one already, else after the refresh. That repeat is no retry: it has no backoff, and neither the
/// attempts nor the budget of `Retry` know of it. A second 401 is final. Stands inside `Retry`, outside what
/// bounds or counts one attempt.
///
/// Stateless: the token belongs to the `BearerToken`, so copies and pipelines may be shared by clients.
/// Errors: refuses with the kind of the provider's error, `refused_by` `credentials`, and the time until the
/// next refresh may begin; a repeat that a stage inside refuses leaves the 401 standing. Thread safety: all
/// members from any thread. Cost: one branch in `admit` and one in `settle` for a call without such a token.
/// Source: RFC 6750 section 3.1; RFC 6749 section 5.1 (`expires_in`).
class BACKSTAY_EXPORT Credentials {
public:
    static constexpr Stage stage = Stage::credentials;

    class BACKSTAY_EXPORT Call {
    public:
        Call() noexcept = default;
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        ~Call() {
            if (waiter_ != nullptr) {
                leave();
            }
        }

    private:
        friend class Credentials;
        void leave() noexcept;

        detail::TokenWaiter* waiter_ = nullptr; // made at the first wait
    };

    [[nodiscard]] Credentials clone() const noexcept { return *this; }
    [[nodiscard]] StageDescription describe() const;

    Admission admit(Call& mine, CallContext& call) noexcept {
        return call.credentials == nullptr ? Admission::proceed() : ask(mine, call);
    }
    Verdict settle(Call& /*mine*/, CallContext& call, const Failure* failure) noexcept {
        return call.credentials == nullptr ? Verdict::pass() : judge(call, failure);
    }
    bool enqueue(Call& mine, Waker waker) noexcept;

private:
    static Admission ask(Call& mine, CallContext& call) noexcept;
    static Verdict judge(CallContext& call, const Failure* failure) noexcept;
};

static_assert(QueueingPolicy<Credentials> && sizeof(Credentials::Call) <= 8);

} // namespace backstay::inline BACKSTAY_ABI
