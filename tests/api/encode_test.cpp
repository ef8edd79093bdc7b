#include <backstay/api/encode.hpp>

#include <backstay/api/decode.hpp>

#include "support/catch.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/parse.hpp>

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace backstay;

namespace {

enum class Colour { red, green };
BOOST_DESCRIBE_ENUM(Colour, red, green)

struct Part {
    std::string name{};
    std::optional<int> count{};
};
BOOST_DESCRIBE_STRUCT(Part, (), (name, count))

struct Order {
    std::vector<Part> parts{};
    std::map<std::string, bool> flags{};
    Colour colour = Colour::red;
    std::vector<std::optional<int>> slots{};
};
BOOST_DESCRIBE_STRUCT(Order, (), (parts, flags, colour, slots))

} // namespace

TEST_CASE("A described struct is written with everything in it") {
    const Order order{.parts = {{.name = "bolt", .count = 2}, {.name = "nut"}},
                      .flags = {{"express", true}},
                      .colour = Colour::green,
                      .slots = {1, std::nullopt}};
    CHECK(encode(order) == boost::json::parse(R"({"parts":[{"name":"bolt","count":2},{"name":"nut"}],
        "flags":{"express":true},"colour":"green","slots":[1,null]})"));
}

TEST_CASE("What is written is read back") {
    const Order order{.parts = {{.name = "b\"\\\n\xc3\xa9", .count = -1}}, .slots = {std::nullopt, 9}};
    const auto text = to_json_text(encode(order));
    REQUIRE(text);
    const auto back = decode<Order>(boost::json::parse(*text));
    REQUIRE(back);
    CHECK(back->parts[0].name == order.parts[0].name);
    CHECK(back->parts[0].count == -1);
    CHECK(back->slots == order.slots);
}

TEST_CASE("A JSON value and text stay as they are") {
    const boost::json::value document{{"a", 1}};
    CHECK(encode(document) == document);
    CHECK(encode("text") == "text");
    CHECK(encode(std::string_view{"view"}) == "view");
    CHECK(encode(std::optional<int>{}) == nullptr);
}

TEST_CASE("A number that JSON cannot hold is a fault, wherever it stands") {
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_FALSE(to_json_text(encode(nan)));
    CHECK_FALSE(to_json_text(encode(std::map<std::string, std::vector<double>>{{"a", {1, 1 / 0.0}}})));
    CHECK(to_json_text(encode(std::vector<double>{0.5})).value() == "[5E-1]");
}
