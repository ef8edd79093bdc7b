// Row A: cut at every byte × FIN or RST × new or reused × TLS with or without close_notify × GET, POST, POST
// with key.

#include "faults/kit/scene.hpp"

using namespace backstay;
using namespace backstay::test;
using Then = MemoryReply::Then;

namespace {

struct Ending {
    std::string_view name;
    Then then;
    bool announced; ///< by close_notify
};

constexpr std::array<Ending, 4> endings{{{"FIN with close_notify", Then::end, true},
                                         {"FIN alone", Then::truncate, false},
                                         {"RST with close_notify", Then::end_and_reset, true},
                                         {"RST alone", Then::reset, false}}};
constexpr std::size_t cuts = reference_bytes + 1; // the last one is after the whole reply

FailureKind expected_failure(std::size_t cut, const Ending& ending) {
    const bool lost = cut == 0 || ending.then == Then::reset;
    return lost ? FailureKind::connection_lost : FailureKind::truncated;
}

void play(std::size_t number, FaultCase& test) {
    Pick pick(number);
    const ReferenceReply& reference = pick.from(reference_replies());
    const Ending& ending = pick.from(endings);
    const Caller& caller = pick.from(callers);
    const bool reused = pick.flag();
    const std::size_t cut = pick.below(cuts);
    test.describe(std::string(reference.name) + " cut at " + std::to_string(cut) + " by " +
                  std::string(ending.name) + ", " + std::string(caller.method) +
                  (caller.has_key ? " with key" : "") + (reused ? ", reused" : ", new"));

    Scene scene(test, reference, [&](MemoryReply whole) {
        whole.pieces.front().resize(cut);
        if (cut == 0) {
            whole.pieces.clear();
        }
        whole.then = ending.then;
        return whole;
    });
    if (reused) {
        scene.warm_up();
    }
    const Exchanged& call = scene.play(caller);
    test.expect(scene.took() == Duration::zero(), "1: an end is seen when it comes");

    const bool resent = reused && cut == 0 && caller.safe_to_repeat;
    const bool ended_well = reference.by_close && ending.announced && cut >= reference.head_bytes();
    test.expect(call.call.resends == (resent ? 1 : 0),
                "2: sent again if it is safe and the connection stale");
    if (resent || (cut == reference_bytes && (!reference.by_close || ending.announced))) {
        test.expect(scene.is_whole(), "a whole reply is delivered");
    } else if (ended_well) {
        test.expect(call.ok() && call.response().body().size() == cut - reference.head_bytes(),
                    "a body that an announced close ends is delivered as far as it goes");
    } else {
        test.expect(!call.ok(), "3: no truncated message is a success");
        test.expect(call.ok() || call.kind() == expected_failure(cut, ending), "the failure is named");
    }
    test.expect(scene.next_call() == (resent && !reference.by_close),
                "4: only a connection whose exchange is complete is used again");
}

} // namespace

int main(int argc, char** argv) {
    return run_row({"A", "cut at every byte",
                    reference_replies().size() * endings.size() * callers.size() * 2 * cuts, play},
                   argc, argv);
}
