"""Measures Shroff's whole scored payment beside servers that return a constant, in one run, and prints tables.

    measure.py --folder DIR --shroff PROGRAM --peers DIR --python PROGRAM [--rounds N] [--seconds N]

Every measurement starts its server anew, warms it up, and ends it; servers take turns within a round, because a shared
machine is slow for seconds at a time.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime
import itertools
import json
import pathlib
import re
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterable

import load
import processes
import report
import servers
from servers import FASTAPI, HUMMINGBIRD, NGINX, NIO, SERVERS, SHROFF, Kit, Server

#: The share of a peak that is offered in open loop.
SHARE_OF_PEAK = 0.7
#: Payments whose answers are looked at for one of the usual size.
CAPTURED_ANSWERS = 201
WARM_UP_SEED = 1_000_000
#: The simulated world, as large as that of `shroff loadtest`, and how many payments it makes for certain.
CUSTOMERS, PAYMENTS_A_DAY = 50_000, 60_000
#: Payments that are ready for a second of wrk; a server that is not Shroff gets them again after that.
MOST_PER_SECOND = 50_000


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def shipped_bundle() -> pathlib.Path:
    """The model that the shipped configuration names."""
    text = (servers.ROOT / "config" / "shroff.yaml").read_text(encoding="utf-8")
    found = re.search(r"^  model: *(\S+)$", text, re.MULTILINE)
    bundle = servers.ROOT / "config" / (found[1] if found else "")
    if not (bundle / "model.json").is_file():
        raise servers.Failure(f"The shipped model is no XGBoost JSON that FastAPI's peer could load: {bundle}")
    return bundle


def simulate_payments(shroff: pathlib.Path, path: pathlib.Path, count: int) -> list[bytes]:
    """Writes at least so many, a line each, and returns the first few."""
    days = count // PAYMENTS_A_DAY + 1
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
    command = [
        str(shroff), "simulate", "--days", str(days), "--customers", str(CUSTOMERS), "--output", str(path),
        "--start", f"{start:%Y-%m-%dT%H:%M:%SZ}",
    ]  # fmt: skip
    subprocess.run(command, capture_output=True, check=True)
    with path.open("rb") as file:
        first = [line.rstrip() for line in itertools.islice(file, CAPTURED_ANSWERS)]
        made = len(first) + sum(1 for _ in file)
    if made < count:
        raise servers.Failure(f"The simulation made {made} payments, {count} are needed.")
    return first


def capture_answer(kit: Kit, payments: Iterable[bytes]) -> None:
    """Keeps the answer of Shroff's that is the median by its size: what the peers return."""
    kit.answer.unlink(missing_ok=True)
    with servers.running(SHROFF, kit) as server:
        answers = sorted((servers.ask(server.port, payment).body for payment in payments), key=len)
    kit.answer.write_bytes(answers[len(answers) // 2])


def measured(
    kit: Kit, server: Server, seconds: float, seed: int, rate: float | None, warm_up: float
) -> report.Measurement:
    """One server, started anew: a warm-up, in closed loop or at the rate, then the load that counts."""
    with servers.running(server, kit) as running:
        with processes.counting_system_calls(running.process) as system_calls:
            warmed = load.loadtest(kit, server, running.port, warm_up, seed + WARM_UP_SEED, rate)
        processes.settle(running.process)
        watch = processes.Stopwatch(running.process, server.loops)
        seen = load.loadtest(kit, server, running.port, seconds, seed, rate, 1.0 if rate else 0.0)
        processes.settle(running.process)
        span = watch.read()
        servers.check_answer(server, servers.ask(running.port, kit.payment), kit)
    calls = system_calls[0] / warmed.requests if system_calls else None
    first = running.answer
    return report.Measurement(server.key, rate, seen, span, calls, (first.head_bytes, len(first.body)))


def checked_by_wrk(kit: Kit, seconds: int) -> list[report.CrossCheck]:
    """Each server once more by the other generator, and what Shroff's HTTP costs without a payment."""
    most = seconds * MOST_PER_SECOND
    cases = [(server, servers.SCORE_PATH) for server in SERVERS] + [
        (server, servers.HEALTH_PATH) for server in (SHROFF, NGINX)
    ]
    results = []
    for server, path in cases:
        payments = load.Payments(kit.payments, 1, MOST_PER_SECOND) if path == servers.SCORE_PATH else None
        with servers.running(server, kit) as running:
            load.wrk(server.name, running.port, 1, path, payments)
            processes.settle(running.process)
            if payments is not None:
                payments = load.Payments(kit.payments, 1 + MOST_PER_SECOND, most)
            watch = processes.Stopwatch(running.process, server.loops)
            seen = load.wrk(server.name, running.port, seconds, path, payments)
            processes.settle(running.process)
            cost = watch.read().usage.seconds / seen.requests * 1e6
        if server is SHROFF and payments is not None and seen.requests + seen.failed > most:
            raise servers.Failure(f"{server.name}: {seen.requests} payments, of which only {most} were different ones.")
        results.append(report.CrossCheck(server.key, path, seen.per_second, cost))
    return results


def open_loop_rates(closed: list[report.Measurement]) -> list[tuple[Server, float]]:
    """70 % of the slowest Swift server's peak for all; FastAPI where that is too much, and Shroff once more, at 70 % of
    their own."""
    peaks: dict[str, list[float]] = collections.defaultdict(list)
    for measurement in closed:
        peaks[measurement.server].append(measurement.load.per_second)
    share = {key: statistics.median(found) * SHARE_OF_PEAK // 100 * 100 for key, found in peaks.items()}
    common = max(100, min(share[server.key] for server in (SHROFF, NIO, HUMMINGBIRD)))
    rates = [(server, common) for server in SERVERS if server is not FASTAPI]
    rates.append((FASTAPI, max(100, min(common, share[FASTAPI.key]))))
    if share[SHROFF.key] > common:
        rates.append((SHROFF, share[SHROFF.key]))
    return rates


def wrk_seconds(options: argparse.Namespace) -> int:
    return max(1, int(options.seconds / 2))


def prepared(options: argparse.Namespace) -> Kit:
    path = options.folder / "payments.ndjson"
    count = 1 + MOST_PER_SECOND * (1 + wrk_seconds(options))
    payments = simulate_payments(options.shroff, path, count if load.has_wrk() else CAPTURED_ANSWERS)
    kit = Kit(
        options.folder, options.shroff, options.peers, options.python, shipped_bundle(), path, payments[0],
        options.folder / "answer.json",
    )  # fmt: skip
    capture_answer(kit, payments)
    return kit


def run(options: argparse.Namespace) -> None:
    kit = prepared(options)
    rounds, seconds, warm_up = options.rounds, options.seconds, min(2.0, options.seconds)
    closed: list[report.Measurement] = []
    for turn in range(rounds):
        for server in SERVERS:
            say(f"Round {turn + 1} of {rounds}, closed loop: {server.name} …")
            closed.append(measured(kit, server, seconds, turn, None, warm_up))
    constant: list[report.Measurement] = []
    for turn in range(rounds):
        for server, rate in open_loop_rates(closed):
            say(f"Round {turn + 1} of {rounds}, {rate:,.0f} requests/s: {server.name} …")
            constant.append(measured(kit, server, seconds, turn, rate, warm_up))
    checks: list[report.CrossCheck] = []
    for turn in range(rounds if load.has_wrk() else 0):
        say(f"Round {turn + 1} of {rounds}, wrk …")
        checks += checked_by_wrk(kit, wrk_seconds(options))
    results = report.Results(rounds, seconds, closed, constant, checks)
    kept = json.dumps(dataclasses.asdict(results), indent=1)
    (kit.folder / "results.json").write_text(kept + "\n", encoding="utf-8")
    print(report.rendered(results, kit))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--folder", "--shroff", "--peers", "--python"):
        parser.add_argument(name, type=lambda path: pathlib.Path(path).absolute(), required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6.0, help="of one measurement")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds must be at least 1")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))  # so that servers are ended, too
    try:
        run(options)
    except servers.Failure as failure:
        sys.exit(f"{failure}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
