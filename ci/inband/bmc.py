"""A simulated BMC with its system interface open, and the ways to it from outside: Redfish and ipmitool over lanplus."""

import base64
import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The network functions with commands, but for DCMI's, which ipmitool's firewall cannot name.
NETFNS = [0x00, 0x04, 0x06, 0x0A, 0x0C]
DCMI = "0x0f 0x2c 0x00"


class Broken(Exception):
    """Nothing can be shown."""


class Bmc:
    """Where it is, and who may log in."""

    def __init__(self, ready, work, password):
        self.url, self.door = ready["urls"][0], ready["ipmi"][0].removeprefix("ipmi://")
        self.trust = ssl.create_default_context(cafile=ready["ca"])
        self.work, self.user, self.password = work, ready["user"], password

    def redfish(self, path, body=None, method=None):
        """What an administrator is answered; the body is sent as JSON."""
        request = urllib.request.Request(self.url + path, method=method or ("POST" if body is not None else "GET"))
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode())
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=10, context=self.trust) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise Broken(f"{request.method} {path} was answered {error.code}: {error.read().decode(errors='replace')[:300]}") from None

    def ipmitool(self, *words, user=None, password=None):
        """Out of band, over lanplus, by default as the administrator: exit code and output. No password is among the arguments."""
        host, port = self.door.rsplit(":", 1)
        file = self.work / "password"
        file.touch(mode=0o600)
        file.write_text(password or self.password)
        told = ["ipmitool", "-I", "lanplus", "-H", host, "-p", port, "-U", user or self.user, "-f", file, "-N", "1", "-R", "1"]
        done = subprocess.run([*told, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        return done.returncode, (done.stdout + done.stderr).strip()

    def firewall(self, word):
        """Switches every command of the system interface: `enable` or `disable` (IPMI v2.0 §21)."""
        for netfn in NETFNS:
            self.must("firewall", word, "channel", "15", "lun", "0", "netfn", str(netfn), "force")
        # A bit for each command that is there; Get Command Support has a 0 for it.
        there = self.must("raw", "6", "0x0a", *DCMI.split(), "0xdc")
        enables = ["0x00" if word == "disable" else f"0x{int(byte, 16) ^ 0xFF:02x}" for byte in there.split()]
        self.must("raw", "6", "0x60", *DCMI.split(), *enables, "0xdc")

    def must(self, *words):
        """The output of what cannot fail."""
        code, said = self.ipmitool(*words)
        if code:
            raise Broken(f"ipmitool {' '.join(words)} ended with {code}: {said}")
        return said


@contextmanager
def started(halmark, work, port):
    """A BMC that ends with the block; its system interface is at that port of loopback."""
    password = "A-" + os.urandom(6).hex()
    environment = {**os.environ, "HALMARK_USER": "admin", "HALMARK_PASSWORD": password}
    words = [halmark, "sim", "--in-band", f"127.0.0.1:{port}", "--time-scale", "0.02", "--output", "json", "--files", work / "files"]
    sim = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        line = sim.stdout.readline()
        if not line:
            raise Broken("halmark sim ended without a BMC")
        yield Bmc(json.loads(line), work, password)
    finally:
        sim.terminate()
        sim.wait()


def built():
    """As README says: what people get."""
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.run(["cargo", "build", "--quiet", "--release", "-p", "halmark-conformance"], cwd=ROOT, check=True)
    return folder / "release" / "halmark"
