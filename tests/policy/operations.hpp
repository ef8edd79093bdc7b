#pragma once

/// \file
/// How much a test with threads does: a million operations where ThreadSanitizer watches, fewer elsewhere.

namespace backstay::test {

#if defined(__SANITIZE_THREAD__)
inline constexpr int operations = 1'000'000;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr int operations = 1'000'000;
#else
inline constexpr int operations = 100'000;
#endif
#else
inline constexpr int operations = 100'000;
#endif

} // namespace backstay::test
