"""What the kernel knows of a server's processes: CPU time, context switches and, where perf may count them, system
calls. CPU time is that of the whole tree, threads that have ended included, in steps of 10 ms."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator

PROC = pathlib.Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
#: How long a server may go on with what a load has left it, such as compressing its log.
LONGEST_SETTLING_SECONDS = 20.0
SETTLED_SECONDS = 0.5
SYSTEM_CALLS = "raw_syscalls:sys_enter"


@dataclasses.dataclass(frozen=True)
class Usage:
    """Seconds of CPU, and how often a thread was taken off its core, since the processes began."""

    user: float = 0.0
    system: float = 0.0
    switches: int = 0

    @property
    def seconds(self) -> float:
        return self.user + self.system

    def __sub__(self, earlier: Usage) -> Usage:
        return Usage(self.user - earlier.user, self.system - earlier.system, self.switches - earlier.switches)


def stat_fields(path: pathlib.Path) -> list[str]:
    """The fields behind the name, which may hold spaces: the state, the parent, …"""
    return path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def tree(root: int) -> list[int]:
    """The process and all below it."""
    children: dict[int, list[int]] = {}
    for path in PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            children.setdefault(int(stat_fields(path)[1]), []).append(int(path.parent.name))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def usage(root: int) -> Usage:
    user = system = switches = 0
    for process in tree(root):
        fields = stat_fields(PROC / str(process) / "stat")
        user += int(fields[11])
        system += int(fields[12])
        for path in PROC.glob(f"{process}/task/*/status"):
            with contextlib.suppress(OSError):
                text = path.read_text(encoding="utf-8", errors="replace")
                switches += sum(int(count) for count in re.findall(r"ctxt_switches:\s*(\d+)", text))
    return Usage(user / TICKS_PER_SECOND, system / TICKS_PER_SECOND, switches)


def thread_seconds(root: int, prefix: str) -> float:
    """CPU of the threads of one process whose names begin so."""
    ticks = 0
    for path in PROC.glob(f"{root}/task/*/stat"):
        with contextlib.suppress(OSError):
            if path.read_text(encoding="utf-8", errors="replace").partition("(")[2].startswith(prefix):
                ticks += sum(int(field) for field in stat_fields(path)[11:13])
    return ticks / TICKS_PER_SECOND


def settle(root: int) -> None:
    """Waits until the processes use no CPU to speak of, and gives up on that after a while."""
    deadline = time.monotonic() + LONGEST_SETTLING_SECONDS
    before = usage(root).seconds
    while time.monotonic() < deadline:
        time.sleep(SETTLED_SECONDS)
        now = usage(root).seconds
        if now - before <= 1.5 / TICKS_PER_SECOND:
            return
        before = now


def machine_busy_seconds() -> float:
    """CPU seconds that anything on this machine has used, its guests' stolen time among them."""
    user, nice, system, _, _, interrupt, soft, steal = (
        int(field) for field in (PROC / "stat").read_text(encoding="utf-8").split()[1:9]
    )
    return (user + nice + system + interrupt + soft + steal) / TICKS_PER_SECOND


def own_seconds() -> float:
    """CPU seconds of this program and of the commands that it has waited for."""
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in parts)


@dataclasses.dataclass(frozen=True)
class Span:
    """What a stretch of time has cost."""

    usage: Usage
    #: CPU seconds of the threads that serve requests; of all, where they can't be told apart.
    loop_seconds: float
    #: What everything but the server and this program with its generators used, as a share of all cores.
    others_share: float


class Stopwatch:
    """Begins a span when it is made."""

    def __init__(self, root: int, loops: str) -> None:
        self.root, self.loops = root, loops
        self.before, self.loops_before = usage(root), thread_seconds(root, loops)
        self.began, self.busy_before, self.own_before = time.monotonic(), machine_busy_seconds(), own_seconds()

    def read(self) -> Span:
        used = usage(self.root) - self.before
        elapsed = time.monotonic() - self.began
        others = machine_busy_seconds() - self.busy_before - (own_seconds() - self.own_before) - used.seconds
        loops = thread_seconds(self.root, self.loops) - self.loops_before if self.loops else used.seconds
        return Span(used, loops, max(0.0, others) / elapsed / len(os.sched_getaffinity(0)))


@functools.cache
def can_count_system_calls() -> bool:
    if shutil.which("perf") is None:
        return False
    command = ["perf", "stat", "-e", SYSTEM_CALLS, "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def counting_system_calls(root: int) -> Iterator[list[int]]:
    """Counts while the block runs; the list holds the count afterwards, and nothing where it can't be had."""
    counted: list[int] = []
    if not can_count_system_calls():
        yield counted
        return
    processes = ",".join(str(process) for process in tree(root))
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as output:
        command = ["perf", "stat", "-x,", "-o", output.name, "-e", SYSTEM_CALLS, "-p", processes]
        counter = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.3)  # it has no way to say that it has begun
            yield counted
        finally:
            counter.send_signal(signal.SIGINT)
            counter.wait()
        found = re.search(r"^(\d+),.*sys_enter", output.read(), re.MULTILINE)
        if found:
            counted.append(int(found[1]))
