"""Makes small models of XGBoost, LightGBM and CatBoost with what the libraries answer.

    make_models.py --out DIR [--seed N] [--libraries xgboost lightgbm catboost]
                   [--old-xgboost VENV ...]

Each `VENV` is the folder of a virtual environment with an older XGBoost; the script runs itself
there.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pathlib
import secrets
import subprocess
import time

from zoo import Zoo

LIBRARIES = ("xgboost", "lightgbm", "catboost")


def _old(zoo: Zoo, environment: pathlib.Path) -> list[str]:
    """Has another environment's XGBoost make its models, and takes over its manifest."""
    part = zoo.folder / "manifest-part.json"
    command = [environment / "bin" / "python", __file__, "--out", zoo.folder, "--seed", zoo.seed]
    subprocess.run([*map(str, command), "--libraries", "old"], check=True)
    manifest = json.loads(part.read_text(encoding="utf-8"))
    part.unlink()
    zoo.entries += manifest["models"]
    return manifest["versions"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, required=True, help="where the models go")
    parser.add_argument("--seed", type=int, help="a random one by default")
    parser.add_argument("--libraries", nargs="+", choices=[*LIBRARIES, "old"], default=LIBRARIES)
    parser.add_argument("--old-xgboost", nargs="+", type=pathlib.Path, default=[], metavar="VENV")
    options = parser.parse_args()
    seed = secrets.randbelow(1 << 31) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    zoo = Zoo(options.out, seed)
    if options.libraries == ["old"]:
        versions = importlib.import_module("xgboost_models").build_old(zoo)
        zoo.save("manifest-part.json", versions)
        return
    versions = []
    for library in options.libraries:
        versions += importlib.import_module(f"{library}_models").build(zoo)
    for environment in options.old_xgboost:
        versions += _old(zoo, environment)
    zoo.save("manifest.json", versions)
    seconds = time.monotonic() - started
    print(f"{len(zoo.entries)} models in {options.out}, seed {seed}, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
