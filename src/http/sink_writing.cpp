#include "http/sink_writing.hpp"

#include "http/gate.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>

#include <exception>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// What the sink's coroutine and the one that waits for it share: either may go first when their context
/// ends.
struct Writing final : Cancellable {
    Writing(std::shared_ptr<BodySink> taker, std::string bytes, Gate::Opener ending)
        : sink(std::move(taker)), piece(std::move(bytes)), gate(std::move(ending)) {}

    void cancel() noexcept override { stop.emit(asio::cancellation_type::terminal); }
    void end(std::exception_ptr error, std::error_code code) noexcept {
        thrown = std::move(error);
        result = code;
        ended = true;
        gate.open();
    }

    const std::shared_ptr<BodySink> sink;
    const std::string piece;
    const Gate::Opener gate;
    asio::cancellation_signal stop{};
    std::error_code result{};
    std::exception_ptr thrown{};
    bool ended = false;
};

asio::awaitable<std::error_code> carry(std::shared_ptr<Writing> writing) {
    co_return co_await writing->sink->write(writing->piece);
}

} // namespace

// A coroutine of its own: only so can somebody else end it.
asio::awaitable<std::error_code> write_to(std::shared_ptr<BodySink> sink, std::string piece,
                                          Watchdog& watchdog) {
    Gate gate(watchdog.executor());
    const auto writing = std::make_shared<Writing>(std::move(sink), std::move(piece), gate.opener());
    asio::co_spawn(watchdog.executor(), carry(writing),
                   asio::bind_cancellation_slot(writing->stop.slot(),
                                                [writing](std::exception_ptr error, std::error_code code) {
                                                    writing->end(std::move(error), code);
                                                }));
    const Watchdog::Watch watch(watchdog, *writing);
    while (!writing->ended) {
        if (!watchdog.may_wait()) {
            writing->cancel();
        }
        co_await gate.wait(); // the coroutine's own cancellation ends it early
    }
    if (writing->thrown) {
        std::rethrow_exception(writing->thrown);
    }
    co_return writing->result;
}

} // namespace backstay::inline BACKSTAY_ABI
