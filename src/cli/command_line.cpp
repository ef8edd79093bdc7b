#include "cli/command_line.hpp"

#include "cli/call_flags.hpp"
#include "cli/flags.hpp"

#include <algorithm>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::cli {

namespace {

constexpr std::size_t column = 34;

expected<std::uint16_t, std::string> parse_port(const std::string& text) {
    return parse_number<std::uint16_t>(text);
}

expected<std::string, std::string> parse_preset(const std::string& name) {
    if (name != "standard" && name != "standard_hedged" && name != "single" && name != "patient") {
        return fail("\"" + name + "\" is not a preset; write standard, standard_hedged, single or patient");
    }
    return name;
}

void add_serve_flags(CLI::App& app, ServeArguments& arguments) {
    add_value(app, "--port", "P", "0, the default: any free one", parse_port, arguments.port);
    add_value(app, "--script", "FILE", "fault script to play (docs/fault_script.md)", not_empty,
              arguments.script_file);
    add_value(app, "--log", "FILE", "append each request to it, as a line of JSON", not_empty,
              arguments.log_file);
    app.footer(R"(
The API is under /v1/resources; /v1/status/503 answers with that status.
The first line on stdout is {"url":...,"ca_file":...}: give the file to
`backstay call --cacert`. It is removed at the end.

Exit status: 0 interrupted (SIGINT, SIGTERM), which is how it ends; 1 it cannot
listen or log; 2 wrong usage, or a fault script with a mistake.)");
}

} // namespace

expected<Invocation, std::string> parse_command_line(std::vector<std::string> arguments) {
    CLI::App app{"Makes HTTPS calls that survive a failing world.", "backstay"};
    app.require_subcommand(1);
    app.get_formatter()->column_width(column);
    app.set_version_flag("--version", "backstay " BACKSTAY_VERSION);

    CallArguments call;
    auto* const call_app = app.add_subcommand("call", "Call a URL through retry, breaker and timeouts");
    add_call_flags(*call_app, call);

    ServeArguments serve;
    auto* const serve_app = app.add_subcommand("serve", "Run a sandbox HTTPS server on this machine");
    add_serve_flags(*serve_app, serve);

    ExplainArguments explain;
    auto* const explain_app = app.add_subcommand("explain", "Say what a preset's policies do");
    add_value(*explain_app, "--preset", "NAME", "standard (default), standard_hedged, single or patient",
              parse_preset, explain.preset);

    if (!arguments.empty() && !arguments.front().starts_with('-') && arguments.front() != "call" &&
        arguments.front() != "serve" && arguments.front() != "explain") {
        return fail("there is no command '" + arguments.front() + "'; write call, serve or explain");
    }
    try {
        std::reverse(arguments.begin(), arguments.end()); // as CLI11 takes them
        app.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
        return Text{app.help()};
    } catch (const CLI::CallForVersion& version) {
        return Text{std::string(version.what()) + "\n"};
    } catch (const CLI::RequiredError& missing) {
        const auto strange = app.remaining(true); // what is wrong is named before what is missing
        return fail(strange.empty() ? std::string(missing.what())
                                    : "The following argument was not expected: " + strange.front());
    } catch (const CLI::ParseError& error) {
        return fail(std::string(error.what()));
    }
    if (call_app->parsed()) {
        return call;
    }
    if (serve_app->parsed()) {
        return serve;
    }
    return explain;
}

} // namespace backstay::inline BACKSTAY_ABI::cli
