#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/json_line.hpp"
#include "cli/scratch_directory.hpp"

#include <backstay/testing/sandbox.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <csignal>
#include <stdexcept>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::cli {

namespace {

int serve(SandboxOptions options, std::ostream& out, std::ostream& err) {
    asio::io_context context{1};
    asio::signal_set signals{context, SIGINT, SIGTERM}; // before anybody can know that it runs
    signals.async_wait([](const std::error_code&, int) {});

    const ScratchDirectory scratch;
    const Certificates certificates;
    const std::string ca_file = (scratch.path() / "ca.pem").string();
    if (const auto written = certificates.write_ca(ca_file); !written) {
        throw std::runtime_error(written.error());
    }
    options.certificates = certificates;
    const Sandbox sandbox(std::move(options));
    JsonObject line;
    line.add("url", json_text(sandbox.url())).add("ca_file", json_text(ca_file));
    const int status = print(line.text() + "\n", out, err);
    if (status == exit_success) { // else nobody can know where it listens
        context.run();
    }
    return status;
}

} // namespace

int run_serve(const ServeArguments& arguments, std::ostream& out, std::ostream& err) {
    SandboxOptions options;
    options.port = arguments.port;
    options.log_file = arguments.log_file;
    if (!arguments.script_file.empty()) {
        auto script = load_fault_script(arguments.script_file);
        if (!script) {
            return usage_error(err, "--script: " + script.error());
        }
        options.script = std::move(*script);
    }
    try {
        return serve(std::move(options), out, err);
    } catch (const std::exception& error) {
        err << "backstay: " << error.what() << "\n";
        return exit_failed;
    }
}

} // namespace backstay::inline BACKSTAY_ABI::cli
