#pragma once

#include "testing/base64.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <fstream>
#include <string>
#include <vector>

namespace backstay::test {

/// A reply as bytes, and what is to be made of it.
struct FramingCase {
    std::string id;
    std::string method;
    std::string bytes;
    std::string want;
};

inline std::vector<FramingCase> framing_cases() {
    std::ifstream file(BACKSTAY_TEST_DATA "/framing.jsonl");
    std::vector<FramingCase> cases;
    for (std::string line; std::getline(file, line);) {
        const boost::json::value parsed = boost::json::parse(line);
        const auto text = [&](const char* key) { return std::string(parsed.at(key).as_string()); };
        cases.push_back({text("id"), text("method"), from_base64(text("raw_base64")).value(), text("want")});
    }
    return cases;
}

} // namespace backstay::test
