#include "http/gzip_decoder.hpp"

#include "http/gzip.hpp"
#include "http/reply_reading.hpp"
#include "support/catch.hpp"

#include <random>
#include <string>

using namespace backstay;
using namespace backstay::test;
using backstay::testing_replies::in_pieces;

namespace {

constexpr std::size_t mebibyte = std::size_t{1024} * 1024;

struct Decoded {
    FailureKind kind;
    std::string text;
    friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded decode_pieces(std::string_view coded, std::size_t piece, std::size_t most, std::size_t ratio) {
    GzipDecoder decoder(most, ratio);
    std::string text;
    for (const std::string_view part : in_pieces(coded, piece)) {
        decoder.decode(part, text);
    }
    decoder.finish();
    return {decoder.fault().kind, decoder.fault().kind == FailureKind::none ? text : decoder.fault().message};
}

/// Decodes whole, by the byte, and in pieces that fit nothing: all must agree.
Decoded decode(std::string_view coded, std::size_t most = 16 * mebibyte, std::size_t ratio = 100) {
    Decoded whole = decode_pieces(coded, coded.size() + 1, most, ratio);
    CHECK(decode_pieces(coded, 1, most, ratio) == whole);
    CHECK(decode_pieces(coded, 777, most, ratio) == whole);
    return whole;
}

std::string noise(std::size_t size) {
    std::mt19937 random(7); // NOLINT(cert-msc51-cpp): the same every time
    std::string text(size, '\0');
    for (char& c : text) {
        c = static_cast<char>(random());
    }
    return text;
}

} // namespace

TEST_CASE("what was coded comes back", "[http][gzip]") {
    for (const std::string& text : {std::string(), std::string("{\"id\":1}"), noise(100'000)}) {
        const Decoded decoded = decode(gzip(text));
        CHECK(decoded.kind == FailureKind::none);
        CHECK(decoded.text == text);
    }
}

TEST_CASE("several members are one text", "[http][gzip]") {
    CHECK(decode(gzip("ab") + gzip("") + gzip("cd")).text == "abcd");
}

TEST_CASE("data that end anywhere in the middle are truncated", "[http][gzip]") {
    const std::string coded = gzip("one and one is two") + gzip("two");
    for (std::size_t size = 0; size < coded.size(); ++size) {
        const bool between = size == gzip("one and one is two").size();
        CHECK((decode(std::string_view(coded).substr(0, size)).kind == FailureKind::truncated) == !between);
    }
}

TEST_CASE("a byte behind the end is refused", "[http][gzip]") {
    for (const std::string& garbage : {std::string("x"), std::string(1, '\0'), std::string("\x1f\x8c")}) {
        CHECK(decode(gzip("abc") + garbage).kind == FailureKind::protocol_error);
    }
}

TEST_CASE("what is no gzip is refused, a wrong checksum too", "[http][gzip]") {
    std::string coded = gzip("abc");
    CHECK(decode("{\"id\":1}").kind == FailureKind::protocol_error);
    coded[coded.size() - 8] = static_cast<char>(coded[coded.size() - 8] ^ 1);
    CHECK(decode(coded).kind == FailureKind::protocol_error);
}

TEST_CASE("any flipped byte gives one verdict, whatever the pieces", "[http][gzip]") {
    const std::string good = gzip("a text that says a text that says a little");
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const int flip : {1, 0x80, 0xff}) {
            std::string coded = good;
            coded[at] = static_cast<char>(coded[at] ^ flip);
            (void)decode(coded);
        }
    }
}

TEST_CASE("no more comes out than the limit allows", "[http][gzip]") {
    const std::string text = noise(50'000);
    CHECK(decode(gzip(text), 50'000).kind == FailureKind::none);
    CHECK(decode(gzip(text), 49'999).kind == FailureKind::body_too_large);
}

TEST_CASE("a bomb is refused by its ratio, long before its size", "[http][gzip]") {
    const std::string bomb = gzip(std::string(10 * mebibyte, '0'));
    REQUIRE(bomb.size() * 100 < 10 * mebibyte);
    CHECK(decode(bomb).kind == FailureKind::body_too_large);
    CHECK(decode(bomb, 16 * mebibyte, 2'000).kind == FailureKind::none);
    GzipDecoder decoder(16 * mebibyte, 100);
    std::string text;
    decoder.decode(bomb, text);
    CHECK(text.size() < 2 * mebibyte);
}

TEST_CASE("a bomb is refused though what follows makes the whole harmless", "[http][gzip]") {
    const std::string text = std::string(2 * mebibyte, '0') + noise(100'000);
    CHECK(gzip(text).size() * 100 > text.size());
    CHECK(decode(gzip(text)).kind == FailureKind::body_too_large);
}

TEST_CASE("a bomb that fits into one slice is refused at its end", "[http][gzip]") {
    const std::string bomb = gzip(std::string(200'000, '0'));
    REQUIRE(bomb.size() < 1024);
    CHECK(decode(bomb).kind == FailureKind::body_too_large);
}

TEST_CASE("what is small may grow by any ratio", "[http][gzip]") {
    CHECK(decode(gzip(std::string(60'000, '0'))).kind == FailureKind::none);
}
