#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/execution.hpp>
#include <asio/io_context.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>
#include <asio/require.hpp>

#include <new>
#include <utility>

namespace backstay::test {

/// A context's executor that finds no memory when a test says so.
class FailingExecutor {
public:
    struct Faults {
        int posts = 0;   ///< so many fail: what they carry is dropped
        int tracked = 0; ///< so many demands to track outstanding work fail: a wait begins with one
    };

    FailingExecutor(asio::io_context& context, Faults& faults)
        : inner_(context.get_executor()), faults_(&faults) {}

    [[nodiscard]] asio::execution_context& query(asio::execution::context_t /*what*/) const noexcept {
        return asio::query(inner_, asio::execution::context);
    }
    [[nodiscard]] FailingExecutor require(asio::execution::blocking_t::never_t never) const {
        return {asio::require(inner_, never), *faults_};
    }
    [[nodiscard]] FailingExecutor require(asio::execution::outstanding_work_t::tracked_t tracked) const {
        if (faults_->tracked > 0) {
            --faults_->tracked;
            throw std::bad_alloc();
        }
        return {asio::prefer(inner_, tracked), *faults_};
    }
    [[nodiscard]] FailingExecutor require(asio::execution::outstanding_work_t::untracked_t untracked) const {
        return {asio::prefer(inner_, untracked), *faults_};
    }

    template <class F>
    void execute(F&& function) const {
        if (faults_->posts > 0) {
            --faults_->posts;
            throw std::bad_alloc();
        }
        inner_.execute(std::forward<F>(function));
    }

    friend bool operator==(const FailingExecutor& a, const FailingExecutor& b) noexcept {
        return a.inner_ == b.inner_;
    }
    friend bool operator!=(const FailingExecutor& a, const FailingExecutor& b) noexcept { return !(a == b); }

private:
    template <class Narrowed>
    FailingExecutor(const Narrowed& inner, Faults& faults) : inner_(inner), faults_(&faults) {}

    asio::any_io_executor inner_;
    Faults* faults_;
};

} // namespace backstay::test
