#pragma once

#include <backstay/core/call_context.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

/// A key that owns its text.
struct OwnedKey {
    explicit OwnedKey(const CallKey& key)
        : origin(key.origin),
          credential(key.credential),
          partition(key.partition),
          operation(key.operation) {}

    [[nodiscard]] CallKey view() const noexcept {
        return {.origin = origin, .credential = credential, .partition = partition, .operation = operation};
    }

    /// Writes the parts that are not empty, such as `https://a:443 credential=billing`: for people, not for
    /// comparison. What cannot be printed is escaped.
    [[nodiscard]] BACKSTAY_EXPORT std::string text() const;

    std::string origin;
    std::string credential;
    std::string partition;
    std::string operation;
};

struct KeyHash {
    using is_transparent = void;
    [[nodiscard]] std::size_t operator()(const CallKey& key) const noexcept {
        std::size_t mixed = std::hash<std::string_view>{}(key.origin);
        for (const std::string_view part : {key.credential, key.partition, key.operation}) {
            mixed = mixed * 31 + (part.empty() ? 0 : std::hash<std::string_view>{}(part));
        }
        return mixed;
    }
    [[nodiscard]] std::size_t operator()(const OwnedKey& key) const noexcept { return (*this)(key.view()); }
};

struct KeyEqual {
    using is_transparent = void;
    [[nodiscard]] bool operator()(const OwnedKey& a, const CallKey& b) const noexcept {
        return a.origin == b.origin && a.credential == b.credential && a.partition == b.partition &&
               a.operation == b.operation;
    }
    [[nodiscard]] bool operator()(const CallKey& a, const OwnedKey& b) const noexcept {
        return (*this)(b, a);
    }
    [[nodiscard]] bool operator()(const OwnedKey& a, const OwnedKey& b) const noexcept {
        return (*this)(a, b.view());
    }
};

/// Finds the state that all calls with the same key share. When it is full, the state that nobody holds and
/// that was asked for longest ago makes room. When every state is held the table grows past its capacity
/// rather than refuse a call, and shrinks again with the next new keys.
/// Thread safety: all members from any thread. Cost: a hit takes a shared lock and allocates nothing; a new
/// key looks through the table once it is full.
template <class State>
class KeyedTable {
public:
    explicit KeyedTable(std::size_t capacity = 1'000) noexcept
        : capacity_(std::max<std::size_t>(capacity, 1)) {}

    /// Finds the state of this key, or null. For onlookers: it does not count as a use.
    [[nodiscard]] std::shared_ptr<State> find(const CallKey& key) const noexcept {
        const std::shared_lock lock(mutex_);
        const Node* const found = at(key);
        return found == nullptr ? nullptr : found->second.state;
    }

    /// Finds the state of this key, or null, and counts that as a use.
    [[nodiscard]] std::shared_ptr<State> look_up(const CallKey& key) noexcept {
        const std::shared_lock lock(mutex_);
        Node* const found = at(key);
        return found == nullptr ? nullptr : use(*found);
    }

    /// Finds the state of this key, or takes the one that `make()` returns as a `std::shared_ptr<State>`.
    /// Null when there is no memory for a new one. `make` runs under the lock.
    template <class Make>
    [[nodiscard]] std::shared_ptr<State> obtain(const CallKey& key, Make&& make) noexcept {
        {
            const std::shared_lock lock(mutex_);
            if (Node* const found = at(key)) {
                return use(*found);
            }
        }
        std::vector<std::shared_ptr<State>> evicted; // outlives the lock: a destructor may do anything
        try {
            const std::unique_lock lock(mutex_);
            if (Node* const found = at(key)) {
                return use(*found);
            }
            while (entries_.size() >= capacity_ && evict_one(evicted)) {
            }
            return use(*entries_.try_emplace(OwnedKey(key), std::forward<Make>(make)()).first);
        } catch (...) {
            return nullptr;
        }
    }

    /// Copies out what is there, in no particular order.
    [[nodiscard]] std::vector<std::pair<std::string, std::shared_ptr<State>>> entries() const {
        const std::shared_lock lock(mutex_);
        std::vector<std::pair<std::string, std::shared_ptr<State>>> copied;
        copied.reserve(entries_.size());
        for (const auto& [key, entry] : entries_) {
            copied.emplace_back(key.text(), entry.state);
        }
        return copied;
    }

    [[nodiscard]] std::size_t size() const noexcept {
        const std::shared_lock lock(mutex_);
        return entries_.size();
    }

private:
    struct Entry {
        explicit Entry(std::shared_ptr<State> made) noexcept : state(std::move(made)) {}
        std::shared_ptr<State> state;
        std::atomic<std::uint64_t> used{0}; // which use of the table was its last
    };
    using Map = std::unordered_map<OwnedKey, Entry, KeyHash, KeyEqual>;
    using Node = typename Map::value_type; // stays where it is

    /// A process calls few origins, one again and again: comparing with the latest one saves the hash.
    [[nodiscard]] Node* at(const CallKey& key) const noexcept {
        Node* const latest = latest_.load(std::memory_order_relaxed);
        if (latest != nullptr && KeyEqual{}(latest->first, key)) {
            return latest;
        }
        const auto found = entries_.find(key);
        return found == entries_.end() ? nullptr : const_cast<Node*>(&*found);
    }

    /// Notes the use. The same key asked for again and again writes nothing, so that it stays cheap for many
    /// threads.
    std::shared_ptr<State> use(Node& node) noexcept {
        if (latest_.load(std::memory_order_relaxed) != &node) {
            node.second.used.store(uses_.fetch_add(1, std::memory_order_relaxed) + 1,
                                   std::memory_order_relaxed);
            latest_.store(&node, std::memory_order_relaxed);
        }
        return node.second.state;
    }

    bool evict_one(std::vector<std::shared_ptr<State>>& evicted) {
        auto oldest = entries_.end();
        for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
            if (entry->second.state.use_count() == 1 &&
                (oldest == entries_.end() || entry->second.used.load(std::memory_order_relaxed) <
                                                 oldest->second.used.load(std::memory_order_relaxed))) {
                oldest = entry;
            }
        }
        if (oldest == entries_.end()) {
            return false;
        }
        evicted.push_back(oldest->second.state);
        if (latest_.load(std::memory_order_relaxed) == &*oldest) {
            latest_.store(nullptr, std::memory_order_relaxed);
        }
        entries_.erase(oldest);
        return true;
    }

    std::size_t capacity_;
    mutable std::shared_mutex mutex_; // of what follows
    std::atomic<std::uint64_t> uses_{0};
    std::atomic<Node*> latest_{nullptr}; // in use
    Map entries_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
