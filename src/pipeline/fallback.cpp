#include <backstay/pipeline/fallback.hpp>

#include <backstay/pipeline/asio_runtime.hpp>

namespace backstay::inline BACKSTAY_ABI::detail {

void tell_fell_back(const FallbackOptions& options, const Failure& from, FailureKind alternative) noexcept {
    if (options.observer == nullptr || !options.observer->wants(EventType::fell_back)) {
        return;
    }
    Runtime& runtime = options.runtime != nullptr ? *options.runtime : asio_runtime();
    options.observer->notify(
        {.type = EventType::fell_back,
         .kind = from.kind,
         .status = from.status,
         .at = runtime.now(),
         .operation = options.operation,
         .detail = alternative != FailureKind::none ? to_string(alternative) : std::string_view{}});
}

} // namespace backstay::inline BACKSTAY_ABI::detail
