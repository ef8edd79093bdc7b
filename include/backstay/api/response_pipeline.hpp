#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/http/response.hpp>
#include <backstay/http/transport_error.hpp>
#include <backstay/pipeline/any_pipeline.hpp>

namespace backstay::inline BACKSTAY_ABI {

/// The policies that an `ApiClient`'s calls run in. Any `Pipeline<...>` converts to one.
using ResponsePipeline = AnyPipeline<expected<Response, TransportError>>;

} // namespace backstay::inline BACKSTAY_ABI
