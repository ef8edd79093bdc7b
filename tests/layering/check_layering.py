"""Checks every include against the table of layers, and that no two files define the same type in `detail`.
usage: check_layering.py ROOT

Prints `file:line: rule` for each include that breaks one, and then exits with 1. Two types of one name, of which a
program gets either, are no error to a compiler or linker.
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


OPENS = re.compile(r"(?:inline\s+)?namespace\b([^{;=]*)\{")
DEFINES = re.compile(r"\b(?:struct|class|enum|enum\s+class)\s+(?:BACKSTAY_EXPORT\s+)?(\w+)(?:\s+final)?\s*(?::[^:].*)?\{$", re.S)
NOISE = re.compile(r"//[^\n]*|/\*.*?\*/|R\"\((?s:.*?)\)\"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])'", re.S)


def detail_types(text):
    """Yields (line, name) of each type defined directly in a namespace `detail`, not in one without a name."""
    text = NOISE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    scopes = []
    place = 0
    for brace in re.finditer(r"[{}]", text):
        head = text[place:brace.end()]
        place = brace.end()
        if brace[0] == "}":
            scopes = scopes[:-1]
            continue
        head = re.split(r"[;}]", head)[-1]
        namespace = OPENS.search(head)
        if namespace:
            scopes.append(namespace[1].strip() or "unnamed")
            continue
        defined = DEFINES.search(head)
        inside = "::".join(scopes)
        if defined and inside.endswith("detail") and not re.search(r"\b(unnamed|other)\b", inside):
            yield text.count("\n", 0, brace.start()) + 1, defined[1]
        scopes.append("other")


def types_defined_twice(root):
    first = {}
    for path in sorted([*(root / "include").glob("**/*.hpp"), *(root / "src").glob("**/*.[ch]pp")]):
        for line, name in detail_types(path.read_text()):
            where = f"{path.relative_to(root)}:{line}"
            if first.setdefault(name, where) != where:
                yield f"{where}: detail::{name} is defined in {first[name]} too: give one another name"


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
    for clash in types_defined_twice(root):
        broken += 1
        print(clash)
    print(f"layering: {checked} files, {broken} faults")
    return 1 if broken or not checked else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
