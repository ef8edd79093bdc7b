#include <backstay/core/stop_signal.hpp>

#include "support/catch.hpp"

#include <functional>
#include <memory>
#include <string>

using namespace backstay;

namespace {

class Probe final : public StopSignal::Listener {
public:
    explicit Probe(std::function<void()> on_stop) : on_stop_(std::move(on_stop)) {}
    void stopped() noexcept override { on_stop_(); }

private:
    std::function<void()> on_stop_;
};

} // namespace

TEST_CASE("a request tells every listener once, in the order of arrival", "[stop_signal]") {
    std::string told;
    StopSignal signal;
    Probe a{[&] { told += 'a'; }};
    Probe b{[&] { told += 'b'; }};
    Probe c{[&] { told += 'c'; }};
    signal.add(a);
    signal.add(b);
    signal.add(c);

    CHECK_FALSE(signal.requested());
    CHECK(signal.reason() == FailureKind::none);
    signal.request(FailureKind::canceled);
    CHECK(told == "abc");
    CHECK(signal.requested());
}

TEST_CASE("the first request's reason stands and a second tells nobody", "[stop_signal]") {
    int told = 0;
    StopSignal signal;
    Probe probe{[&] { ++told; }};
    signal.add(probe);
    signal.request(FailureKind::client_closed);
    signal.request(FailureKind::canceled);
    CHECK(told == 1);
    CHECK(signal.reason() == FailureKind::client_closed);
}

TEST_CASE("a request without a reason is none", "[stop_signal]") {
    int told = 0;
    StopSignal signal;
    Probe probe{[&] { ++told; }};
    signal.add(probe);
    signal.request(FailureKind::none);
    CHECK_FALSE(signal.requested());
    CHECK(told == 0);
}

TEST_CASE("a listener that left or was destroyed is not told", "[stop_signal]") {
    std::string told;
    StopSignal signal;
    Probe first{[&] { told += '1'; }};
    auto second = std::make_unique<Probe>([&] { told += '2'; });
    Probe third{[&] { told += '3'; }};
    Probe last{[&] { told += '4'; }};
    signal.add(first);
    signal.add(*second);
    signal.add(third);
    signal.add(last);

    StopSignal::remove(first);
    second.reset();
    StopSignal::remove(last);
    StopSignal::remove(last); // once more changes nothing
    signal.request(FailureKind::canceled);
    CHECK(told == "3");
}

TEST_CASE("a listener may come back after it left", "[stop_signal]") {
    std::string told;
    StopSignal signal;
    Probe a{[&] { told += 'a'; }};
    Probe b{[&] { told += 'b'; }};
    signal.add(a);
    signal.add(b);
    StopSignal::remove(a);
    signal.add(a);
    signal.request(FailureKind::canceled);
    CHECK(told == "ba");
}

TEST_CASE("a listener may destroy itself and others when it is told", "[stop_signal]") {
    std::string told;
    StopSignal signal;
    std::unique_ptr<Probe> other = std::make_unique<Probe>([&told] { told += '2'; });
    std::unique_ptr<Probe> self = std::make_unique<Probe>([&told, &other, &self] {
        told += '1';
        other.reset();
        self.reset();
    });
    Probe last{[&] { told += '3'; }};
    signal.add(*self);
    signal.add(*other);
    signal.add(last);
    signal.request(FailureKind::canceled);
    CHECK(told == "13");
    CHECK(self == nullptr);
}

TEST_CASE("a listener may outlive its signal", "[stop_signal]") {
    Probe probe{[] {}};
    {
        StopSignal signal;
        signal.add(probe);
    }
    StopSignal other;
    other.add(probe);
    CHECK_FALSE(other.requested());
}
