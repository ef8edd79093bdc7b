#pragma once

#include "testing/resource.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// The resources of the sandbox, in memory, in the order of their ids; the guide's `12345` is there at once.
/// Each function answers as the guide says and, if it changed something, tells so.
class ResourceStore {
public:
    using Changed = std::function<void(Effect::Kind, const std::string& id)>;

    ResourceStore(std::size_t most, std::function<WallTime()> wall_clock, Changed changed);

    [[nodiscard]] ApiReply list(std::string_view query) const;
    [[nodiscard]] ApiReply create(std::string_view body);
    [[nodiscard]] ApiReply read(const std::string& id) const;
    /// `whole`: PUT, which forgets what the body does not name; otherwise PATCH.
    [[nodiscard]] ApiReply update(const std::string& id, std::string_view body, bool whole);
    [[nodiscard]] ApiReply remove(const std::string& id);

private:
    [[nodiscard]] bool name_taken(const std::string& name, const std::string& but_for_id) const;
    [[nodiscard]] std::string free_id();

    std::size_t most_;
    std::function<WallTime()> wall_clock_;
    Changed changed_;
    std::map<std::string, Resource> resources_;
    std::uint64_t next_id_ = 67890; // the guide's example of a created one
};

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
