#include <backstay/http/body_sink.hpp>

#include "http/gzip.hpp"
#include "http/transport_world.hpp"
#include "support/catch.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using Then = MemoryReply::Then;

namespace {

/// Keeps what it is given, and is as slow and as unwilling as it is told to be.
class Basket final : public BodySink {
public:
    explicit Basket(Runtime& runtime) noexcept : runtime_(runtime) {}

    [[nodiscard]] std::error_code begin(const ResponseParts& head) override {
        ++begins;
        pieces.clear();
        status = head.status;
        CHECK(head.body.empty());
        return refuse_to_begin;
    }
    [[nodiscard]] asio::awaitable<std::error_code> write(std::string_view piece) override {
        ++busy;
        CHECK(busy == 1);
        pieces.emplace_back(piece);
        if (throws) {
            throw std::runtime_error("the disk is full");
        }
        if (takes > Duration::zero()) {
            if (co_await nap(runtime_, takes) != detail::Woken::time) {
                cancelled = true;
            }
        }
        CHECK(pieces.back() == piece); // it is valid until the end
        --busy;
        co_return refusal;
    }
    [[nodiscard]] std::string text() const {
        std::string all;
        for (const std::string& piece : pieces) {
            all += piece;
        }
        return all;
    }

    Duration takes{0};
    std::error_code refuse_to_begin{};
    std::error_code refusal{};
    bool throws = false;
    int begins = 0;
    int status = 0;
    int busy = 0;
    bool cancelled = false;
    std::vector<std::string> pieces;

private:
    Runtime& runtime_;
};

struct Download {
    Exchanged get;
};

/// The call is a base before the world, for it outlives the world's context.
struct DownloadWorld : Download, MemoryWorld {
    explicit DownloadWorld(const HttpsOptions& options = HttpsOptions()) : MemoryWorld(1, options) {
        get.request.sink = basket;
    }
    void answer(MemoryReply made) { scripts[0]->replies.push_back(std::move(made)); }

    std::shared_ptr<Basket> basket = std::make_shared<Basket>(runtime);
};

const std::string three_pieces_head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";

MemoryReply three_pieces() {
    return reply({three_pieces_head, "one", "two", "end"});
}

std::error_code disk_full() {
    return std::make_error_code(std::errc::no_space_on_device);
}

HttpsOptions with_gzip() {
    HttpsOptions options;
    options.accept_gzip = true;
    return options;
}

} // namespace

TEST_CASE("a sink takes the body as it comes, and the reply holds none", "[http][download]") {
    DownloadWorld world;
    world.answer(three_pieces());
    REQUIRE(world.finish(world.get).ok());
    CHECK(world.basket->pieces == std::vector<std::string>{"one", "two", "end"});
    CHECK(world.basket->status == 200);
    CHECK(world.basket->begins == 1);
    CHECK(world.basket->begun());
    CHECK(world.get.response().body().empty());
    CHECK(world.get.response().fields().has("Content-Length"));
    CHECK_FALSE(world.scripts[0]->closed); // it can carry another exchange
}

TEST_CASE("however a body is delimited and cut, a sink gets the same", "[http][download]") {
    const std::string chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n6\r\ntwoend\r\n"
        "0\r\nDigest: x\r\n\r\n";
    const std::string closed = "HTTP/1.1 200 OK\r\n\r\nonetwoend";
    for (const std::string& bytes : {three_pieces_head + "onetwoend", chunked, closed}) {
        for (const std::size_t size : {std::size_t{1}, std::size_t{20}, bytes.size()}) {
            DownloadWorld world;
            MemoryReply made;
            for (std::size_t at = 0; at < bytes.size(); at += size) {
                made.pieces.push_back(bytes.substr(at, size));
            }
            made.then = Then::end;
            world.answer(made);
            REQUIRE(world.finish(world.get).ok());
            CHECK(world.basket->text() == "onetwoend");
        }
    }
}

TEST_CASE("a body that is none is begun all the same", "[http][download]") {
    for (const char* head :
         {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"}) {
        DownloadWorld world;
        world.answer(reply({head}));
        REQUIRE(world.finish(world.get).ok());
        CHECK(world.basket->begins == 1);
        CHECK(world.basket->status >= 200);
        CHECK(world.basket->pieces.empty());
    }
}

TEST_CASE("a reply that is no success is none of a sink's business", "[http][download]") {
    for (const char* status : {"302 Found", "404 Not Found", "503 No"}) {
        DownloadWorld world;
        world.answer(reply({"HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 5\r\n\r\nerror"}));
        REQUIRE(world.finish(world.get).ok());
        CHECK(world.get.response().body() == "error");
        CHECK(world.basket->begins == 0);
        CHECK_FALSE(world.basket->begun());
    }
}

TEST_CASE("a sink gets the decoded body, within the limit", "[http][download]") {
    const std::string body = gzip(std::string(50'000, 'a') + "end");
    const std::string bytes =
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
    DownloadWorld world(with_gzip());
    world.answer(reply({bytes}));

    SECTION("which it keeps") {
        REQUIRE(world.finish(world.get).ok());
        CHECK(world.basket->text() == std::string(50'000, 'a') + "end");
    }
    SECTION("or not") {
        world.get.request.max_body_bytes = 50'002;
        CHECK(world.finish(world.get).kind() == FailureKind::body_too_large);
    }
    CHECK_THAT(world.scripts[0]->received, ContainsSubstring("Accept-Encoding: gzip"));
}

TEST_CASE("the body's limit holds for a sink, though nothing is kept", "[http][download]") {
    for (const char* head :
         {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
        DownloadWorld world;
        world.get.request.max_body_bytes = 10;
        MemoryReply made = reply({head});
        const bool chunked = std::string_view(head).find("chunked") != std::string_view::npos;
        for (int i = 0; i < 20; ++i) {
            made.pieces.emplace_back(chunked ? "1\r\nx\r\n" : "x");
        }
        world.answer(made);
        CHECK(world.finish(world.get).kind() == FailureKind::body_too_large);
        CHECK(world.basket->text().size() <= 10);
    }
}

TEST_CASE("nothing is read while a sink is busy, and idle_timeout does not count", "[http][download]") {
    HttpsOptions options;
    options.idle_timeout = 2'000ms;
    DownloadWorld world(options);
    world.basket->takes = 10s;
    world.answer(three_pieces());
    const TimePoint began = world.now();
    REQUIRE(world.finish(world.get).ok());
    CHECK(world.now() - began == 30s);
    CHECK(world.basket->text() == "onetwoend");
}

TEST_CASE("no more than one read's bytes are held for a sink", "[http][download]") {
    DownloadWorld world;
    world.answer(reply({"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x')}));
    REQUIRE(world.finish(world.get).ok());
    for (const std::string& piece : world.basket->pieces) {
        CHECK(piece.size() <= std::size_t{16} * 1024);
    }
    CHECK(world.basket->text().size() == 100'000);
}

TEST_CASE("idle_timeout goes on when a sink has taken its piece", "[http][download]") {
    HttpsOptions options;
    options.idle_timeout = 2'000ms;
    DownloadWorld world(options);
    world.basket->takes = 10s;
    world.answer(reply({three_pieces_head, "one"}));
    const TimePoint began = world.now();
    CHECK(world.finish(world.get).kind() == FailureKind::attempt_timeout);
    CHECK(world.now() - began == 12s);
}

TEST_CASE("a sink that refuses or throws ends the call, and its reason is told", "[http][download]") {
    DownloadWorld world;
    world.answer(three_pieces());

    SECTION("at the beginning") {
        world.basket->refuse_to_begin = disk_full();
    }
    SECTION("a piece") {
        world.basket->refusal = disk_full();
    }
    SECTION("by throwing") {
        world.basket->throws = true;
    }
    CHECK(world.finish(world.get).kind() == FailureKind::exception);
    CHECK(world.get.reach() == Reach::maybe_processed);
    CHECK((world.get.outcome().error().cause() == disk_full() ||
           world.get.message().find("disk is full") != std::string::npos));
    CHECK(world.basket->pieces.size() <= 1);
    CHECK(world.scripts[0]->closed);
}

TEST_CASE("a sink that refuses the last piece ends the call too", "[http][download]") {
    DownloadWorld world;
    world.basket->refusal = disk_full();
    world.answer(reply({good_reply}));
    CHECK(world.finish(world.get).kind() == FailureKind::exception);
    CHECK(world.scripts[0]->closed);
}

TEST_CASE("whatever a sink does, the call ends when it must", "[http][download]") {
    DownloadWorld world;
    world.basket->takes = 2h;
    world.answer(three_pieces());
    StopSignal stop;
    world.get.call.stop = &stop;

    SECTION("at its deadline") {
        world.get.call.deadline = {world.now() + 5s, FailureKind::attempt_timeout};
        const TimePoint due = world.get.call.deadline.at;
        CHECK(world.finish(world.get).kind() == FailureKind::attempt_timeout);
        CHECK(world.now() == due);
    }
    SECTION("when it is stopped") {
        world.begin(world.get);
        world.run_for(1s);
        stop.request(FailureKind::client_closed);
        world.run();
        REQUIRE(world.get.ended());
        CHECK(world.get.kind() == FailureKind::client_closed);
    }
    SECTION("when it is cancelled") {
        world.begin(world.get);
        world.run_for(1s);
        world.get.started.cancel.emit(asio::cancellation_type::terminal);
        world.run();
        REQUIRE(world.get.ended());
        CHECK_FALSE(world.get.started.thrown);
        CHECK(world.get.kind() == FailureKind::canceled);
    }
    CHECK(world.get.reach() == Reach::maybe_processed);
    CHECK(world.basket->cancelled);
    CHECK(world.basket->busy == 0);
    CHECK(world.runtime.armed() == 0);
}

TEST_CASE("a sink is let go when its context goes", "[http][download]") {
    auto world = std::make_unique<DownloadWorld>();
    const std::shared_ptr<MemoryScript> script = world->scripts[0];
    const std::weak_ptr<Basket> basket = world->basket;
    world->basket->takes = 2h;
    world->answer(three_pieces());
    world->begin(world->get);
    world->run_for(1s);
    CHECK(world->basket->busy == 1);
    world.reset();
    CHECK(script.use_count() == 1);
    CHECK(basket.expired());
}

TEST_CASE("a body that is cut is truncated, whatever a sink has taken of it", "[http][download]") {
    DownloadWorld world;
    world.answer(reply({three_pieces_head, "one"}, Then::end));
    CHECK(world.finish(world.get).kind() == FailureKind::truncated);
    CHECK(world.basket->text() == "one");
}
