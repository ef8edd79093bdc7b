// What a pipeline refuses to be made of.
// fault 1: TotalTimeout stands inside Retry, so every attempt would get the total anew
// fault 2: the same policy stands twice in one pipeline
// fault 3: template constraint failure|constraints not satisfied
#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/total_timeout.hpp>

namespace {

using namespace backstay;

[[maybe_unused]] void make_pipeline() {
#if FAULT == 0
    const Pipeline pipeline{TotalTimeout{}, Retry{}};
#elif FAULT == 1
    const Pipeline pipeline{Retry{}, TotalTimeout{}};
#elif FAULT == 2
    const Pipeline pipeline{Retry{}, Retry{}};
#elif FAULT == 3
    using NoPolicy = int;
    const Pipeline<TotalTimeout, NoPolicy>* pipeline = nullptr;
#endif
    static_cast<void>(pipeline);
}

} // namespace
