#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/event.hpp>

#include <initializer_list>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// Several observers in the place of one: each is told what it wants, in order. One that throws does not keep
/// the next from being told, and counts it itself. Null ones are passed over. Lifetime: they outlive it.
class BACKSTAY_EXPORT Observers final : public Observer {
public:
    Observers(std::initializer_list<Observer*> observers);

protected:
    void on_event(const Event& event) override;

private:
    std::vector<Observer*> observers_;
};

} // namespace backstay::inline BACKSTAY_ABI
