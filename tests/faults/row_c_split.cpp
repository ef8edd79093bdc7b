// Row C: every two-way split; one byte at a time; every three-way split of one reply.

#include "faults/kit/scene.hpp"

#include <utility>

using namespace backstay;
using namespace backstay::test;

namespace {

constexpr std::size_t places = reference_bytes - 1; // to split at
constexpr std::size_t replies = 9;
constexpr std::size_t two_way = replies * places;
constexpr std::size_t three_way = places * (places - 1) / 2;
constexpr std::size_t split_in_three = 2; // the reply with chunk and trailer has the most kinds of places

/// A reply, and the sizes of all pieces of it but the last.
struct Split {
    const ReferenceReply& reference;
    std::vector<std::size_t> sizes;
};

Split split_of(std::size_t number) {
    if (number < two_way) {
        return {reference_replies().at(number / places), {1 + number % places}};
    }
    number -= two_way;
    if (number < replies) {
        return {reference_replies().at(number), std::vector<std::size_t>(places, 1)};
    }
    number -= replies;
    std::size_t first = 1;
    for (std::size_t left = places - 1; number >= left; --left) {
        number -= left;
        ++first;
    }
    return {reference_replies().at(split_in_three), {first, number + 1}};
}

void play(std::size_t number, FaultCase& test) {
    Pick pick(number);
    const bool reused = pick.flag();
    const Split split = split_of(pick.below(two_way + replies + three_way));
    test.describe(std::string(split.reference.name) + " in " + std::to_string(split.sizes.size() + 1) +
                  " pieces, the first of " + std::to_string(split.sizes.front()) +
                  (reused ? ", reused" : ", new"));

    Scene scene(test, split.reference, [&](MemoryReply whole) {
        const std::string bytes = std::exchange(whole.pieces, {}).front();
        std::size_t at = 0;
        for (const std::size_t size : split.sizes) {
            whole.pieces.push_back(bytes.substr(at, size));
            at += size;
        }
        whole.pieces.push_back(bytes.substr(at));
        return whole;
    });
    if (reused) {
        scene.warm_up();
    }
    scene.play(post);
    test.expect(scene.is_whole(), "9: a reply in pieces is the same reply");
    test.expect(scene.took() == Duration::zero(), "1: its end is seen when it comes");
    test.expect(scene.next_call() == !split.reference.by_close, "9: and leaves the connection as usable");
}

} // namespace

int main(int argc, char** argv) {
    return run_row({"C", "every split", 2 * (two_way + replies + three_way), play}, argc, argv);
}
