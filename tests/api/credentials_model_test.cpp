#include <backstay/api/credentials.hpp>

#include "support/catch.hpp"

#include "support/token_world.hpp"

#include <array>
#include <map>
#include <memory>
#include <vector>

// Random lives of a token and its callers, in virtual time: what must hold in each of them.

using namespace backstay;
using namespace backstay::test;

namespace {

using Result = ApiResult<Reply<void>>;

class Life {
public:
    explicit Life(std::uint64_t seed) : random_(seed), bearer_(make_bearer()) {
        world_.server->delay = (1 + below(20)) * 10ms;
        clients_.push_back(client());
        clients_.push_back(client()); // shares the token
    }

    std::uint64_t play() {
        const std::size_t size = 4 + below(5);
        for (std::size_t i = 0; i < size; ++i) {
            happen();
            world_.run_for(below(12) * 50ms);
        }
        world_.run();
        for (const auto& call : calls_) {
            judge(*call);
        }
        REQUIRE(most_fetching_ <= 1);
        REQUIRE(fetching_ == 0);
        REQUIRE(world_.runtime.armed() == 0);
        check_tokens_sent();
        return trace_;
    }

private:
    struct Call {
        Started<Result> started;
        bool canceled = false;
    };

    std::uint64_t below(std::uint64_t limit) { return random_.next() % limit; }

    BearerToken make_bearer() {
        const RefreshOptions options{
            .ahead = below(3) * 200ms, .timeout = 400ms, .min_interval = below(3) * 100ms};
        return {[this] { return fetch(); }, options};
    }

    ApiClient client() {
        ApiClientOptions options{.pipeline = Pipeline{TotalTimeout{30s}, Credentials{}, AttemptTimeout{8s}}};
        return world_.client(bearer_, std::move(options));
    }

    asio::awaitable<expected<Token, ApiError>> fetch() {
        ++fetched_;
        most_fetching_ = std::max(most_fetching_, ++fetching_);
        const std::uint64_t drawn = below(8);
        const Duration time = below(3) == 0 ? 0ms : Duration{below(7) * 100ms}; // longer than the timeout too
        co_await asio::this_coro::throw_if_cancelled(false);
        const auto woken = time == 0ms ? detail::Woken::time : co_await nap(world_.runtime, time);
        --fetching_;
        if (drawn == 0 || woken != detail::Woken::time) {
            co_return fail(ApiError{Failure{.kind = FailureKind::server_error}});
        }
        if (drawn == 1) {
            throw 1;
        }
        Token token{.value = "token-" + std::to_string(fetched_)};
        if (below(2) == 0) {
            token.expires_in = (1 + below(8)) * 200ms;
        }
        ends_["Bearer " + token.value] = token.expires_in ? world_.now() + *token.expires_in : end_of_time;
        world_.server->valid = below(5) == 0 ? "none" : token.value;
        co_return token;
    }

    /// Something happens: calls begin, one is cancelled, the token is revoked.
    void happen() {
        const std::uint64_t drawn = below(8);
        if (drawn == 0) {
            world_.server->valid = "none";
            return;
        }
        if (drawn == 1 && !calls_.empty()) {
            Call& call = *calls_[below(calls_.size())];
            call.canceled = true;
            call.started.cancel.emit(asio::cancellation_type::terminal);
            return;
        }
        for (std::uint64_t i = below(4); i < 4; ++i) {
            calls_.push_back(std::make_unique<Call>());
            CallOptions options;
            if (below(4) == 0) {
                options.timeout(below(10) * 50ms);
            }
            start(world_, calls_.back()->started,
                  clients_[below(2)].get<Reply<void>>("/r", std::move(options)));
        }
    }

    void judge(const Call& call) {
        REQUIRE(call.started.ended());
        if (!call.started.outcome) { // cancelled before its coroutine began
            REQUIRE(call.canceled);
            return note(99);
        }
        const Result& result = *call.started.outcome;
        const int attempts = result ? result->attempt_count : result.error().attempt_count();
        REQUIRE(attempts <= 2); // at most one repeat: this pipeline has no retry
        if (!result) {
            const auto kind = result.error().kind();
            const bool known = kind == FailureKind::unauthorized || kind == FailureKind::server_error ||
                               kind == FailureKind::exception || kind == FailureKind::attempt_timeout ||
                               kind == FailureKind::deadline_exceeded ||
                               (kind == FailureKind::canceled && call.canceled);
            REQUIRE(known);
        }
        note(static_cast<std::uint64_t>(attempts));
        note(result ? 0 : static_cast<std::uint64_t>(result.error().kind()));
    }

    void check_tokens_sent() {
        for (std::size_t i = 0; i < world_.server->tokens.size(); ++i) {
            const auto token = ends_.find(world_.server->tokens[i]);
            const bool good = token != ends_.end() && world_.server->times[i] < token->second;
            REQUIRE(good); // one that we gave, and before its end
            note(static_cast<std::uint64_t>(world_.server->times[i].time_since_epoch().count()));
        }
    }

    void note(std::uint64_t what) { trace_ = (trace_ ^ what) * 0x100000001b3U; }

    Random random_;
    TokenWorld world_;
    BearerToken bearer_;
    std::vector<ApiClient> clients_;
    std::vector<std::unique_ptr<Call>> calls_;
    std::map<std::string, TimePoint> ends_;
    int fetched_ = 0;
    int fetching_ = 0;
    int most_fetching_ = 0;
    std::uint64_t trace_ = 0xcbf29ce484222325U;
};

} // namespace

TEST_CASE("Every call ends once, with at most one repeat, and at most one refresh runs at a time",
          "[model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        INFO("seed " << seed);
        Life(seed).play();
    }
}

TEST_CASE("The same seed gives the same trace of calls and refreshes", "[model]") {
    CHECK(Life(42).play() == Life(42).play());
    CHECK(Life(42).play() != Life(43).play());
}
