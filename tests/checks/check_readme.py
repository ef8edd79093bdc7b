"""Compares the C++ of Markdown files with the examples. usage: check_readme.py FILE... FOLDER

Each C++ block must stand word for word in a .cpp file below the folder, be it deeper: what is shown is what is compiled.
"""

import pathlib
import re
import sys
import textwrap

CPP_BLOCK = re.compile(r"^```(?:cpp|c\+\+)\n(.*?)^```", re.S | re.M)


def stands_in(block, source):
    return any(textwrap.indent(block, " " * depth) in source for depth in (0, 4, 8))


def main(*files, folder):
    sources = [path.read_text() for path in sorted(pathlib.Path(folder).rglob("*.cpp"))]
    sound = True
    for file in files:
        text = pathlib.Path(file).read_text()
        blocks = list(CPP_BLOCK.finditer(text))
        strange = [block for block in blocks if not any(stands_in(block[1], source) for source in sources)]
        for block in strange:
            line = text.count("\n", 0, block.start()) + 1
            print(f"{file}:{line}: this C++ block stands in no example")
        print(f"{file}: {len(blocks)} blocks, {len(strange)} in no example")
        sound = sound and blocks and not strange
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:-1], folder=sys.argv[-1]))
