"""The two generators: `shroff loadtest`, which makes simulated payments as it goes, and wrk, which sends those of a
file. Both use 64 connections; an answer that is not 200 ends the benchmark."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
from typing import Any

import servers

CONNECTIONS = 64
DEADLINE_MILLISECONDS = 50
#: The part of a closed loop's requests that may be answered with 503: a machine that is busy with other things makes a
#: server shed load for a moment.
TOLERABLE_SHED_SHARE = 0.01
HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Load:
    """What the generator saw."""

    requests: int
    per_second: float
    #: Milliseconds from the intended send time, by name: p50, p99, p99.9, max.
    latency: dict[str, float] = dataclasses.field(default_factory=dict)
    over_deadline: int = 0
    #: Requests that were answered with 503, and those of an open loop that were not sent or not answered in time, whose
    #: waiting is in `latency`.
    failed: int = 0
    decision_sources: dict[str, int] = dataclasses.field(default_factory=dict)
    #: CPU of the generator's thread as a share of a core, and the 99th percentile of how late it sent, in milliseconds.
    generator_share: float = 0.0
    lag: float = 0.0


def loadtest(
    kit: servers.Kit, server: servers.Server, port: int, seconds: float, seed: int, rate: float | None = None,
    warm_up: float = 0.0,
) -> Load:  # fmt: skip
    """Simulated payments, closed loop without a rate. `requests` counts those of the warm-up too."""
    command = [
        str(kit.shroff), "loadtest", "--url", f"http://127.0.0.1:{port}{servers.SCORE_PATH}", "--json", "-",
        "--seconds", f"{seconds:g}", "--warm-up", f"{warm_up:g}", "--connections", str(CONNECTIONS),
        "--seed", str(seed), "--rate", f"{rate or 0:g}", "--deadline-ms", str(DEADLINE_MILLISECONDS),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise servers.Failure(f"{server.name}: the generator failed: {done.stderr.strip()}") from None
    failed = check(kit, server, report)
    requests = report["status"]["200"]
    if rate:
        requests = round(requests * (seconds + warm_up) / seconds)
    return Load(
        requests, report["achieved_per_second"],
        {name: report["latency_ms"][name] for name in ("p50", "p99", "p99.9", "max")}, report["over_deadline"],
        failed, report["decision_source"], report["generator"]["cpu_share"], report["generator"]["lag_ms"]["p99"],
    )  # fmt: skip


def check(kit: servers.Kit, server: servers.Server, report: dict[str, Any]) -> int:
    """Every answer must have been a decision with status 200, of the right size. Returns how many requests failed
    because the server could not keep up; in a closed loop hardly any may."""
    statuses: dict[str, int] = report["status"]
    errors: dict[str, int] = {kind: count for kind, count in report["errors"].items() if count}
    good, failed = statuses.get("200", 0), statuses.get("503", 0) + sum(errors.values())
    is_closed = report["mode"] == "closed"
    is_bad = set(statuses) - {"200", "503"} or set(errors) - (set() if is_closed else {"unsent", "timeout"})
    if not good or is_bad or is_closed and failed > TOLERABLE_SHED_SHARE * good:
        raise servers.Failure(f"{server.name}: not every answer was a 200: {statuses}, errors {errors}.")
    if sum(report["decision_source"].values()) != good or report["not_recorded"]:
        raise servers.Failure(f"{server.name}: answers without a decision, or payments that were not recorded.")
    servers.check_size(server, report["answer_bytes"] / good, kit)
    return failed


@dataclasses.dataclass(frozen=True)
class Payments:
    """A part of a file: `count` lines after the `first` ones."""

    path: pathlib.Path
    first: int
    count: int


def has_wrk() -> bool:
    return shutil.which("wrk") is not None


def wrk(name: str, port: int, seconds: int, path: str, payments: Payments | None) -> Load:
    """As fast as answers come: payments that are sent once each, or a GET."""
    environment = {key: value for key, value in os.environ.items() if key != "PAYMENTS"}
    if payments is not None:
        part = {"PAYMENTS": payments.path, "FIRST": payments.first, "COUNT": payments.count}
        environment |= {key: str(value) for key, value in part.items()}
    command = [
        "wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s",
        "--script", str(HERE / "payments.lua"), f"http://127.0.0.1:{port}{path}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    total = re.search(r"(\d+) requests in", done.stdout)
    rate = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    if done.returncode != 0 or total is None or rate is None:
        raise servers.Failure(f"{name}: wrk failed: {done.stdout}{done.stderr}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    failed = int(refused[1]) if refused else 0
    good = int(total[1]) - failed
    if "Socket errors" in done.stdout or failed > TOLERABLE_SHED_SHARE * good:
        raise servers.Failure(f"{name}: wrk saw errors:\n{done.stdout}")
    return Load(good, float(rate[1]) * good / int(total[1]), failed=failed)
