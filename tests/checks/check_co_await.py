"""Looks for braced temporaries inside co_await expressions. usage: check_co_await.py ROOT FOLDER_OR_FILE...

GCC 12 destroys an aggregate that is written in braces inside a co_await expression twice. Nothing in the sources tells
an aggregate from a class with constructors, so any braces there are refused: name the object first. A lambda's body is
no temporary. A default argument is one, wherever the function is called, so public headers write `Type()` instead of
braces. Of a Markdown file the C++ blocks are read; folders named `planted` are left out.
"""

import pathlib
import re
import sys

NOISE = re.compile(
    r'R"(?P<mark>[^()\\ ]{0,16})\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|//[^\n]*|/\*.*?\*/', re.S)
CPP_BLOCK = re.compile(r"^```(?:cpp|c\+\+)\n(.*?)^```", re.S | re.M)
BRACED_DEFAULT = re.compile(r"[\w>&*]\s+\w+\s*=\s*[\w:<>]*\{[^{};]*\}\s*[,)]")
LAMBDA_HEAD = re.compile(r"[\])]\s*(?:(?:mutable|noexcept|static|constexpr)\s*)*(?:->\s*[\w:<>,\s*&]+)?$")


def blank(text):
    """Spaces for everything but the line ends, so that positions stay."""
    return re.sub(r"[^\n]", " ", text)


def code_of(path):
    text = path.read_text()
    if path.suffix == ".md":
        blocks, end = [], 0
        for block in CPP_BLOCK.finditer(text):
            blocks += [blank(text[end:block.start(1)]), block[1]]
            end = block.end(1)
        text = "".join(blocks)
    return NOISE.sub(lambda noise: blank(noise[0]), text)


def skip_braces(code, at):
    """The position of the brace that closes the one at `at`."""
    depth = 0
    for at in range(at, len(code)):
        depth += {"{": 1, "}": -1}.get(code[at], 0)
        if depth == 0:
            break
    return at


def braces_in_expression(code, at):
    """Positions of braced temporaries between `at` and the end of the expression that begins there."""
    depth = 0
    while at < len(code):
        char = code[at]
        if char == ";" or (char in ")]}" and depth == 0):
            return
        if char == "{":
            if not LAMBDA_HEAD.search(code[max(0, at - 200):at]):
                yield at
            at = skip_braces(code, at)
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(char, 0)
        at += 1


def files_in(root, names):
    for name in names:
        path = root / name
        if path.is_dir():
            yield from sorted(file for file in path.glob("**/*")
                              if file.suffix in (".hpp", ".cpp", ".md") and "planted" not in file.parts)
        elif path.exists():
            yield path


def main(root, names):
    broken = checked = 0
    for path in files_in(root, names):
        checked += 1
        code = code_of(path)
        found = {at for keyword in re.finditer(r"\bco_await\b", code)
                 for at in braces_in_expression(code, keyword.end())}
        if "include" in path.parts or path.suffix == ".md":
            found |= {default.start() for default in BRACED_DEFAULT.finditer(code)}
        broken += len(found)
        for at in sorted(found):
            line = code.count("\n", 0, at) + 1
            print(f"{path.relative_to(root)}:{line}: braces inside a co_await expression, or in a default argument (GCC "
                  "12 destroys such a temporary twice): name the object first, or write Type()")
    print(f"co_await: {checked} files, {broken} braced temporaries")
    return 1 if broken or not checked else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2:]))
