#pragma once

#include "http/connector.hpp"
#include "http/transport_world.hpp"

#include <asio/error.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace backstay::test {

/// How one address takes a connection. Without a time it is a black hole.
struct Road {
    std::optional<Duration> takes{};
    std::error_code ends{}; ///< connected, unless it says otherwise
    bool at_once = false;   ///< it has ended when `dial` returns
};

/// What was dialled and is open.
struct RoadBook {
    VirtualRuntime& runtime;
    std::map<std::string, Road> roads{}; ///< by address; others are black holes
    std::vector<std::pair<std::string, TimePoint>> dialed{};
    int open = 0;
    /// What the one of that address leads to.
    std::function<std::unique_ptr<ByteStream>(const asio::any_io_executor&, const std::string&)> beyond =
        [](const asio::any_io_executor& executor, const std::string& address) {
            return std::make_unique<MemoryStream>(executor, std::make_shared<MemoryScript>(), address);
        };
};

/// One connection being made, by a timer.
class RoadStream final : public ByteStream, private Timer {
public:
    RoadStream(std::shared_ptr<RoadBook> book, asio::any_io_executor executor, const std::string& address,
               std::shared_ptr<Dialing> dialing)
        : Timer(&executor_),
          book_(std::move(book)),
          executor_(std::move(executor)),
          dialing_(std::move(dialing)),
          beyond_(book_->beyond(executor_, address)) {
        ++book_->open;
        const Road road = book_->roads[address];
        ends_ = road.ends;
        if (road.at_once) {
            dialing_->end(ends_);
        } else if (road.takes) {
            book_->runtime.arm(*this, book_->runtime.now() + *road.takes);
        }
    }
    RoadStream(const RoadStream&) = delete;
    RoadStream& operator=(const RoadStream&) = delete;
    ~RoadStream() override {
        book_->runtime.disarm(*this);
        --book_->open;
    }

    IoResult read(std::span<char> into) noexcept override { return beyond_->read(into); }
    IoResult write(std::string_view bytes) noexcept override { return beyond_->write(bytes); }
    asio::awaitable<std::error_code> wait(Readiness readiness) override { return beyond_->wait(readiness); }
    void cancel() noexcept override { beyond_->cancel(); }
    [[nodiscard]] const std::string& remote() const noexcept override { return beyond_->remote(); }

private:
    void expired() noexcept override { dialing_->end(ends_); }

    std::shared_ptr<RoadBook> book_;
    asio::any_io_executor executor_;
    std::shared_ptr<Dialing> dialing_;
    std::error_code ends_;
    std::unique_ptr<ByteStream> beyond_;
};

class RoadDialer final : public Dialer {
public:
    explicit RoadDialer(std::shared_ptr<RoadBook> book) noexcept : book_(std::move(book)) {}

    std::unique_ptr<ByteStream> dial(const asio::any_io_executor& executor,
                                     const asio::ip::tcp::endpoint& endpoint,
                                     const std::shared_ptr<Dialing>& dialing) override {
        const std::string address = endpoint.address().to_string();
        book_->dialed.emplace_back(address, book_->runtime.now());
        return std::make_unique<RoadStream>(book_, executor, address, dialing);
    }

private:
    std::shared_ptr<RoadBook> book_;
};

} // namespace backstay::test
