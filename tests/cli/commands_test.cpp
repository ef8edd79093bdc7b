#include "cli/commands.hpp"

#include "support/catch.hpp"

#include "cli/child_process.hpp"
#include "cli/scratch_directory.hpp"

#include <boost/json/parse.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;

namespace {

boost::json::object object_of(const std::string& line) {
    return boost::json::parse(line).as_object();
}

std::string text_at(const boost::json::object& object, const char* name) {
    const boost::json::value& value = object.at(name);
    return value.is_null() ? "null" : std::string(value.as_string());
}

std::vector<boost::json::object> objects_of(const std::string& lines) {
    std::vector<boost::json::object> objects;
    std::istringstream in(lines);
    for (std::string line; std::getline(in, line);) {
        objects.push_back(object_of(line));
    }
    return objects;
}

/// `backstay serve` in a process of its own.
struct Server {
    explicit Server(const std::string& script = R"({"routes":[]})")
        : process([&] {
              std::ofstream(folder.path() / "script.json") << script;
              return std::vector<std::string>{"serve", "--script", (folder.path() / "script.json").string(),
                                              "--log", (folder.path() / "log").string()};
          }()),
          said(object_of(process.read_line())) {}

    std::vector<std::string> call(const std::string& path, std::vector<std::string> more = {}) const {
        more.insert(more.begin(),
                    {"call", text_at(said, "url") + path, "--cacert", text_at(said, "ca_file")});
        return more;
    }

    std::vector<boost::json::object> log() const {
        std::ifstream file(folder.path() / "log");
        return objects_of({std::istreambuf_iterator<char>(file), {}});
    }

    cli::ScratchDirectory folder;
    ChildProcess process;
    boost::json::object said;
};

} // namespace

TEST_CASE("A call of the served API succeeds, and says so in one line of JSON") {
    const Server server;
    const Ended ended = run_command(server.call("/v1/resources/12345", {"--json"}));
    CHECK(ended.status == 0);
    CHECK(ended.err.empty());
    const auto lines = objects_of(ended.out);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].at("ok") == true);
    CHECK(lines[0].at("status") == 200);
    CHECK(text_at(lines[0].at("data").as_object(), "name") == "Example Resource");
    CHECK(lines[0].at("attempts").as_array().size() == 1);
}

TEST_CASE("A body makes it a POST, and the reply's data goes to stdout") {
    const Server server;
    const Ended ended = run_command(server.call("/v1/resources", {"-d", R"({"id":"7","name":"Seven"})"}));
    CHECK(ended.status == 0);
    CHECK(text_at(object_of(ended.out), "id") == "7");
    CHECK_THAT(ended.err, ContainsSubstring("201 after ") && ContainsSubstring("attempt 1 of 3"));
}

TEST_CASE("A raw call gives the bytes as they came") {
    const Server server(
        R"({"routes":[{"path":"/page","then":"last","steps":[{"status":200,"text":"<p>\n"}]}]})");
    CHECK(run_command(server.call("/page", {"--raw"})).out == "<p>\n");
    const auto lines = objects_of(run_command(server.call("/page", {"--raw", "--json"})).out);
    REQUIRE(lines.size() == 1);
    CHECK(text_at(lines[0], "body_base64") == "PHA+Cg==");
    const Ended assumed = run_command(server.call("/page"));
    CHECK(assumed.status == 1);
    CHECK_THAT(assumed.err, ContainsSubstring("decode error"));
}

TEST_CASE("A person sees each attempt, the error's description and what to do") {
    const Server server(
        R"({"routes":[{"path":"/v1/x","steps":[{"status":503,"retry_after":1},{"status":404}]}]})");
    const Ended ended = run_command(server.call("/v1/x"));
    CHECK(ended.status == 1);
    CHECK(ended.out.empty());
    CHECK_THAT(ended.err, ContainsSubstring("503, waiting 1.") &&
                              ContainsSubstring(" s as the server asked, attempt 2 of 3\n404 after "));
    CHECK_THAT(ended.err, ContainsSubstring("404 not found: Resource with ID '12345' not found"));
    CHECK_THAT(ended.err, ContainsSubstring("\n  * "));
}

TEST_CASE("Without its CA the server is not trusted, and no request reaches it") {
    const Server server;
    const Ended ended = run_command({"call", text_at(server.said, "url") + "/v1/resources", "--json"});
    CHECK(ended.status == 1);
    const auto lines = objects_of(ended.out);
    REQUIRE(lines.size() == 1);
    const auto& error = lines[0].at("error").as_object();
    CHECK(text_at(error, "kind") == "certificate_rejected");
    CHECK(text_at(error, "certainty") == "not_sent");
    CHECK(server.log().empty());
}

TEST_CASE("Repeated calls are one line of JSON each, whatever is told on stderr") {
    const Server server;
    const Ended ended = run_command(
        server.call("/v1/resources/12345", {"--json", "-v", "--repeat", "5", "--concurrency", "2"}));
    CHECK(ended.status == 0);
    CHECK_FALSE(ended.err.empty());
    std::set<std::int64_t> indices;
    for (const auto& line : objects_of(ended.out)) {
        indices.insert(line.at("index").as_int64());
    }
    CHECK(indices == std::set<std::int64_t>{0, 1, 2, 3, 4});
    std::set<std::int64_t> connections;
    for (const auto& request : server.log()) {
        connections.insert(request.at("connection").as_int64());
    }
    CHECK(connections.size() <= 2); // they share the pool
}

TEST_CASE("Calls of one run share the breaker") {
    const Server server(R"({"routes":[{"path":"/v1/x","then":"last","steps":[{"status":500}]}]})");
    const Ended ended = run_command(server.call("/v1/x", {"--json", "--no-retry", "--repeat", "7"}));
    const auto lines = objects_of(ended.out);
    REQUIRE(lines.size() == 7);
    CHECK(text_at(lines[4].at("error").as_object(), "kind") == "server_error");
    CHECK(text_at(lines[5].at("error").as_object(), "kind") == "circuit_open");
    CHECK(text_at(lines[6].at("error").as_object(), "refused_by") == "circuit_breaker");
    CHECK(server.log().size() == 5);
}

TEST_CASE("Two processes draw different jitter and keys; a seed repeats the jitter, never the keys") {
    const Server server(R"({"routes":[{"path":"/v1/x","then":"last","steps":[{"status":500}]}]})");
    struct Drawn {
        std::string wait;
        std::string key;
    };
    const auto draw = [&](std::vector<std::string> more) {
        more.insert(more.end(), {"--json", "-v", "-X", "POST", "--idempotency-key", "auto", "--max-attempts",
                                 "2", "--base-delay", "900ms"});
        const Ended ended = run_command(server.call("/v1/x", std::move(more)));
        const std::size_t wait = ended.err.find("500, waiting");
        REQUIRE(wait != std::string::npos);
        return Drawn{ended.err.substr(wait, ended.err.find('\n', wait) - wait),
                     text_at(objects_of(ended.out).at(0).at("error").as_object(), "idempotency_key")};
    };
    const Drawn first = draw({});
    const Drawn second = draw({});
    CHECK(first.key != second.key);
    const Drawn seeded = draw({"--seed", "7"});
    const Drawn again = draw({"--seed", "7"});
    CHECK(seeded.wait == again.wait);
    CHECK(seeded.key != again.key);
    // one pair may agree to the millisecond, three do not
    CHECK((first.wait != second.wait || first.wait != seeded.wait || second.wait != draw({}).wait));
}

TEST_CASE("Wrong usage exits with 2 and names the flag on stderr") {
    const Ended ended = run_command({"call", "https://h", "--base-delay", "5 parsecs"});
    CHECK(ended.status == 2);
    CHECK(ended.out.empty());
    CHECK_THAT(ended.err,
               ContainsSubstring("--base-delay: \"5 parsecs\" is not a duration; write 250ms, 2s or 5min"));
    CHECK(run_command({}).status == 2);
    CHECK(run_command({"call", "https://h", "--cacert", "/nowhere/ca.pem"}).status == 2);
    CHECK(run_command({"serve", "--script", "/nowhere/script.json"}).status == 2);
}

TEST_CASE("An interrupt cancels what runs, prints it, and exits with 130") {
    const Server server(
        R"({"routes":[{"path":"/v1/x","then":"last","steps":[{"status":503,"retry_after":20}]}]})");
    ChildProcess process(server.call("/v1/x", {"--json", "-v", "--repeat", "3"}));
    REQUIRE(process.wait_for_error_text("as the server asked"));
    process.signal(SIGINT);
    const Ended ended = process.wait();
    CHECK(ended.status == 130);
    const auto lines = objects_of(ended.out);
    REQUIRE(lines.size() == 1); // the others had not begun
    CHECK(lines[0].at("ok") == false);
    CHECK(server.log().size() == 1);
}

TEST_CASE("A reader that goes away ends the run without a crash") {
    const Server server;
    ChildProcess process(server.call("/v1/resources/12345", {"--json", "--repeat", "100000"}));
    (void)process.read_line();
    process.close_out();
    const Ended ended = process.wait();
    CHECK(ended.status == 1);
    CHECK_THAT(ended.err, ContainsSubstring("stdout"));
}

TEST_CASE("A server that is interrupted exits with 0 and takes its CA file with it") {
    Server server;
    const std::filesystem::path ca_file = text_at(server.said, "ca_file");
    CHECK(std::filesystem::exists(ca_file));
    CHECK(std::filesystem::status(ca_file.parent_path()).permissions() == std::filesystem::perms::owner_all);
    server.process.signal(SIGTERM);
    const Ended ended = server.process.wait();
    CHECK(ended.status == 0);
    CHECK(ended.out.empty()); // beyond the first line
    CHECK_FALSE(std::filesystem::exists(ca_file.parent_path()));
}

TEST_CASE("A server that a test has done with leaves nothing behind") {
    std::filesystem::path ca_file;
    {
        const Server server;
        ca_file = text_at(server.said, "ca_file");
        CHECK(std::filesystem::exists(ca_file));
    }
    CHECK_FALSE(std::filesystem::exists(ca_file.parent_path()));
}

TEST_CASE("A mistake in the fault script is named by its place") {
    const cli::ScratchDirectory folder;
    const std::string file = (folder.path() / "script.json").string();
    std::ofstream(file) << R"({"routes":[{"steps":[{"delay":"5 parsecs"}]}]})";
    const Ended ended = run_command({"serve", "--script", file});
    CHECK(ended.status == 2);
    CHECK_THAT(ended.err, ContainsSubstring("routes[0].steps[0].delay: \"5 parsecs\" is not a duration"));
}

TEST_CASE("A stdout that cannot be written is noticed by each command") {
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"explain"}, {"--help"}, {"call", "--help"}, {"serve"}}) {
        std::ostringstream out;
        std::ostringstream err;
        out.setstate(std::ios::badbit);
        CHECK(cli::run(command, out, err) == 1);
        CHECK(err.str() == "backstay: stdout cannot be written\n");
    }
}

TEST_CASE("Each preset explains itself") {
    std::ostringstream out;
    CHECK(cli::run({"explain", "--preset", "patient"}, out, out) == 0);
    CHECK_THAT(out.str(), ContainsSubstring("6 attempts") && ContainsSubstring("servers' waits 15 min"));
    out.str({});
    CHECK(cli::run({"explain"}, out, out) == 0);
    CHECK_THAT(out.str(), ContainsSubstring("3 attempts"));
    out.str({});
    CHECK(cli::run({"explain", "--preset", "single"}, out, out) == 0);
    CHECK_THAT(out.str(), !ContainsSubstring("attempts,"));
    out.str({});
    CHECK(cli::run({"explain", "--preset", "standard_hedged"}, out, out) == 0);
    CHECK_THAT(out.str(), ContainsSubstring("hedge"));
}

TEST_CASE("Plain http to another machine is wrong usage, in words for a shell") {
    std::ostringstream out;
    std::ostringstream err;
    CHECK(cli::run({"call", "http://192.0.2.1/x"}, out, err) == 2);
    CHECK_THAT(err.str(), ContainsSubstring("URL is plain http to 192.0.2.1: use https; http goes to this "
                                            "machine alone") &&
                              !ContainsSubstring("HttpsOptions"));
}
