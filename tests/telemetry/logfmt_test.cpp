#include "telemetry/logfmt.hpp"

#include "support/catch.hpp"

#include <backstay/core/random.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace backstay;
using namespace backstay::detail;
using namespace std::chrono_literals;

namespace {

std::string line_of(std::string_view value) {
    return LogfmtLine().field("a", value).text();
}

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Reads a line as a strict reader of logfmt does; nullopt when it is none.
std::optional<Fields> read(std::string_view line) {
    Fields fields;
    std::size_t at = 0;
    while (at < line.size()) {
        const std::size_t equals = line.find('=', at);
        if (equals == std::string_view::npos) {
            return std::nullopt;
        }
        std::string name(line.substr(at, equals - at));
        std::string value;
        at = equals + 1;
        if (at < line.size() && line[at] == '"') {
            for (++at; at < line.size() && line[at] != '"'; ++at) {
                if (line[at] != '\\') {
                    value += line[at];
                    continue;
                }
                switch (line.at(++at)) {
                case 'n':
                    value += '\n';
                    break;
                case 'r':
                    value += '\r';
                    break;
                case 't':
                    value += '\t';
                    break;
                case 'x':
                    value += static_cast<char>(std::stoi(std::string(line.substr(at + 1, 2)), nullptr, 16));
                    at += 2;
                    break;
                default:
                    value += line[at];
                }
            }
            if (at == line.size()) {
                return std::nullopt;
            }
            ++at;
        } else {
            const std::size_t end = std::min(line.find(' ', at), line.size());
            value = line.substr(at, end - at);
            at = end;
        }
        fields.emplace_back(std::move(name), std::move(value));
        if (at < line.size() && line[at++] != ' ') {
            return std::nullopt;
        }
    }
    return fields;
}

} // namespace

TEST_CASE("fields stand in one line, empty ones are left out", "[logfmt]") {
    LogfmtLine line;
    line.field("level", "warn").field("nothing", "").field("n", 7U).field("took", 1500ms).field("zero", 0ms);
    CHECK(line.text() == "level=warn n=7 took=1.5s");
}

TEST_CASE("what is not plain is quoted and escaped", "[logfmt]") {
    CHECK(line_of("https://api.test:443") == "a=https://api.test:443");
    CHECK(line_of("get order") == "a=\"get order\"");
    CHECK(line_of("a=b") == "a=\"a=b\"");
    CHECK(line_of("say \"no\"") == "a=\"say \\\"no\\\"\"");
    CHECK(line_of("back\\slash") == "a=\"back\\\\slash\"");
    CHECK(line_of("\xc3\xa9") == "a=\"\\xc3\\xa9\"");
    CHECK(line_of(std::string_view("\0", 1)) == "a=\"\\x00\"");
}

TEST_CASE("trap: a server's text can neither end the line nor inject a field", "[logfmt]") {
    CHECK(line_of("x\nlevel=info event=all_is_well") == "a=\"x\\nlevel=info event=all_is_well\"");
    CHECK(line_of("x\" level=info") == "a=\"x\\\" level=info\"");
    CHECK(line_of("x\\\" level=info") == "a=\"x\\\\\\\" level=info\"");
    CHECK(line_of("\r\x1b[2J\x7f\xe2\x80\xa8") == "a=\"\\r\\x1b[2J\\x7f\\xe2\\x80\\xa8\"");
}

TEST_CASE("a long value is cut", "[logfmt]") {
    CHECK(line_of(std::string(300, 'x')) == "a=" + std::string(200, 'x') + "...");
    CHECK(LogfmtLine().field("a", std::string(5, ' '), 3).text() == "a=\"   ...\"");
    CHECK(LogfmtLine().field("a", std::string(5, 'x'), 5).text() == "a=xxxxx");
}

TEST_CASE("whatever the bytes, a strict reader finds the same fields, in one line", "[logfmt]") {
    Random random{11};
    for (int round = 0; round < 20'000; ++round) {
        LogfmtLine line;
        Fields written;
        for (std::uint64_t field = random.next() % 4; field > 0; --field) {
            std::string value;
            for (std::uint64_t length = 1 + random.next() % 12; length > 0; --length) {
                static constexpr std::string_view tricky = "\"\\= \n\r\tx";
                const std::uint64_t drawn = random.next();
                value += drawn % 2 == 0 ? tricky[drawn / 2 % tricky.size()] : static_cast<char>(drawn / 2);
            }
            line.field('f' + std::to_string(field), value);
            written.emplace_back('f' + std::to_string(field), value);
        }
        const std::string& text = line.text();
        REQUIRE(text.find_first_of("\n\r") == std::string::npos);
        REQUIRE(read(text) == written);
    }
}
