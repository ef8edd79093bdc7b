#include "cli/child_process.hpp"

#include <array>
#include <cerrno>
#include <stdexcept>
#include <sys/poll.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace backstay::test {

namespace {

std::array<int, 2> make_pipe() {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) {
        throw std::system_error(errno, std::generic_category(), "pipe");
    }
    return ends;
}

void close_end(int& end) {
    if (end >= 0) {
        close(end);
        end = -1;
    }
}

} // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), BACKSTAY_COMMAND);
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);

    const auto out = make_pipe();
    const auto err = make_pipe();
    pid_ = fork();
    if (pid_ < 0) {
        throw std::system_error(errno, std::generic_category(), "fork");
    }
    if (pid_ == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        for (const int end : {out[0], out[1], err[0], err[1]}) {
            close(end);
        }
        execv(argv[0], argv.data());
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    out_ = out[0];
    err_ = err[0];
}

ChildProcess::~ChildProcess() {
    if (pid_ > 0) {
        kill(pid_, SIGTERM); // so that it takes its files with it
        until_ = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        try {
            while (read_some()) {
            }
        } catch (const std::exception&) { // NOLINT(bugprone-empty-catch): it was deaf, and has been killed
        }
        waitpid(pid_, nullptr, 0);
    }
    close_end(out_);
    close_end(err_);
}

/// Takes what there is to read, waiting for it; false when both ends are closed.
bool ChildProcess::read_some() {
    std::array<pollfd, 2> ends{
        {{.fd = out_, .events = POLLIN, .revents = 0}, {.fd = err_, .events = POLLIN, .revents = 0}}};
    if (out_ < 0 && err_ < 0) {
        return false;
    }
    if (std::chrono::steady_clock::now() > until_) {
        kill(pid_, SIGKILL);
        throw std::runtime_error("the command did not end; it wrote:\n" + ended_.out + ended_.err);
    }
    poll(ends.data(), ends.size(), 1000);
    const auto read_from = [](int& end, short ready, std::string& into) {
        if ((ready & (POLLIN | POLLHUP | POLLERR)) == 0) {
            return;
        }
        std::array<char, 4096> chunk{};
        const ssize_t size = read(end, chunk.data(), chunk.size());
        if (size > 0) {
            into.append(chunk.data(), static_cast<std::size_t>(size));
        } else {
            close_end(end);
        }
    };
    read_from(out_, ends[0].revents, ended_.out);
    read_from(err_, ends[1].revents, ended_.err);
    return true;
}

std::string ChildProcess::read_line() {
    std::size_t end = ended_.out.find('\n');
    while (end == std::string::npos && read_some()) {
        end = ended_.out.find('\n');
    }
    if (end == std::string::npos) {
        throw std::runtime_error("the command ended without a line; it wrote:\n" + ended_.err);
    }
    std::string line = ended_.out.substr(0, end);
    ended_.out.erase(0, end + 1);
    return line;
}

bool ChildProcess::wait_for_error_text(const std::string& text) {
    while (ended_.err.find(text) == std::string::npos) {
        if (!read_some()) {
            return false;
        }
    }
    return true;
}

void ChildProcess::close_out() {
    close_end(out_);
}

void ChildProcess::signal(int number) const {
    kill(pid_, number);
}

Ended ChildProcess::wait() {
    while (read_some()) {
    }
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    ended_.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return std::move(ended_);
}

Ended run_command(std::vector<std::string> arguments) {
    return ChildProcess(std::move(arguments)).wait();
}

} // namespace backstay::test
