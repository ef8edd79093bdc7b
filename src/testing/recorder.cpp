#include "testing/recorder.hpp"

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

namespace {

template <class T>
void push_bounded(std::deque<T>& list, T item, std::size_t most) {
    list.push_back(std::move(item));
    if (list.size() > most) {
        list.pop_front();
    }
}

} // namespace

Recorder::Recorder(std::size_t most, const std::string& file) : most_(most) {
    if (file.empty()) {
        return;
    }
    errno = 0;
    file_.open(file, std::ios::binary | std::ios::app);
    if (!file_) {
        throw std::runtime_error("sandbox: cannot write the log " + file + ": " +
                                 std::generic_category().message(errno));
    }
}

void Recorder::add(SeenRequest request, std::vector<Effect> effects) {
    const std::lock_guard lock(mutex_);
    request.number = ++counts_.requests;
    if (file_.is_open()) {
        file_ << to_json_line(request) << '\n' << std::flush;
    }
    push_bounded(requests_, std::move(request), most_);
    for (Effect& effect : effects) {
        push_bounded(effects_, std::move(effect), most_);
    }
}

std::uint64_t Recorder::open(std::size_t most) {
    const std::lock_guard lock(mutex_);
    ++counts_.connections;
    if (counts_.open >= most) {
        return 0;
    }
    ++counts_.open;
    return counts_.connections;
}

void Recorder::close() {
    const std::lock_guard lock(mutex_);
    --counts_.open;
}

void Recorder::handshake_failed() {
    const std::lock_guard lock(mutex_);
    ++counts_.handshakes_failed;
}

std::vector<SeenRequest> Recorder::requests() const {
    const std::lock_guard lock(mutex_);
    return {requests_.begin(), requests_.end()};
}

std::vector<Effect> Recorder::effects() const {
    const std::lock_guard lock(mutex_);
    return {effects_.begin(), effects_.end()};
}

SandboxCounts Recorder::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

Fields without_secrets(const Fields& fields) {
    Fields shown;
    shown.reserve(fields.size());
    for (const Field& field : fields) {
        shown.add(field.name, is_secret_field(field.name) ? "***" : field.value);
    }
    return shown;
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
