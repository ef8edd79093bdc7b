# Defines asio::asio: from a config when one is installed (Conan), else from the headers (Debian ships no config).

find_package(asio CONFIG QUIET)
if(NOT TARGET asio::asio)
    find_path(asio_INCLUDE_DIR asio.hpp)
    include(FindPackageHandleStandardArgs)
    find_package_handle_standard_args(asio REQUIRED_VARS asio_INCLUDE_DIR
        REASON_FAILURE_MESSAGE "standalone Asio not found: install libasio-dev, or set asio_INCLUDE_DIR")
    if(asio_FOUND)
        find_package(Threads REQUIRED)
        add_library(asio::asio INTERFACE IMPORTED)
        target_include_directories(asio::asio INTERFACE ${asio_INCLUDE_DIR})
        target_link_libraries(asio::asio INTERFACE Threads::Threads)
        target_compile_definitions(asio::asio INTERFACE ASIO_STANDALONE
            # Asio 1.22 does not see by itself that clang has coroutines in the standard library
            ASIO_HAS_CO_AWAIT ASIO_HAS_STD_COROUTINE)
    endif()
    mark_as_advanced(asio_INCLUDE_DIR)
else()
    set(asio_FOUND TRUE)
endif()
