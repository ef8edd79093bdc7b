#include "http/dial_race.hpp"

#include "http/gate.hpp"
#include "http/system_error.hpp"

#include <asio/error.hpp>

#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// Opens a gate at a time.
class Alarm final : private Timer {
public:
    explicit Alarm(Watchdog& watchdog) noexcept : Timer(&watchdog.executor()), runtime_(watchdog.runtime()) {}
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;
    ~Alarm() { runtime_.disarm(*this); }

    void set(TimePoint at, Gate::Opener gate) {
        gate_ = std::move(gate);
        if (at == end_of_time) {
            runtime_.disarm(*this);
        } else {
            runtime_.arm(*this, at);
        }
    }

private:
    void expired() noexcept override { gate_.open(); }

    Runtime& runtime_;
    Gate::Opener gate_;
};

StepFault connect_fault(const std::error_code& error, const ByteStream& stream) {
    if (no_descriptor(error)) {
        return {FailureKind::resource_exhausted, error, "no descriptor for a connection: " + error.message()};
    }
    return {FailureKind::connect_failed, error,
            "cannot connect to " + stream.remote() + ": " + error.message()};
}

} // namespace

DialRace::DialRace(Dialer& dialer, const std::vector<asio::ip::address>& addresses, std::uint16_t port,
                   const AddressRace::Limits& limits)
    : dialer_(dialer), race_(addresses.size(), limits) {
    runners_.reserve(addresses.size());
    for (const asio::ip::address& address : addresses) {
        runners_.push_back({.endpoint = {address, port}});
    }
}

asio::awaitable<expected<DialRace::Winner, StepFault>> DialRace::run(Watchdog& watchdog) {
    using Act = AddressRace::Act;
    Alarm alarm(watchdog);
    fault_ = {};
    while (watchdog.may_wait()) {
        if (const std::size_t first = judge(); first < runners_.size()) {
            Winner winner{std::move(runners_[first].stream), race_.began(first)};
            race_.won(first);
            close_all();
            co_return winner;
        }
        const AddressRace::Step step = race_.next(watchdog.runtime().now());
        if (step.act == Act::over) {
            co_return fail(std::move(fault_));
        }
        if (step.act == Act::begin) {
            Runner& runner = runners_[step.address];
            runner.dialing = std::make_shared<Dialing>();
            runner.stream = dialer_.dial(watchdog.executor(), runner.endpoint, runner.dialing);
        } else if (step.act == Act::give_up) {
            lost(step.address, asio::error::timed_out);
        } else {
            Gate gate(watchdog.executor());
            for (const Runner& runner : runners_) {
                if (runner.stream) {
                    runner.dialing->wake = gate.opener();
                }
            }
            alarm.set(step.until, gate.opener());
            const Watchdog::Watch watch(watchdog, gate);
            co_await gate.wait();
        }
    }
    close_all();
    co_return fail(std::move(fault_));
}

std::size_t DialRace::judge() {
    for (std::size_t i = 0; i < runners_.size(); ++i) {
        if (!runners_[i].stream || !runners_[i].dialing->ended) {
            continue;
        }
        const std::error_code error = *runners_[i].dialing->ended;
        if (!error) {
            return i;
        }
        race_.failed(i);
        lost(i, error);
    }
    return runners_.size();
}

void DialRace::lost(std::size_t index, const std::error_code& error) {
    if (no_descriptor(error)) {
        race_.stop();
    }
    if (fault_.kind != FailureKind::resource_exhausted) {
        fault_ = connect_fault(error, *runners_[index].stream);
    }
    runners_[index].stream.reset();
}

void DialRace::close_all() noexcept {
    for (Runner& runner : runners_) {
        runner.stream.reset();
    }
}

} // namespace backstay::inline BACKSTAY_ABI
