#pragma once

#include <backstay/core/time.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

/// The places of a half-open circuit's probes. A permit is a number that is never given twice: what comes
/// back with a number that its place has forgotten is too late. Serialised by the owner.
class ProbePlaces {
public:
    struct Permit {
        std::uint32_t number;
        std::uint16_t place;
    };

    explicit ProbePlaces(int places) : places_(static_cast<std::size_t>(places)) {}

    /// Takes a place that is free, else the one whose lease ended first, if one has.
    [[nodiscard]] std::optional<Permit> take(TimePoint now, Duration lease) noexcept {
        const auto place = soonest();
        if (now < place->lease_end) {
            return std::nullopt;
        }
        permits_ = std::max(permits_ + 1, 1U); // 0 means free
        *place = {.permit = permits_, .lease_end = saturating_add(now, lease)};
        return Permit{.number = permits_, .place = static_cast<std::uint16_t>(place - places_.begin())};
    }

    /// Frees the permit's place; false when the place has forgotten it.
    bool give_back(Permit permit) noexcept {
        Place& place = places_[permit.place];
        if (place.permit != permit.number) {
            return false;
        }
        place = {};
        return true;
    }

    void clear() noexcept { std::fill(places_.begin(), places_.end(), Place{}); }

    [[nodiscard]] bool has_free() const noexcept {
        return std::any_of(places_.begin(), places_.end(),
                           [](const Place& place) { return place.permit == 0; });
    }

    /// Counts the permits whose lease has not ended.
    [[nodiscard]] std::uint32_t out(TimePoint now) const noexcept {
        const auto is_out = [now](const Place& place) { return place.permit != 0 && now < place.lease_end; };
        return static_cast<std::uint32_t>(std::count_if(places_.begin(), places_.end(), is_out));
    }

    /// Tells when a place can be taken again at the latest.
    [[nodiscard]] TimePoint first_lease_end() const noexcept {
        return std::min_element(places_.begin(), places_.end(), ends_sooner)->lease_end;
    }

private:
    struct Place {
        std::uint32_t permit = 0;
        TimePoint lease_end = TimePoint::min();
    };

    static bool ends_sooner(const Place& a, const Place& b) noexcept { return a.lease_end < b.lease_end; }

    [[nodiscard]] std::vector<Place>::iterator soonest() noexcept {
        return std::min_element(places_.begin(), places_.end(), ends_sooner);
    }

    std::vector<Place> places_;
    std::uint32_t permits_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
