#pragma once

/// \file
/// What the policies with slots and a queue do, in the plainest words, and a waker that counts.

#include <backstay/core/call_context.hpp>
#include <backstay/core/waker.hpp>
#include <backstay/policy/queue_order.hpp>

#include <cstddef>
#include <list>

namespace backstay::test {

/// A limit as a set of names and a list of those who wait, with no thought of speed or threads.
class LimitModel {
public:
    enum class State { none, waits, runs, displaced };
    struct Call {
        Priority priority;
        State state = State::none;
        int wakes = 0;
    };

    LimitModel(int with_limit, int may_queue, QueueOrder in_order)
        : limit(with_limit), max_queued(may_queue), order(in_order) {}

    State admit(Call& call) {
        if (call.state == State::waits || call.state == State::runs) {
            return call.state;
        }
        if (call.state == State::displaced) {
            call.state = State::none;
            return State::none;
        }
        if (queue.empty() && running < limit) {
            ++running;
            return call.state = State::runs;
        }
        if (queue.size() == static_cast<std::size_t>(max_queued) && !displace(call.priority)) {
            return State::none;
        }
        queue.push_back(&call);
        return call.state = State::waits;
    }

    void leave(Call& call) {
        if (call.state == State::runs) {
            --running;
        }
        queue.remove(&call);
        call.state = State::none;
        serve();
    }

    void set_limit(int changed) {
        limit = changed;
        serve();
    }

    int limit;
    int max_queued;
    QueueOrder order;
    int running = 0;
    std::list<Call*> queue; // by arrival

private:
    bool displace(Priority by) {
        Call* victim = nullptr;
        for (Call* const waiting : queue) {
            if (waiting->priority > by && (victim == nullptr || waiting->priority >= victim->priority)) {
                victim = waiting;
            }
        }
        if (victim == nullptr) {
            return false;
        }
        queue.remove(victim);
        victim->state = State::displaced;
        ++victim->wakes;
        return true;
    }

    void serve() {
        while (!queue.empty() && running < limit) {
            Call* const next = order == QueueOrder::fifo ? queue.front() : queue.back();
            queue.remove(next);
            next->state = State::runs;
            ++next->wakes;
            ++running;
        }
    }
};

/// Counts how often it was woken.
struct CountingTarget final : Waker::Target {
    int woken = 0;
    void wake() noexcept override { ++woken; }
};

} // namespace backstay::test
