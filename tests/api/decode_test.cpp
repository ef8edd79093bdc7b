#include <backstay/api/decode.hpp>

#include "support/catch.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/parse.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace backstay;

namespace {

enum class Colour { red, green };
BOOST_DESCRIBE_ENUM(Colour, red, green)

struct Base {
    int id = 0;
};
BOOST_DESCRIBE_STRUCT(Base, (), (id))

struct Item : Base {
    std::string name{};
    std::optional<std::string> note{};
};
BOOST_DESCRIBE_STRUCT(Item, (Base), (name, note))

struct Order {
    std::vector<Item> items{};
    std::map<std::string, double> prices{};
    std::optional<Colour> colour{};
    bool paid = false;
    boost::json::value extra{};
};
BOOST_DESCRIBE_STRUCT(Order, (), (items, prices, colour, paid, extra))

template <class T>
expected<T, std::string> read(const char* text, std::string_view root = {}) {
    return decode<T>(boost::json::parse(text), root);
}

template <class T>
std::string fault(const char* text, std::string_view root = {}) {
    const auto value = read<T>(text, root);
    return value ? "no fault" : value.error();
}

} // namespace

TEST_CASE("A described struct is read with everything in it") {
    const auto order = read<Order>(R"({"items":[{"id":7,"name":"bolt","note":null},{"id":8,"name":"nut"}],
        "prices":{"bolt":1,"nut":0.5},"colour":"green","paid":true,"extra":{"a":[1]}})");
    REQUIRE(order);
    REQUIRE(order->items.size() == 2);
    CHECK(order->items[0].id == 7);
    CHECK(order->items[1].name == "nut");
    CHECK_FALSE(order->items[0].note);
    CHECK(order->prices.at("bolt") == 1.0);
    CHECK(order->colour == Colour::green);
    CHECK(order->paid);
    CHECK(order->extra.at("a").at(0) == 1);
}

TEST_CASE("Unknown members are ignored and missing or null optionals are empty") {
    const auto item = read<Item>(R"({"id":1,"name":"bolt","new_in_v2":{"deep":[]}})");
    REQUIRE(item);
    CHECK_FALSE(item->note);
    CHECK(read<std::optional<int>>("null").value() == std::nullopt);
    CHECK(read<std::optional<int>>("5").value() == 5);
}

TEST_CASE("A mismatch names the place and what was found there") {
    CHECK(fault<Order>(
              R"({"items":[{"id":1,"name":"a"},{"id":2,"name":null}],"prices":{},"paid":true,"extra":0})",
              "data") == "data.items[1].name: expected a string, found null");
    CHECK(fault<Item>(R"({"name":"a"})") ==
          "id: expected an integer from -2147483648 to 2147483647, found nothing");
    CHECK(fault<Item>("[]") == "body: expected an object, found an array");
    CHECK(fault<std::vector<int>>(R"({"a":1})", "data") == "data: expected an array, found an object");
    CHECK(fault<std::vector<std::vector<bool>>>("[[true],[true,0]]", "data") ==
          "data[1][1]: expected true or false, found 0");
    CHECK(fault<std::map<std::string, double>>(R"({"a":1,"b":"x"})") ==
          "b: expected a number, found a string");
    CHECK(fault<std::map<std::string, double>>("3") == "body: expected an object, found 3");
    CHECK(fault<std::optional<int>>("{}") ==
          "body: expected an integer from -2147483648 to 2147483647, found an object");
    CHECK(fault<Order>(R"({"items":[],"prices":{},"paid":true})") ==
          "extra: expected a value, found nothing");
}

TEST_CASE("Text of the reply is quoted only as an unknown enumerator") {
    CHECK(fault<Colour>(R"("blue")") == "body: expected one of red, green, found \"blue\"");
    CHECK(fault<Colour>("3") == "body: expected one of red, green, found 3");
    CHECK(fault<int>(R"("top secret")") ==
          "body: expected an integer from -2147483648 to 2147483647, found a string");
    const auto longer = '"' + std::string(41, 'x') + '"';
    CHECK(fault<Colour>(longer.c_str()) == "body: expected one of red, green, found a string");
}

TEST_CASE("An integer must fit its type") {
    CHECK(read<std::uint8_t>("255").value() == 255);
    CHECK(fault<std::uint8_t>("256") == "body: expected an integer from 0 to 255, found 256");
    CHECK_FALSE(read<std::uint8_t>("-1"));
    CHECK(read<std::int8_t>("-128").value() == -128);
    CHECK_FALSE(read<std::int8_t>("-129"));
    CHECK(read<std::int64_t>("-9223372036854775808").value() == INT64_MIN);
    CHECK_FALSE(read<std::int64_t>("9223372036854775808"));
    CHECK(read<std::uint64_t>("18446744073709551615").value() == UINT64_MAX);
    CHECK_FALSE(read<std::uint64_t>("18446744073709551616"));
    CHECK(read<int>("3.0").value() == 3);
    CHECK(read<int>("3e2").value() == 300);
    CHECK_FALSE(read<int>("3.5"));
    CHECK_FALSE(read<std::int64_t>("1e300"));
}

TEST_CASE("A floating-point number takes any JSON number") {
    CHECK(read<double>("18446744073709551615").value() == Approx(18446744073709551615.0));
    CHECK(read<double>("-3").value() == -3.0);
    CHECK(read<float>("0.5").value() == 0.5F);
    CHECK_FALSE(read<double>("true"));
}

TEST_CASE("What was in a container before is replaced") {
    detail::JsonFault why;
    std::vector<int> list{1, 2, 3};
    const auto document = boost::json::parse("[4]");
    CHECK(detail::decode_into(list, detail::JsonPlace{&document, {}, why}));
    CHECK(list == std::vector<int>{4});
}
