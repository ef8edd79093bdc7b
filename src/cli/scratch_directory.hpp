#pragma once

#include <backstay/core/config.hpp>

#include <filesystem>

namespace backstay::inline BACKSTAY_ABI::cli {

/// A fresh directory for temporary files that only this user may enter; removed with all that is in it.
class ScratchDirectory {
public:
    /// Throws `std::system_error` when there is no place for one.
    ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    ~ScratchDirectory();

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

} // namespace backstay::inline BACKSTAY_ABI::cli
