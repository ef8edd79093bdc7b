// Starts a sandbox HTTPS server in this process, calls it through every failure that its fault script plays,
// and compares each call with what is expected of it. `demo [SCRIPT]` plays another script: then it should
// complain.

#include "expectations.hpp"
#include "scenes.hpp"
#include "table.hpp"

#include <backstay/testing/fault_script.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <iostream>
#include <stdexcept>

namespace {

backstay::Sandbox start_sandbox(const char* script_file) {
    auto script = backstay::load_fault_script(script_file);
    if (!script) {
        throw std::runtime_error(script.error());
    }
    backstay::SandboxOptions options;
    options.script = std::move(*script);
    options.api = {.token = "demo-token", .read_only_token = "read-only-token"};
    return backstay::Sandbox(std::move(options));
}

int run(const char* script_file) {
    auto sandbox = start_sandbox(script_file);
    std::cout << "A server of this process, " << sandbox.url() << ", plays the faults of\n"
              << script_file << "; an ApiClient calls it over TLS.\n\n";
    demo::print_head();

    asio::io_context context{1};
    demo::Stage stage(context.get_executor(), sandbox);
    asio::co_spawn(context, demo::play_all(stage), [](std::exception_ptr error) {
        if (error) {
            std::rethrow_exception(error);
        }
    });
    context.run();

    std::cout << "\ndemo: " << stage.calls() << " calls, " << stage.as_expected() << " as expected\n";
    const bool complete = stage.calls() == demo::expected_calls();
    return complete && stage.as_expected() == stage.calls() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run(argc > 1 ? argv[1] : DEMO_SCRIPT);
    } catch (const std::exception& error) {
        std::cerr << "demo: " << error.what() << "\n";
        return 1;
    }
}
