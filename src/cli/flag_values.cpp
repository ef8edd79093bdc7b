#include "cli/flag_values.hpp"

#include <asio/ip/address.hpp>

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI::cli {

namespace {

std::string_view trimmed(std::string_view text) noexcept {
    const std::size_t begin = text.find_first_not_of(" \t");
    return begin == std::string_view::npos ? std::string_view{}
                                           : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string_view without_brackets(std::string_view text) noexcept {
    return text.starts_with('[') && text.ends_with(']') ? text.substr(1, text.size() - 2) : text;
}

} // namespace

expected<std::string, std::string> not_empty(const std::string& text) {
    if (text.empty()) {
        return fail(std::string("its value is empty"));
    }
    return text;
}

expected<Field, std::string> parse_header(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        return fail(
            std::string("this is not a header: it has no colon; write 'Name: value'")); // perhaps a secret
    }
    Field field{.name = std::string(text.substr(0, colon)),
                .value = std::string(trimmed(text.substr(colon + 1)))};
    if (const auto fault = field_fault(field.name, field.value)) {
        return fail("this is not a header: " + *fault);
    }
    return field;
}

expected<ResolveOverride, std::string> parse_resolve(std::string_view text) {
    const auto wrong = [text] {
        return fail('"' + std::string(text) +
                    "\" is not HOST:PORT:ADDRESS; write api.example.com:443:127.0.0.1");
    };
    const bool bracketed = text.starts_with('[');
    const std::size_t colon = text.find(':', bracketed ? text.find(']') : 0);
    if (colon == std::string_view::npos) {
        return wrong();
    }
    const std::string_view rest = text.substr(colon + 1);
    const std::string_view port = rest.substr(0, rest.find(':'));
    const auto number = parse_number<std::uint16_t>(port, 1);
    const std::string host(without_brackets(text.substr(0, colon)));
    if (!number || port.size() == rest.size() || host.empty()) {
        return wrong();
    }
    const std::string address(without_brackets(rest.substr(port.size() + 1)));
    asio::error_code error;
    (void)asio::ip::make_address(address, error);
    if (error) {
        return fail("\"" + address + "\" is not an IP address; write HOST:PORT:127.0.0.1 or HOST:PORT:[::1]");
    }
    return ResolveOverride{.host = host, .port = *number, .address = address};
}

expected<Jitter, std::string> parse_jitter(std::string_view name) {
    static constexpr std::array all{Jitter::none,         Jitter::full,         Jitter::equal,
                                    Jitter::proportional, Jitter::decorrelated, Jitter::decorrelated_v2};
    std::string names;
    for (const Jitter jitter : all) {
        if (name == to_string(jitter)) {
            return jitter;
        }
        names.append(names.empty() ? "" : ", ").append(to_string(jitter));
    }
    return fail('"' + std::string(name) + "\" is not a jitter; write one of " + names);
}

expected<std::string, std::string> text_or_file(const std::string& text) {
    if (!text.starts_with('@')) {
        return text;
    }
    const std::string path = text.substr(1);
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string content;
    std::array<char, 4096> chunk{};
    while (file.read(chunk.data(), chunk.size()), file.gcount() > 0) {
        content.append(chunk.data(), static_cast<std::size_t>(file.gcount()));
    }
    if (!file.is_open() || file.bad()) { // a directory opens, and fails when it is read
        return fail("\"" + path + "\" cannot be read: " + std::generic_category().message(errno));
    }
    return content;
}

} // namespace backstay::inline BACKSTAY_ABI::cli
