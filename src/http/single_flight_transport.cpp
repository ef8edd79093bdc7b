#include <backstay/http/single_flight_transport.hpp>

#include "http/field_syntax.hpp"
#include "http/flight_table.hpp"
#include "http/watchdog.hpp"

#include <asio/cancellation_state.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/this_coro.hpp>

#include <algorithm>
#include <atomic>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {
namespace {

using Outcome = Flight::Outcome;

void validate(const SingleFlightOptions& options) {
    for (const std::string& name : options.ignored_fields) {
        if (is_secret_field(name)) {
            throw std::invalid_argument("SingleFlightOptions.ignored_fields has " + name +
                                        ": requests with different credentials must not share a reply");
        }
    }
}

bool contains_word(std::string value, std::string_view word) {
    std::transform(value.begin(), value.end(), value.begin(), to_lower);
    return value.find(word) != std::string::npos;
}

bool may_share(const Request& request) {
    const bool reads = request.method == "GET" || request.method == "HEAD";
    return reads && request.body.empty() && !request.producer && !request.sink &&
           std::none_of(request.fields.begin(), request.fields.end(), [](const Field& field) {
               return same_field_name(field.name, "Cache-Control") &&
                      (contains_word(field.value, "no-cache") || contains_word(field.value, "no-store"));
           });
}

/// Writes what makes two requests the same. Each part goes with its length, so that no two lists read alike.
std::string identity_of(const Request& request, const std::vector<std::string>& ignored) {
    std::string identity;
    const auto add = [&identity](std::string_view part) {
        identity.append(std::to_string(part.size())).append(":").append(part);
    };
    add(request.method);
    add(request.url.origin().to_string());
    add(request.url.target());
    add(request.safe_to_repeat ? "safe" : "");
    add(request.max_body_bytes ? std::to_string(*request.max_body_bytes) : "");
    for (const Field& field : request.fields) {
        const auto same = [&](const std::string& name) { return same_field_name(name, field.name); };
        if (!same(request.deadline_field) && std::none_of(ignored.begin(), ignored.end(), same)) {
            add(field.name);
            add(field.value);
        }
    }
    return identity;
}

Outcome thrown() noexcept {
    Failure failure{.kind = FailureKind::exception, .reach = Reach::maybe_processed};
    try {
        throw;
    } catch (const std::bad_alloc&) {
        failure.kind = FailureKind::out_of_memory;
    } catch (...) { // NOLINT(bugprone-empty-catch): it stays `exception`
    }
    return fail(TransportError(failure));
}

/// Sees to it that a flight ends, whatever becomes of the coroutine that carries it.
class Pilot {
public:
    Pilot(std::shared_ptr<FlightTable> table, std::shared_ptr<Flight> flight) noexcept
        : table_(std::move(table)), flight_(std::move(flight)) {}
    Pilot(Pilot&&) noexcept = default; // leaves no flight behind
    Pilot& operator=(Pilot&&) = delete;
    ~Pilot() {
        if (flight_) {
            table_->land(flight_, std::nullopt);
        }
    }

    [[nodiscard]] Flight& flight() const noexcept { return *flight_; }
    void land(Outcome outcome) noexcept { table_->land(std::exchange(flight_, nullptr), std::move(outcome)); }

private:
    std::shared_ptr<FlightTable> table_;
    std::shared_ptr<Flight> flight_;
};

} // namespace

class SingleFlightTransport::Impl {
public:
    Impl(std::shared_ptr<Transport> carrier, Runtime& time, SingleFlightOptions with)
        : inner(std::move(carrier)), runtime(time), options(std::move(with)) {
        validate(options);
    }

    static asio::awaitable<Outcome> share(std::shared_ptr<Impl> self, const Request& request,
                                          CallContext& call);

    const std::shared_ptr<Transport> inner;
    Runtime& runtime;
    const SingleFlightOptions options;
    FlightTable table;
    std::atomic<bool> closed{false};

private:
    static asio::awaitable<void> fly(std::shared_ptr<Impl> self, Pilot pilot);
    static asio::awaitable<Outcome> wait(std::shared_ptr<Impl> self, const Request& request,
                                         CallContext& call, Watchdog& watchdog);
};

asio::awaitable<void> SingleFlightTransport::Impl::fly(std::shared_ptr<Impl> self, Pilot pilot) {
    Outcome outcome = fail(TransportError{});
    try {
        outcome = co_await self->inner->send(pilot.flight().request, pilot.flight().call);
    } catch (...) {
        outcome = thrown();
    }
    pilot.land(std::move(outcome));
}

asio::awaitable<Outcome> SingleFlightTransport::Impl::wait(std::shared_ptr<Impl> self, const Request& request,
                                                           CallContext& call, Watchdog& watchdog) {
    const std::string identity = identity_of(request, self->options.ignored_fields);
    bool boarded = false;
    while (watchdog.may_wait()) {
        Gate gate(watchdog.executor());
        FlightTable::Seat seat =
            self->table.board(identity, request, call, self->runtime.seed(), watchdog.executor(), gate);
        boarded = true;
        if (seat.first()) {
            Pilot pilot(std::shared_ptr<FlightTable>(self, &self->table), seat.flight());
            asio::co_spawn(watchdog.executor(), fly(self, std::move(pilot)), asio::detached);
        }
        std::optional<Outcome> outcome = seat.outcome(); // it may have ended at once
        if (!outcome) {
            const Watchdog::Watch watch(watchdog, gate);
            co_await gate.wait();
            outcome = seat.outcome();
        }
        if (outcome) {
            call.resends += seat.first() ? seat.flight()->call.resends : 0;
            co_return std::move(*outcome);
        }
        seat.leave(self->runtime.now() >= call.deadline.at);
        // else the flight was lost with its context: this call takes the next one, or begins it
    }
    const Failure failure{.kind = watchdog.verdict(),
                          .reach = boarded ? Reach::maybe_processed : Reach::never_sent};
    co_return fail(
        TransportError(failure, {}, {.message = watchdog.reason() + " while it shared an exchange"}));
}

asio::awaitable<Outcome> SingleFlightTransport::Impl::share(std::shared_ptr<Impl> self,
                                                            const Request& request, CallContext& call) {
    // a cancelled call is a value; what the caller's own next co_await does is the caller's setting
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
    Outcome outcome = fail(TransportError{});
    try {
        Watchdog watchdog(self->runtime, executor, call, cancellation);
        outcome = co_await wait(self, request, call, watchdog);
    } catch (...) {
        outcome = thrown();
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return outcome;
}

SingleFlightTransport::SingleFlightTransport(std::shared_ptr<Transport> inner, Runtime& runtime,
                                             SingleFlightOptions options)
    : impl_(std::make_shared<Impl>(std::move(inner), runtime, std::move(options))) {}

SingleFlightTransport::~SingleFlightTransport() = default;

asio::awaitable<expected<Response, TransportError>> SingleFlightTransport::send(const Request& request,
                                                                                CallContext& call) {
    if (impl_->closed || !may_share(request)) {
        return impl_->inner->send(request, call);
    }
    return Impl::share(impl_, request, call);
}

void SingleFlightTransport::close() noexcept {
    impl_->closed = true;
    impl_->inner->close();
}

std::size_t SingleFlightTransport::in_flight() const noexcept {
    return impl_->table.size();
}

} // namespace backstay::inline BACKSTAY_ABI
