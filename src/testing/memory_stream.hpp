#pragma once

#include "http/byte_stream.hpp"
#include "http/connector.hpp"
#include "http/gate.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/core/time.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// What a connection in memory answers to one request.
struct MemoryReply {
    enum class Then : std::uint8_t {
        stay_open,
        end,      ///< the peer says that it is the end
        truncate, ///< it ends without saying so: TCP FIN without TLS close_notify
        reset,
        end_and_reset, ///< it says that it is the end, and what is written to it afterwards is reset
    };

    std::vector<std::string> pieces{};   ///< each is seen alone, when the one before has been read
    std::function<std::string()> more{}; ///< makes pieces without end, after those
    Duration pace{0};                    ///< before each piece
    Then then = Then::stay_open;         ///< after the last piece
    std::size_t after_bytes =
        std::numeric_limits<std::size_t>::max(); ///< of the request; by default when it is whole
};

/// What is to happen on one connection, and what did.
struct MemoryScript {
    std::deque<MemoryReply> replies{}; ///< one after the other
    /// Makes the further replies, each of the request that it is for; without it, silence.
    std::function<MemoryReply(std::string_view request)> respond{};
    std::optional<std::size_t> write_window{};       ///< bytes that fit before writing blocks for good
    std::optional<std::size_t> break_writes_after{}; ///< bytes after which writing fails (EPIPE)
    std::string received{};                          ///< all that was written
    int requests = 0;                                ///< whole ones
    bool said_goodbye = false;
    bool closed = false;
};

/// One end of a connection whose other end is a script. Runs under virtual time.
class BACKSTAY_EXPORT MemoryStream final : public ByteStream, private Timer {
public:
    /// `runtime` may be null when no reply has a pace.
    MemoryStream(asio::any_io_executor executor, std::shared_ptr<MemoryScript> script, std::string name,
                 Runtime* runtime = nullptr);
    ~MemoryStream() override;

    IoResult read(std::span<char> into) noexcept override;
    IoResult write(std::string_view bytes) noexcept override;
    asio::awaitable<std::error_code> wait(Readiness readiness) override;
    void cancel() noexcept override;
    void say_goodbye() noexcept override { script_->said_goodbye = true; }
    [[nodiscard]] const std::string& remote() const noexcept override { return name_; }

private:
    [[nodiscard]] bool may_read() const noexcept;
    [[nodiscard]] bool may_write() const noexcept;
    void answer();
    void arrive_later();
    void expired() noexcept override;

    Runtime* runtime_;
    asio::any_io_executor executor_;
    std::shared_ptr<MemoryScript> script_;
    std::string name_;
    std::deque<std::string> pieces_;
    std::function<std::string()> more_;
    Duration pace_{0};
    MemoryReply::Then then_ = MemoryReply::Then::stay_open;
    std::shared_ptr<bool> arrived_; ///< what comes next can be read; else when the context has run
    std::size_t request_began_ = 0;
    std::size_t written_ = 0;
    std::optional<Gate> parked_;
};

/// Makes connections in memory: the n-th follows the n-th script.
class BACKSTAY_EXPORT MemoryConnector final : public Connector {
public:
    explicit MemoryConnector(std::vector<std::shared_ptr<MemoryScript>> scripts) noexcept
        : scripts_(std::move(scripts)) {}

    /// The fault is `connect_failed` when there are no more scripts.
    [[nodiscard]] asio::awaitable<ConnectResult> connect(const Origin& origin, Watchdog& watchdog,
                                                         ConnectTimes& times) override;

    [[nodiscard]] std::size_t made() const noexcept { return made_; }

private:
    std::vector<std::shared_ptr<MemoryScript>> scripts_;
    std::size_t made_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI
