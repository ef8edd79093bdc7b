#include <backstay/testing/certificates.hpp>

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

Certificates::Certificates(const CertificateOptions& server) {
    const Certificate root = Certificate::authority();
    *this = Certificates(root, {root.issue(server)});
}

Certificates::Certificates(const Certificate& trusted, const std::vector<Certificate>& chain)
    : ca_pem_(trusted.pem()) {
    if (chain.empty()) {
        throw std::invalid_argument("certificates: chain is empty; give at least the server's own");
    }
    for (const Certificate& certificate : chain) {
        chain_pem_ += certificate.pem();
    }
    key_pem_ = chain.front().key_pem();
}

expected<void, std::string> Certificates::write_ca(const std::string& path) const {
    errno = 0;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << ca_pem_;
    file.close();
    if (!file) {
        return fail("cannot write the certificate to " + path + ": " +
                    std::generic_category().message(errno));
    }
    return {};
}

} // namespace backstay::inline BACKSTAY_ABI
