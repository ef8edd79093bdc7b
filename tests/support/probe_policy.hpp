#pragma once

#include <backstay/core/description.hpp>
#include <backstay/core/protocol.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace backstay::test {

/// A policy that does as a test says and keeps a journal; `held` counts calls that were let through and not
/// yet settled or destroyed.
class ProbePolicy {
public:
    static constexpr Stage stage = Stage::custom;

    struct State {
        std::string name;
        std::vector<std::string>* journal = nullptr;
        std::function<Admission(CallContext&)> on_admit = [](CallContext&) { return Admission::proceed(); };
        std::function<Verdict(CallContext&, const Failure*)> on_settle = [](CallContext&, const Failure*) {
            return Verdict::pass();
        };
        std::function<bool(Waker)> on_enqueue = [](const Waker&) { return true; };
        int held = 0;
        int destroyed = 0; ///< of the calls that it was asked about
        int destroyed_unsettled = 0;

        void note(const std::string& what) const {
            if (journal != nullptr) {
                journal->push_back(name + "." + what);
            }
        }
    };

    struct Call {
        Call() = default;
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        ~Call() {
            if (state != nullptr) {
                ++state->destroyed;
            }
            if (state != nullptr && holds) {
                --state->held;
                ++state->destroyed_unsettled;
            }
        }
        State* state = nullptr;
        bool holds = false;
    };

    explicit ProbePolicy(std::string name = "probe", std::vector<std::string>* journal = nullptr)
        : state_(std::make_shared<State>()) {
        state_->name = std::move(name);
        state_->journal = journal;
    }

    Admission admit(Call& mine, CallContext& call) noexcept {
        mine.state = state_.get();
        const Admission admission = state_->on_admit(call);
        if (admission.answer == Admission::Answer::proceed) {
            state_->note("admit");
            ++state_->held;
            mine.holds = true;
        } else {
            state_->note(admission.answer == Admission::Answer::wait ? "wait" : "reject");
        }
        return admission;
    }

    Verdict settle(Call& mine, CallContext& call, const Failure* failure) noexcept {
        state_->note(failure != nullptr ? "settle:" + std::string{to_string(failure->kind)} : "settle:ok");
        const Verdict verdict = state_->on_settle(call, failure);
        if (verdict.answer != Verdict::Answer::again_at && mine.holds) {
            --state_->held;
            mine.holds = false;
        }
        return verdict;
    }

    bool enqueue(Call&, Waker waker) noexcept {
        state_->note("enqueue");
        return state_->on_enqueue(std::move(waker));
    }

    [[nodiscard]] ProbePolicy clone() const { return ProbePolicy{state_->name, state_->journal}; }
    [[nodiscard]] StageDescription describe() const { return {.name = state_->name}; }

    State* operator->() const noexcept { return state_.get(); }

private:
    std::shared_ptr<State> state_;
};

} // namespace backstay::test
