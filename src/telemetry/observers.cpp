#include <backstay/telemetry/observers.hpp>

namespace backstay::inline BACKSTAY_ABI {

namespace {

EventSet wanted_by(std::initializer_list<Observer*> observers) noexcept {
    EventSet all;
    for (const Observer* observer : observers) {
        all.add(observer->wanted());
    }
    return all;
}

} // namespace

Observers::Observers(std::initializer_list<Observer*> observers)
    : Observer(wanted_by(observers)), observers_(observers) {}

void Observers::on_event(const Event& event) {
    for (Observer* observer : observers_) {
        if (observer->wants(event.type)) {
            observer->notify(event);
        }
    }
}

} // namespace backstay::inline BACKSTAY_ABI
