#include <backstay/api/api_client.hpp>
#include <backstay/pipeline/asio_runtime.hpp>
#include <backstay/testing/scripted_transport.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <boost/json/value.hpp>

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

// Four ways in which a call is cancelled, and what its caller sees. The server never answers.

using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using Json = boost::json::value;
using Quote = backstay::ApiResult<Json>;

/// What the four callers saw.
struct Seen {
    bool gave_up = false;
    bool cleaned_up = false;
    std::optional<backstay::FailureKind> kind;
    bool threw = false;
    bool total_heeded = false;
};

asio::awaitable<void> sleep_for(std::chrono::milliseconds time) {
    asio::steady_timer timer{co_await asio::this_coro::executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

/// The call, or 50 ms. Whichever ends first cancels the other, and `||` waits until that one has ended too.
asio::awaitable<void> wait_no_longer(backstay::ApiClient api, Seen& seen) {
    const auto first = co_await (api.get<Json>("/quote") || sleep_for(50ms));
    seen.gave_up = first.index() == 1;
}

/// A caller that has work to do after it was cancelled: it says so before the call.
asio::awaitable<void> clean_up(backstay::ApiClient api, Seen& seen) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const Quote quote = co_await api.get<Json>("/quote"); // `canceled`, a value like any other
    if (!quote) {
        seen.kind = quote.error().kind();
    }
    co_await sleep_for(1ms); // its own work still runs
    seen.cleaned_up = true;
}

/// A caller that has not said so: its call ends with `canceled` too, but the next `co_await` throws.
asio::awaitable<void> be_surprised(backstay::ApiClient api, Seen& seen) try {
    const Quote quote = co_await api.get<Json>("/quote");
    co_await sleep_for(1ms);
} catch (const std::system_error& error) {
    seen.threw = error.code() == asio::error::operation_aborted;
}

/// `co_spawn` lets only `terminal` through. A coroutine that is to heed `total` as well widens its filter.
asio::awaitable<void> heed_total(backstay::ApiClient api, Seen& seen) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
    const Quote quote = co_await api.get<Json>("/quote");
    seen.total_heeded = !quote && quote.error().kind() == backstay::FailureKind::canceled;
}

/// Runs a caller and cancels it after 50 ms.
void cancel(asio::io_context& context, asio::awaitable<void> caller, asio::cancellation_type how) {
    asio::cancellation_signal signal;
    asio::co_spawn(context, std::move(caller), asio::bind_cancellation_slot(signal.slot(), asio::detached));
    asio::steady_timer timer{context, 50ms};
    timer.async_wait([&](std::error_code) { signal.emit(how); });
    context.restart();
    context.run();
}

int main() {
    const auto server = std::make_shared<backstay::ScriptedTransport>(backstay::asio_runtime());
    server->hang().hang().hang().hang();
    asio::io_context context;
    const backstay::ApiClient api{context.get_executor(),
                                  {.base_url = "https://quotes.internal", .transport = server}};
    Seen seen;
    asio::co_spawn(context, wait_no_longer(api, seen), asio::detached);
    context.run();
    cancel(context, clean_up(api, seen), asio::cancellation_type::terminal);
    cancel(context, be_surprised(api, seen), asio::cancellation_type::terminal);
    cancel(context, heed_total(api, seen), asio::cancellation_type::total);

    std::cout << "gave up: " << seen.gave_up
              << ", saw: " << (seen.kind ? to_string(*seen.kind) : std::string_view{"nothing"})
              << ", cleaned up: " << seen.cleaned_up << ", threw without saying so: " << seen.threw
              << ", heeded total: " << seen.total_heeded << '\n';
    return seen.gave_up && seen.kind == backstay::FailureKind::canceled && seen.cleaned_up && seen.threw &&
                   seen.total_heeded
               ? 0
               : 1;
}
