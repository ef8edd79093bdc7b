#pragma once

#include <chrono>
#include <csignal>
#include <string>
#include <sys/types.h>
#include <vector>

namespace backstay::test {

/// How a program ended, and what it wrote.
struct Ended {
    int status = -1; ///< its exit status; 128 + n when signal n killed it
    std::string out{};
    std::string err{};
};

/// Runs the command line as a process of its own. Whatever takes longer than a minute is killed.
class ChildProcess {
public:
    explicit ChildProcess(std::vector<std::string> arguments);
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess(); ///< ends it, if it still runs: kills it only when it does not heed that

    /// Waits for a whole line on its stdout.
    [[nodiscard]] std::string read_line();
    /// Waits until its stderr holds the text; false when it ends without.
    [[nodiscard]] bool wait_for_error_text(const std::string& text);
    /// Closes our end of its stdout: what it writes from now on fails.
    void close_out();
    void signal(int number) const;
    /// Waits for its end.
    [[nodiscard]] Ended wait();

private:
    [[nodiscard]] bool read_some();

    pid_t pid_ = -1;
    int out_ = -1;
    int err_ = -1;
    Ended ended_;
    std::chrono::steady_clock::time_point until_ = std::chrono::steady_clock::now() + std::chrono::minutes{1};
};

/// Runs it to its end.
[[nodiscard]] Ended run_command(std::vector<std::string> arguments);

} // namespace backstay::test
