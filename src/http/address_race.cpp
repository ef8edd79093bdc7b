#include "http/address_race.hpp"

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI {

std::vector<asio::ip::address> interleave(const std::vector<asio::ip::address>& addresses) {
    std::vector<asio::ip::address> first;
    std::vector<asio::ip::address> second;
    for (const asio::ip::address& address : addresses) {
        (address.is_v6() == addresses.front().is_v6() ? first : second).push_back(address);
    }
    std::vector<asio::ip::address> ordered;
    ordered.reserve(addresses.size());
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) {
            ordered.push_back(first[i]);
        }
        if (i < second.size()) {
            ordered.push_back(second[i]);
        }
    }
    return ordered;
}

AddressRace::Step AddressRace::next(TimePoint now) noexcept {
    TimePoint until = end_of_time;
    bool running = false;
    std::size_t waiting = runners_.size();
    for (std::size_t i = 0; i < runners_.size(); ++i) {
        if (runners_[i].state == State::running) {
            if (limit_of(runners_[i]) <= now) {
                failed(i);
                return {.act = Act::give_up, .address = i};
            }
            running = true;
            until = std::min(until, limit_of(runners_[i]));
        } else if (runners_[i].state == State::waiting) {
            waiting = std::min(waiting, i);
        }
    }
    if (waiting < runners_.size()) {
        if (!running || next_begins_ <= now) {
            runners_[waiting] = {State::running, now};
            next_begins_ = saturating_add(now, limits_.between);
            return {.act = Act::begin, .address = waiting};
        }
        until = std::min(until, next_begins_);
    }
    return running ? Step{.act = Act::wait, .until = until} : Step{};
}

void AddressRace::failed(std::size_t address) noexcept {
    runners_[address].state = State::out;
    next_begins_ = TimePoint::min();
}

void AddressRace::won(std::size_t address) noexcept {
    for (Runner& runner : runners_) {
        if (runner.state == State::running) {
            runner.state = State::waiting;
        }
    }
    failed(address);
}

void AddressRace::stop() noexcept {
    for (Runner& runner : runners_) {
        if (runner.state == State::waiting) {
            runner.state = State::out;
        }
    }
}

TimePoint AddressRace::limit_of(const Runner& runner) const noexcept {
    return limits_.each > Duration::zero() ? saturating_add(runner.began, limits_.each) : end_of_time;
}

} // namespace backstay::inline BACKSTAY_ABI
