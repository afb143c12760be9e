"""The servers that are asked: nginx for hurl, one ipmi_sim for the IPMI clients. On loopback, in a folder of the run's own."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from timing import Unmeasured

ROOT = Path(__file__).resolve().parents[2]
USER, PASSWORD = "bench", "bench-only"

NGINX = """\
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; keepalive_requests 100000;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; location /power {{ default_type text/plain; return 200 "powered-on"; }} }}
}}
"""

# Without chassis_control, which is a process that ipmi_sim starts and waits for: what is measured is the client.
LAN = """\
name "bench"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_callback none md5 straight
    allowed_auths_user     none md5 straight
    allowed_auths_operator none md5 straight
    allowed_auths_admin    none md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  {control}
  user 2 true "{user}" "{password}" admin 10 none md5 straight
"""

EMU = """\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
mc_enable 0x20
"""

CONTROL = """\
#!/bin/sh
[ "$1" = get ] && [ "$2" = power ] && echo power:1
exit 0
"""

# RMCP presence ping (ASF 2.0 §3.2.4.2): a BMC that is there answers with a pong.
PING = bytes([6, 0, 0xFF, 6, 0, 0, 0x11, 0xBE, 0x80, 1, 0, 0])


def which(tool):
    """Where a program is, also where only root looks."""
    return shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:" + str(Path.home() / ".cargo/bin"))


@contextlib.contextmanager
def nginx(folder):
    """An nginx with one worker that answers one page; its port."""
    home, port = folder / "nginx", free(socket.SOCK_STREAM)
    home.mkdir()
    (home / "nginx.conf").write_text(NGINX.format(folder=home, port=port))
    words = [which("nginx"), "-p", home, "-e", home / "error.log", "-c", home / "nginx.conf"]
    with running(words, home):
        wait("nginx", lambda: connects(port))
        yield port


@contextlib.contextmanager
def ipmi_sim(folder, scripted=False):
    """A fresh ipmi_sim; its port. `scripted`: with a chassis_control script, as on a lab's virtual machines."""
    with ipmi_sim_process(folder, scripted) as (port, _):
        yield port


@contextlib.contextmanager
def ipmi_sim_process(folder, scripted=False):
    """The same; its port and its process."""
    port = free(socket.SOCK_DGRAM)
    home = folder / f"ipmi-{port}"
    home.mkdir()
    (home / "control").write_text(CONTROL)
    (home / "control").chmod(0o755)
    control = f'chassis_control "{home}/control"' if scripted else ""
    (home / "lan.conf").write_text(LAN.format(port=port, user=USER, password=PASSWORD, control=control))
    (home / "bmc.emu").write_text(EMU)
    words = [which("ipmi_sim"), "-n", "-p", "-c", home / "lan.conf", "-f", home / "bmc.emu", "-s", home]
    with running(words, home) as process:
        wait("ipmi_sim", lambda: pongs(port))
        yield port, process


@contextlib.contextmanager
def halmark_serve(binary, folder):
    """halmark's drivers as a gRPC service; its Unix socket."""
    path = folder / "serve.sock"
    with running([binary, "serve", "--listen", f"unix:{path}", "--audit", os.devnull], folder):
        wait("halmark serve", path.exists)
        yield path


@contextlib.contextmanager
def running(words, home, environment=None):
    """A process that ends with the block, whatever happens in it."""
    with open(home / "log", "wb") as log:
        process = subprocess.Popen(
            [str(w) for w in words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=home, env={**os.environ, **(environment or {})}
        )
    try:
        yield process
        if process.poll() is not None:
            raise Unmeasured(f"{words[0]} ended: {(home / 'log').read_text(errors='replace').strip()[-200:]}")
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free(kind):
    """A port that nobody has now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait(what, ready, seconds=10):
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            raise Unmeasured(f"{what} did not answer within {seconds} s")
        time.sleep(0.02)


def connects(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def pongs(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.1)
        probe.sendto(PING, ("127.0.0.1", port))
        try:
            return len(probe.recv(64)) > 8
        except OSError:
            return False
