#pragma once

#include <backstay/core/config.hpp>
#include <backstay/testing/request_log.hpp>
#include <backstay/testing/sandbox.hpp>

#include <cstddef>
#include <deque>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// Keeps what the sandbox has seen: the last requests and effects, and sums. Thread safety: every function
/// from any thread.
class Recorder {
public:
    /// Throws `std::runtime_error` when the file cannot be written; an empty name is no file.
    Recorder(std::size_t most, const std::string& file);

    /// Adds a request, whose number it gives, and what the request changed.
    void add(SeenRequest request, std::vector<Effect> effects);

    /// Counts a connection and gives its number; `most` open ones are allowed, 0 is a refusal.
    [[nodiscard]] std::uint64_t open(std::size_t most);
    void close();
    void handshake_failed();

    [[nodiscard]] std::vector<SeenRequest> requests() const;
    [[nodiscard]] std::vector<Effect> effects() const;
    [[nodiscard]] SandboxCounts counts() const;

private:
    mutable std::mutex mutex_;
    std::size_t most_;
    std::ofstream file_;
    std::deque<SeenRequest> requests_;
    std::deque<Effect> effects_;
    SandboxCounts counts_;
};

/// Copies a request's fields without their secrets.
[[nodiscard]] Fields without_secrets(const Fields& fields);

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
