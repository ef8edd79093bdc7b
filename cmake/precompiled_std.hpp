// What most sources include of the standard library, compiled once where BACKSTAY_PRECOMPILE is on.
#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
