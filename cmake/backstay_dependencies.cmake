# What the chosen targets need, and nothing more.

find_package(Threads REQUIRED)
find_package(asio REQUIRED)
if(BACKSTAY_EXPECTED STREQUAL "tl")
    find_package(tl-expected REQUIRED)
endif()
if(NOT BACKSTAY_PIPELINE_ONLY)
    find_package(OpenSSL 3 REQUIRED)
    find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS json url)
    find_package(llhttp REQUIRED)
endif()
