#pragma once

#include "http/byte_stream.hpp"

#include <backstay/core/config.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <memory>

namespace backstay::inline BACKSTAY_ABI {

class ContextKeeper;

/// Lets one coroutine wait until somebody, on any thread, opens the gate. It opens once.
/// Lifetime: openers may outlive gate and context; opening then does nothing.
/// Cancellation: `wait` returns early; the gate stays as it is.
class BACKSTAY_EXPORT Gate final : public Cancellable {
    struct State;

public:
    /// Opens the gate: any thread, any number of times. Resumes by post, never inline; does not allocate.
    class BACKSTAY_EXPORT Opener {
    public:
        Opener() = default;
        void open() const noexcept;
        /// True when there is no gate any more.
        [[nodiscard]] bool gone() const noexcept;

    private:
        friend class Gate;
        explicit Opener(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
        std::shared_ptr<State> state_;
    };

    explicit Gate(const asio::any_io_executor& executor);
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;
    ~Gate();

    [[nodiscard]] asio::awaitable<void> wait();
    void cancel() noexcept override { opener().open(); }
    [[nodiscard]] Opener opener() const noexcept { return Opener{state_}; }
    /// That of its executor's context.
    [[nodiscard]] const std::shared_ptr<ContextKeeper>& keeper() const noexcept;

private:
    std::shared_ptr<State> state_;
};

} // namespace backstay::inline BACKSTAY_ABI
