#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/pipeline/any_pipeline.hpp>
#include <backstay/pipeline/inspect.hpp>
#include <backstay/pipeline/pipeline.hpp>
#include <backstay/pipeline/policy_handle.hpp>
#include <backstay/policy/circuit_breaker.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// One entry of a registry as of a point in time.
struct RegistryItem {
    std::string name{};
    std::string kind{};               ///< `circuit_breaker`, `retry_budget`, ..., `pipeline`
    std::vector<KeyedState> states{}; ///< of a policy, one for each key
    std::string description{};        ///< of a pipeline: its stages and their arithmetic
};

/// Finds the policies and pipelines of a process by name, shows how they stand, and changes them while the
/// process runs: what an admin endpoint needs. A pipeline brings its policies along, as
/// `ledger/circuit_breaker`; one with a name of its own (`Named`) comes as `ledger/that name`, and its retry
/// budget as `ledger/that name/retry_budget`. Of a pipeline only the description is kept: it runs calls for
/// whoever holds it.
///
/// Holds handles: an entry keeps its policy's state alive. Errors: `add` throws `std::invalid_argument` for a
/// name that is empty, taken, or comes twice in one pipeline, and then adds nothing; what is done to a name
/// that is not there, or to another kind, returns false. Thread safety: all members from any thread.
class BACKSTAY_EXPORT Registry {
public:
    Registry() = default;
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;
    ~Registry() = default;

    /// Adds a policy, or a retry budget.
    template <Inspectable P>
    void add(std::string name, P policy) {
        insert(PolicyHandle(std::move(name), std::move(policy)));
    }

    /// Adds a pipeline and those of its policies that can be looked at.
    template <Policy... P>
    void add(const std::string& name, const Pipeline<P...>& pipeline) {
        insert(name, pipeline.policies(), describe(pipeline));
    }
    template <class R>
    void add(const std::string& name, const AnyPipeline<R>& pipeline) {
        insert(name, pipeline.policies(), pipeline.describe());
    }

    /// Removes an entry; of a pipeline, with its policies.
    bool remove(std::string_view name);

    [[nodiscard]] std::vector<std::string> names() const;
    /// Shows all entries, in the order of their names.
    [[nodiscard]] std::vector<RegistryItem> snapshot(TimePoint now) const;

    /// Finds a policy; it shares its state with the one that was added.
    template <class P>
    [[nodiscard]] std::optional<P> find(std::string_view name) const {
        const std::optional<PolicyHandle> handle = at(name);
        return handle ? handle->get<P>() : std::nullopt;
    }

    // By hand (observers of calls are told of none of it):

    /// Refuses all calls at a breaker until `until` has come or `close` is called. Another one replaces it.
    bool isolate(std::string_view name, TimePoint until = end_of_time);
    /// Ends that isolation, and closes every circuit of the breaker.
    bool close(std::string_view name);
    /// Opens every gate of a cool-down.
    bool clear(std::string_view name);
    bool switch_off_retries(std::string_view name, TimePoint until = end_of_time);
    bool switch_on_retries(std::string_view name);

private:
    using Policies = std::map<std::string, PolicyHandle, std::less<>>;

    void insert(PolicyHandle handle);
    void insert(const std::string& pipeline, const std::vector<PolicyHandle>& handles,
                std::string description);
    [[nodiscard]] std::optional<PolicyHandle> at(std::string_view name) const;

    static void check_given(const std::string& name);
    void check_free(const std::string& name) const;

    mutable std::mutex mutex_; ///< of what follows
    Policies policies_;
    std::map<std::string, std::string, std::less<>> pipelines_; ///< and their descriptions
    std::map<std::string, CircuitBreaker::Isolation, std::less<>> isolated_;
};

} // namespace backstay::inline BACKSTAY_ABI
