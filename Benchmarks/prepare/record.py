"""Puts the output of a run, from standard input, between the two marks of a page (README.md), and prints it.

    record.py [PAGE]
"""

import os
import sys

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "README.md")
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"


def main():
    results = sys.stdin.read()
    page = sys.argv[1] if len(sys.argv) > 1 else README
    with open(page) as file:
        before, _, rest = file.read().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        sys.exit(f"{page} lacks its marks; nothing is recorded.")
    with open(page, "w") as file:
        file.write(before + BEGIN + "\n" + results.strip() + "\n\n" + END + after)
    print(results)


if __name__ == "__main__":
    main()
