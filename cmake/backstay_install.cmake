# Install and export rules. Each target is a component with an export file of its own, so that find_package(backstay
# COMPONENTS pipeline) looks for nothing but what the pipeline needs.

include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/backstay)

function(backstay_install_component target component)
    install(TARGETS ${target} EXPORT backstay_${component}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component}
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${component}
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT ${component})
    install(EXPORT backstay_${component} NAMESPACE backstay:: FILE backstay_${component}.cmake
        DESTINATION ${config_dir} COMPONENT ${component})
endfunction()

backstay_install_component(backstay_policies policies)
backstay_install_component(backstay_pipeline pipeline)
if(NOT BACKSTAY_PIPELINE_ONLY)
    backstay_install_component(backstay backstay)
    backstay_install_component(backstay_testing testing)
endif()
if(TARGET backstay_prometheus)
    backstay_install_component(backstay_prometheus prometheus)
endif()
if(TARGET backstay_cli)
    install(TARGETS backstay_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT cli)
endif()

set(installed_needs_llhttp TRUE)
if(BUILD_SHARED_LIBS OR BACKSTAY_PIPELINE_ONLY OR llhttp_COMPILED_IN)
    set(installed_needs_llhttp FALSE)
endif()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/backstay-config.cmake.in
    ${PROJECT_BINARY_DIR}/cmake/backstay-config.cmake INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/backstay-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cmake/backstay-config.cmake
    ${PROJECT_BINARY_DIR}/cmake/backstay-config-version.cmake
    ${CMAKE_CURRENT_LIST_DIR}/Findasio.cmake ${CMAKE_CURRENT_LIST_DIR}/Findllhttp.cmake
    DESTINATION ${config_dir} COMPONENT policies)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT policies)
