"""The simulated Redfish service: how fast it answers, beside sushy-emulator, and what a BMC costs when there are thousands."""

import contextlib
import json
import os
import resource
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

import servers
from table import Row
from timing import Unmeasured

USER, PASSWORD = "bench", "bench-only"
CONNECTIONS, SECONDS = "32", "4"
# A small resource, and one of about 11 KB.
SMALL, LARGE = "/redfish/v1/Chassis/1/PowerSubsystem/PowerSupplies/1", "/redfish/v1/Systems/1"
FLEETS = [1, 1000, 15000]


def rows(halmark, folder, target):
    """The answers first, and then the sizes."""
    load = built(target)
    lines = answers(halmark, folder, load)
    return lines + [line for count in FLEETS for line in fleet(halmark, count)]


def built(target):
    manifest = servers.ROOT / "ci" / "bench" / "peers" / "Cargo.toml"
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target / "bench-peers")}
    words = ["cargo", "build", "--release", "--locked", "--bin", "redfish-load", "--manifest-path", manifest]
    if subprocess.run(words, env=environment).returncode != 0:
        raise Unmeasured("the load could not be built: cargo build --manifest-path ci/bench/peers/Cargo.toml")
    return target / "bench-peers" / "release" / "redfish-load"


def answers(halmark, folder, load):
    """GETs a second over TLS with a session's token, the load on the same processors."""
    lines = []
    with sim(halmark, ["--tls", "ca"]) as (ready, _):
        url = ready["urls"][0]
        for what, path, target in [("small", SMALL, 32000), ("large", LARGE, 25000)]:
            ours = asked(load, url, path, {"HALMARK_USER": USER, "HALMARK_PASSWORD": PASSWORD})
            with sushy(folder) as peer:
                theirs = asked(load, peer, "/redfish/v1/Systems/" + system(peer), {}) if peer else None
            lines.append(line(what, ours, theirs, target))
    return lines


def line(what, ours, theirs, target):
    rate = ours["per_second"]
    row = Row(f"GET, TLS, token, 32 connections: {ours['bytes'] / 1000:.1f} KB", f"{rate:,.0f} /s")
    row.target, row.reached = f">= {target:,} /s", rate >= target
    if theirs is None:
        row.note = "peer not installed: pip install sushy-tools"
    else:
        row.peer = f"{theirs['per_second']:,.0f} /s sushy-emulator ({theirs['bytes'] / 1000:.1f} KB)"
        row.ratio = rate / theirs["per_second"]
    return row


def asked(load, url, path, credentials):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HALMARK_")}
    done = subprocess.run([load, url, path, CONNECTIONS, SECONDS], env={**clean, **credentials}, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unmeasured(f"{url}{path} was not answered: {done.stderr.strip()[-200:]}")
    return json.loads(done.stdout)


def fleet(halmark, count):
    """So many BMCs that each listen, and answer one request each."""
    words = ["--count", str(count), "--tls", "off"]
    with sim(halmark, words) as (ready, process):
        took = ready["took"]
        idle = memory(process.pid)
        begun = time.monotonic()
        for url in ready["urls"]:
            get_root(url)
        asked_in = time.monotonic() - begun
        used = memory(process.pid)
        begun = time.monotonic()
        process.terminate()
        process.wait(60)
        stopped = time.monotonic() - begun
    row = Row(f"{count:,} BMC{'s' * (count > 1)}: ready, memory when each has answered once")
    row.halmark = f"{took * 1000:.0f} ms, {used / 1e6:.1f} MB"
    if count == 1:
        row.target, row.reached = "< 10 MB", used < 10e6
    else:
        each = used / count
        row.halmark += f", {each / 1000:.1f} KB each"
        row.target, row.reached = "<= 50 KB each", each <= 50e3
    row.note = f"{idle / 1e6:.1f} MB before; asked one after another in {asked_in:.1f} s; ended in {stopped:.2f} s"
    return [row]


def get_root(url):
    host, port = url.split("://")[1].rsplit(":", 1)
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(b"GET /redfish/v1 HTTP/1.1\r\nHost: bmc\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := connection.recv(65536):
            answer += part
    if not answer.startswith(b"HTTP/1.1 200"):
        raise Unmeasured(f"{url} answered {answer[:40]}")


@contextlib.contextmanager
def sim(halmark, words):
    """`halmark sim` and what it says when it is ready; it ends with the block."""
    environment = {**os.environ, "HALMARK_USER": USER, "HALMARK_PASSWORD": PASSWORD}
    words = [halmark, "sim", "--output", "json", "--for", "300s", *words]
    begun = time.monotonic()
    process = subprocess.Popen([str(it) for it in words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said = process.stdout.readline()
        if not said:
            raise Unmeasured(f"halmark sim ended: {process.stderr.read().strip()[-300:]}")
        yield {**json.loads(said), "took": time.monotonic() - begun}, process
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def memory(pid):
    """Resident memory, bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@contextlib.contextmanager
def sushy(folder):
    """sushy-emulator with its fake driver over TLS; its URL, or None where it is not installed."""
    tool = servers.which(os.environ.get("SUSHY_EMULATOR", "sushy-emulator"))
    if not tool or not servers.which("openssl"):
        yield None
        return
    home, port = Path(tempfile.mkdtemp(dir=folder)), servers.free(socket.SOCK_STREAM)
    pair = ["-keyout", home / "key.pem", "-out", home / "cert.pem"]
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=127.0.0.1", *pair]
    subprocess.run(words, check=True, capture_output=True)
    words = [tool, "--fake", "-i", "127.0.0.1", "-p", port, "--ssl-certificate", home / "cert.pem", "--ssl-key", home / "key.pem"]
    with servers.running(words, home):
        servers.wait("sushy-emulator", lambda: servers.connects(port))
        yield f"https://127.0.0.1:{port}"


def system(url):
    """The id of its first system."""
    import urllib.request

    anyone = ssl._create_unverified_context()
    with urllib.request.urlopen(f"{url}/redfish/v1/Systems", context=anyone) as answer:
        return json.load(answer)["Members"][0]["@odata.id"].rsplit("/", 1)[1]
