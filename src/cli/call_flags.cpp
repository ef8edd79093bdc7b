#include "cli/call_flags.hpp"

#include "cli/flags.hpp"

namespace backstay::inline BACKSTAY_ABI::cli {

namespace {

template <class Number>
auto number_from(Number least) {
    return [least](const std::string& text) { return parse_number<Number>(text, least); };
}

void add_request(CLI::App& app, CallArguments& arguments) {
    const char* const group = "Request";
    add_value(app, "URL", "", "absolute, https:// or (to this machine) http://", not_empty, arguments.url)
        ->required();
    add_value(app, "-X,--request", "METHOD", "GET by default, POST with -d", not_empty, arguments.method)
        ->group(group);
    // each -H takes one value: the next word may be the URL
    const auto add_header = [&arguments](const std::vector<std::string>& lines) {
        for (const std::string& line : lines) {
            auto field = parse_header(line);
            if (!field) {
                throw CLI::ValidationError("--header", field.error());
            }
            arguments.headers.push_back(std::move(*field));
        }
    };
    app.add_option_function<std::vector<std::string>>("-H,--header", add_header, "may be given several times")
        ->allow_extra_args(false)
        ->type_name("'N: V'")
        ->group(group);
    add_value(app, "-d,--data", "JSON|@FILE", "body, sent as it is", text_or_file, arguments.body)
        ->group(group);
    add_value(app, "--idempotency-key", "auto|KEY", "makes a POST safe to repeat; auto: a fresh one per call",
              not_empty, arguments.idempotency_key)
        ->group(group);
    add_value(app, "--bearer-env", "VAR", "environment variable that holds the bearer token", not_empty,
              arguments.bearer_variable)
        ->group(group);
    add_value(app, "--max-body", "BYTES", "refuse a longer reply", number_from<std::size_t>(1),
              arguments.max_body)
        ->group(group);
}

void add_connection(CLI::App& app, CallArguments& arguments) {
    const char* const group = "Connection";
    add_value(app, "--cacert", "FILE", "PEM bundle to trust in place of the system's", not_empty,
              arguments.ca_file)
        ->group(group);
    const auto add_resolve = [&arguments](const std::vector<std::string>& entries) {
        for (const std::string& entry : entries) {
            auto parsed = parse_resolve(entry);
            if (!parsed) {
                throw CLI::ValidationError("--resolve", parsed.error());
            }
            arguments.resolve_overrides.push_back(std::move(*parsed));
        }
    };
    app.add_option_function<std::vector<std::string>>("--resolve", add_resolve,
                                                      "go to this address without asking DNS")
        ->allow_extra_args(false)
        ->type_name("HOST:PORT:ADDR")
        ->group(group);
    add_value(app, "--connect-timeout", "DURATION", "for TCP and TLS together", parse_duration,
              arguments.connect_timeout)
        ->group(group);
}

void add_policies(CLI::App& app, CallArguments& arguments) {
    const char* const group = "Policies (defaults: `backstay explain`)";
    auto* const no_retry = app.add_flag("--no-retry", arguments.no_retry, "one attempt only")->group(group);
    add_value(app, "--max-attempts", "N", "the first included; 0: no limit but the total timeout",
              number_from<int>(0), arguments.max_attempts)
        ->excludes(no_retry)
        ->group(group);
    app.add_flag("--retry-unsafe", arguments.retry_unsafe,
                 "repeat even what may have been done already: it can happen twice")
        ->group(group);
    add_value(app, "--base-delay", "DURATION", "before the first repeat", parse_duration,
              arguments.base_delay)
        ->group(group);
    add_value(app, "--max-delay", "DURATION", "no delay grows longer", parse_duration, arguments.max_delay)
        ->group(group);
    add_value(app, "--jitter", "KIND", "none, full, equal, proportional, decorrelated or decorrelated_v2",
              parse_jitter, arguments.jitter)
        ->group(group);
    add_value(app, "--max-server-wait", "DURATION", "give up when the server names a longer wait",
              parse_duration, arguments.max_server_wait)
        ->group(group);
    add_value(app, "--attempt-timeout", "DURATION", "for each attempt", parse_duration,
              arguments.attempt_timeout)
        ->group(group);
    add_value(app, "--total-timeout", "DURATION", "for the call, attempts and waits together", parse_duration,
              arguments.total_timeout)
        ->group(group);
    app.add_flag("--no-breaker", arguments.no_breaker, "never refuse because the origin fails")->group(group);
    app.add_flag("--no-budget", arguments.no_budget, "do not bound repeats to a share of the successes")
        ->group(group);
}

void add_run(CLI::App& app, CallArguments& arguments) {
    const char* const group = "Run and output";
    add_value(app, "--repeat", "N", "calls to make; they share connections, breaker and budget",
              number_from<int>(1), arguments.repeat)
        ->group(group);
    add_value(app, "--concurrency", "C", "calls at a time", number_from<int>(1), arguments.concurrency)
        ->group(group);
    add_value(app, "--seed", "N", "draw the same jitter each time (never the same keys)",
              number_from<std::uint64_t>(0), arguments.seed)
        ->group(group);
    app.add_flag("--raw", arguments.raw, "the body as it came: assume neither JSON nor a \"data\" envelope")
        ->group(group);
    app.add_flag("--json", arguments.json, "one JSON object per call on stdout and nothing else there")
        ->group(group);
    app.add_flag("-v,--verbose", arguments.verbose, "tell more, on stderr")->group(group);
}

} // namespace

void add_call_flags(CLI::App& app, CallArguments& arguments) {
    add_request(app, arguments);
    add_connection(app, arguments);
    add_policies(app, arguments);
    add_run(app, arguments);
    app.footer(R"(
Durations are written 250ms, 1.5s, 5min or 1h.

Without --json, stderr tells of each attempt as it happens, and stdout gets the
reply's data (with --raw: its bytes). With --json, stdout gets one line per call
as it ends; with --concurrency that may differ from the order of "index".

Exit status: 0 every call succeeded; 1 a call failed; 2 wrong usage;
130 interrupted: what was running is cancelled, what had ended is printed.)");
}

} // namespace backstay::inline BACKSTAY_ABI::cli
