#include "faults/kit/scene.hpp"

#include <utility>

namespace backstay::test {

namespace {

constexpr std::size_t connections = 4;

// of the call before, the call of the case, and the one that follows; all of `nonce_bytes`
const std::string before = "w0000001";
const std::string mine = "c5a81f3e";
const std::string after = "n0000002";

constexpr ReferenceReply plain{"plain", 200, "", echo};

std::string nonce_of(std::string_view request) {
    constexpr std::string_view name = "X-Call: ";
    return std::string(request.substr(request.find(name) + name.size(), nonce_bytes));
}

bool says(const Fields& fields, std::string_view name, const std::string& value) {
    const std::string* const found = fields.find(name);
    return found != nullptr && *found == value;
}

/// All that a caller can see of a reply.
std::string text_of(const Response& response) {
    std::string text = response.body();
    for (const Fields* const fields : {&response.fields(), &response.trailers()}) {
        for (const auto& [name, value] : *fields) {
            text.append(name).append(":").append(value).append("\n");
        }
    }
    return text;
}

} // namespace

MemoryReply intact(const ReferenceReply& reference, const std::string& nonce) {
    return reply({reference.bytes(nonce)},
                 reference.by_close ? MemoryReply::Then::end : MemoryReply::Then::stay_open);
}

Scene::Scene(FaultCase& fault_case, const ReferenceReply& reference, Fault fault, const HttpsOptions& options)
    : MemoryWorld(connections, options), case_(fault_case), reference_(reference), fault_(std::move(fault)) {
    for (const auto& script : scripts) {
        script->respond = [this](std::string_view request) { return answer(request); };
    }
}

void Scene::warm_up() {
    Exchanged exchanged;
    ask(exchanged, before);
    case_.expect(echoes(exchanged, plain, before), "the call before goes well");
}

Exchanged& Scene::play(const Caller& caller) {
    call_.request.method = reference_.to_head ? "HEAD" : caller.method;
    call_.request.safe_to_repeat = caller.safe_to_repeat;
    if (caller.has_key) {
        call_.request.fields.add("Idempotency-Key", "k-1");
    }
    if (caller.method == "POST" && !reference_.to_head) {
        call_.request.body = "{}";
    }
    const TimePoint began = now();
    ask(call_, mine);
    took_ = now() - began;
    case_.expect(call_.ended() && !call_.started.thrown, "1: the call has one outcome");
    case_.expect(took_ <= deadline, "1: it ends within its deadline");
    case_.expect(on_wire() == 1 + call_.call.resends, "2: the request is on the wire as often as is told");
    case_.expect(on_wire() <= (caller.safe_to_repeat ? 2 : 1), "2: an unsafe request is there once at most");
    if (call_.ok()) {
        const std::string text = text_of(call_.response());
        case_.expect(text.find(before) == std::string::npos,
                     "4: no byte of an earlier reply reaches the call");
    } else if (call_.ended()) {
        case_.expect(call_.reach() == Reach::maybe_processed,
                     "2: what may have been processed is said to be");
    }
    return call_;
}

bool Scene::next_call() {
    const std::size_t made = connector->made();
    Exchanged exchanged;
    ask(exchanged, after);
    case_.expect(echoes(exchanged, plain, after), "4: the next call gets its own reply, and all of it");
    case_.expect(exchanged.call.resends == 0, "4: and gets it at once");
    return connector->made() == made;
}

bool Scene::is_whole() const {
    return echoes(call_, reference_, mine);
}

int Scene::on_wire() const {
    int found = 0;
    for (const auto& script : scripts) {
        for (std::size_t at = 0; (at = script->received.find(mine, at)) != std::string::npos;
             at += nonce_bytes) {
            ++found;
        }
    }
    return found;
}

MemoryReply Scene::answer(std::string_view request) {
    const std::string nonce = nonce_of(request);
    if (nonce != mine) {
        return reply({plain_reply(nonce)});
    }
    MemoryReply whole = intact(reference_, nonce);
    return std::exchange(faulted_, true) ? whole : fault_(std::move(whole));
}

void Scene::ask(Exchanged& exchanged, const std::string& nonce) {
    exchanged.request.fields.add("X-Call", nonce);
    exchanged.call.deadline.at = now() + deadline;
    finish(exchanged);
}

bool Scene::echoes(const Exchanged& exchanged, const ReferenceReply& reference,
                   const std::string& nonce) const {
    if (!exchanged.ok()) {
        return false;
    }
    const Response& response = exchanged.response();
    return response.status() == reference.status && says(response.fields(), "X-Call", nonce) &&
           response.body() == (reference.has_body ? echo(nonce) : "") &&
           (!reference.has_trailer || says(response.trailers(), "X-Sum", nonce));
}

} // namespace backstay::test
