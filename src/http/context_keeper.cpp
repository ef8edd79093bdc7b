#include "http/context_keeper.hpp"

#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/query.hpp>

namespace backstay::inline BACKSTAY_ABI {
namespace {

class KeeperService final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id; // NOLINT(readability-identifier-naming): Asio's name

    explicit KeeperService(asio::execution_context& context)
        : service(context), keeper_(std::make_shared<ContextKeeper>()) {}

    [[nodiscard]] const std::shared_ptr<ContextKeeper>& keeper() const noexcept { return keeper_; }

private:
    void shutdown() override { keeper_->close(); }

    std::shared_ptr<ContextKeeper> keeper_; // others may hold it longer than the context lives
};

} // namespace

std::shared_ptr<ContextKeeper> ContextKeeper::of(const asio::any_io_executor& executor) {
    auto& context = asio::query(executor, asio::execution::context);
    return asio::use_service<KeeperService>(context).keeper();
}

} // namespace backstay::inline BACKSTAY_ABI
