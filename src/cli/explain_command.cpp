#include "cli/commands.hpp"
#include "cli/exit_status.hpp"

#include <backstay/api/presets.hpp>

namespace backstay::inline BACKSTAY_ABI::cli {

int run_explain(const ExplainArguments& arguments, std::ostream& out) {
    const ResponsePipeline pipeline = arguments.preset == "single"    ? single()
                                      : arguments.preset == "patient" ? patient()
                                                                      : standard();
    out << pipeline.describe() << std::flush;
    return exit_success;
}

} // namespace backstay::inline BACKSTAY_ABI::cli
