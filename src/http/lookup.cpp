#include "http/lookup.hpp"

#include <algorithm>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

struct LookupThreads::Job {
    std::string host;
    std::optional<LookupResult> result{};
    std::vector<Gate::Opener> waiting{};
    std::size_t prune_at = 64;

    /// A lookup may hang for longer than many calls wait for it, one after the other.
    void add(Gate::Opener done) {
        if (waiting.size() >= prune_at) {
            std::erase_if(waiting, [](const Gate::Opener& opener) { return opener.gone(); });
            prune_at = std::max(prune_at, 2 * waiting.size());
        }
        waiting.push_back(std::move(done));
    }
};

struct LookupThreads::Shared {
    LookupFunction function;
    std::size_t max_threads;
    std::mutex mutex; ///< for all that follows, and for the jobs
    std::size_t threads = 0;
    std::deque<std::shared_ptr<Job>> queue;
    std::map<std::string, std::shared_ptr<Job>, std::less<>> unfinished;
};

LookupThreads::LookupThreads(LookupFunction function, std::size_t max_threads)
    : shared_(std::make_shared<Shared>()) {
    shared_->function = std::move(function);
    shared_->max_threads = max_threads;
}

std::shared_ptr<LookupThreads::Job> LookupThreads::join(const std::string& host, Gate::Opener done) {
    const std::lock_guard lock(shared_->mutex);
    if (const auto known = shared_->unfinished.find(host); known != shared_->unfinished.end()) {
        known->second->add(std::move(done));
        return known->second;
    }
    auto job = std::make_shared<Job>(Job{.host = host});
    job->add(std::move(done));
    if (shared_->threads < shared_->max_threads) {
        try {
            std::thread(&work, shared_).detach();
            ++shared_->threads;
        } catch (const std::system_error&) {
            if (shared_->threads == 0) {
                throw; // nobody would ever come for it
            }
        }
    }
    shared_->queue.push_back(job);
    shared_->unfinished.emplace(host, job);
    return job;
}

std::optional<LookupResult> LookupThreads::result(const Job& job) const {
    const std::lock_guard lock(shared_->mutex);
    return job.result;
}

std::size_t LookupThreads::waiting(const Job& job) const {
    const std::lock_guard lock(shared_->mutex);
    return job.waiting.size();
}

void LookupThreads::work(const std::shared_ptr<Shared>& shared) noexcept {
    constexpr long owners_here =
        3; // the queue's former place, the list of unfinished ones, and whoever waits
    for (;;) {
        std::shared_ptr<Job> job;
        {
            const std::lock_guard lock(shared->mutex);
            if (shared->queue.empty()) {
                --shared->threads;
                return;
            }
            job = std::move(shared->queue.front());
            shared->queue.pop_front();
            if (job.use_count() < owners_here) {
                shared->unfinished.erase(job->host);
                continue;
            }
        }
        LookupResult result = fail(std::make_error_code(std::errc::not_enough_memory));
        try {
            result = shared->function(job->host);
        } catch (const std::exception&) { // memory ran out
        }
        std::vector<Gate::Opener> waiting;
        {
            const std::lock_guard lock(shared->mutex);
            job->result = std::move(result);
            waiting.swap(job->waiting);
            shared->unfinished.erase(job->host);
        }
        for (const Gate::Opener& opener : waiting) {
            opener.open();
        }
    }
}

} // namespace backstay::inline BACKSTAY_ABI
