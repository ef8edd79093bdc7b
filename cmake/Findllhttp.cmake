# Finds Node.js's HTTP parser. Defines llhttp::llhttp: from a config (Conan, Debian 13), from a plain library, or from its
# generated C sources (Debian 12: node-llhttp). The last is an object library, compiled into what links it with its
# symbols hidden; llhttp_COMPILED_IN is true then, and an installed backstay does not need llhttp.

set(llhttp_COMPILED_IN FALSE)
find_package(llhttp CONFIG QUIET)
if(NOT TARGET llhttp::llhttp)
    foreach(candidate llhttp::llhttp_shared llhttp::llhttp_static)
        if(TARGET ${candidate} AND NOT TARGET llhttp::llhttp)
            add_library(llhttp::llhttp INTERFACE IMPORTED)
            target_link_libraries(llhttp::llhttp INTERFACE ${candidate})
        endif()
    endforeach()
endif()

if(NOT TARGET llhttp::llhttp)
    find_path(llhttp_INCLUDE_DIR llhttp.h PATH_SUFFIXES llhttp PATHS /usr/include /usr/share/include)
    find_library(llhttp_LIBRARY llhttp)
    find_path(llhttp_SOURCE_DIR llhttp.c PATH_SUFFIXES llhttp PATHS /usr/share)
    mark_as_advanced(llhttp_INCLUDE_DIR llhttp_LIBRARY llhttp_SOURCE_DIR)
    if(llhttp_INCLUDE_DIR AND llhttp_LIBRARY)
        add_library(llhttp::llhttp INTERFACE IMPORTED)
        target_include_directories(llhttp::llhttp INTERFACE ${llhttp_INCLUDE_DIR})
        target_link_libraries(llhttp::llhttp INTERFACE ${llhttp_LIBRARY})
    elseif(llhttp_INCLUDE_DIR AND llhttp_SOURCE_DIR)
        add_library(backstay_llhttp OBJECT ${llhttp_SOURCE_DIR}/llhttp.c ${llhttp_SOURCE_DIR}/http.c
            ${llhttp_SOURCE_DIR}/api.c)
        target_include_directories(backstay_llhttp SYSTEM PUBLIC ${llhttp_INCLUDE_DIR})
        target_compile_options(backstay_llhttp PRIVATE -w)
        add_library(llhttp::llhttp ALIAS backstay_llhttp)
        set(llhttp_COMPILED_IN TRUE)
    endif()
endif()

if(TARGET llhttp::llhttp)
    set(llhttp_FOUND TRUE)
else()
    include(FindPackageHandleStandardArgs)
    find_package_handle_standard_args(llhttp REQUIRED_VARS llhttp_INCLUDE_DIR llhttp_LIBRARY
        REASON_FAILURE_MESSAGE "llhttp not found: install node-llhttp (Debian 12) or libllhttp-dev (Debian 13)")
endif()
