#pragma once

#include "support/call_runner.hpp"

#include <backstay/api/api_client.hpp>
#include <backstay/testing/scripted_transport.hpp>

#include <boost/describe/class.hpp>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace backstay::test {

using namespace std::chrono_literals;

struct Resource {
    std::string id{};
    std::string name{};
    std::optional<std::string> created_at{};
};
BOOST_DESCRIBE_STRUCT(Resource, (), (id, name, created_at))

inline std::string read_data(const std::string& path) {
    std::ifstream file(BACKSTAY_TEST_DATA "/" + path, std::ios::binary);
    if (!file) {
        throw std::runtime_error("no test data at " + path);
    }
    return {std::istreambuf_iterator<char>(file), {}};
}

inline Fields fields(std::initializer_list<std::pair<std::string, std::string>> list) {
    Fields made;
    for (const auto& [name, value] : list) {
        made.add(name, value);
    }
    return made;
}

/// A client over a scripted transport in virtual time.
struct ApiWorld : World {
    std::shared_ptr<ScriptedTransport> transport = std::make_shared<ScriptedTransport>(runtime);

    ApiClient client(ApiClientOptions options = {}) {
        if (options.base_url.empty()) {
            options.base_url = "https://api.test/v1";
        }
        options.transport = transport;
        options.runtime = &runtime;
        return ApiClient{context.get_executor(), std::move(options)};
    }

    template <class T>
    ApiResult<T> get(const ApiClient& api, std::string path = "/resources/12345", CallOptions options = {}) {
        return await(api.get<T>(std::move(path), std::move(options)));
    }
    template <class T>
    ApiResult<T> await(asio::awaitable<ApiResult<T>> call) {
        return test::run<ApiResult<T>>(*this, std::move(call));
    }

    const Request& sent(std::size_t index = 0) const { return transport->seen().at(index).request; }
};

} // namespace backstay::test
