#include "cli/commands.hpp"

#include "cli/command_line.hpp"
#include "cli/exit_status.hpp"

namespace backstay::inline BACKSTAY_ABI::cli {

namespace {

struct Runner {
    std::ostream& out;
    std::ostream& err;

    int operator()(const CallArguments& arguments) const { return run_call(arguments, out, err); }
    int operator()(const ServeArguments& arguments) const { return run_serve(arguments, out, err); }
    int operator()(const ExplainArguments& arguments) const { return run_explain(arguments, out, err); }
    int operator()(const Text& text) const { return print(text.text, out, err); }
};

} // namespace

int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
    const auto invocation = parse_command_line(arguments);
    if (!invocation) {
        return usage_error(err, invocation.error());
    }
    return std::visit(Runner{out, err}, *invocation);
}

int usage_error(std::ostream& err, const std::string& what) {
    err << "backstay: " << what << "\nTry `backstay --help` or `backstay COMMAND --help`.\n";
    return exit_usage;
}

int print(const std::string& text, std::ostream& out, std::ostream& err) {
    out << text << std::flush;
    if (!out) {
        err << "backstay: stdout cannot be written\n";
        return exit_failed;
    }
    return exit_success;
}

} // namespace backstay::inline BACKSTAY_ABI::cli
