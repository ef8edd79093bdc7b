#pragma once

#include "http/gate.hpp"

#include <backstay/core/call_context.hpp>
#include <backstay/core/call_notes.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/core/random.hpp>
#include <backstay/http/request.hpp>
#include <backstay/http/response.hpp>
#include <backstay/http/transport_error.hpp>

#include <asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace backstay::inline BACKSTAY_ABI {

/// Passes a flight's events on to the caller that began it, while that one is there.
class FlightRelay final : public Observer {
public:
    explicit FlightRelay(Observer* to) noexcept : to_(to) {}
    void leave() noexcept { to_ = nullptr; }

private:
    void on_event(const Event& event) override {
        if (to_ != nullptr && to_->wants(event.type)) {
            to_->notify(event);
        }
    }

    Observer* to_;
};

/// One shared exchange: its own request and context, which owe nothing to the callers that share it.
/// Thread safety: it belongs to `executor`, that of the caller that began it.
struct Flight {
    using Outcome = expected<Response, TransportError>;

    Flight(std::string identity, const Request& asked, const CallContext& first, std::uint64_t seed,
           asio::any_io_executor runs_on, std::shared_ptr<ContextKeeper> of_its_context);
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;
    ~Flight() = default;

    const std::string key;
    const asio::any_io_executor executor;
    const std::shared_ptr<ContextKeeper> keeper;
    const Request request;
    const std::string origin, credential, partition, operation; ///< what `call.key` views
    StopSignal stop;
    Random random;
    const std::string trace_id; ///< the first caller's: its events are told with it
    FlightRelay relay;
    CallNotes notes;
    CallContext call;

    // guarded by the table's mutex:
    std::list<Gate::Opener> aboard;   ///< of those who wait for it
    bool shared = false;              ///< more than one has waited
    bool ended = false;               ///< with `outcome`, or lost with its context
    std::optional<Outcome> outcome{}; ///< what all get
};

/// The flights that can be joined, and who waits for which. Thread safety: all members from any thread.
class FlightTable {
public:
    /// A caller's place on a flight; given back when it goes.
    class Seat {
    public:
        Seat(FlightTable& table, std::shared_ptr<Flight> flight, std::list<Gate::Opener>::iterator place,
             bool first) noexcept
            : table_(table), flight_(std::move(flight)), place_(place), first_(first) {}
        Seat(const Seat&) = delete;
        Seat& operator=(const Seat&) = delete;
        ~Seat() { leave(false); }

        /// Leaves; `in_vain`: because its time was up, so that nobody joins any more.
        void leave(bool in_vain) noexcept {
            if (!std::exchange(left_, true)) {
                table_.leave(*this, in_vain);
            }
        }
        /// It began the flight, and is to let it off.
        [[nodiscard]] bool first() const noexcept { return first_; }
        [[nodiscard]] const std::shared_ptr<Flight>& flight() const noexcept { return flight_; }
        /// What the flight came to; nothing while it is under way, and when it was lost.
        [[nodiscard]] std::optional<Flight::Outcome> outcome() const { return table_.outcome(*flight_); }

    private:
        friend class FlightTable;
        FlightTable& table_;
        std::shared_ptr<Flight> flight_;
        std::list<Gate::Opener>::iterator place_;
        bool first_;
        bool left_ = false;
    };

    /// Takes a seat on the flight with this identity, or on a new one. The gate is opened when it ends.
    [[nodiscard]] Seat board(std::string key, const Request& request, const CallContext& call,
                             std::uint64_t seed, const asio::any_io_executor& executor, const Gate& gate);

    /// Ends a flight, and tells those who wait; nothing: it was lost.
    void land(const std::shared_ptr<Flight>& flight, std::optional<Flight::Outcome> outcome) noexcept;

    [[nodiscard]] std::size_t size() const;

private:
    void leave(Seat& seat, bool in_vain) noexcept;
    [[nodiscard]] std::optional<Flight::Outcome> outcome(const Flight& flight) const;
    void forget(const Flight& flight) noexcept;

    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
};

} // namespace backstay::inline BACKSTAY_ABI
