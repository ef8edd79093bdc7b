# Language level, visibility, warnings and places, for our own targets only.

include(GNUInstallDirs)

if(NOT BACKSTAY_EXPECTED MATCHES "^(tl|std)$")
    message(FATAL_ERROR "BACKSTAY_EXPECTED is '${BACKSTAY_EXPECTED}': set it to tl or std")
endif()
if(NOT CMAKE_CXX_STANDARD)
    set(CMAKE_CXX_STANDARD 20)
endif()
if(BACKSTAY_EXPECTED STREQUAL "std")
    set(BACKSTAY_EXPECTED_STD 1)
    set(BACKSTAY_LANGUAGE cxx_std_23)
    if(CMAKE_CXX_STANDARD LESS 23)
        message(FATAL_ERROR "BACKSTAY_EXPECTED=std needs CMAKE_CXX_STANDARD 23 or later, it is ${CMAKE_CXX_STANDARD}")
    endif()
else()
    set(BACKSTAY_EXPECTED_STD 0)
    set(BACKSTAY_LANGUAGE cxx_std_20)
endif()
set(BACKSTAY_ABI v0_${BACKSTAY_EXPECTED})
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
if(NOT DEFINED CMAKE_POSITION_INDEPENDENT_CODE)
    set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()

if(PROJECT_IS_TOP_LEVEL)
    set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
    set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
    set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
    set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

    find_program(BACKSTAY_CCACHE ccache DOC "Compiler cache, used when found")
    mark_as_advanced(BACKSTAY_CCACHE)
    if(BACKSTAY_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
        # what ccache asks for where precompiled headers are used
        set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
            ${BACKSTAY_CCACHE})
        set(CMAKE_C_COMPILER_LAUNCHER ${BACKSTAY_CCACHE})
    endif()
endif()

# backstay_precompile(TARGET HEADERS...), in a way that ccache can follow.
function(backstay_precompile target)
    target_precompile_headers(${target} PRIVATE ${ARGN})
    if(BACKSTAY_CCACHE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
    endif()
endfunction()

# backstay_precompile_common(TARGET std|asio), where BACKSTAY_PRECOMPILE is on.
function(backstay_precompile_common target what)
    if(BACKSTAY_PRECOMPILE)
        backstay_precompile(${target} ${PROJECT_SOURCE_DIR}/cmake/precompiled_${what}.hpp)
    endif()
endfunction()

add_library(backstay_warnings INTERFACE)
target_compile_options(backstay_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)

configure_file(${CMAKE_CURRENT_LIST_DIR}/config.hpp.in ${PROJECT_BINARY_DIR}/include/backstay/core/config.hpp @ONLY)
