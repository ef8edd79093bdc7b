#include "telemetry/metric_families.hpp"

#include "telemetry/metric_codes.hpp"

#include <optional>
#include <string>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

namespace {

constexpr MetricInfo request_duration{"http.client.request.duration", "s", "How long attempts took"};
constexpr MetricInfo resend_count{"http.request.resend_count", "{request}",
                                  "Requests beyond the first of their call, the transport's own included"};
constexpr MetricInfo calls{"backstay.calls", "{call}", "Calls that ended"};
constexpr MetricInfo attempts{"backstay.attempts", "{attempt}", "Attempts that ended"};
constexpr MetricInfo refusals{"backstay.refusals", "{refusal}",
                              "Attempts that a policy refused here, or would have in a dry run"};
constexpr MetricInfo connections{"backstay.connections", "{connection}", "What became of connections"};
constexpr MetricInfo events{"backstay.events", "{event}", "What policies did"};
constexpr MetricInfo queue_wait{"backstay.queue.wait", "s",
                                "How long policies let calls wait that had to wait"};
constexpr MetricInfo dns_duration{"backstay.dns.duration", "s", "Finding the addresses of new connections"};
constexpr MetricInfo connect_duration{"backstay.connect.duration", "s", "TCP connects of new connections"};
constexpr MetricInfo tls_duration{"backstay.tls.duration", "s", "TLS handshakes of new connections"};
constexpr MetricInfo first_byte_duration{"backstay.first_byte.duration", "s",
                                         "From a request's first byte to its reply's"};

std::string words(std::string_view text) {
    return std::string(text);
}

/// `https://host:port` in the parts that OpenTelemetry wants. What is no origin is all address.
void add_server(MetricLabels& labels, std::string_view origin) {
    const std::size_t scheme = origin.find("://");
    const std::size_t colon = origin.rfind(':');
    if (scheme == std::string_view::npos || colon < scheme + 3) {
        labels.push_back({"server.address", words(origin)});
        return;
    }
    std::string_view host = origin.substr(scheme + 3, colon - scheme - 3);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    labels.push_back({"server.address", words(host)});
    labels.push_back({"server.port", words(origin.substr(colon + 1))});
    labels.push_back({"url.scheme", words(origin.substr(0, scheme))});
}

class CellWriter {
public:
    CellWriter(SnapshotBuilder& into, const MetricCell& cell) : into_(into), cell_(cell) {
        http_.push_back({"operation", cell.operation});
        add_server(http_, cell.origin);
    }

    void write(const MetricShard& shard) {
        shard.calls.each([&](auto code, std::uint64_t count) { call(code, count); });
        shard.attempts.each([&](auto code, std::uint64_t count) { attempt(code, count); });
        shard.events.each([&](auto code, std::uint64_t count) { event(code, count); });
        shard.durations.each(
            [&](auto code, const DurationHistogram& histogram) { duration(code, histogram); });
        histogram(queue_wait, shard.queued, true);
        histogram(dns_duration, shard.lookup, false);
        histogram(connect_duration, shard.tcp, false);
        histogram(tls_duration, shard.tls, false);
        histogram(first_byte_duration, shard.first_byte, true);
        if (const std::uint64_t count = shard.resends.load(std::memory_order_relaxed); count != 0) {
            into_.counter(resend_count, http_, static_cast<double>(count));
        }
    }

private:
    [[nodiscard]] MetricLabels labels(bool operation = true) const {
        MetricLabels made;
        if (operation) {
            made.push_back({"operation", cell_.operation});
        }
        made.push_back({"origin", cell_.origin});
        return made;
    }

    void call(std::optional<std::uint32_t> code, std::uint64_t count) {
        MetricLabels made = labels();
        const CallCode seen = CallCode::unpack(code.value_or(0));
        const bool success = seen.kind == FailureKind::none;
        made.push_back({"outcome", words(!code ? "other" : success ? "success" : to_string(seen.kind))});
        made.push_back({"refused_by", words(code ? to_string(seen.refused_by) : "other")});
        made.push_back({"stop_reason", words(code ? to_string(seen.stop_reason) : "other")});
        into_.counter(calls, std::move(made), static_cast<double>(count));
    }

    void attempt(std::optional<std::uint32_t> code, std::uint64_t count) {
        MetricLabels made = labels();
        const AttemptCode seen = AttemptCode::unpack(code.value_or(0));
        made.push_back({"kind", words(!code                            ? "other"
                                      : seen.kind == FailureKind::none ? "success"
                                                                       : to_string(seen.kind))});
        const std::string_view beyond = seen.number == AttemptCode::largest_number ? "+" : "";
        made.push_back({"number", code ? std::to_string(seen.number).append(beyond) : words("other")});
        into_.counter(attempts, std::move(made), static_cast<double>(count));
    }

    void event(std::optional<std::uint32_t> code, std::uint64_t count) {
        const EventCode seen = EventCode::unpack(code.value_or(0));
        const auto value = static_cast<double>(count);
        switch (code ? seen.type : EventType::call_ended) {
        case EventType::connection_opened:
        case EventType::connection_reused:
        case EventType::connection_stale:
        case EventType::connection_closed: {
            MetricLabels made = labels(false);
            made.push_back(
                {"event", words(to_string(seen.type).substr(std::string_view("connection_").size()))});
            into_.counter(connections, std::move(made), value);
            break;
        }
        case EventType::refused: {
            MetricLabels made = labels();
            made.push_back({"dry_run", words(seen.dry_run ? "true" : "false")});
            made.push_back({"refused_by", words(to_string(seen.refused_by))});
            into_.counter(refusals, std::move(made), value);
            break;
        }
        default: {
            MetricLabels made = labels();
            made.push_back({"event", words(code ? to_string(seen.type) : "other")});
            into_.counter(events, std::move(made), value);
            break;
        }
        }
    }

    void duration(std::optional<std::uint32_t> code, const DurationHistogram& histogram) {
        MetricLabels made = http_;
        const OutcomeCode seen = OutcomeCode::unpack(code.value_or(0));
        if (!code || seen.kind != FailureKind::none) {
            made.push_back({"error.type", words(code ? to_string(seen.kind) : "other")});
        }
        if (seen.status != 0) {
            made.push_back({"http.response.status_code", std::to_string(seen.status)});
        }
        into_.histogram(request_duration, std::move(made), histogram);
    }

    void histogram(const MetricInfo& what, const LazyHistogram& lazy, bool operation) {
        if (const DurationHistogram* const made = lazy.get()) {
            into_.histogram(what, labels(operation), *made);
        }
    }

    SnapshotBuilder& into_;
    const MetricCell& cell_;
    MetricLabels http_;
};

} // namespace

void write_cell(SnapshotBuilder& into, const MetricCell& cell) {
    CellWriter writer(into, cell);
    cell.each_shard([&writer](const MetricShard& shard) { writer.write(shard); });
}

} // namespace backstay::inline BACKSTAY_ABI::detail
