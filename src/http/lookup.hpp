#pragma once

#include "http/gate.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>

#include <asio/ip/address.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

using Addresses = std::vector<asio::ip::address>;
using LookupResult = expected<Addresses, std::error_code>;
using LookupFunction = std::function<LookupResult(const std::string& host)>;

/// Asks the system's resolver (getaddrinfo) and blocks until it answers.
[[nodiscard]] BACKSTAY_EXPORT LookupResult system_lookup(const std::string& host);

/// Runs lookups, which can be neither timed nor cancelled, on a bounded number of threads of their own. Who
/// asks for a name that is being looked up takes part in that lookup. A thread shares memory with nobody but
/// those who ask: one that hangs is left behind, and nothing, not even the end of the program, waits for it.
/// Thread safety: any thread.
class BACKSTAY_EXPORT LookupThreads {
public:
    struct Job;

    explicit LookupThreads(LookupFunction function = &system_lookup, std::size_t max_threads = 16);

    /// Begins or joins the lookup of a name; `done` is opened when it has ended. One that is still queued
    /// when all have let go of it is skipped. Errors: throws `std::system_error` when no thread can be had.
    [[nodiscard]] std::shared_ptr<Job> join(const std::string& host, Gate::Opener done);

    /// nullopt until it has ended.
    [[nodiscard]] std::optional<LookupResult> result(const Job& job) const;

    /// Counts those who will be told, some of whom may have gone.
    [[nodiscard]] std::size_t waiting(const Job& job) const;

private:
    struct Shared;
    static void work(const std::shared_ptr<Shared>& shared) noexcept;
    std::shared_ptr<Shared> shared_;
};

} // namespace backstay::inline BACKSTAY_ABI
