#include <backstay/testing/detail/guide_api.hpp>

#include "testing/guide.hpp"
#include "testing/idempotency_store.hpp"
#include "testing/rate_window.hpp"
#include "testing/resource_store.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

namespace {

bool reads_only(std::string_view method) noexcept {
    return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

ApiReply method_not_allowed(const char* allowed) {
    ApiReply reply = error_reply(405, "method_not_allowed", "The resource does not have this method");
    reply.fields.add("Allow", allowed);
    return reply;
}

void validate(const SandboxApiOptions& options) {
    if (options.rate_limit < 0) {
        throw std::invalid_argument("sandbox: api.rate_limit is " + std::to_string(options.rate_limit) +
                                    ", it must be 0 (no limit) or more");
    }
    if (options.rate_window < std::chrono::seconds{1}) {
        throw std::invalid_argument("sandbox: api.rate_window is " +
                                    std::to_string(options.rate_window.count()) +
                                    " s, it must be 1 s or more");
    }
    if (options.token.empty() && !options.read_only_token.empty()) {
        throw std::invalid_argument("sandbox: api.read_only_token needs api.token beside it");
    }
}

} // namespace

struct GuideApi::State {
    explicit State(SandboxApiOptions options)
        : token(std::move(options.token)),
          read_only_token(std::move(options.read_only_token)),
          window(options.rate_limit, options.rate_window),
          store(options.max_resources,
                options.wall_clock ? std::move(options.wall_clock) : std::chrono::system_clock::now,
                [this](Effect::Kind kind, const std::string& id) { note(kind, id); }) {}

    void note(Effect::Kind kind, const std::string& id) {
        effects.push_back({.kind = kind, .id = id, .idempotency_key = current_key, .request_id = current_id});
    }

    std::optional<ApiReply> refuse(const ApiRequest& request, TimePoint now);
    ApiReply once(const ApiRequest& request);
    ApiReply route(const ApiRequest& request);
    ApiReply accept_job();

    std::string token;
    std::string read_only_token;
    RateWindow window;
    ResourceStore store;
    IdempotencyStore replies;
    std::vector<Effect> effects;
    std::uint64_t jobs = 0;
    std::string current_id;
    std::string current_key;
};

GuideApi::GuideApi(SandboxApiOptions options) {
    validate(options);
    state_ = std::make_unique<State>(std::move(options));
}

GuideApi::~GuideApi() = default;

ApiReply GuideApi::answer(const ApiRequest& request, const std::string& request_id, TimePoint now) {
    const std::string* const key = request.fields.find("Idempotency-Key");
    state_->current_id = request_id;
    state_->current_key = key != nullptr ? *key : std::string();
    if (auto refusal = state_->refuse(request, now)) {
        return std::move(*refusal);
    }
    return request.method == "POST" && key != nullptr ? state_->once(request) : state_->route(request);
}

void GuideApi::replace_token(std::string token) noexcept {
    state_->token = std::move(token);
}

std::vector<Effect> GuideApi::take_effects() {
    return std::exchange(state_->effects, {});
}

std::optional<ApiReply> GuideApi::State::refuse(const ApiRequest& request, TimePoint now) {
    if (!token.empty()) {
        const std::string* const given = request.fields.find("Authorization");
        const bool may_write = given != nullptr && *given == "Bearer " + token;
        const bool may_read = may_write || (given != nullptr && !read_only_token.empty() &&
                                            *given == "Bearer " + read_only_token);
        if (!may_read) {
            return guide_reply(401, std::nullopt, current_id);
        }
        if (!may_write && !reads_only(request.method)) {
            return guide_reply(403, std::nullopt, current_id);
        }
    }
    if (const auto wait = window.refuse(now)) {
        return guide_reply(429, wait, current_id);
    }
    return std::nullopt;
}

/// A repeat of a POST with the same key gets the first one's reply, unless that was a failure of the server.
ApiReply GuideApi::State::once(const ApiRequest& request) {
    const std::size_t fingerprint = IdempotencyStore::fingerprint(request);
    if (const auto* const before = replies.find(current_key)) {
        if (before->fingerprint != fingerprint) {
            return validation_error({{"Idempotency-Key", "Was used for a different request"}});
        }
        ApiReply reply = before->reply;
        reply.fields.add("Idempotent-Replayed", "true");
        return reply;
    }
    ApiReply reply = route(request);
    if (reply.status < 500) {
        replies.add(current_key, {.fingerprint = fingerprint, .reply = reply});
    }
    return reply;
}

ApiReply GuideApi::State::route(const ApiRequest& request) {
    constexpr std::string_view statuses = "/v1/status/";
    constexpr std::string_view resources = "/v1/resources";
    const std::string_view target = request.target;
    const std::string_view path = target.substr(0, target.find('?'));
    const std::string_view query = target.substr(std::min(path.size() + 1, target.size()));
    const std::string& method = request.method;

    if (path.starts_with(statuses)) {
        int status = 0;
        const std::string_view code = path.substr(statuses.size());
        const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), status);
        if (error == std::errc{} && end == code.data() + code.size() && status >= 200 && status <= 599) {
            return guide_reply(status, guide_wait(status), guide_request_id);
        }
        return bad_request("Invalid request format or parameters",
                           {"code", "Must be a status from 200 to 599"});
    }
    if (path == "/v1/jobs") {
        return method == "POST" ? accept_job() : method_not_allowed("POST");
    }
    if (path == resources) {
        return method == "GET" || method == "HEAD" ? store.list(query)
               : method == "POST"                  ? store.create(request.body)
                                                   : method_not_allowed("GET, HEAD, POST");
    }
    const std::string id(path.substr(std::min(resources.size() + 1, path.size())));
    if (!path.starts_with(resources) || path[resources.size()] != '/' || id.empty() ||
        id.find('/') != std::string::npos) {
        return error_reply(404, "not_found", "There is nothing at '" + std::string(path) + "'");
    }
    if (method == "GET" || method == "HEAD") {
        return store.read(id);
    }
    if (method == "PUT" || method == "PATCH") {
        return store.update(id, request.body, method == "PUT");
    }
    return method == "DELETE" ? store.remove(id) : method_not_allowed("GET, HEAD, PUT, PATCH, DELETE");
}

ApiReply GuideApi::State::accept_job() {
    const std::string id = "job-" + std::to_string(++jobs);
    note(Effect::Kind::accepted, id);
    return {.status = 202, .body = R"({"data":{"id":")" + id + R"(","status":"accepted"}})"};
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
