#pragma once

#include "cli/call_plan.hpp"
#include "cli/call_report.hpp"
#include "cli/seeded_runtime.hpp"

#include <backstay/api/api_client.hpp>
#include <backstay/pipeline/asio_runtime.hpp>

#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <deque>
#include <ostream>

namespace backstay::inline BACKSTAY_ABI::cli {

/// Makes the calls of one run, so many at a time, and writes how each went as soon as it has ended.
class CallRun {
public:
    /// Throws `std::invalid_argument` for what the client does not accept.
    CallRun(const CallArguments& arguments, CallPlan plan, std::ostream& out, std::ostream& err);

    /// Returns the exit status.
    int run();

private:
    asio::awaitable<void> make_calls();
    asio::awaitable<CallReport> make_call(int index);
    asio::awaitable<void> close();
    void write(const CallReport& report);
    void write_for_a_person(const CallReport& report);
    void heed_signals();
    void stop();
    [[nodiscard]] std::string prefix(int index) const;

    const CallArguments& arguments_;
    CallPlan plan_;
    std::ostream& out_;
    std::ostream& err_;
    SeededRuntime seeded_{asio_runtime(), arguments_.seed.value_or(0)};
    std::deque<asio::cancellation_signal> cancel_; ///< one for each of those that make calls
    asio::io_context context_{1};                  // after what its suspended calls refer to
    asio::signal_set signals_{context_};
    Runtime& runtime_;
    ApiClient client_;
    int next_ = 0;
    int workers_ = 0;
    bool stopped_ = false;
    bool interrupted_ = false;
    bool failed_ = false;
};

} // namespace backstay::inline BACKSTAY_ABI::cli
