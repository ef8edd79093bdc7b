#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <system_error>

namespace backstay::test {

/// The name of a file that is not there yet; what was written to it is removed in the end.
class TempFile {
public:
    TempFile() {
        std::random_device device;
        const std::uint64_t number = (std::uint64_t{device()} << 32U) | device();
        path_ = (std::filesystem::temp_directory_path() / ("backstay-" + std::to_string(number))).string();
    }
    TempFile(const TempFile&) = delete;
    TempFile& operator=(const TempFile&) = delete;
    ~TempFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] std::string content() const {
        std::ifstream file(path_, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }

private:
    std::string path_;
};

} // namespace backstay::test
