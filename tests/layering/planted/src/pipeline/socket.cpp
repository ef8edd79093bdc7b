#include <asio/ip/tcp.hpp>
