#include "cli/scratch_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <unistd.h>

namespace backstay::inline BACKSTAY_ABI::cli {

ScratchDirectory::ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "backstay-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) { // mode 0700
        throw std::system_error(errno, std::generic_category(), name);
    }
    path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

} // namespace backstay::inline BACKSTAY_ABI::cli
