"""The two simulated Redfish services that are measured: `halmark sim` and sushy-emulator, each as a process of its own."""

import contextlib
import http.client
import json
import os
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import servers
from timing import Unmeasured

USER, PASSWORD = "bench", "bench-only"
ROOT = "/redfish/v1"

# One fake system that stays as it is, and its state in the run's own folder.
SUSHY = """\
SUSHY_EMULATOR_FAKE_DRIVER = True
SUSHY_EMULATOR_STATE_DIR = {state!r}
"""


@contextlib.contextmanager
def halmark(binary, words):
    """`halmark sim` and what it says when it is ready; it ends with the block."""
    words = [str(it) for it in [binary, "sim", "--output", "json", "--for", "300s", *words]]
    begun = time.monotonic()
    process = subprocess.Popen(words, env=logged_in(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said = process.stdout.readline()
        if not said:
            raise Unmeasured(f"halmark sim ended: {process.stderr.read().strip()[-300:]}")
        yield {**json.loads(said), "took": time.monotonic() - begun}, process
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()
        process.stderr.close()


def logged_in():
    """The environment with the account of halmark's administrator."""
    return {**os.environ, "HALMARK_USER": USER, "HALMARK_PASSWORD": PASSWORD}


def ready_in(words):
    """Seconds from the spawn of a server that says a line when it is ready until that line is there."""
    readable, writable = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, writable, 1), (os.POSIX_SPAWN_CLOSE, readable), (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_RDWR, 0)]
    begun = time.perf_counter()
    pid = os.posix_spawn(str(words[0]), [str(it) for it in words], logged_in(), file_actions=actions)
    os.close(writable)
    said = os.read(readable, 1)
    took = time.perf_counter() - begun
    os.kill(pid, 15)
    os.close(readable)
    os.waitpid(pid, 0)
    if not said:
        raise Unmeasured(f"{words[0]} ended before it was ready")
    return took


@contextlib.contextmanager
def sushy(tool, folder, tls):
    """sushy-emulator with its fake driver: its URL, the process, and the seconds until it took a connection."""
    home, port = Path(tempfile.mkdtemp(dir=folder)), servers.free(socket.SOCK_STREAM)
    (home / "sushy.conf").write_text(SUSHY.format(state=str(home)))
    words = [tool, "--config", home / "sushy.conf", "-i", "127.0.0.1", "-p", port]
    words += certificate(home) if tls else []
    begun = time.monotonic()
    with servers.running(words, home) as process:
        servers.wait("sushy-emulator", lambda: servers.connects(port), 60)
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}", process, time.monotonic() - begun


def certificate(home):
    """A key of the kind that halmark makes."""
    pair = ["-keyout", home / "key.pem", "-out", home / "cert.pem"]
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=127.0.0.1", *pair]
    subprocess.run(words, check=True, capture_output=True)
    return ["--ssl-certificate", home / "cert.pem", "--ssl-key", home / "key.pem"]


def installed(target):
    """sushy-emulator: the one that SUSHY_EMULATOR names, or that of a virtual environment of the bench's own; or why there is none."""
    if named := os.environ.get("SUSHY_EMULATOR"):
        return servers.which(named), f"SUSHY_EMULATOR names {named}, which is not there"
    if not servers.which("openssl"):
        return None, "openssl makes its certificate: apt-get install openssl"
    venv, wanted = target / "bench-sushy", (servers.ROOT / "ci" / "bench" / "requirements.txt").read_text()
    stamp = venv / "installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        for words in ([sys.executable, "-m", "venv", "--clear", venv], [venv / "bin" / "pip", "install", "--quiet", "-r", servers.ROOT / "ci/bench/requirements.txt"]):
            if subprocess.run([str(it) for it in words]).returncode:
                return None, "it could not be installed: python3 -m venv, and PyPI"
        stamp.write_text(wanted)
    return venv / "bin" / "sushy-emulator", ""


def get(url, path=ROOT):
    """One GET over a connection of its own: the document. Names under localhost are this machine, whatever its resolver knows."""
    scheme, host = url.rstrip("/").split("://")
    name, port = host.rsplit(":", 1)
    at = f"127.0.0.1:{port}" if name.endswith(".localhost") else host
    if scheme == "https":
        connection = http.client.HTTPSConnection(at, timeout=10, context=ssl._create_unverified_context())
    else:
        connection = http.client.HTTPConnection(at, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        if answer.status != 200:
            raise Unmeasured(f"{url}{path} answered {answer.status}")
        return json.load(answer)


def memory(process):
    """Resident memory, bytes."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def processor(process):
    """Seconds of processor time that it has had."""
    user, system = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def ran(process):
    """Seconds that its threads have run, to the nanosecond: what `processor` has is counted in ticks of ten milliseconds."""
    return sum(int(it.read_text().split()[0]) for it in Path(f"/proc/{process.pid}/task").glob("*/schedstat")) / 1e9


def descriptors(process):
    """How many file descriptors it has open."""
    return len(os.listdir(f"/proc/{process.pid}/fd"))
