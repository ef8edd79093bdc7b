#include "http/request_bytes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

constexpr std::size_t one_record = std::size_t{16} * 1024; // the largest TLS record
constexpr std::size_t chunk_frame = 16;                    // its size line, and more than its end
constexpr std::string_view last_chunk = "0\r\n\r\n";

void append_chunk(std::string& to, std::string_view data) {
    std::array<char, 8> size{};
    const auto written = std::to_chars(size.data(), size.data() + size.size(), data.size(), 16);
    to.append(size.data(), written.ptr).append("\r\n").append(data).append("\r\n");
}

} // namespace

RequestBytes::RequestBytes(std::string head, const Request& request) : buffer_(std::move(head)) {
    if (request.producer) {
        chunked_ = !request.producer.length;
        left_ = request.producer.length.value_or(0);
        ended_ = !chunked_ && left_ == 0;
        if (!ended_) {
            reader_ = request.producer.open();
            append_piece();
        }
    } else if (buffer_.size() + request.body.size() <= one_record) {
        buffer_ += request.body; // one write, one record, one packet if it fits
    } else {
        body_ = request.body;
    }
}

std::string_view RequestBytes::next() {
    if (position_ == buffer_.size() && !ended_) {
        buffer_.clear();
        position_ = 0;
        append_piece();
    }
    return position_ < buffer_.size() ? std::string_view(buffer_).substr(position_) : body_;
}

void RequestBytes::written(std::size_t bytes) noexcept {
    if (position_ < buffer_.size()) {
        position_ += bytes;
    } else {
        body_.remove_prefix(bytes);
    }
}

void RequestBytes::append_piece() {
    char piece[one_record];
    std::size_t room = one_record - chunk_frame - std::min(buffer_.size(), one_record / 2);
    if (!chunked_) {
        room = static_cast<std::size_t>(std::min<std::uint64_t>(room, left_));
    }
    const std::size_t count = reader_({piece, room});
    if (count > room) {
        throw std::length_error("a body's reader says that it gave more than there was room for");
    }
    if (count == 0 && !chunked_) {
        throw std::length_error("a request's body ended " + std::to_string(left_) +
                                " bytes before its announced length");
    }
    if (chunked_) {
        count == 0 ? void(buffer_.append(last_chunk)) : append_chunk(buffer_, {piece, count});
        ended_ = count == 0;
    } else {
        buffer_.append(piece, count);
        left_ -= count;
        ended_ = left_ == 0;
    }
}

} // namespace backstay::inline BACKSTAY_ABI
