#include "http/flight_table.hpp"

#include "http/context_keeper.hpp"

#include <asio/post.hpp>

#include <exception>
#include <new>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {
namespace {

/// Without what the first caller tells of itself: others may wait longer.
Request shared_request(Request request) {
    request.fields.remove(std::exchange(request.deadline_field, {}));
    return request;
}

} // namespace

Flight::Flight(std::string identity, const Request& asked, const CallContext& first, std::uint64_t seed,
               asio::any_io_executor runs_on, std::shared_ptr<ContextKeeper> of_its_context)
    : key(std::move(identity)),
      executor(std::move(runs_on)),
      keeper(std::move(of_its_context)),
      request(shared_request(asked)),
      origin(first.key.origin),
      credential(first.key.credential),
      partition(first.key.partition),
      operation(first.key.operation),
      random(seed),
      trace_id(first.notes != nullptr ? first.notes->trace_id : std::string_view{}),
      relay(first.observer) {
    // named one by one: whatever else a context holds, of what belongs to the caller, stays with the caller
    call.now = first.now;
    call.began = first.began;
    call.attempt_began = first.attempt_began;
    call.attempt = first.attempt;
    call.random = &random;
    call.stop = &stop;
    call.observer = first.observer != nullptr ? &relay : nullptr;
    notes.trace_id = trace_id;
    call.notes = &notes;
    call.safe_to_repeat = first.safe_to_repeat;
    call.priority = first.priority;
    call.key = {.origin = origin, .credential = credential, .partition = partition, .operation = operation};
}

FlightTable::Seat FlightTable::board(std::string key, const Request& request, const CallContext& call,
                                     std::uint64_t seed, const asio::any_io_executor& executor,
                                     const Gate& gate) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Flight>& entry = flights_[key];
    const bool first = entry == nullptr;
    try {
        if (first) {
            entry = std::make_shared<Flight>(std::move(key), request, call, seed, executor, gate.keeper());
        }
        entry->shared = !first;
        entry->aboard.push_front(gate.opener());
    } catch (...) {
        std::erase_if(flights_,
                      [](const auto& made) { return made.second == nullptr || made.second->aboard.empty(); });
        throw;
    }
    return Seat(*this, entry, entry->aboard.begin(), first);
}

void FlightTable::leave(Seat& seat, bool in_vain) noexcept {
    Flight& flight = *seat.flight_;
    if (seat.first_) {
        flight.relay.leave();
    }
    const std::lock_guard lock(mutex_);
    if (flight.ended) {
        return;
    }
    flight.aboard.erase(seat.place_);
    if (in_vain || flight.aboard.empty()) {
        forget(flight);
    }
    if (flight.aboard.empty()) {
        try {
            flight.keeper->while_open([&] {
                asio::post(flight.executor,
                           [stopped = seat.flight_] { stopped->stop.request(FailureKind::canceled); });
            });
        } catch (const std::exception&) { // no memory: nobody waits for it, and it ends by itself
        }
    }
}

void FlightTable::land(const std::shared_ptr<Flight>& flight,
                       std::optional<Flight::Outcome> outcome) noexcept {
    bool shared = false;
    {
        const std::lock_guard lock(mutex_);
        forget(*flight); // nobody joins from now on
        shared = flight->shared;
    }
    if (shared && outcome) {
        try {
            *outcome ? (*outcome)->mark_shared() : outcome->error().mark_shared();
        } catch (const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): it stands without the mark
        }
    }
    std::list<Gate::Opener> waiting;
    {
        const std::lock_guard lock(mutex_);
        flight->outcome = std::move(outcome);
        flight->ended = true;
        waiting.swap(flight->aboard);
    }
    for (const Gate::Opener& gate : waiting) {
        gate.open();
    }
}

std::size_t FlightTable::size() const {
    const std::lock_guard lock(mutex_);
    return flights_.size();
}

std::optional<Flight::Outcome> FlightTable::outcome(const Flight& flight) const {
    const std::lock_guard lock(mutex_);
    return flight.outcome;
}

/// Takes it off the table, unless another one is there by now.
void FlightTable::forget(const Flight& flight) noexcept {
    const auto found = flights_.find(flight.key);
    if (found != flights_.end() && found->second.get() == &flight) {
        flights_.erase(found);
    }
}

} // namespace backstay::inline BACKSTAY_ABI
