#pragma once

#include "telemetry/metric_cells.hpp"
#include "telemetry/snapshot_builder.hpp"

#include <backstay/core/config.hpp>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Writes what a cell counted as metrics, with their names and labels.
void write_cell(SnapshotBuilder& into, const MetricCell& cell);

} // namespace backstay::inline BACKSTAY_ABI::detail
