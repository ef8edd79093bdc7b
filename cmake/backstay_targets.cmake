# One library per layer group. What each may link is what its layers may use; tests/layering checks every include against
# the same table.

# backstay_add_library(NAME ALIAS LAYERS...): the sources of src/<layer> and the public headers of include/backstay/<layer>.
function(backstay_add_library name alias)
    set(sources "")
    set(headers "")
    foreach(layer IN LISTS ARGN)
        file(GLOB_RECURSE found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${layer}/*.cpp)
        list(APPEND sources ${found})
        file(GLOB_RECURSE found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/backstay/${layer}/*.hpp)
        list(APPEND headers ${found})
    endforeach()
    add_library(${name} ${sources})
    add_library(backstay::${alias} ALIAS ${name})
    target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_compile_features(${name} PUBLIC ${BACKSTAY_LANGUAGE})
    target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:backstay_warnings>)
    set_target_properties(${name} PROPERTIES
        EXPORT_NAME ${alias}
        VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
        INSTALL_RPATH "$ORIGIN"
        VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})
endfunction()

backstay_add_library(backstay_policies policies core policy telemetry)
target_sources(backstay_policies PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_BINARY_DIR}/include
    FILES ${PROJECT_BINARY_DIR}/include/backstay/core/config.hpp)
backstay_precompile_common(backstay_policies std)
if(BACKSTAY_EXPECTED STREQUAL "tl")
    target_link_libraries(backstay_policies PUBLIC tl::expected)
endif()

backstay_add_library(backstay_pipeline pipeline pipeline)
target_link_libraries(backstay_pipeline PUBLIC backstay_policies asio::asio Threads::Threads)
target_compile_definitions(backstay_pipeline PUBLIC ASIO_NO_DEPRECATED)
backstay_precompile_common(backstay_pipeline asio)

if(NOT BACKSTAY_PIPELINE_ONLY)
    if(llhttp_COMPILED_IN)
        set(parser $<BUILD_INTERFACE:backstay_llhttp>)
    else()
        set(parser llhttp::llhttp)
    endif()
    set(private_libraries OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB Boost::url ${parser})

    backstay_add_library(backstay backstay http api)
    target_link_libraries(backstay PUBLIC backstay_pipeline Boost::json Boost::headers PRIVATE ${private_libraries})
    backstay_precompile_common(backstay asio)

    backstay_add_library(backstay_testing testing testing)
    target_link_libraries(backstay_testing PUBLIC backstay PRIVATE ${private_libraries})
    backstay_precompile_common(backstay_testing asio)
endif()

if(TARGET prometheus-cpp::core AND BACKSTAY_PROMETHEUS)
    backstay_add_library(backstay_prometheus prometheus prometheus)
    target_link_libraries(backstay_prometheus PUBLIC backstay_policies prometheus-cpp::core)
endif()
