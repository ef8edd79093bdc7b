#include <backstay/policy/retry.hpp>

#include <cstdio>

int main() {
    const backstay::Retry retry{{.max_attempts = 5}};
    std::printf("%d attempts\n", retry.options().max_attempts);
    return retry.options().max_attempts == 5 ? 0 : 1;
}
