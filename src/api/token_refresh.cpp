#include "api/token_refresh.hpp"

#include "api/token_store.hpp"

#include <backstay/core/description.hpp>
#include <backstay/pipeline/detail/outcome.hpp>
#include <backstay/pipeline/detail/parking.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <exception>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

/// Makes an error of which the sentence says what the refresh came to. No token is ever in it.
ApiError error_of(Failure failure, std::string what, std::error_code cause = std::error_code()) {
    failure.reach = Reach::refused_here;
    failure.refused_by = RefusedBy::credentials;
    failure.status = 0; // the call itself got no reply
    if (failure.kind == FailureKind::none) {
        failure.kind = FailureKind::exception;
    }
    return {failure, {.message = "no fresh token: " + what, .cause = cause}};
}

/// Makes the same without the sentence, for want of memory.
ApiError bare(Failure failure) noexcept {
    failure.reach = Reach::refused_here;
    failure.refused_by = RefusedBy::credentials;
    return ApiError{failure};
}

ApiError error_of(FailureKind kind, std::string_view what) noexcept {
    const Failure failure{.kind = kind};
    try {
        return error_of(failure, std::string{what});
    } catch (const std::bad_alloc&) {
        return bare(failure);
    }
}

ApiError no_answer_within(Duration limit) noexcept {
    const Failure failure{.kind = FailureKind::attempt_timeout};
    try {
        return error_of(failure, "the provider gave no answer within " + to_text(limit));
    } catch (const std::bad_alloc&) {
        return bare(failure);
    }
}

/// Tells the provider's error in a sentence.
ApiError error_of(const ApiError& theirs) noexcept {
    try {
        std::string what{to_string(theirs.kind())};
        if (theirs.status() != 0) {
            what.append(" ").append(std::to_string(theirs.status()));
        }
        if (!theirs.code().empty()) {
            what.append(" ").append(theirs.code());
        }
        const auto& words = theirs.description().empty() ? theirs.message() : theirs.description();
        if (!words.empty()) {
            what.append(": ").append(words);
        }
        if (!theirs.request_id().empty()) {
            what.append(" (request_id=").append(theirs.request_id()).append(")");
        }
        return error_of(theirs.failure(), std::move(what), theirs.cause());
    } catch (const std::bad_alloc&) {
        return bare(theirs.failure());
    }
}

/// What is wrong with a token; empty when nothing is.
std::string_view fault_of(const Token& token) {
    if (token.value.empty()) {
        return "the provider gave an empty one";
    }
    if (field_fault("Authorization", token.value)) {
        return "the provider gave one with control bytes";
    }
    return token.expires_in && *token.expires_in <= Duration::zero()
               ? "the provider gave one that had expired"
               : "";
}

/// One run of the provider. Its frames own it: when they are destroyed with their context before it has
/// ended, its destructor tells those who wait.
class TokenRefresh {
public:
    TokenRefresh(std::shared_ptr<const ClientCore> client, asio::any_io_executor strand, std::uint64_t number)
        : client_(std::move(client)),
          strand_(std::move(strand)),
          number_(number),
          active_(client_->calls, strand_, false),
          began_(runtime().now()) {}
    TokenRefresh(const TokenRefresh&) = delete;
    TokenRefresh& operator=(const TokenRefresh&) = delete;
    ~TokenRefresh() {
        if (!concluded_) {
            store().abandoned(number_);
        }
    }

    [[nodiscard]] bool entered() const noexcept { return active_.entered(); }

    static asio::awaitable<void> run(std::shared_ptr<TokenRefresh> self);

    /// For want of memory nobody can watch the provider: it is cancelled and its callers are told; when the
    /// last frame of this has gone, another refresh may begin.
    void give_up() noexcept;

private:
    static asio::awaitable<void> ask_provider(std::shared_ptr<TokenRefresh> self);
    void cut(Woken woken) noexcept;
    void cancel() noexcept;
    void conclude();
    [[nodiscard]] ApiError failure(std::string_view fault) const noexcept;
    void tell(FailureKind kind) const noexcept;

    [[nodiscard]] TokenStore& store() const noexcept { return *client_->options.bearer.store(); }
    [[nodiscard]] Runtime& runtime() const noexcept { return *client_->options.runtime; }

    std::shared_ptr<const ClientCore> client_;
    asio::any_io_executor strand_;
    std::uint64_t number_;
    ActiveCall active_; ///< the client's shutdown stops it and waits for it
    TimePoint began_;
    asio::cancellation_signal cancel_;
    expected<Token, ApiError> result_ = fail(ApiError{});
    FailureKind thrown_ = FailureKind::none;
    bool answered_ = false;
    bool overdue_ = false;
    bool stopped_ = false;
    bool concluded_ = false;
};

asio::awaitable<void> TokenRefresh::ask_provider(std::shared_ptr<TokenRefresh> self) {
    try {
        self->result_ = co_await self->store().provider();
    } catch (...) {
        self->thrown_ = failure_of_exception().kind;
    }
}

asio::awaitable<void> TokenRefresh::run(std::shared_ptr<TokenRefresh> self) {
    try {
        const auto parking = Parking::make(self->runtime(), self->strand_);
        asio::co_spawn(
            self->strand_, ask_provider(self),
            asio::bind_cancellation_slot(self->cancel_.slot(), [self, parking](std::exception_ptr) {
                self->answered_ = true;
                parking->wake_here();
            }));
        while (!self->answered_) {
            const TimePoint until =
                self->overdue_ ? end_of_time : saturating_add(self->began_, self->store().options.timeout);
            const Woken woken =
                co_await parking->wait(until, self->stopped_ ? nullptr : &self->active_.stop());
            self->cut(woken);
        }
        self->conclude();
    } catch (...) { // no memory
        self->give_up();
    }
}

/// Cancels a provider that has no time left; but it is awaited, or the next refresh would run beside it.
void TokenRefresh::cut(Woken woken) noexcept {
    if (woken == Woken::turn || answered_) {
        return;
    }
    if (woken == Woken::failed) {
        return give_up();
    }
    if (woken == Woken::stopped) {
        stopped_ = true;
    } else {
        overdue_ = true;
        store().overdue(number_, no_answer_within(store().options.timeout), runtime().now());
        tell(FailureKind::attempt_timeout);
    }
    cancel();
}

void TokenRefresh::give_up() noexcept {
    if (!concluded_ && !std::exchange(overdue_, true)) {
        store().overdue(number_, error_of(FailureKind::out_of_memory, "memory ran out"), runtime().now());
        tell(FailureKind::out_of_memory);
    }
    cancel();
}

void TokenRefresh::cancel() noexcept {
    try {
        cancel_.emit(asio::cancellation_type::terminal);
    } catch (const std::exception&) { // NOLINT(bugprone-empty-catch): no memory; its callers have been told
    }
}

void TokenRefresh::conclude() {
    const TimePoint now = runtime().now();
    const std::string_view fault = result_ ? fault_of(*result_) : std::string_view{};
    if (result_ && fault.empty()) {
        store().succeeded(number_, std::move(*result_), now);
        concluded_ = true;
        return tell(FailureKind::none);
    }
    if (overdue_ || stopped_) {
        return; // its callers have been told, or have gone with their client
    }
    const ApiError error = failure(fault);
    store().failed(number_, error, now);
    concluded_ = true;
    tell(error.kind());
}

ApiError TokenRefresh::failure(std::string_view fault) const noexcept {
    if (thrown_ != FailureKind::none) {
        return error_of(thrown_, "the provider threw an exception"); // what it says may be anything
    }
    return result_ ? error_of(FailureKind::invalid_request, fault) : error_of(result_.error());
}

void TokenRefresh::tell(FailureKind kind) const noexcept {
    Observer* const observer = client_->options.observer;
    if (observer == nullptr || !observer->wants(EventType::credential_refreshed)) {
        return;
    }
    const TimePoint now = runtime().now();
    observer->notify({.type = EventType::credential_refreshed,
                      .kind = kind,
                      .at = now,
                      .duration = now - began_,
                      .origin = client_->origin});
}

} // namespace

bool begin_refresh(std::shared_ptr<const ClientCore> client, std::uint64_t number) noexcept {
    const auto store = client->options.bearer.store();
    const TimePoint now = client->options.runtime->now();
    std::shared_ptr<TokenRefresh> refresh;
    try {
        // a strand, because the client's executor may have many threads
        const asio::any_io_executor strand = asio::make_strand(client->executor);
        refresh = std::make_shared<TokenRefresh>(std::move(client), strand, number);
        if (!refresh->entered()) {
            return false;
        }
        // posted, because a policy asks for it: the provider must not run inside `admit`
        asio::post(strand, [refresh, strand] {
            try {
                asio::co_spawn(strand, TokenRefresh::run(refresh), asio::detached);
            } catch (...) { // no memory: it must not leave the context's `run`
                refresh->give_up();
            }
        });
    } catch (...) {
        store->failed(number, error_of(FailureKind::out_of_memory, "memory ran out"), now);
    }
    return true;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
