"""Checks that a source file compiles as it is and that each of its faults does not.

usage: check_compile_fail.py SOURCE COMPILER [OPTION...]

The source names its faults in lines `// fault N: REGEX`, and holds the code of each between `#if FAULT == N`. FAULT 0
must compile, so that no fault can fail for another reason than its own; fault N must not, with a message that matches.
"""

import concurrent.futures
import os
import re
import subprocess
import sys


def compile_with(fault, source, command):
    done = subprocess.run([*command, f"-DFAULT={fault}", "-fsyntax-only", source], capture_output=True, text=True)
    return done.returncode, done.stderr


def complaint(fault, expected, source, command):
    """What is wrong with the compiler's answer to one fault, or None."""
    status, message = compile_with(fault, source, command)
    if fault == 0:
        return None if status == 0 else f"without a fault it does not compile:\n{message}"
    if status == 0:
        return f"fault {fault} compiles, but should be refused: {expected}"
    if not re.search(expected, message):
        return f"fault {fault} is refused without saying: {expected}\n{message}"
    return None


def main(source, command):
    with open(source, encoding="utf-8") as file:
        faults = {int(number): regex for number, regex in re.findall(r"^// fault (\d+): (.+)$", file.read(), re.M)}
    assert faults, f"{source} names no fault"
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(complaint, fault, expected, source, command)
                for fault, expected in [(0, None), *faults.items()]]
        complaints = [text for job in jobs if (text := job.result())]
    print(*complaints, f"{os.path.basename(source)}: {len(faults)} faults, {len(complaints)} complaints", sep="\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    # CMake 3.31 hands on generator expressions that came to nothing as empty words
    sys.exit(main(sys.argv[1], [word for word in sys.argv[2:] if word]))
