"""What a run was made on: the machine's shape, and the versions of what was compared."""

from __future__ import annotations

import json
import pathlib
import platform
import re
import subprocess

import servers

PACKAGES = ("fastapi", "uvicorn", "uvloop", "httptools", "orjson", "xgboost-cpu")
SWIFT_PACKAGES = ("swift-nio", "hummingbird")


def first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (done.stdout + done.stderr).strip().partition("\n")[0].strip()


def value_of(path: str, name: str) -> str:
    found = re.search(rf"^{name}\s*: *(.*)$", pathlib.Path(path).read_text(encoding="utf-8"), re.MULTILINE)
    return found[1].strip() if found else "unknown"


def description() -> str:
    info = "/proc/cpuinfo"
    memory = int(value_of("/proc/meminfo", "MemTotal").split()[0]) / 1_048_576
    return (
        f"{value_of(info, 'model name')} (family {value_of(info, 'cpu family')}, model {value_of(info, 'model')}), "
        f"{servers.CORES} cores, which servers and generators share, {memory:.0f} GiB memory"
    )


def versions(kit: servers.Kit) -> str:
    pins = json.loads((servers.HERE / "peers" / "Package.resolved").read_text(encoding="utf-8"))["pins"]
    swift = {pin["identity"]: pin["state"]["version"] for pin in pins}
    listing = f"import importlib.metadata as m; print(*[n + ' ' + m.version(n) for n in {PACKAGES!r}], sep=', ')"
    parts = [
        f"nginx {first_line('nginx', '-v').rpartition('/')[2]}",
        *(f"{name} {swift[name]}" for name in SWIFT_PACKAGES),
        first_line(str(kit.python), "--version"),
        first_line(str(kit.python), "-c", listing),
        first_line("swift", "--version"),
        f"Linux {platform.release()}",
    ]
    if wrk := re.search(r"^wrk (?:debian/)?([\d.]+)", first_line("wrk", "-v")):
        parts.append(f"wrk {wrk[1]}")
    return ", ".join(part for part in parts if part)
