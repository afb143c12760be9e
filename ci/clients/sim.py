"""One simulated BMC of a profile, as `halmark sim` serves it over Redfish and IPMI, and where its credentials are."""

import json
import os
import re
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Minutes of a machine's booting become seconds.
TIME_SCALE = "0.02"


@dataclass
class Bmc:
    """Where it is, whom to trust, who may log in, and its log of requests."""

    profile: str
    url: str
    ca: str
    log: Path
    # Host and port.
    ipmi: str
    user: str
    password: str = field(repr=False)

    def environment(self):
        """What a client's process is told; no process list shows it."""
        told = {"URL": self.url, "CA": self.ca, "IPMI": self.ipmi, "USER": self.user, "PASSWORD": self.password, "PROFILE": self.profile}
        return {**os.environ, **{f"BMC_{name}": value for name, value in told.items()}}


class Broken(Exception):
    """Nothing can be driven."""


@contextmanager
def bmc(halmark, profile, log, time_scale=TIME_SCALE):
    """A BMC that ends with the block; its requests are in the log."""
    log.unlink(missing_ok=True)
    user, password = "admin", "A-" + os.urandom(6).hex()
    environment = {**os.environ, "HALMARK_USER": user, "HALMARK_PASSWORD": password}
    with tempfile.TemporaryDirectory(prefix="halmark-clients-") as files:
        words = [halmark, "sim", "--profile", profile, "--time-scale", time_scale, "--output", "json"]
        words += ["--log", log, "--files", files]
        sim = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            line = sim.stdout.readline()
            if not line:
                raise Broken(f"halmark sim --profile {profile} ended without a BMC")
            ready = json.loads(line)
            yield Bmc(profile, ready["urls"][0], ready["ca"], log, ready["ipmi"][0].removeprefix("ipmi://"), user, password)
        finally:
            sim.terminate()
            sim.wait()


def profiles(halmark):
    """The names of the built-in ones, as the binary has them."""
    listed = subprocess.run([halmark, "profile", "list", "--no-color"], capture_output=True, text=True)
    if listed.returncode:
        raise Broken(f"halmark profile list ended with {listed.returncode}: {listed.stderr.strip()}")
    return re.findall(r"^([a-z][a-z0-9-]*)\s", listed.stdout, re.MULTILINE)


def build():
    """As README says: what people get."""
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.run(["cargo", "build", "--release", "-p", "halmark-conformance"], cwd=ROOT, check=True)
    return folder / "release" / "halmark"
