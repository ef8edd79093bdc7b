#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace backstay::test {

/// Codes a text as one gzip member.
inline std::string gzip(std::string_view text) {
    z_stream z{};
    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::runtime_error("deflateInit2");
    }
    std::string coded(deflateBound(&z, text.size()), '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(coded.data());
    z.avail_out = static_cast<uInt>(coded.size());
    deflate(&z, Z_FINISH);
    coded.resize(z.total_out);
    deflateEnd(&z);
    return coded;
}

} // namespace backstay::test
