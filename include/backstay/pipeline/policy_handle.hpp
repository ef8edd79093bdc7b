#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/protocol.hpp>
#include <backstay/pipeline/inspect.hpp>
#include <backstay/pipeline/order.hpp>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// Any policy that can be looked at, or a retry budget, by name: a handle that shares its state.
/// Thread safety: as the policy's.
class PolicyHandle {
public:
    template <Inspectable P>
    PolicyHandle(std::string name, P policy)
        : name_(std::move(name)), model_(std::make_shared<Model<P>>(std::move(policy))) {}

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// `circuit_breaker`, `retry_budget` ...
    [[nodiscard]] std::string kind() const { return model_->kind(); }
    [[nodiscard]] std::vector<KeyedState> states(TimePoint now) const { return model_->states(now); }

    /// The policy itself, if it is of that type.
    template <class P>
    [[nodiscard]] std::optional<P> get() const {
        const auto* const found = static_cast<const P*>(model_->as(typeid(P)));
        return found != nullptr ? std::optional<P>(*found) : std::nullopt;
    }

    [[nodiscard]] PolicyHandle renamed(std::string name) const {
        PolicyHandle other = *this;
        other.name_ = std::move(name);
        return other;
    }

private:
    struct Base {
        Base() = default;
        Base(const Base&) = delete;
        Base& operator=(const Base&) = delete;
        virtual ~Base() = default;
        [[nodiscard]] virtual std::string kind() const = 0;
        [[nodiscard]] virtual std::vector<KeyedState> states(TimePoint now) const = 0;
        [[nodiscard]] virtual const void* as(const std::type_info& type) const noexcept = 0;
    };

    template <class P>
    struct Model final : Base {
        explicit Model(P held) : policy(std::move(held)) {}
        [[nodiscard]] std::string kind() const override {
            if constexpr (requires { P::stage; }) {
                return std::string(to_string(P::stage));
            } else {
                return "retry_budget";
            }
        }
        [[nodiscard]] std::vector<KeyedState> states(TimePoint now) const override {
            return inspect(policy, now);
        }
        [[nodiscard]] const void* as(const std::type_info& type) const noexcept override {
            return type == typeid(P) ? &policy : nullptr;
        }
        P policy;
    };

    std::string name_;
    std::shared_ptr<const Base> model_;
};

namespace detail {

template <class P>
void add_handles(std::vector<PolicyHandle>& handles, const P& policy, std::string name, std::string budgets) {
    if constexpr (Inspectable<P>) {
        handles.emplace_back(std::move(name), policy);
        if constexpr (P::stage == Stage::retry) {
            if (const auto& budget = policy.options().budget) {
                handles.emplace_back(std::move(budgets), *budget);
            }
        }
    }
}

/// Adds the handles of one stage: a policy under its own name, or the stage's, and the budget that a retry
/// holds.
template <class P>
void add_handles(std::vector<PolicyHandle>& handles, const P& policy) {
    if constexpr (NamedPolicy<P>) {
        if constexpr (requires { policy.policy(); }) {
            add_handles(handles, policy.policy(), std::string(P::name),
                        std::string(P::name) + "/retry_budget");
        }
    } else {
        add_handles(handles, policy, std::string(to_string(P::stage)), "retry_budget");
    }
}

} // namespace detail
} // namespace backstay::inline BACKSTAY_ABI
