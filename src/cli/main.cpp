#include "cli/commands.hpp"
#include "cli/exit_status.hpp"

#include <csignal>
#include <exception>
#include <iostream>

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN); // a reader that has gone shows as a failed write
    try {
        return backstay::cli::run({argv + 1, argv + argc}, std::cout, std::cerr);
    } catch (const std::exception& error) {
        std::cerr << "backstay: " << error.what() << "\n";
        return backstay::cli::exit_failed;
    }
}
