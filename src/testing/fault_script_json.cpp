#include <backstay/testing/fault_script.hpp>

#include "testing/base64.hpp"
#include "testing/connection_fault_names.hpp"
#include "testing/json_node.hpp"

#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <limits>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

using detail::sandbox::JsonNode;

namespace {

constexpr int most_times = 1'000'000;

std::string decoded_base64(const JsonNode& node) {
    auto bytes = from_base64(node.text());
    if (!bytes) {
        node.complain("is not base64");
    }
    return std::move(bytes).value_or(std::string());
}

/// Complains when more than one of the keys is there.
void expect_one_at_most(const JsonNode& node, std::initializer_list<std::string_view> keys) {
    std::string_view first;
    for (const std::string_view key : keys) {
        if (!node.find(key)) {
            continue;
        }
        if (!first.empty()) {
            node.complain('"' + std::string(first) + "\" and \"" + std::string(key) +
                          "\" exclude each other");
        }
        first = key;
    }
}

Fields read_fields(const JsonNode& node) {
    Fields fields;
    node.each_member([&fields](const std::string& name, const JsonNode& value) {
        if (value.is_array()) { // the same field several times
            value.each([&](const JsonNode& one) { fields.add(name, one.text()); });
        } else {
            fields.add(name, value.text());
        }
    });
    return fields;
}

ScriptedReply read_reply(const JsonNode& step, const JsonNode& status) {
    ScriptedReply reply;
    reply.status = static_cast<int>(status.integer(200, 999));
    if (const auto headers = step.find("headers")) {
        reply.fields = read_fields(*headers);
    }
    if (const auto text = step.find("text")) {
        reply.body = text->text();
    } else if (const auto json = step.find("json")) {
        reply.body = boost::json::serialize(json->value());
    } else if (const auto base64 = step.find("base64")) {
        reply.body = decoded_base64(*base64);
    }
    if (const auto wait = step.find("retry_after")) {
        reply.without_wait = wait->is_null();
        if (!reply.without_wait) {
            reply.retry_after = std::chrono::seconds{wait->integer(0, std::numeric_limits<int>::max())};
        }
    }
    return reply;
}

void read_what_is_sent(const JsonNode& node, FaultStep& step) {
    expect_one_at_most(node, {"status", "raw", "raw_base64"});
    expect_one_at_most(node, {"text", "json", "base64"});
    if (const auto status = node.find("status")) {
        step.reply = read_reply(node, *status);
        return;
    }
    for (const std::string_view key : {"headers", "text", "json", "base64", "retry_after"}) {
        if (node.find(key)) {
            node.complain('"' + std::string(key) +
                          "\" needs \"status\": without it the API's own reply is sent");
        }
    }
    if (const auto raw = node.find("raw")) {
        step.raw = raw->text();
    } else if (const auto base64 = node.find("raw_base64")) {
        step.raw = decoded_base64(*base64);
    }
    if (step.raw && node.find("chunks")) {
        node.complain("\"chunks\" does not go with raw bytes");
    }
}

Pause read_pause(const JsonNode& node) {
    node.expect_keys({"at", "for"});
    Pause pause;
    if (const auto at = node.find("at")) {
        pause.at_byte = at->bytes();
    }
    if (const auto length = node.find("for")) {
        pause.duration = length->duration();
    } else {
        node.complain("\"for\" is missing: say how long, for example 250ms");
    }
    return pause;
}

std::vector<Pause> read_pauses(const JsonNode& node) {
    std::vector<Pause> pauses;
    if (node.is_array()) {
        node.each([&pauses](const JsonNode& one) { pauses.push_back(read_pause(one)); });
    } else {
        pauses.push_back(read_pause(node));
    }
    std::sort(pauses.begin(), pauses.end(),
              [](const Pause& a, const Pause& b) { return a.at_byte < b.at_byte; });
    return pauses;
}

Drip read_drip(const JsonNode& node) {
    node.expect_keys({"bytes", "every"});
    Drip drip{.bytes = 1};
    if (const auto bytes = node.find("bytes")) {
        drip.bytes = static_cast<std::size_t>(bytes->integer(1, std::numeric_limits<std::int32_t>::max()));
    }
    if (const auto every = node.find("every")) {
        drip.every = every->duration();
    }
    return drip;
}

Cut read_cut(const JsonNode& node) {
    expect_one_at_most(node, {"reset", "close", "stall"});
    Cut cut;
    if (const auto at = node.find("reset")) {
        cut = {.kind = Cut::Kind::reset, .at_byte = at->bytes()};
    } else if (const auto close_at = node.find("close")) {
        cut = {.kind = Cut::Kind::close, .at_byte = close_at->bytes()};
    } else if (const auto stall_at = node.find("stall")) {
        cut = {.kind = Cut::Kind::stall, .at_byte = stall_at->bytes()};
    }
    if (const auto notify = node.find("close_notify")) {
        cut.close_notify = notify->flag();
        if (cut.kind != Cut::Kind::close) {
            node.complain("\"close_notify\" goes with \"close\" only");
        }
    }
    return cut;
}

FaultStep read_step(const JsonNode& node) {
    node.expect_keys({"status", "headers", "text", "json", "base64", "retry_after", "raw", "raw_base64",
                      "delay", "pause", "drip", "chunks", "reset", "close", "close_notify", "stall", "after",
                      "times"});
    FaultStep step;
    read_what_is_sent(node, step);
    if (const auto delay = node.find("delay")) {
        step.delay = delay->duration();
    }
    if (const auto pause = node.find("pause")) {
        step.pauses = read_pauses(*pause);
    }
    if (const auto drip = node.find("drip")) {
        step.drip = read_drip(*drip);
    }
    if (const auto chunks = node.find("chunks")) {
        chunks->each([&step](const JsonNode& size) {
            step.chunks.push_back(
                static_cast<std::size_t>(size.integer(1, std::numeric_limits<std::int32_t>::max())));
        });
    }
    step.cut = read_cut(node);
    if (const auto after = node.find("after")) {
        step.after = static_cast<AfterReply>(after->one_of(std::array<std::string_view, 4>{
            "keep_alive", "close", "close_silently", "close_on_next_request"}));
    }
    if (const auto times = node.find("times")) {
        step.times = static_cast<int>(times->integer(1, most_times));
    }
    return step;
}

FaultRoute read_route(const JsonNode& node) {
    node.expect_keys({"method", "path", "steps", "then"});
    FaultRoute route;
    if (const auto method = node.find("method")) {
        route.method = method->text();
    }
    if (const auto path = node.find("path")) {
        route.path = path->text();
        if (!route.path.starts_with('/') && route.path != "**") {
            path->complain("\"" + route.path + "\" does not begin with a slash");
        }
    }
    if (const auto steps = node.find("steps")) {
        steps->each([&route](const JsonNode& step) { route.steps.push_back(read_step(step)); });
    } else {
        node.complain("\"steps\" is missing: say what is to be done, as a list");
    }
    if (const auto then = node.find("then")) {
        route.then = static_cast<FaultRoute::Then>(
            then->one_of(std::array<std::string_view, 3>{"api", "repeat", "last"}));
    }
    return route;
}

ConnectionStep read_connection(const JsonNode& node) {
    node.expect_keys({"do", "times"});
    ConnectionStep step;
    if (const auto what = node.find("do")) {
        step.fault = static_cast<ConnectionFault>(what->one_of(detail::sandbox::connection_fault_names));
    } else {
        node.complain("\"do\" is missing: say what is to be done to the connection");
    }
    if (const auto times = node.find("times")) {
        step.times = static_cast<int>(times->integer(1, most_times));
    }
    return step;
}

FaultScript read_script(const JsonNode& node) {
    node.expect_keys({"connections", "routes"});
    FaultScript script;
    if (const auto connections = node.find("connections")) {
        connections->each([&](const JsonNode& one) { script.connections.push_back(read_connection(one)); });
    }
    if (const auto routes = node.find("routes")) {
        routes->each([&](const JsonNode& one) { script.routes.push_back(read_route(one)); });
    }
    return script;
}

/// `line 3, column 7`, both from 1, of a place in the text.
std::string place_of(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, std::min(offset, text.size()));
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t line_begin = before.rfind('\n') + 1; // npos + 1 is 0
    return "line " + std::to_string(line) + ", column " + std::to_string(before.size() - line_begin + 1);
}

} // namespace

expected<FaultScript, std::string> parse_fault_script(std::string_view json) {
    boost::json::parser parser;
    boost::json::error_code error;
    const std::size_t consumed = parser.write_some(json.data(), json.size(), error);
    const bool trailing = !error && json.find_first_not_of(" \t\r\n", consumed) != std::string_view::npos;
    if (error || trailing) {
        return fail("fault script: not JSON at " + place_of(json, consumed) + ": " +
                    (error ? error.message() : "something follows the end"));
    }
    const boost::json::value document = parser.release();
    JsonNode::Complaint complaint;
    FaultScript script = read_script(JsonNode(document, {}, complaint));
    if (complaint) {
        return fail("fault script: " + *complaint);
    }
    return script;
}

expected<FaultScript, std::string> load_fault_script(const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file.is_open() || file.bad()) {
        return fail(path + ": cannot be read: " + std::generic_category().message(errno));
    }
    auto script = parse_fault_script(text);
    if (!script) {
        return fail(path + ": " + script.error());
    }
    return script;
}

} // namespace backstay::inline BACKSTAY_ABI
