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

void Registry::insert(PolicyHandle handle) {
    check_given(handle.name());
    Policies fresh;
    fresh.emplace(handle.name(), handle);
    const std::lock_guard lock(mutex_);
    check_free(handle.name());
    policies_.merge(fresh);
}

void Registry::check_given(const std::string& name) {
    if (name.empty()) {
        refuse(name, "is empty: give one by which it can be found");
    }
}

void Registry::check_free(const std::string& name) const {
    if (policies_.contains(name) || pipelines_.contains(name)) {
        refuse(name, "is taken: remove that entry first, or choose another name");
    }
}

void Registry::insert(const std::string& pipeline, const std::vector<PolicyHandle>& handles,
                      std::string description) {
    check_given(pipeline);
    Policies fresh;
    for (const PolicyHandle& handle : handles) {
        const std::string name = pipeline + "/" + handle.name();
        if (!fresh.emplace(name, handle.renamed(name)).second) {
            refuse(name, "comes twice in that pipeline: give one of the two policies another with Named");
        }
    }
    const std::lock_guard lock(mutex_);
    check_free(pipeline);
    for (const auto& [name, handle] : fresh) {
        check_free(name);
    }
    pipelines_.emplace(pipeline, std::move(description));
    policies_.merge(fresh); // moves nodes: from here on nothing can fail
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
    CircuitBreaker::Isolation isolation = breaker->isolate(until); // ends here when it cannot be kept
    const std::lock_guard lock(mutex_);
    if (!policies_.contains(name)) { // removed meanwhile: no name would end it
        return false;
    }
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
