"""The servers that are compared: how each is started, what its answers must be, and that it ends with the block."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCORE_PATH = "/v1/score"
HEALTH_PATH = "/healthz"
HEALTH_BODY = b'{"status":"ok"}'
START_SECONDS = 60.0
STOP_SECONDS = 15.0
CORES = len(os.sched_getaffinity(0))

NGINX_CONFIGURATION = """\
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
worker_processes {cores};
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type application/json;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    server {{
        listen 127.0.0.1:{port} reuseport backlog=1024;
        location = {score_path} {{ return 200 '{answer}'; }}
        location = {health_path} {{ return 200 '{health}'; }}
    }}
}}
"""


class Failure(Exception):
    """Ends the benchmark; the message says why."""


@dataclasses.dataclass(frozen=True)
class Kit:
    """What was built and captured before."""

    folder: pathlib.Path
    shroff: pathlib.Path
    peers: pathlib.Path
    python: pathlib.Path
    bundle: pathlib.Path
    #: Simulated payments, a line each, and the first of them.
    payments: pathlib.Path
    payment: bytes
    answer: pathlib.Path


@dataclasses.dataclass(frozen=True)
class Server:
    """One row of the tables."""

    key: str
    name: str
    #: Every answer is the captured one, so its size is known to the byte.
    is_constant: bool
    #: Threads that serve requests, by the beginning of their names, where others are told apart.
    loops: str = ""

    def command(self, kit: Kit, port: int, folder: pathlib.Path) -> list[str]:
        match self.key:
            case "shroff":
                return [str(kit.shroff), "serve", "--config", str(ROOT / "config" / "shroff.yaml")]
            case "nginx":
                return ["nginx", "-p", str(folder), "-c", str(write_nginx_configuration(kit, port, folder))]
            case "nio":
                return [str(kit.peers / "NIOPeer"), str(port), str(kit.answer)]
            case "hummingbird":
                return [str(kit.peers / "HummingbirdPeer"), str(port), str(kit.answer)]
            case "fastapi":
                return [
                    str(kit.python), "-m", "uvicorn", "fastapi_peer:app", "--app-dir", str(HERE),
                    "--port", str(port), "--workers", str(CORES), "--loop", "uvloop", "--http", "httptools",
                    "--no-access-log", "--log-level", "warning",
                ]  # fmt: skip
            case _:
                raise AssertionError(self.key)

    def environment(self, kit: Kit, port: int, folder: pathlib.Path) -> dict[str, str]:
        match self.key:
            case "shroff":
                return {"SHROFF_DATA_DIRECTORY": str(folder / "data"), "SHROFF_HTTP_PORT": str(port)}
            case "fastapi":
                return {
                    "PEER_MODEL": str(kit.bundle), "PEER_ANSWER": str(kit.answer), "OMP_NUM_THREADS": "1",
                    "PYTHONDONTWRITEBYTECODE": "1",
                }  # fmt: skip
            case _:
                return {}


SHROFF = Server("shroff", "Shroff, a whole scored payment", is_constant=False, loops="http-")
NGINX = Server("nginx", "nginx, constant", is_constant=True)
NIO = Server("nio", "SwiftNIO, constant", is_constant=True)
HUMMINGBIRD = Server("hummingbird", "Hummingbird, constant", is_constant=True)
FASTAPI = Server("fastapi", "FastAPI with XGBoost", is_constant=False)
SERVERS = (SHROFF, NGINX, NIO, HUMMINGBIRD, FASTAPI)


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    #: Bytes of the status line and the headers, as they stood on the wire.
    head_bytes: int
    body: bytes


@dataclasses.dataclass(frozen=True)
class Running:
    process: int
    port: int
    #: To the first request.
    answer: Answer


def write_nginx_configuration(kit: Kit, port: int, folder: pathlib.Path) -> pathlib.Path:
    answer = kit.answer.read_text(encoding="utf-8")
    if set(answer) & set("'$\\\n"):
        raise Failure("The captured answer holds a character that nginx's configuration gives a meaning to.")
    path = folder / "nginx.conf"
    path.write_text(
        NGINX_CONFIGURATION.format(
            folder=folder, cores=CORES, port=port, answer=answer, health=HEALTH_BODY.decode(),
            score_path=SCORE_PATH, health_path=HEALTH_PATH,
        ),
        encoding="utf-8",
    )  # fmt: skip
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(port: int, body: bytes, path: str = SCORE_PATH) -> Answer:
    """One request on a connection of its own: POST of the body, GET where it is empty."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(
            "POST" if body else "GET", path, body or None, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        head = f"HTTP/1.1 {response.status} {response.reason}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in response.getheaders()) + "\r\n"
        return Answer(response.status, len(head), response.read())
    finally:
        connection.close()


@contextlib.contextmanager
def running(server: Server, kit: Kit) -> Iterator[Running]:
    """Starts the server in a folder of its own, waits until it answers, and ends it with the block."""
    with tempfile.TemporaryDirectory(dir=kit.folder, prefix=f"{server.key}-") as name:
        folder, port = pathlib.Path(name), free_port()
        log = folder / "output.txt"
        with log.open("wb") as output:
            process = subprocess.Popen(
                without_priority() + server.command(kit, port, folder), cwd=ROOT,
                env=os.environ | server.environment(kit, port, folder), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        try:
            answer = first_answer(server, process, port, kit, log)
            yield Running(process.pid, port, answer)
        finally:
            stop(process)


def without_priority() -> list[str]:
    """Root may give its threads more than their share of the cores; a service in a container may not, and none here."""
    if os.geteuid() == 0 and shutil.which("setpriv"):
        return ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"]
    return []


def first_answer(
    server: Server, process: subprocess.Popen[bytes], port: int, kit: Kit, log: pathlib.Path
) -> Answer:
    """Waits until the server answers at all, and checks what it answers."""
    deadline = time.monotonic() + START_SECONDS
    said = "nothing"
    while process.poll() is None and time.monotonic() < deadline:
        try:
            answer = ask(port, kit.payment)
        except OSError as error:
            said = str(error)
            time.sleep(0.05)
            continue
        check_answer(server, answer, kit)
        return answer
    text = log.read_text(encoding="utf-8", errors="replace").strip()
    raise Failure(f"{server.name}: it does not answer (last: {said}). It printed:\n{text[-2000:]}")


def check_answer(server: Server, answer: Answer, kit: Kit) -> None:
    if answer.status != 200:
        raise Failure(f"{server.name}: it answers {answer.status}: {answer.body[:500]!r}")
    check_size(server, len(answer.body), kit)


def check_size(server: Server, mean_bytes: float, kit: Kit) -> None:
    """A constant has the captured answer's size to the byte; an answer with a score of its own about that."""
    wanted = kit.answer.stat().st_size if kit.answer.exists() else 0
    if server.is_constant and mean_bytes != wanted:
        raise Failure(f"{server.name}: answers have {mean_bytes} bytes, the captured one {wanted}.")
    if wanted and not 0.7 * wanted <= mean_bytes <= 1.5 * wanted:
        raise Failure(f"{server.name}: answers have {mean_bytes:.0f} bytes, the captured one {wanted}.")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Asks the server to end, then makes sure of all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
