"""Checks every include against the table of layers. usage: check_layering.py ROOT

Prints `file:line: rule` for each include that breaks one, and then exits with 1.
"""

import pathlib
import re
import sys

# What a layer may include besides the standard library and itself: layers by name, other headers by prefix.
USES = {
    "core": ["tl/expected.hpp"],
    "policy": ["core"],
    "telemetry": ["core"],
    "prometheus": ["core", "telemetry", "prometheus/"],
    "pipeline": ["core", "policy", "asio/", "pthread.h"],
    "http": ["core", "asio/", "openssl/", "llhttp.h", "zlib.h", "boost/url", "boost/core/", "boost/system/"],
    "api": ["core", "policy", "telemetry", "pipeline", "http", "boost/json", "boost/describe", "boost/mp11", "unistd.h"],
    "testing": ["core", "policy", "pipeline", "telemetry", "http", "api", "boost/json", "unistd.h", "sys/"],
    "cli": ["core", "policy", "pipeline", "telemetry", "http", "api", "testing", "CLI/", "fmt/", "unistd.h"],
}
INHERITS = {"api": ["http"], "testing": ["http", "api"], "cli": ["http", "api", "testing"]}

# A test may also use the test support, and above the pipeline the testing layer (tests/CMakeLists.txt links it).
TESTS_USE = ["support/", "catch2/"]
TESTS_USE_TESTING = {"prometheus", "http", "api", "testing", "cli"}

# The pipeline knows executors and timers: no sockets.
FORBIDDEN = {"pipeline": r"asio/(ip/|ssl|local/|generic/|posix/|serial|read|write|connect|basic_.*socket)"}

# What a public header includes, every user's every source file pays for.
FORBIDDEN_IN_PUBLIC = r"asio\.hpp|asio/ssl|boost/url|boost/asio|openssl/|llhttp\.h|zlib\.h"

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(header, here):
    """The layer that an include path belongs to, or None for what is not ours."""
    parts = header.split("/")
    if parts[0] == "backstay":
        return parts[1]
    return parts[0] if parts[0] in USES else None


def may_use(layer):
    uses = [layer] + USES[layer]
    for other in INHERITS.get(layer, []):
        uses += USES[other]
    return uses


def broken_rule(tree, layer, quoted, header):
    """The sentence that says which rule an include breaks, or None."""
    if not quoted and re.fullmatch(r"[a-z0-9_]+", header):
        return None
    if tree == "include" and (quoted or re.match(FORBIDDEN_IN_PUBLIC, header)):
        return f"a public header may not include {header}: every user would pay for it"
    if re.match(FORBIDDEN.get(layer, r"(?!)"), header):
        return f"{layer} may not include {header}: it uses executors and timers only"
    uses = may_use(layer)
    if tree == "tests":
        uses = uses + TESTS_USE
        if layer in TESTS_USE_TESTING:
            uses = uses + may_use("testing")
    target = layer_of(header, layer)
    if target:
        allowed = target in uses
    else:
        allowed = (quoted and "/" not in header) or any(header.startswith(use) for use in uses if use not in USES)
    if not allowed:
        return f"{layer} may not include {header}: it may use the standard library, {', '.join(dict.fromkeys(uses))}"
    return None


def main(root):
    trees = {"include": root / "include/backstay", "src": root / "src", "tests": root / "tests"}
    broken = checked = 0
    for tree, folder in trees.items():
        for path in sorted(folder.glob("*/**/*.[ch]pp")):
            layer = path.relative_to(folder).parts[0]
            if layer not in USES:
                continue
            checked += 1
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found = INCLUDE.match(line)
                rule = found and broken_rule(tree, layer, found[1] == '"', found[2])
                if rule:
                    broken += 1
                    print(f"{path.relative_to(root)}:{number}: {rule}")
    print(f"layering: {checked} files, {broken} wrong includes")
    return 1 if broken or not checked else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
