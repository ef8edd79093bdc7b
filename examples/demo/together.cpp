#include "together.hpp"

#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <system_error>
#include <utility>

namespace demo {

namespace {

struct Meeting {
    Meeting(const asio::any_io_executor& executor, std::size_t callers)
        : answers(callers), missing(callers), all_here(executor, asio::steady_timer::time_point::max()) {}

    std::vector<Answer> answers;
    std::size_t missing;
    asio::steady_timer all_here; ///< is cancelled then
};

} // namespace

asio::awaitable<std::vector<Answer>> together(std::vector<asio::awaitable<Answer>> calls) {
    const auto executor = co_await asio::this_coro::executor;
    const auto meeting = std::make_shared<Meeting>(executor, calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
        asio::co_spawn(executor, std::move(calls[i]), [meeting, i](std::exception_ptr error, Answer answer) {
            if (error) {
                std::rethrow_exception(error);
            }
            meeting->answers[i] = std::move(answer);
            if (--meeting->missing == 0) {
                meeting->all_here.cancel();
            }
        });
    }
    if (meeting->missing > 0) {
        std::error_code ended;
        co_await meeting->all_here.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    }
    co_return std::move(meeting->answers);
}

} // namespace demo
