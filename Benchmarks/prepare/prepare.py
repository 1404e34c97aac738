"""Makes what BenchmarkTrees reads: models, rows, the libraries' answers, and what each peer needs. Keeps what is there.

    prepare.py FOLDER [--quick] [--model NAME]...
"""

import argparse
import glob
import importlib.metadata
import os
import platform
import subprocess
import sys

import artefacts
import models

# The shared library of each peer, as its wheel has it.
LIBRARIES = {
    "xgboost": ("xgboost", "lib/libxgboost.so"),
    "lightgbm": ("lightgbm", "lib/lib_lightgbm.so"),
    "onnxruntime": ("onnxruntime", "capi/libonnxruntime.so.*"),
}
VERSIONED = ["xgboost-cpu", "lightgbm", "catboost", "onnxruntime", "onnxmltools", "tl2cgen", "treelite", "lleaves",
             "llvmlite"]


def say(message):
    print(message, file=sys.stderr, flush=True)


def write_libraries(folder, newest_xgboost):
    site = os.path.dirname(os.path.dirname(importlib.metadata.distribution("numpy").locate_file("numpy/__init__.py")))
    lines = [f"lignum {os.path.join(folder, 'liblignum.so')}", f"newest-xgboost {newest_xgboost}"]
    for name, (package, pattern) in LIBRARIES.items():
        found = glob.glob(os.path.join(site, package, pattern))
        if found:
            lines.append(f"{name} {os.path.realpath(found[0])}")
    with open(os.path.join(folder, "libraries.txt"), "w") as file:
        file.write("\n".join(lines) + "\n")


def write_versions(folder):
    first_line = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
    versions = [f"{name} {importlib.metadata.version(name)}" for name in VERSIONED]
    versions += [pin.replace("==", " ") for pin in (artefacts.LIGNUM, artefacts.NEWEST_XGBOOST)]
    versions += [first_line("gcc", "--version"), first_line("swift", "--version")]
    versions.append(f"Linux {platform.release()}")
    with open(os.path.join(folder, "versions.txt"), "w") as file:
        file.write(", ".join(versions) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--quick", action="store_true", help="the small models only")
    parser.add_argument("--model", action="append", choices=list(models.MODELS), help="these only")
    options = parser.parse_args()
    folder = os.path.abspath(options.folder)
    os.makedirs(folder, exist_ok=True)
    newest_xgboost = artefacts.newest_xgboost(sys.executable, folder, say)
    artefacts.lignum_engine(sys.executable, folder, say)
    for name, (_, _, _, _, small) in models.MODELS.items():
        if options.model and name not in options.model or options.quick and not options.model and not small:
            continue
        models.prepare(name, folder, say)
        artefacts.make_all(name, folder, say)
    write_libraries(folder, newest_xgboost)
    write_versions(folder)


if __name__ == "__main__":
    main()
