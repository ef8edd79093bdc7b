#include "cli/commands.hpp"

#include <backstay/api/presets.hpp>

namespace backstay::inline BACKSTAY_ABI::cli {

int run_explain(const ExplainArguments& arguments, std::ostream& out, std::ostream& err) {
    const ResponsePipeline pipeline = arguments.preset == "single"            ? single()
                                      : arguments.preset == "patient"         ? patient()
                                      : arguments.preset == "standard_hedged" ? standard_hedged()
                                                                              : standard();
    return print(pipeline.describe(), out, err);
}

} // namespace backstay::inline BACKSTAY_ABI::cli
