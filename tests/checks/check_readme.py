"""Compares the C++ of a Markdown file with the examples. usage: check_readme.py FILE FOLDER

Each C++ block must stand word for word in a .cpp file of the folder: what is shown is what is compiled.
"""

import pathlib
import re
import sys

CPP_BLOCK = re.compile(r"^```(?:cpp|c\+\+)\n(.*?)^```", re.S | re.M)


def main(file, folder):
    text = pathlib.Path(file).read_text()
    sources = [path.read_text() for path in sorted(pathlib.Path(folder).glob("*.cpp"))]
    blocks = list(CPP_BLOCK.finditer(text))
    strange = [block for block in blocks if not any(block[1] in source for source in sources)]
    for block in strange:
        line = text.count("\n", 0, block.start()) + 1
        print(f"{file}:{line}: this C++ block stands in no example")
    print(f"{len(blocks)} blocks, {len(strange)} in no example")
    return 1 if strange or not blocks else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
