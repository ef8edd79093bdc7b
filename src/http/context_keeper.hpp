#pragma once

#include <backstay/core/config.hpp>

#include <asio/any_io_executor.hpp>

#include <memory>
#include <mutex>

namespace backstay::inline BACKSTAY_ABI {

/// Lets threads that do not run a context reach into it only while it is not being destroyed: Asio takes no
/// lock while it empties the queues of one that is. Thread safety: all members from any thread.
class ContextKeeper {
public:
    /// Finds the one of the executor's context. Precondition: what `while_open` is to use there, a timer say,
    /// has been used in that context before: the newest services are shut down first.
    [[nodiscard]] static std::shared_ptr<ContextKeeper> of(const asio::any_io_executor& executor);

    /// Runs `action`, unless the context is going or gone; it does not go meanwhile.
    template <class F>
    void while_open(F action) {
        const std::lock_guard lock(mutex_);
        if (!closed_) {
            action();
        }
    }

    void close() noexcept {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }

private:
    std::mutex mutex_;
    bool closed_ = false;
};

} // namespace backstay::inline BACKSTAY_ABI
