#include <backstay/pipeline/registry.hpp>

#include <backstay/policy/cool_down.hpp>
#include <backstay/policy/retry.hpp>

#include <algorithm>
#include <stdexcept>

namespace backstay::inline BACKSTAY_ABI {

namespace {

void refuse(const std::string& name, const char* why) {
    throw std::invalid_argument("Registry: the name '" + name + "' " + why);
}

} // namespace

void Registry::insert(std::vector<PolicyHandle> handles) {
    const std::lock_guard lock(mutex_);
    for (const PolicyHandle& handle : handles) {
        if (handle.name().empty()) {
            refuse(handle.name(), "is empty: give one by which it can be found");
        }
        if (policies_.contains(handle.name()) || pipelines_.contains(handle.name())) {
            refuse(handle.name(), "is taken: remove that entry first, or choose another name");
        }
    }
    for (PolicyHandle& handle : handles) {
        const std::string name = handle.name();
        policies_.emplace(name, std::move(handle));
    }
}

void Registry::insert(const std::string& pipeline, const std::vector<PolicyHandle>& handles,
                      std::string description) {
    if (pipeline.empty()) {
        refuse(pipeline, "is empty: give one by which it can be found");
    }
    std::vector<PolicyHandle> renamed;
    renamed.reserve(handles.size());
    for (const PolicyHandle& handle : handles) {
        renamed.push_back(handle.renamed(pipeline + "/" + handle.name()));
    }
    {
        const std::lock_guard lock(mutex_);
        if (policies_.contains(pipeline) ||
            !pipelines_.try_emplace(pipeline, std::move(description)).second) {
            refuse(pipeline, "is taken: remove that entry first, or choose another name");
        }
    }
    try {
        insert(std::move(renamed));
    } catch (...) {
        const std::lock_guard lock(mutex_);
        pipelines_.erase(pipeline);
        throw;
    }
}

bool Registry::remove(std::string_view name) {
    const std::string inside = std::string(name) + "/";
    const auto belongs = [&](const auto& entry) {
        return entry.first == name || entry.first.starts_with(inside);
    };
    const std::lock_guard lock(mutex_);
    std::erase_if(isolated_, belongs);
    return std::erase_if(policies_, belongs) + std::erase_if(pipelines_, belongs) > 0;
}

std::vector<std::string> Registry::names() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (const auto& [name, policy] : policies_) {
        all.push_back(name);
    }
    for (const auto& [name, description] : pipelines_) {
        all.push_back(name);
    }
    std::sort(all.begin(), all.end());
    return all;
}

std::vector<RegistryItem> Registry::snapshot(TimePoint now) const {
    std::vector<RegistryItem> items;
    std::vector<PolicyHandle> handles;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [name, description] : pipelines_) {
            items.push_back({.name = name, .kind = "pipeline", .description = description});
        }
        for (const auto& [name, handle] : policies_) {
            handles.push_back(handle);
        }
    }
    for (const PolicyHandle& handle : handles) { // outside the lock: a policy has locks of its own
        items.push_back({.name = handle.name(), .kind = handle.kind(), .states = handle.states(now)});
    }
    std::sort(items.begin(), items.end(),
              [](const RegistryItem& a, const RegistryItem& b) { return a.name < b.name; });
    return items;
}

std::optional<PolicyHandle> Registry::at(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = policies_.find(name);
    return found != policies_.end() ? std::optional(found->second) : std::nullopt;
}

bool Registry::isolate(std::string_view name, TimePoint until) {
    auto breaker = find<CircuitBreaker>(name);
    if (!breaker) {
        return false;
    }
    CircuitBreaker::Isolation isolation = breaker->isolate(until);
    const std::lock_guard lock(mutex_);
    isolated_.insert_or_assign(std::string(name), std::move(isolation));
    return true;
}

bool Registry::close(std::string_view name) {
    auto breaker = find<CircuitBreaker>(name);
    if (!breaker) {
        return false;
    }
    CircuitBreaker::Isolation ended;
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = isolated_.find(name); found != isolated_.end()) {
            ended = std::move(found->second);
            isolated_.erase(found);
        }
    }
    ended.release();
    breaker->close();
    return true;
}

bool Registry::clear(std::string_view name) {
    auto cool_down = find<CoolDown>(name);
    if (cool_down) {
        cool_down->clear();
    }
    return cool_down.has_value();
}

bool Registry::switch_off_retries(std::string_view name, TimePoint until) {
    auto retry = find<Retry>(name);
    if (retry) {
        retry->switch_off(until);
    }
    return retry.has_value();
}

bool Registry::switch_on_retries(std::string_view name) {
    return switch_off_retries(name, TimePoint::min());
}

} // namespace backstay::inline BACKSTAY_ABI
