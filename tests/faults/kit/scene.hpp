#pragma once

#include "faults/kit/reference_reply.hpp"
#include "faults/kit/row.hpp"
#include "http/transport_world.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace backstay::test {

/// Who calls: how often its request may reach the wire depends on it.
struct Caller {
    std::string_view method;
    bool safe_to_repeat;
    bool has_key;
};

inline constexpr std::array<Caller, 3> callers{
    {{"GET", true, false}, {"POST", false, false}, {"POST", true, true}}};
inline constexpr const Caller& get = callers[0];
inline constexpr const Caller& post = callers[1];

/// A reply in one piece, after which the connection does what such a reply asks for.
[[nodiscard]] MemoryReply intact(const ReferenceReply& reference, const std::string& nonce);

/// A transport against a server in memory that echoes each request's nonce. The first answer to the call of
/// the case is the reference reply with the fault done to it; every other answer is intact.
class Scene : public MemoryWorld {
public:
    /// Makes the faulty reply of the intact one.
    using Fault = std::function<MemoryReply(MemoryReply whole)>;

    static constexpr std::chrono::seconds deadline{10};

    Scene(FaultCase& fault_case, const ReferenceReply& reference, Fault fault,
          const HttpsOptions& options = HttpsOptions());

    /// Has a call go well before, so that the next one finds a used connection.
    void warm_up();

    /// Plays the call of the case to its end. Checks what holds whatever the fault is: one outcome in time,
    /// the request on the wire no oftener than it may, and a success, if it is one, made of this call's
    /// bytes.
    Exchanged& play(const Caller& caller);

    /// Has another call follow, which must go well. True when it went over the same connection.
    bool next_call();

    /// Whether the call of the case got the whole reply.
    [[nodiscard]] bool is_whole() const;
    /// Virtual time that the call of the case took.
    [[nodiscard]] Duration took() const noexcept { return took_; }
    /// How often the request of the case reached the wire, a part of it included.
    [[nodiscard]] int on_wire() const;

private:
    MemoryReply answer(std::string_view request);
    void ask(Exchanged& exchanged, const std::string& nonce);
    [[nodiscard]] bool echoes(const Exchanged& exchanged, const ReferenceReply& reference,
                              const std::string& nonce) const;

    FaultCase& case_;
    const ReferenceReply& reference_;
    Fault fault_;
    bool faulted_ = false;
    Exchanged call_;
    Duration took_{0};
};

} // namespace backstay::test
