#include "http/delivery.hpp"

#include "http/request_writer.hpp"
#include "http/system_error.hpp"

#include <backstay/core/random.hpp>

#include <asio/execution/context.hpp>
#include <asio/query.hpp>

#include <array>
#include <exception>
#include <new>
#include <optional>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// An idle connection from which anything can be read, its end included, is of no use.
bool alive(Connection& connection) noexcept {
    std::array<char, 1> surplus{};
    return connection.stream->read(surplus).would_block();
}

bool asks_for_gzip(const Request& request, const HttpsOptions& options) noexcept {
    return options.accept_gzip && !request.fields.has("Accept-Encoding");
}

ReplyLimits limits_for(const Request& request, const HttpsOptions& options) noexcept {
    ReplyLimits limits;
    limits.head_bytes = options.max_head_bytes;
    limits.fields = options.max_fields;
    limits.gzip_ratio = asks_for_gzip(request, options) ? options.max_gzip_ratio : 0;
    limits.body_bytes = request.max_body_bytes.value_or(options.max_body_bytes);
    return limits;
}

/// Spread by 10 %, so that connections made together are not replaced together.
TimePoint retirement(TimePoint now, const HttpsOptions& options, std::uint64_t seed) noexcept {
    if (options.max_age == Duration::zero()) {
        return end_of_time;
    }
    const double age =
        static_cast<double>(Duration(options.max_age).count()) * Random(seed).between(0.9, 1.1);
    return saturating_add(now, Duration(static_cast<Duration::rep>(age)));
}

} // namespace

asio::awaitable<Delivery::Outcome> Delivery::run() {
    expected<std::string, std::string> head =
        request_head(request_, asks_for_gzip(request_, services_.options));
    if (!head) {
        co_return fail_with({FailureKind::invalid_request, {}, std::move(head.error())});
    }
    if (const StepFault refusal = services_.connector.refuses(request_.url.origin());
        refusal.kind != FailureKind::none) {
        co_return fail_with(refusal);
    }
    for (;;) {
        expected<Lease, StepFault> lease = co_await obtain();
        if (!lease) {
            co_return fail_with(lease.error());
        }
        doing_ = "before the exchange";
        expected<RequestBytes, StepFault> body = begin_body(*head);
        if (!body) {
            co_return fail_with(body.error());
        }
        lease->connection()->clean = false;
        Exchange exchange(*lease->connection()->stream, request_.method, *body, request_.sink,
                          limits_for(request_, services_.options), handed_over_);
        doing_ = "during the exchange";
        co_await exchange.run(watchdog_, services_.options.idle_timeout);
        if (std::optional<ResponseParts> parts = exchange.take()) {
            co_return succeed(exchange, std::move(*parts), *lease);
        }
        lease->reset();
        notify(EventType::connection_closed);
        if (!stale(exchange)) {
            co_return fail_with(exchange.fault());
        }
        ++call_.resends;
        ++info_.resends;
        notify(EventType::connection_stale);
        // the others that were idle here are older still; the repeat takes none of them
        services_.pool.drop(request_.url.origin(),
                            asio::query(watchdog_.executor(), asio::execution::context));
    }
}

asio::awaitable<expected<Delivery::Lease, StepFault>> Delivery::obtain() {
    bool evicted = false;
    for (;;) {
        if (!watchdog_.may_wait()) {
            co_return fail(StepFault{});
        }
        doing_ = "while it waited for a connection";
        expected<Lease, StepFault> lease = co_await services_.pool.acquire(request_.url.origin(), watchdog_);
        if (!lease) {
            co_return lease;
        }
        if (!watchdog_.may_wait()) {
            if (Connection* const unused = lease->connection()) {
                lease->give_back(unused->idle_until);
            }
            co_return fail(StepFault{});
        }
        if (Connection* const idle = lease->connection()) {
            info_.remote = idle->stream->remote();
            if (alive(*idle)) {
                info_.reused = true;
                notify(EventType::connection_reused);
                co_return lease;
            }
            idle->clean = false;
            notify(EventType::connection_closed);
            continue;
        }
        lease = co_await connect(std::move(*lease));
        const bool exhausted = !lease && lease.error().kind == FailureKind::resource_exhausted;
        if (!exhausted || evicted) {
            co_return lease;
        }
        evicted = services_.pool.evict_idle(asio::query(watchdog_.executor(), asio::execution::context));
        if (!evicted) {
            co_return lease;
        }
    }
}

asio::awaitable<expected<Delivery::Lease, StepFault>> Delivery::connect(Lease lease) {
    doing_ = "while it was connecting";
    info_.reused = false;
    const TimePoint began = services_.runtime.now();
    ConnectTimes times;
    ConnectResult made = co_await services_.connector.connect(request_.url.origin(), watchdog_, times);
    info_.lookup_time = times.lookup;
    info_.tcp_time = times.tcp;
    info_.tls_time = times.tls;
    info_.resumed = times.resumed;
    if (!made) {
        co_return fail(std::move(made.error()));
    }
    const TimePoint now = services_.runtime.now();
    auto connection = std::make_unique<Connection>(std::move(*made));
    connection->context = &asio::query(watchdog_.executor(), asio::execution::context);
    connection->retire_at = retirement(now, services_.options, services_.runtime.seed());
    info_.remote = connection->stream->remote();
    info_.connect_time = now - began;
    lease.established(std::move(connection));
    notify(EventType::connection_opened);
    co_return lease;
}

/// What the caller's producer throws is no fault of ours, nor of the network.
expected<RequestBytes, StepFault> Delivery::begin_body(const std::string& head) const {
    try {
        return RequestBytes(head, request_);
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& error) {
        return fail(StepFault{FailureKind::exception, {}, error.what()});
    } catch (...) {
        return fail(StepFault{FailureKind::exception, {}, "the producer of the request's body threw"});
    }
}

bool Delivery::stale(const Exchange& exchange) const noexcept {
    return info_.reused && info_.resends == 0 && exchange.fault().kind == FailureKind::connection_lost &&
           !exchange.reply_began() && (!handed_over_ || request_.safe_to_repeat) && watchdog_.may_wait();
}

Delivery::Outcome Delivery::succeed(Exchange& exchange, ResponseParts parts, Lease& lease) {
    const TimePoint now = services_.runtime.now();
    const TimePoint until =
        saturating_add(now, idle_lifetime(exchange.keep_alive_timeout(), services_.options.idle_for));
    lease.connection()->clean = true;
    if (exchange.reusable() && until > now && lease.connection()->retire_at > now) {
        lease.give_back(until);
    } else {
        lease.reset();
        notify(EventType::connection_closed);
    }
    info_.first_byte_time = exchange.first_byte_time();
    parts.exchange = std::move(info_);
    return Response(std::move(parts));
}

Delivery::Outcome Delivery::fail_with(const StepFault& fault) const {
    Failure failure{.kind = fault.kind, .reach = handed_over_ ? Reach::maybe_processed : Reach::never_sent};
    TransportError::Detail detail{.message = fault.message, .exchange = info_};
    const bool refused =
        fault.kind == FailureKind::invalid_request || fault.kind == FailureKind::client_closed;
    if (const FailureKind verdict = watchdog_.verdict(); verdict != FailureKind::none && !refused) {
        failure.kind = verdict;
        detail.message = watchdog_.reason().append(" ").append(doing_);
    } else if (fault.kind == FailureKind::client_closed && !handed_over_) {
        failure.reach = Reach::refused_here;
        failure.refused_by = RefusedBy::client;
        detail.message = "the client was closed";
    }
    return fail(TransportError(failure, standard_code(fault.cause), std::move(detail)));
}

void Delivery::notify(EventType type) noexcept {
    if (!call_.observed(type)) {
        return;
    }
    call_.now = services_.runtime.now();
    Event event{.type = type, .remote = info_.remote};
    if (type == EventType::connection_opened) {
        event.duration = info_.connect_time;
        event.lookup_time = info_.lookup_time;
        event.tcp_time = info_.tcp_time;
        event.tls_time = info_.tls_time;
    }
    call_.notify(event);
}

} // namespace backstay::inline BACKSTAY_ABI
