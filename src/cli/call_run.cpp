#include "cli/call_run.hpp"

#include "cli/attempt_lines.hpp"
#include "cli/call_report_json.hpp"
#include "cli/call_report_text.hpp"
#include "cli/exit_status.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/this_coro.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::cli {

namespace {

ApiClientOptions with_runtime(ApiClientOptions options, Runtime& runtime) {
    options.runtime = &runtime;
    return options;
}

/// Keeps of a whole reply what a report shows.
void take_raw(ApiResult<Reply<Response>> raw, CallReport& report) {
    if (!raw) {
        if (const Response* const response = raw.error().response()) {
            report.body = response->body();
        }
        report.result = fail(std::move(raw.error()));
        return;
    }
    report.body = raw->data.body();
    static_cast<ReplyInfo&>(*report.result) = std::move(*raw);
}

} // namespace

CallRun::CallRun(const CallArguments& arguments, CallPlan plan, std::ostream& out, std::ostream& err)
    : arguments_(arguments),
      plan_(std::move(plan)),
      out_(out),
      err_(err),
      runtime_(arguments.seed ? static_cast<Runtime&>(seeded_) : asio_runtime()),
      client_(context_.get_executor(), with_runtime(plan_.client, runtime_)) {}

int CallRun::run() {
    heed_signals();
    if (arguments_.verbose) {
        err_ << client_.describe() << "> " << plan_.method << " " << plan_.shown_url << "\n";
    }
    workers_ = std::min(arguments_.concurrency, arguments_.repeat);
    for (int i = 0; i < workers_; ++i) {
        auto ended = [this](std::exception_ptr error) {
            if (error) {
                std::rethrow_exception(error);
            }
            if (--workers_ == 0) {
                asio::co_spawn(context_, close(), asio::detached);
            }
        };
        asio::co_spawn(context_, make_calls(),
                       asio::bind_cancellation_slot(cancel_.emplace_back().slot(), std::move(ended)));
    }
    context_.run();
    return interrupted_ ? exit_interrupted : failed_ ? exit_failed : exit_success;
}

void CallRun::heed_signals() {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    signals_.async_wait([this](const std::error_code& error, int) {
        if (!error) {
            interrupted_ = true;
            signals_.clear(); // a second one ends the program at once
            stop();
        }
    });
}

/// Begins no further call and cancels those that run.
void CallRun::stop() {
    stopped_ = true;
    for (asio::cancellation_signal& signal : cancel_) {
        signal.emit(asio::cancellation_type::terminal);
    }
}

asio::awaitable<void> CallRun::make_calls() {
    co_await asio::this_coro::throw_if_cancelled(false); // a cancelled call is reported like any other
    while (!stopped_ && next_ < arguments_.repeat) {
        const CallReport report = co_await make_call(next_++);
        write(report);
    }
}

asio::awaitable<CallReport> CallRun::make_call(int index) {
    co_await asio::this_coro::throw_if_cancelled(false);
    CallReport report{.index = index, .method = plan_.method, .url = plan_.url, .raw = arguments_.raw};
    const bool tells = !arguments_.json || arguments_.verbose;
    AttemptLines lines(
        err_, {.prefix = prefix(index), .most_attempts = plan_.most_attempts, .verbose = arguments_.verbose});
    CallOptions options = plan_.call;
    if (tells) {
        options.observer(lines);
    }
    const TimePoint began = runtime_.now();
    if (arguments_.raw) {
        take_raw(co_await client_.request<Reply<Response>>(plan_.method, plan_.target, plan_.body, options),
                 report);
    } else {
        report.result = co_await client_.request<Reply<boost::json::value>>(plan_.method, plan_.target,
                                                                            plan_.body, options);
    }
    report.elapsed = runtime_.now() - began;
    if (tells && report.result) {
        lines.call_ended(report.result->status, StopReason::none, RefusedBy::none);
    } else if (tells) {
        const ApiError& error = report.result.error();
        lines.call_ended(error.status(), error.stop_reason(), error.refused_by());
    }
    co_return report;
}

void CallRun::write(const CallReport& report) {
    failed_ = failed_ || !report.result;
    if (arguments_.verbose) {
        err_ << verbose_text(report);
    }
    if (arguments_.json) {
        out_ << to_json_line(report) << '\n' << std::flush;
    } else {
        write_for_a_person(report);
    }
    if (!out_ && !stopped_) { // whoever read it has gone: nobody wants the rest
        err_ << "backstay: stdout cannot be written\n";
        failed_ = true;
        stop();
    }
}

void CallRun::write_for_a_person(const CallReport& report) {
    if (report.result) {
        out_ << result_text(report) << std::flush;
    } else {
        err_ << prefix(report.index) << error_text(report.result.error()) << std::flush;
    }
}

asio::awaitable<void> CallRun::close() {
    (void)co_await client_.shutdown(Duration::zero());
    signals_.cancel();
}

std::string CallRun::prefix(int index) const {
    return arguments_.repeat > 1 ? '[' + std::to_string(index) + "] " : std::string();
}

} // namespace backstay::inline BACKSTAY_ABI::cli
