#pragma once

#include <backstay/api/bearer_token.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/waker.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace backstay::inline BACKSTAY_ABI::detail {

class TokenStore;

/// One call that waits for a refresh.
struct TokenWaiter {
    explicit TokenWaiter(std::shared_ptr<TokenStore> waits_at) noexcept : store(std::move(waits_at)) {}

    std::shared_ptr<TokenStore> store;
    // once it has been enqueued, guarded by the store's mutex:
    std::uint64_t refresh = 0; ///< the number of the one that it waits for; 0: for the time alone
    Waker waker{};
    TokenWaiter* previous = nullptr;
    TokenWaiter* next = nullptr;
    bool linked = false;
};

/// A provider's token, and who may go on with it, must wait for another, or begins to fetch that. It decides
/// only: whoever is told to `begin` a refresh runs it, and tells how it went.
/// Thread safety: all members from any thread. Wakes outside its lock.
class BACKSTAY_EXPORT TokenStore {
public:
    /// A token as attempts carry it.
    struct Current {
        std::string value;
        std::uint64_t version; ///< from 1
    };

    struct Answer {
        enum class Kind : std::uint8_t {
            proceed,
            wait,   ///< for refresh `refresh`, or, when that is 0, until `until`
            refuse, ///< with `error`; `until` is when it may be tried again
        };
        Kind kind = Kind::proceed;
        std::uint64_t refresh = 0;
        std::uint64_t begin = 0; ///< the caller runs the refresh of that number; 0: no
        TimePoint until = end_of_time;
        ApiError error{};
    };

    /// Throws `std::invalid_argument` when an option is out of range.
    TokenStore(TokenProvider provider, const RefreshOptions& options);

    const TokenProvider provider;
    const RefreshOptions options;

    /// May a call go on? It needs a token newer than version `refused`. `waiter`, if it has one by now,
    /// leaves those that wait, and takes note of what it is to wait for next.
    [[nodiscard]] Answer ask(std::uint64_t refused, TokenWaiter* waiter, TimePoint now) noexcept;

    /// Puts a call among those that wait; false when its refresh has ended meanwhile.
    [[nodiscard]] bool enqueue(TokenWaiter& waiter, Waker waker) noexcept;
    void leave(TokenWaiter& waiter) noexcept;

    /// The newest token, expired or not; null before the first.
    [[nodiscard]] std::shared_ptr<const Current> current() const noexcept;

    // How refresh `number` went. What is told of another one than that which runs is not heeded.
    /// May throw `std::bad_alloc`; then nothing has been told.
    void succeeded(std::uint64_t number, Token token, TimePoint now);
    void failed(std::uint64_t number, const ApiError& error, TimePoint now) noexcept;
    /// It goes on, but nobody is to wait for it any longer.
    void overdue(std::uint64_t number, const ApiError& error, TimePoint now) noexcept;
    /// It ended without an outcome: another may begin.
    void abandoned(std::uint64_t number) noexcept;

private:
    [[nodiscard]] Answer decide(std::uint64_t refused, std::uint64_t waited_for, TimePoint now) noexcept;
    [[nodiscard]] std::uint64_t begin_one() noexcept { return running_ = ++begun_; }
    void note_failure(std::uint64_t number, ApiError error, TimePoint now,
                      std::uint64_t still_running) noexcept;
    [[nodiscard]] Answer refusal(TimePoint now) const noexcept;
    void unlink(TokenWaiter& waiter) noexcept;
    void wake(std::uint64_t number) noexcept;

    mutable std::mutex mutex_;
    std::shared_ptr<const Current> current_;
    TimePoint expires_at_ = end_of_time;
    TimePoint refresh_at_ = end_of_time;
    TimePoint not_before_{}; ///< no refresh begins before
    std::uint64_t begun_ = 0;
    std::uint64_t running_ = 0; ///< the number of the one that runs; 0: none
    std::uint64_t failed_ = 0;  ///< the number of the last that failed or was overdue
    ApiError error_{};          ///< its error
    bool last_failed_ = false;  ///< no token has come since
    TokenWaiter* first_ = nullptr;
    TokenWaiter* last_ = nullptr;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
