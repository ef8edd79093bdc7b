#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Where a connection goes: what pools, breakers and credentials are kept apart by.
struct Origin {
    std::string scheme{}; ///< `https` or `http`, lower case
    std::string host{};   ///< lower case; IPv6 without brackets
    std::uint16_t port = 443;

    [[nodiscard]] bool secure() const noexcept { return scheme == "https"; }
    [[nodiscard]] BACKSTAY_EXPORT std::string to_string() const; ///< `https://host:port`, IPv6 in brackets
    friend bool operator==(const Origin&, const Origin&) = default;
};

/// An absolute http or https URL, checked once and then only read.
/// Errors: everything that builds one refuses user info, control bytes, spaces, bytes above 0x7f, bad percent
/// escapes and other schemes with a sentence that names what was wrong; nothing is silently percent-encoded.
class BACKSTAY_EXPORT Url {
public:
    /// Parses an absolute URL (RFC 3986). A fragment is dropped: it is never sent.
    [[nodiscard]] static expected<Url, std::string> parse(std::string_view text);

    /// Appends a path (with or without a leading slash, perhaps with a query) to this URL's path:
    /// `https://h/v1` + `/resources` = `https://h/v1/resources`. An empty path gives this URL. A query is
    /// added behind this URL's own. What is put into a path and may hold anything goes through
    /// `path_segment`. Errors: also `#`, and a `.` or `..` segment, which could leave this URL's path, though
    /// its dots or slashes are percent-encoded.
    [[nodiscard]] expected<Url, std::string> join(std::string_view path) const;

    /// Resolves a server's link by RFC 3986 section 5 (`/v1/x` against the origin, `https://...` as it is).
    /// The result may be of another origin: compare before credentials are sent there.
    [[nodiscard]] expected<Url, std::string> resolve(std::string_view link) const;

    /// Adds `name=value` to the query, percent-encoding both.
    void add_query(std::string_view name, std::string_view value);

    [[nodiscard]] const Origin& origin() const noexcept { return origin_; }
    /// The request target in origin form: path and query, at least `/`.
    [[nodiscard]] const std::string& target() const noexcept { return target_; }
    /// What the Host field says: the port only when it is not the scheme's own.
    [[nodiscard]] std::string host_field() const;
    [[nodiscard]] std::string to_string() const;
    /// For logs: query values are replaced by `***` (they may be secrets).
    [[nodiscard]] std::string redacted() const;

private:
    Url() = default;

    Origin origin_;
    std::string target_;
};

/// Percent-encodes an identifier as one segment of a path: `a/b?c` becomes `a%2Fb%3Fc`. `.` and `..` stay,
/// and `join` refuses them.
[[nodiscard]] BACKSTAY_EXPORT std::string path_segment(std::string_view text);

} // namespace backstay::inline BACKSTAY_ABI
