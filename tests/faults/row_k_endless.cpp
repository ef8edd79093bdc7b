// Row K: endless head, endless 1xx, endless chunk extension, endless trailer, 1-byte chunks, gzip bomb, 1
// byte a second, endless body.

#include "faults/kit/heap_peak.hpp"
#include "faults/kit/scene.hpp"
#include "http/gzip.hpp"

#include <cstdio>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t max_body_bytes = std::size_t{1} << 20;
constexpr std::size_t max_head_bytes = std::size_t{64} << 10;
constexpr std::size_t call_bytes = std::size_t{64} << 10; // what a call holds beside its reply
// a growing string has room for twice what it holds, and there are two of them while it grows
constexpr std::size_t while_it_grows = 3;

/// What a server sends, and how the call ends.
struct Flood {
    std::string_view name;
    std::string begin;
    std::string more; ///< again and again
    FailureKind ends_as = FailureKind::none;
    Duration pace{0};
    Duration takes{0}; ///< virtual time until then
};

const std::string ok = "HTTP/1.1 200 OK\r\n";
const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
const std::string coded = ok + "Content-Encoding: gzip\r\n";
const std::string informational = "HTTP/1.1 100 Continue\r\n\r\n";

std::string in_chunk(const std::string& data) {
    constexpr std::size_t digits = 8;
    char size[digits + 1];
    std::snprintf(size, sizeof size, "%08zx", data.size());
    return size + ("\r\n" + data) + "\r\n";
}

/// So many zeros, which a thousandth of their bytes code.
std::string bomb(std::size_t decoded_bytes) {
    return gzip(std::string(decoded_bytes, '\0'));
}

std::string with_length(const std::string& data) {
    return "Content-Length: " + std::to_string(data.size()) + "\r\n\r\n" + data;
}

const std::vector<Flood>& floods() {
    const auto too_much_head = FailureKind::head_too_large;
    const auto too_much_body = FailureKind::body_too_large;
    const auto against_protocol = FailureKind::protocol_error;
    const auto too_late = FailureKind::deadline_exceeded;
    static const std::vector<Flood> all{
        {"endless head of long fields", ok, "X-A: " + std::string(1'000, 'a') + "\r\n", too_much_head},
        {"endless head of short fields", ok, "a:\r\n", too_much_head},
        {"endless field", ok + "X-A: ", std::string(1'000, 'a'), too_much_head},
        {"endless folded field", ok + "X-A: a\r\n", " a\r\n", too_much_head},
        {"endless reason", "HTTP/1.1 200 ", "really ", too_much_head},
        {"endless 1xx", "", informational, against_protocol},
        {"1xx now and then", "", informational, too_late, 1500ms, Scene::deadline},
        {"endless chunk extension", chunked + "1;", std::string(1'000, 'a'), against_protocol},
        {"endless short chunk extensions", chunked, "1;a\r\nx\r\n", against_protocol},
        {"endless trailer of long fields", chunked + "0\r\n", "X-A: " + std::string(1'000, 'a') + "\r\n",
         too_much_head},
        {"endless trailer of short fields", chunked + "0\r\n", "a:\r\n", too_much_head},
        {"endless leading zeros", chunked, "0", against_protocol},
        {"1-byte chunks", chunked, "1\r\nx\r\n", too_much_body},
        {"gzip bomb", coded + with_length(bomb(64 * max_body_bytes)), "", too_much_body},
        {"gzip bomb within the limit", coded + with_length(bomb(max_body_bytes / 2)), "", too_much_body},
        {"gzip bomb in chunks",
         coded + "Transfer-Encoding: chunked\r\n\r\n" + in_chunk(bomb(64 * max_body_bytes)), "",
         too_much_body},
        {"endless gzip of nothing", coded + "Transfer-Encoding: chunked\r\n\r\n", in_chunk(gzip("")),
         too_much_body},
        {"1 byte of a head a second", ok + "X-A: ", "a", too_late, 1s, Scene::deadline},
        {"1 byte of a body a second", ok + "\r\n", "a", too_late, 1s, Scene::deadline},
        {"1 byte of a chunk a second", chunked + "ff\r\n", "a", too_late, 1s, Scene::deadline},
        {"endless body", ok + "\r\n", std::string(1'000, 'a'), too_much_body},
        {"endless body in chunks", chunked, in_chunk(std::string(1'000, 'a')), too_much_body},
        {"a length beyond the limit", ok + "Content-Length: 9223372036854775807\r\n\r\n", "a", too_much_body},
    };
    return all;
}

/// `more`, as often as it fits into a piece.
std::string piece_of(const Flood& flood, std::size_t piece_bytes) {
    std::string piece;
    do {
        piece += flood.more;
    } while (flood.pace == Duration::zero() && !piece.empty() && piece.size() < piece_bytes);
    return piece;
}

constexpr std::array<std::size_t, 3> piece_sizes{1, 1'000, 100'000};

void play(std::size_t number, FaultCase& test) {
    Pick pick(number);
    const Flood& flood = pick.from(floods());
    const bool reused = pick.flag();
    const Caller& caller = pick.from(callers);
    const std::size_t piece_bytes = pick.from(piece_sizes);
    test.describe(std::string(flood.name) + " in pieces of " + std::to_string(piece_bytes) + ", " +
                  std::string(caller.method) + (reused ? ", reused" : ", new"));

    HttpsOptions options;
    options.max_body_bytes = max_body_bytes;
    options.max_head_bytes = max_head_bytes;
    options.accept_gzip = true;
    options.idle_timeout = 2s; // each byte refreshes it, and the deadline holds all the same
    const std::string piece = piece_of(flood, piece_bytes);
    Scene scene(
        test, reference_replies().front(),
        [&](const MemoryReply& /*whole*/) {
            MemoryReply made;
            made.pace = flood.pace;
            if (!flood.begin.empty()) {
                made.pieces.push_back(flood.begin);
            }
            if (!piece.empty()) {
                made.more = [&piece] { return piece; };
            }
            return made;
        },
        options);
    if (reused) {
        scene.warm_up();
    }
    const HeapPeak heap;
    const Exchanged& call = scene.play(caller);
    const std::size_t limit = flood.ends_as == FailureKind::body_too_large ? max_body_bytes : max_head_bytes;
    const std::size_t server_bytes = flood.begin.size() + 2 * piece.size();
    test.expect(heap.bytes() <= while_it_grows * limit + call_bytes + server_bytes,
                "5: memory is bounded, and not " + std::to_string(heap.bytes()));
    test.expect(!call.ok(), "3: what has no end is no success");
    test.expect(call.ok() || call.kind() == flood.ends_as,
                "the failure is named, and not " + std::string(to_string(call.kind())));
    test.expect(scene.took() == flood.takes, "1: it ends when the limit is passed");
    test.expect(!scene.next_call(), "4: its connection is not used again");
}

} // namespace

int main(int argc, char** argv) {
    return run_row({"K", "what has no end", floods().size() * 2 * callers.size() * piece_sizes.size(), play},
                   argc, argv);
}
