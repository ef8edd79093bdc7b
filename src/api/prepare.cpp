#include "api/prepare.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

constexpr std::string_view key_field = "Idempotency-Key";

bool is_read_only(std::string_view method) noexcept {
    static constexpr std::array<std::string_view, 4> safe{"GET", "HEAD", "OPTIONS", "TRACE"};
    return std::find(safe.begin(), safe.end(), method) != safe.end();
}

/// `https://...`, which is no path.
bool is_whole_url(std::string_view target) noexcept {
    const std::size_t end = target.find("://");
    return end != std::string_view::npos && (same_field_name(target.substr(0, end), "https") ||
                                             same_field_name(target.substr(0, end), "http"));
}

expected<Url, std::string> url_of(const ClientCore& core, const Wish& wish) {
    if (!wish.is_link && is_whole_url(wish.target)) {
        return fail(
            std::string{"a whole URL was given where a path is appended to the base URL: pass a path, or "
                        "use follow for a link"});
    }
    auto url = wish.is_link ? core.base.resolve(wish.target) : core.base.join(wish.target);
    if (url && url->origin() != core.base.origin()) {
        return fail("the link leads to another origin, " + url->origin().to_string() +
                    ": it is not followed");
    }
    if (url) {
        for (const auto& [name, value] : wish.options.values().query) {
            url->add_query(name, value);
        }
    }
    return url;
}

/// Sets each field in place of the defaults of its name; duplicates within one list stay.
void add_defaults(Fields& fields, const Fields& defaults) {
    const Fields own = fields;
    for (const auto& field : defaults) {
        if (!own.has(field.name)) {
            fields.add(field.name, field.value);
        }
    }
}

/// Finds the key that the call is to carry; an empty one is none.
expected<std::string, std::string> key_of(const ClientCore& core, const Wish& wish) {
    const auto& asked = wish.options.values().idempotency_key;
    if (asked != "auto") {
        return asked;
    }
    if (is_idempotent(wish.method)) {
        return std::string{};
    }
    auto key = core.options.idempotency_keys();
    if (!key || key->empty()) {
        return fail(std::string{"no idempotency key could be made"});
    }
    return std::move(*key);
}

} // namespace

void authorize(Fields& fields, const std::string& token) {
    if (!token.empty()) {
        fields.set("Authorization", "Bearer " + token);
    }
}

expected<Prepared, std::string> prepare(const ClientCore& core, Wish& wish) {
    wish.options.fill_from(core.options.defaults);
    const auto& options = wish.options.values();
    if (!wish.body.fault().empty()) {
        return fail(wish.body.fault());
    }
    auto url = url_of(core, wish);
    if (!url) {
        return fail(std::move(url.error()));
    }
    auto key = key_of(core, wish);
    if (!key) {
        return fail(std::move(key.error()));
    }

    Prepared prepared{.request = Request{std::move(wish.method), std::move(*url)}};
    Request& request = prepared.request;
    request.fields = options.headers;
    prepared.foreign_credential = request.fields.has("Authorization");
    add_defaults(request.fields, core.options.headers);
    if (!request.fields.has("Accept")) {
        request.fields.add("Accept", "application/json");
    }
    if (wish.body.present() && !wish.body.content_type().empty() && !request.fields.has("Content-Type")) {
        request.fields.add("Content-Type", wish.body.content_type());
    }
    if (request.fields.has(key_field)) { // it would be sent, and the call not be known to be safe to repeat
        return fail(std::string{"the header Idempotency-Key is set by CallOptions::idempotency_key alone"});
    }
    if (!key->empty()) {
        auto quoted = quoted_key(*key);
        if (!quoted) {
            return fail(std::string{"an idempotency key must be printable ASCII"});
        }
        request.fields.set(key_field, std::move(*quoted));
    }
    const bool own_credential = request.fields.has("Authorization");
    prepared.fresh_token = !own_credential && core.options.bearer.changes();
    if (!own_credential && !prepared.fresh_token) {
        authorize(request.fields, core.options.bearer.current());
    }
    request.producer = wish.body.producer();
    request.body = std::move(wish.body).take_bytes();
    request.sink = options.sink;
    request.max_body_bytes = options.max_body;
    request.safe_to_repeat = is_idempotent(request.method) || !key->empty();
    if (auto fault = request.fault()) {
        return fail(std::move(*fault));
    }
    prepared.idempotency_key = std::move(*key);
    prepared.operation = options.operation.empty() ? request.method : options.operation;
    prepared.read_only = is_read_only(request.method);
    return prepared;
}

CallSettings settings_of(const ClientCore& core, const Prepared& prepared, const CallOptions::Values& options,
                         TimePoint now) noexcept {
    CallSettings settings;
    settings.key = {.origin = core.origin,
                    .credential = prepared.foreign_credential ? core.foreign_credential : core.credential,
                    .partition = options.partition,
                    .operation = prepared.operation};
    settings.overrides = {.without = options.without,
                          .allow_unsafe_retry = options.allow_unsafe_retry.value_or(false),
                          .max_server_wait = options.max_server_wait};
    if (options.sink) {
        settings.overrides.without.add(Stage::hedge); // two attempts would write into it at once
    }
    if (options.deadline) {
        settings.deadline.narrow(*options.deadline, FailureKind::deadline_exceeded);
    }
    if (options.timeout) {
        settings.deadline.narrow(saturating_add(now, *options.timeout), FailureKind::deadline_exceeded);
    }
    if (!prepared.idempotency_key.empty()) {
        settings.deadline.narrow(saturating_add(now, core.options.key_lifetime),
                                 FailureKind::deadline_exceeded);
    }
    settings.priority = options.priority.value_or(Priority::normal);
    settings.safe_to_repeat = prepared.request.safe_to_repeat;
    settings.observer = options.observer != nullptr ? options.observer : core.options.observer;
    return settings;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
