// Row D: each byte × 8 bit flips and × 00 0A 0D 20 7F FF 3A: never a crash, never a hang, never bytes of
// another call.

#include "faults/kit/scene.hpp"

#include <utility>

using namespace backstay;
using namespace backstay::test;

namespace {

constexpr std::array<unsigned char, 7> replacements{0x00, 0x0A, 0x0D, 0x20, 0x7F, 0xFF, 0x3A};
constexpr std::size_t changes = 8 + replacements.size();

char changed(char byte, std::size_t change) {
    const auto value = static_cast<unsigned char>(byte);
    return static_cast<char>(change < 8 ? value ^ (1U << change) : replacements.at(change - 8));
}

void play(std::size_t number, FaultCase& test) {
    Pick pick(number);
    const ReferenceReply& reference = pick.from(reference_replies());
    const std::size_t change = pick.below(changes);
    const bool reused = pick.flag();
    const bool byte_by_byte = pick.flag();
    const std::size_t at = pick.below(reference_bytes);
    test.describe(std::string(reference.name) + " with byte " + std::to_string(at) +
                  (change < 8 ? " flipped in bit " + std::to_string(change)
                              : " replaced by " + std::to_string(replacements.at(change - 8))) +
                  (byte_by_byte ? ", byte by byte" : "") + (reused ? ", reused" : ", new"));

    Scene scene(test, reference, [&](MemoryReply whole) {
        std::string& bytes = whole.pieces.front();
        bytes.at(at) = changed(bytes.at(at), change);
        if (byte_by_byte) { // what is too much comes when the call has ended
            const std::string all = std::exchange(whole.pieces, {}).front();
            for (const char byte : all) {
                whole.pieces.emplace_back(1, byte);
            }
        }
        return whole;
    });
    if (reused) {
        scene.warm_up();
    }
    const Exchanged& call = scene.play(post);
    const bool all_of_body = call.ok() && call.response().body().size() == reference.body_bytes();
    test.expect(!scene.next_call() || all_of_body, "4: what is left over of a reply retires the connection");
}

} // namespace

int main(int argc, char** argv) {
    return run_row(
        {"D", "each byte changed", reference_replies().size() * changes * 2 * 2 * reference_bytes, play},
        argc, argv);
}
