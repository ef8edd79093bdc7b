#include "http/stream_bio.hpp"

#include <openssl/bio.h>

#include <memory>

namespace backstay::inline BACKSTAY_ABI {

namespace {

BioLink& link_of(BIO* bio) noexcept {
    return *static_cast<BioLink*>(BIO_get_data(bio));
}

int bio_read(BIO* bio, char* into, std::size_t size, std::size_t* count) noexcept {
    BIO_clear_retry_flags(bio);
    BioLink& link = link_of(bio);
    if (link.reads_left <= 0) { // what is left is still on the stream: waiting for it returns at once
        *count = 0;
        BIO_set_retry_read(bio);
        return 0;
    }
    --link.reads_left;
    const IoResult result = link.stream->read({into, size});
    *count = result.bytes;
    if (!result.error) {
        return 1;
    }
    if (result.would_block()) {
        BIO_set_retry_read(bio);
    } else {
        link.read_error = result.error;
    }
    return 0;
}

int bio_write(BIO* bio, const char* bytes, std::size_t size, std::size_t* count) noexcept {
    BIO_clear_retry_flags(bio);
    BioLink& link = link_of(bio);
    const IoResult result = link.write_error ? IoResult{} : link.stream->write({bytes, size});
    *count = result.bytes;
    if (!result.error && !link.write_error) {
        return 1;
    }
    if (!result.would_block() && result.error) {
        link.write_error = result.error;
    }
    BIO_set_retry_write(bio);
    return 0;
}

long bio_control(BIO* bio, int command, long /*number*/, void* /*pointer*/) noexcept {
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return link_of(bio).read_error ? 1 : 0;
    default:
        return 0;
    }
}

struct MethodDelete {
    void operator()(BIO_METHOD* method) const noexcept { BIO_meth_free(method); }
};

const BIO_METHOD* stream_method() noexcept {
    static const std::unique_ptr<BIO_METHOD, MethodDelete> method = [] {
        std::unique_ptr<BIO_METHOD, MethodDelete> made(
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "backstay byte stream"));
        if (made) {
            BIO_meth_set_read_ex(made.get(), &bio_read);
            BIO_meth_set_write_ex(made.get(), &bio_write);
            BIO_meth_set_ctrl(made.get(), &bio_control);
        }
        return made;
    }();
    return method.get();
}

} // namespace

bio_st* make_stream_bio(BioLink& link) noexcept {
    const BIO_METHOD* const method = stream_method();
    BIO* const bio = method != nullptr ? BIO_new(method) : nullptr;
    if (bio != nullptr) {
        BIO_set_data(bio, &link);
        BIO_set_init(bio, 1);
    }
    return bio;
}

} // namespace backstay::inline BACKSTAY_ABI
