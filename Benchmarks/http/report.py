"""The tables of a run, and whether the targets were met. Every figure is the median of the rounds; a ratio is the
median of the ratios within each round, since rounds differ more than what is compared in them."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Iterable

import load
import machine
import processes
import servers
from servers import HUMMINGBIRD, NGINX, SERVERS, SHROFF

CPU_TO_NGINX, CPU_TO_NGINX_LATER, CPU_TO_HUMMINGBIRD = 1.3, 1.0, 1 / 3
LATENCY_TARGETS = {"p50": 0.3, "p99": 3.0, "p99.9": 15.0}
#: Where more of the cores than this is used by something else, servers wait for it.
TOLERABLE_OTHERS_SHARE = 0.1
NAMES = {server.key: server.name for server in SERVERS}


@dataclasses.dataclass(frozen=True)
class Measurement:
    """One server under one load."""

    server: str
    #: Requests a second that were offered; None in a closed loop.
    rate: float | None
    load: load.Load
    span: processes.Span
    #: A request, counted during the warm-up; None where they can't be counted.
    system_calls: float | None
    #: Bytes of an answer's head and body.
    answer: tuple[int, int]

    @property
    def microseconds(self) -> float:
        """CPU a request."""
        return self.span.usage.seconds / self.load.requests * 1e6


@dataclasses.dataclass(frozen=True)
class CrossCheck:
    """One server under wrk."""

    server: str
    path: str
    per_second: float
    microseconds: float


@dataclasses.dataclass(frozen=True)
class Results:
    rounds: int
    seconds: float
    closed: list[Measurement]
    constant: list[Measurement]
    checks: list[CrossCheck]


def median(rows: Iterable[Measurement], value: Callable[[Measurement], float]) -> float:
    return statistics.median(value(row) for row in rows)


def latency(name: str) -> Callable[[Measurement], float]:
    return lambda row: row.load.latency[name]


def ratio(rows: list[Measurement], peers: list[Measurement]) -> float:
    """The median of the rounds' ratios of CPU a request."""
    return statistics.median(row.microseconds / peer.microseconds for row, peer in zip(rows, peers, strict=True))


def of(measurements: list[Measurement], server: servers.Server, rate: float | None = None) -> list[Measurement]:
    return [row for row in measurements if row.server == server.key and rate in (None, row.rate)]


def number(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def closed_table(results: Results) -> list[str]:
    nginx = of(results.closed, NGINX)
    lines = [
        "| server | CPU, µs a request | × nginx | user | system | requests/s | system calls | switches "
        "| answer, bytes | generator's thread |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for server in SERVERS:
        rows = of(results.closed, server)
        head, body = rows[0].answer
        calls = [row.system_calls for row in rows if row.system_calls is not None]
        cells = [
            server.name,
            number(median(rows, lambda row: row.microseconds)),
            f"{ratio(rows, nginx):.2f}",
            number(median(rows, lambda row: row.span.usage.user / row.load.requests * 1e6)),
            number(median(rows, lambda row: row.span.usage.system / row.load.requests * 1e6)),
            f"{median(rows, lambda row: row.load.per_second):,.0f}",
            f"{statistics.median(calls):.2f}" if calls else "-",
            f"{median(rows, lambda row: row.span.usage.switches / row.load.requests):.2f}",
            f"{head} + {body}",
            f"{median(rows, lambda row: row.load.generator_share):.0%}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    rows = of(results.closed, SHROFF)
    rest = sum(row.span.usage.seconds - row.span.loop_seconds for row in rows)
    rest *= 1e6 / sum(row.load.requests for row in rows)
    text = (
        f"Of Shroff's CPU, {number(rest)} µs a request (mean of the rounds) are outside its event loops, where the log "
        "is flushed to the disk and its full segments are compressed; what a load leaves to compress is counted, too."
    )
    return [*lines, "", text]


def constant_table(results: Results) -> list[str]:
    lines = [
        "| server | requests/s | p50 | p99 | p99.9 | longest | over 50 ms | failed | CPU, µs a request | × nginx |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    nginx = of(results.constant, NGINX)
    for server, rate in dict.fromkeys((row.server, row.rate) for row in results.constant):
        rows = [row for row in results.constant if (row.server, row.rate) == (server, rate)]
        cells = [NAMES[server], f"{rate:,.0f}"]
        cells += [number(median(rows, latency(name))) for name in LATENCY_TARGETS]
        cells += [
            number(max(row.load.latency["max"] for row in rows)),
            f"{sum(row.load.over_deadline for row in rows):,}",
            f"{sum(row.load.failed for row in rows):,}",
            number(median(rows, lambda row: row.microseconds)),
            f"{ratio(rows, nginx):.2f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def check_table(results: Results) -> list[str]:
    """Each request's ratio is to nginx with the same request."""
    lines = ["| server | request | requests/s | CPU, µs a request | × nginx |", "|---|---|--:|--:|--:|"]
    for key, path in dict.fromkeys((check.server, check.path) for check in results.checks):
        rows = checks_of(results, key, path)
        method = "POST" if path == servers.SCORE_PATH else "GET"
        cells = [
            NAMES[key] if path == servers.SCORE_PATH else NAMES[key].partition(",")[0],
            f"`{method} {path}`",
            f"{statistics.median(row.per_second for row in rows):,.0f}",
            number(statistics.median(row.microseconds for row in rows)),
            f"{check_ratio(results, key, NGINX.key, path):.2f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def checks_of(results: Results, server: str, path: str) -> list[CrossCheck]:
    return [check for check in results.checks if (check.server, check.path) == (server, path)]


def check_ratio(results: Results, server: str, peer: str, path: str = servers.SCORE_PATH) -> float:
    pairs = zip(checks_of(results, server, path), checks_of(results, peer, path), strict=True)
    return statistics.median(row.microseconds / other.microseconds for row, other in pairs)


def verdict(met: bool, text: str) -> str:
    return f"* {'met' if met else '**missed**'}: {text}"


def cpu_verdicts(results: Results, peer: servers.Server, targets: dict[str, float]) -> list[str]:
    """Under both generators; a target is met where it is under both."""
    found = [ratio(of(results.closed, SHROFF), of(results.closed, peer))]
    text = f"CPU of a whole scored payment {found[0]:.2f} × that of {peer.name.partition(',')[0]}'s constant"
    if results.checks:
        found.append(check_ratio(results, SHROFF.key, peer.key))
        text += f" ({found[1]:.2f} × by wrk)"
    return [verdict(max(found) <= target, f"{text}; {name} ≤ {target:.2f} ×") for name, target in targets.items()]


def verdicts(results: Results) -> list[str]:
    lines = cpu_verdicts(results, NGINX, {"target": CPU_TO_NGINX, "later": CPU_TO_NGINX_LATER})
    lines += cpu_verdicts(results, HUMMINGBIRD, {"target": CPU_TO_HUMMINGBIRD})
    rate = max(row.rate or 0 for row in of(results.constant, SHROFF))
    rows = of(results.constant, SHROFF, rate)
    for name, target in LATENCY_TARGETS.items():
        found = median(rows, latency(name))
        lines.append(
            verdict(found <= target, f"{name} at 70 % of the peak {number(found)} ms, target ≤ {target:g} ms"))
    over, failed = sum(row.load.over_deadline for row in rows), sum(row.load.failed for row in rows)
    requests = sum(row.load.requests for row in rows)
    text = f"{over:,} of about {requests:,} payments over their budget of 50 ms, {failed:,} failed, target none"
    lines.append(verdict(over + failed == 0, text))
    return lines


def remarks(results: Results) -> list[str]:
    """What a reader must know of this run before the figures mean anything."""
    everything = results.closed + results.constant
    others = median(everything, lambda row: row.span.others_share)
    lines = [
        f"Everything else on the machine used {others:.0%} of its cores (median of the measurements; "
        f"{max(row.span.others_share for row in everything):.0%} in the worst)."
    ]
    if others > TOLERABLE_OTHERS_SHARE:
        lines.append("**That is too much: the latencies below tell of the machine, not of the servers.**")
    sources: dict[str, int] = {}
    for row in everything:
        for source, count in row.load.decision_sources.items() if row.server == SHROFF.key else ():
            sources[source] = sources.get(source, 0) + count
    told = ", ".join(f"{count:,} by {source}" for source, count in sorted(sources.items()))
    lines.append(f"Shroff's decisions: {told}. All of them were recorded.")
    shed = sum(row.load.failed for row in results.closed)
    if shed:
        lines.append(f"In the closed loops {shed:,} requests were answered with 503; the others bear their cost.")
    late = [row for row in results.constant if row.load.lag > 1]
    if late:
        lines.append(
            f"In {len(late)} of {len(results.constant)} open-loop measurements the generator itself was late by more "
            "than 1 ms for 1 % of its requests.")
    return lines


def rendered(results: Results, kit: servers.Kit) -> str:
    share = "70 % of what the slowest Swift server reached"
    sections = [
        [f"Machine: {machine.description()}.", "", f"Versions: {machine.versions(kit)}."],
        [f"Rounds: {results.rounds}, of {results.seconds:g} s a measurement; {load.CONNECTIONS} connections."],
        remarks(results),
        ["### Targets", "", *verdicts(results)],
        ["### Closed loop: CPU of the server a request", "", *closed_table(results)],
        [f"### Constant rate, {share}: milliseconds from the intended send time", "", *constant_table(results)],
    ]
    if results.checks:
        sections.append(["### By wrk: closed loop, payments that were made before", "", *check_table(results)])
    return "\n\n".join("\n".join(section) for section in sections)
