import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir
from conan.tools.scm import Version

required_conan_version = ">=2.0"


class BackstayConan(ConanFile):
    name = "backstay"
    description = "Resilient outgoing HTTPS calls for C++20 services: retries, breakers, limits and deadlines on Asio"
    license = "BSL-1.0"
    topics = ("https", "client", "retry", "circuit-breaker", "resilience", "asio", "coroutines")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], "expected": ["tl", "std"], "prometheus": [True, False]}
    default_options = {"shared": False, "fPIC": True, "expected": "tl", "prometheus": False}
    implements = ["auto_shared_fpic"]
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"

    def set_version(self):
        cmake = load(self, os.path.join(self.recipe_folder, "CMakeLists.txt"))
        self.version = re.search(r"project\(backstay VERSION ([\d.]+)", cmake)[1]

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        if self.options.expected == "tl":
            self.requires("tl-expected/[>=1 <2]", transitive_headers=True)
        self.requires("asio/[>=1.22 <2]", transitive_headers=True)
        # typed decoding is a template over Boost.JSON and Boost.Describe: users compile and link it
        self.requires("boost/[>=1.81 <2]", transitive_headers=True, transitive_libs=True)
        self.requires("openssl/[>=3 <4]")
        self.requires("llhttp/[>=8 <10]")
        self.requires("zlib/[>=1.2.11 <2]")
        if self.options.prometheus:
            self.requires("prometheus-cpp/[>=1.0 <2]", transitive_headers=True, transitive_libs=True)

    def validate(self):
        check_min_cppstd(self, 23 if self.options.expected == "std" else 20)
        oldest = {"gcc": "12", "clang": "16"}.get(str(self.settings.compiler))
        if oldest and Version(self.settings.compiler.version) < oldest:
            raise ConanInvalidConfiguration(f"backstay needs {self.settings.compiler} {oldest} or later")
        # a consumer may force other versions than are asked for here
        for name, oldest in ("boost", "1.81"), ("openssl", "3"):
            if Version(self.dependencies[name].ref.version) < oldest:
                raise ConanInvalidConfiguration(f"backstay needs {name} {oldest} or later")
        boost = self.dependencies["boost"].options
        if boost.get_safe("header_only") or boost.get_safe("without_json") or boost.get_safe("without_url"):
            raise ConanInvalidConfiguration("backstay needs boost built with json and url, not header_only")

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["BACKSTAY_EXPECTED"] = str(self.options.expected)
        toolchain.cache_variables["BACKSTAY_PROMETHEUS"] = "ON" if self.options.prometheus else "OFF"
        for part in "TESTS", "EXAMPLES", "BENCHMARKS", "CLI":
            toolchain.cache_variables[f"BACKSTAY_BUILD_{part}"] = False
        toolchain.generate()
        deps = CMakeDeps(self)
        deps.set_property("llhttp", "cmake_target_name", "llhttp::llhttp")
        deps.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "share"))

    def package_info(self):
        # backstay::backstay is one of the components, so the sum of all has another name
        self.cpp_info.set_property("cmake_target_name", "backstay::all")
        policies, pipeline, client, testing = (
            self.cpp_info.components[name] for name in ("policies", "pipeline", "client", "testing"))

        policies.set_property("cmake_target_name", "backstay::policies")
        policies.libs = ["backstay_policies"]
        if self.options.expected == "tl":
            policies.requires = ["tl-expected::tl-expected"]

        pipeline.set_property("cmake_target_name", "backstay::pipeline")
        pipeline.libs = ["backstay_pipeline"]
        pipeline.requires = ["policies", "asio::asio"]
        pipeline.defines = ["ASIO_NO_DEPRECATED"]
        if self.settings.os in ("Linux", "FreeBSD"):
            pipeline.system_libs = ["pthread"]

        client.set_property("cmake_target_name", "backstay::backstay")
        client.libs = ["backstay"]
        client.requires = ["pipeline", "boost::headers", "boost::json", "boost::url", "openssl::ssl",
                           "openssl::crypto", "llhttp::llhttp", "zlib::zlib"]

        testing.set_property("cmake_target_name", "backstay::testing")
        testing.libs = ["backstay_testing"]
        testing.requires = ["client"]

        if self.options.prometheus:
            exposition = self.cpp_info.components["prometheus"]
            exposition.set_property("cmake_target_name", "backstay::prometheus")
            exposition.libs = ["backstay_prometheus"]
            exposition.requires = ["policies", "prometheus-cpp::prometheus-cpp-core"]
