#include <backstay/api/api_client.hpp>
#include <backstay/http/url.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <boost/describe.hpp>

#include <iostream>
#include <optional>
#include <string>

// One typed call that survives a failing server: `example_01_get_a_resource https://api.example.com/v1
// 12345`.

struct Resource {
    std::string id, name;
    std::optional<std::string> created_at;
};
BOOST_DESCRIBE_STRUCT(Resource, (), (id, name, created_at))

asio::awaitable<void> show(backstay::ApiClient api, std::string id, bool& shown) {
    const auto found = co_await api.get<Resource>("/resources/" + backstay::path_segment(id));
    if (!found) {
        std::cerr << to_string(found.error()) << '\n'; // one line with every attempt, without secrets
        co_return;
    }
    std::cout << found->name << '\n';
    shown = true;
}

int run(const std::string& base_url, const std::string& id) {
    asio::io_context context;
    const backstay::ApiClient api{context.get_executor(), {.base_url = base_url}};
    bool shown = false;
    asio::co_spawn(context, show(api, id, shown), asio::detached);
    context.run();
    return shown ? 0 : 1;
}

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " BASE_URL ID\n";
        return 2;
    }
    return run(argv[1], argv[2]);
} catch (const std::exception& error) { // options that make no sense: here, a base URL that is none
    std::cerr << error.what() << '\n';
    return 2;
}
