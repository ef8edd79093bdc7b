// Row B: stall at every byte, virtual time.

#include "faults/kit/scene.hpp"

using namespace backstay;
using namespace backstay::test;

namespace {

constexpr std::chrono::seconds idle_timeout{3};

void play(std::size_t number, FaultCase& test) {
    Pick pick(number);
    const ReferenceReply& reference = pick.from(reference_replies());
    const bool reused = pick.flag();
    const bool limited = pick.flag();
    const std::size_t sent = pick.below(reference_bytes);
    test.describe(std::string(reference.name) + " stalls at " + std::to_string(sent) +
                  (reused ? ", reused" : ", new") + (limited ? ", with idle_timeout" : ""));

    HttpsOptions options;
    options.idle_timeout = limited ? idle_timeout : std::chrono::seconds{0};
    const auto stalled = [&](MemoryReply whole) {
        whole.pieces.front().resize(sent);
        if (sent == 0) {
            whole.pieces.clear();
        }
        whole.then = MemoryReply::Then::stay_open;
        return whole;
    };
    Scene scene(test, reference, stalled, options);
    if (reused) {
        scene.warm_up();
    }
    const Exchanged& call = scene.play(post);

    const bool by_idle = limited && sent > 0; // it counts from the reply's first byte
    test.expect(!call.ok(), "3: no truncated message is a success");
    test.expect(call.ok() ||
                    call.kind() == (by_idle ? FailureKind::attempt_timeout : FailureKind::deadline_exceeded),
                "the failure is named");
    test.expect(scene.took() == (by_idle ? Duration(idle_timeout) : Duration(Scene::deadline)),
                "1: it ends when its time is over, not earlier");
    test.expect(!scene.next_call(), "4: a timed-out exchange's connection is not used again");
}

} // namespace

int main(int argc, char** argv) {
    return run_row({"B", "stall at every byte", reference_replies().size() * 2 * 2 * reference_bytes, play},
                   argc, argv);
}
