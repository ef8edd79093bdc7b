#include <backstay/http/url.hpp>

#include "http/describe_byte.hpp"
#include "http/field_syntax.hpp"
#include "http/numbers.hpp"
#include "http/url_syntax.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

namespace urls = boost::urls;

using Text = expected<std::string, std::string>;

constexpr std::uint16_t own_port(std::string_view scheme) noexcept {
    return scheme == "https" ? 443 : 80;
}

/// The types of Boost.URL's strings differ from version to version.
template <class String>
std::string_view view(const String& text) noexcept {
    return {text.data(), text.size()};
}

Text read_host(const urls::url_view& url) {
    const std::string_view written = view(url.encoded_host());
    if (written.empty()) {
        return fail(std::string("the URL has no host"));
    }
    if (url.host_type() == urls::host_type::ipv6) {
        return std::string(url.host_ipv6_address().to_string()); // one spelling for one address
    }
    const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; };
    if (const auto bad = std::find_if_not(written.begin(), written.end(), fits); bad != written.end()) {
        return fail("the URL's host has " + describe_byte(*bad));
    }
    if (written.size() > 253) {
        return fail(std::string("the URL's host is longer than 253 characters"));
    }
    return lower_case(written);
}

expected<std::uint16_t, std::string> read_port(std::string_view written, std::string_view scheme) {
    if (written.empty()) {
        return own_port(scheme);
    }
    const auto port = parse_digits(written, 5);
    if (!port || *port == 0 || *port > 65535) {
        return fail("the URL's port is " + std::string(written.substr(0, 20)) +
                    ", it must be between 1 and 65535");
    }
    return static_cast<std::uint16_t>(*port);
}

std::string bracketed(const std::string& host) {
    return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

} // namespace

std::string Origin::to_string() const {
    return scheme + "://" + bracketed(host) + ':' + std::to_string(port);
}

expected<Url, std::string> Url::parse(std::string_view text) {
    if (auto wrong = url_byte_fault(text)) {
        return fail(std::move(*wrong));
    }
    const auto parsed = urls::parse_uri(text);
    // Boost.URL 1.81 reads `https://h:8a/` as port 8 and path `a/`
    if (!parsed || (parsed->has_authority() && !parsed->encoded_path().empty() &&
                    parsed->encoded_path().front() != '/')) {
        return fail(std::string("this is no absolute URL (RFC 3986), such as https://host/path"));
    }
    Url url;
    url.origin_.scheme = lower_case(view(parsed->scheme()));
    if (url.origin_.scheme != "https" && url.origin_.scheme != "http") {
        return fail("the URL's scheme is " + url.origin_.scheme.substr(0, 20) + ", it must be https or http");
    }
    if (parsed->has_userinfo()) {
        return fail(std::string("the URL has user information before its host: use an Authorization field"));
    }
    auto host = read_host(*parsed);
    if (!host) {
        return fail(std::move(host.error()));
    }
    url.origin_.host = std::move(*host);
    auto port = read_port(view(parsed->port()), url.origin_.scheme);
    if (!port) {
        return fail(std::move(port.error()));
    }
    url.origin_.port = *port;
    url.target_ = view(parsed->encoded_path());
    if (url.target_.empty()) {
        url.target_ = '/';
    }
    if (parsed->has_query()) {
        url.target_.append("?").append(view(parsed->encoded_query()));
    }
    return url;
}

expected<Url, std::string> Url::join(std::string_view path) const {
    if (path.find('#') != std::string_view::npos) {
        return fail(std::string("the path has a `#`: percent-encode it, a fragment is never sent"));
    }
    const std::size_t mark = std::min(path.find('?'), path.size());
    if (has_dot_segment(path.substr(0, mark))) {
        return fail(std::string("the path has a `.` or `..` segment: it could leave the base URL's path"));
    }
    const std::size_t own_mark = std::min(target_.find('?'), target_.size());
    std::string joined = target_.substr(0, own_mark);
    if (mark > 0) {
        joined.erase(joined.size() - (joined.back() == '/' ? 1 : 0));
        joined.append(path.front() == '/' ? "" : "/").append(path.substr(0, mark));
    }
    joined += target_.substr(own_mark);
    if (mark < path.size()) {
        joined.append(own_mark < target_.size() ? "&" : "?").append(path.substr(mark + 1));
    }
    return parse(origin_.to_string() + joined);
}

expected<Url, std::string> Url::resolve(std::string_view link) const {
    if (auto wrong = url_byte_fault(link)) {
        return fail(std::move(*wrong));
    }
    const std::string self = to_string();
    const auto base = urls::parse_uri(self);
    const auto reference = urls::parse_uri_reference(link);
    urls::url resolved;
    if (!base || !reference || !urls::resolve(*base, *reference, resolved)) {
        return fail(std::string("the link is no URL and no reference to one (RFC 3986)"));
    }
    auto url = parse(view(resolved.buffer()));
    if (url) {
        const std::size_t mark = std::min(url->target_.find('?'), url->target_.size());
        url->target_.replace(0, mark, without_dot_segments(std::string_view(url->target_).substr(0, mark)));
    }
    return url;
}

void Url::add_query(std::string_view name, std::string_view value) {
    if (target_.find('?') == std::string::npos) {
        target_ += '?';
    } else if (target_.back() != '?' && target_.back() != '&') {
        target_ += '&';
    }
    target_.append(percent_encoded(name)).append("=").append(percent_encoded(value));
}

std::string path_segment(std::string_view text) {
    return percent_encoded(text);
}

std::string Url::host_field() const {
    return bracketed(origin_.host) +
           (origin_.port == own_port(origin_.scheme) ? "" : ':' + std::to_string(origin_.port));
}

std::string Url::to_string() const {
    return origin_.scheme + "://" + host_field() + target_;
}

std::string Url::redacted() const {
    const std::size_t mark = std::min(target_.find('?'), target_.size());
    std::string shown = origin_.scheme + "://" + host_field() + target_.substr(0, mark);
    std::string_view rest = std::string_view(target_).substr(mark);
    for (char separator = '?'; !rest.empty(); separator = '&') {
        rest.remove_prefix(1);
        const std::string_view parameter = rest.substr(0, rest.find('&'));
        const std::size_t equals = parameter.find('=');
        shown += separator;
        // a parameter that is only a name may be the secret itself
        shown.append(equals == std::string_view::npos ? "" : parameter.substr(0, equals + 1));
        shown += parameter.empty() ? "" : "***";
        rest.remove_prefix(parameter.size());
    }
    return shown;
}

} // namespace backstay::inline BACKSTAY_ABI
