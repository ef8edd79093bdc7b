#include <backstay/telemetry/observers.hpp>

namespace backstay::inline BACKSTAY_ABI {

namespace {

EventSet wanted_by(std::initializer_list<Observer*> observers) noexcept {
    EventSet all;
    for (const Observer* observer : observers) {
        if (observer != nullptr) {
            all.add(observer->wanted());
        }
    }
    return all;
}

} // namespace

Observers::Observers(std::initializer_list<Observer*> observers)
    : Observer(wanted_by(observers)), observers_(observers) {
    std::erase(observers_, nullptr);
}

void Observers::on_event(const Event& event) {
    for (Observer* observer : observers_) {
        if (observer->wants(event.type)) {
            observer->notify(event);
        }
    }
}

} // namespace backstay::inline BACKSTAY_ABI
