#include "cli/call_run.hpp"
#include "cli/commands.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::cli {

int run_call(const CallArguments& arguments, std::ostream& out, std::ostream& err) {
    auto plan = plan_call(arguments);
    if (!plan) {
        return usage_error(err, plan.error());
    }
    std::unique_ptr<CallRun> calls;
    try {
        calls = std::make_unique<CallRun>(arguments, std::move(*plan), out, err);
    } catch (const std::invalid_argument& wrong) {
        return usage_error(err, in_terms_of_flags(wrong.what()));
    }
    return calls->run();
}

} // namespace backstay::inline BACKSTAY_ABI::cli
