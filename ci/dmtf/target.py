"""What is tested: a service that runs already, or a simulated BMC of our own."""

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Bmc:
    """Where it is, and who may log in."""

    url: str
    user: str
    password: str = field(repr=False)


@contextmanager
def target(args, deviations=()):
    """The service; one of our own has these deviations and ends with the block."""
    if args.url:
        yield Bmc(args.url, needed(args.user_env), needed(args.password_env))
        return
    halmark = (args.halmark and args.halmark.resolve()) or build()
    # It says its address in its first lines.
    sim = [halmark, "sim", "--profile", args.profile, *(word for name in deviations for word in ("--deviation", name))]
    # A user of this run's own making; the simulator takes it from the environment as every command of halmark's does.
    user, password = os.environ.get(args.user_env, "admin"), os.environ.get(args.password_env) or os.urandom(8).hex()
    environment = {**os.environ, "HALMARK_USER": user, "HALMARK_PASSWORD": password}
    sim = subprocess.Popen(sim, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Bmc(address(sim), user, password)
    finally:
        sim.terminate()
        sim.wait()


def needed(variable):
    """An environment variable that must be there."""
    value = os.environ.get(variable)
    if not value:
        broken(f"set {variable}")
    return value


def build():
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.run(["cargo", "build", "--release", "-p", "halmark-conformance"], cwd=ROOT, check=True)
    return folder / "release" / "halmark"


def address(sim):
    """The first Redfish address that it prints."""
    for line in sim.stdout:
        if found := re.search(r"https?://[^\s/\"]+", line):
            return found.group()
    broken("halmark sim ended without an address; give --url to test a service that runs already")


def broken(why):
    """Nothing can be tested."""
    print(why, file=sys.stderr)
    sys.exit(2)
