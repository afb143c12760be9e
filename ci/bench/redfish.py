"""The simulated Redfish service: how fast it answers, beside sushy-emulator in the same run."""

import json
import os
import subprocess

import servers
import simulated
from table import Row
from timing import Unmeasured

CONNECTIONS, SECONDS = "32", "4"
SUPPLY, SYSTEM = f"{simulated.ROOT}/Chassis/1/PowerSubsystem/PowerSupplies/1", f"{simulated.ROOT}/Systems/1"
# What is asked, of which resource, and how many a second are wanted.
PLAIN = [("GET 1.2 KB, a power supply", SUPPLY, 32000), ("GET 3.6 KB, the system", SYSTEM, None)]
QUERIES = [
    ("GET with `$select`, two properties of the system", f"{SYSTEM}?$select=PowerState,Status"),
    ("GET with `$expand`, 8 memory modules", f"{SYSTEM}/Memory?$expand=."),
    ("GET with `$expand`, the sensors", f"{simulated.ROOT}/Chassis/1/Sensors?$expand=."),
]
LARGE_TARGET = 25000


def rows(halmark, folder, target):
    """What each service needs until it is ready, and the answers."""
    load, (tool, why) = built(target, "redfish-load"), simulated.installed(target)
    lines = starts(halmark, 20)
    asked = Asked(load, halmark, folder)
    for what, path, wanted in PLAIN:
        lines.append(asked.row(what, path, wanted))
    lines += asked.large()
    lines += [asked.row(what, path, None) for what, path in QUERIES]
    return lines + (asked.peers(tool) if tool else [Row("sushy-emulator", note=f"peer not installed: {why}")])


def starts(halmark, rounds):
    """How long one BMC takes from the spawn of the process until it says that it is ready."""
    words = [halmark, "sim", "--output", "json"]
    found = sorted(simulated.ready_in(words) for _ in range(rounds))
    nothing = sorted(simulated.ready_in([halmark, "--version"]) for _ in range(rounds))
    took, process = found[rounds // 2] * 1e3, nothing[rounds // 2] * 1e3
    row = Row("the first BMC: spawn until ready", f"{took:.1f} ms ({found[rounds // 10] * 1e3:.1f}-{found[-rounds // 10] * 1e3:.1f})")
    row.target, row.reached = "< 2 ms", took < 2
    row.note = f"of which {process:.1f} ms are the process: `halmark --version` until its first byte"
    return [row]


class Asked:
    """A service that is asked over TLS and 32 connections with a session's token; what it answers has an ETag."""

    def __init__(self, load, halmark, folder):
        self.load, self.halmark, self.folder = load, halmark, folder

    def row(self, what, path, wanted, profile="generic", more=()):
        with simulated.halmark(self.halmark, ["--profile", profile, "--tls", "ca"]) as (ready, process):
            begun, spent = simulated.memory(process), simulated.processor(process)
            answers = ask(self.load, ready["urls"][0], path, simulated.logged_in(), more)
            after, spent = simulated.memory(process), simulated.processor(process) - spent
        if not answers["etag"]:
            raise Unmeasured(f"{path} has no ETag")
        row = Row(f"{what} ({answers['bytes'] / 1000:.1f} KB)", said(answers))
        if wanted:
            row.target, row.reached = f">= {wanted:,} /s", rate(answers) >= wanted
        each = f"{spent * 1e6 / answers['requests']:.0f} us of processor time an answer"
        row.note = f"{each}; {begun / 1e6:.1f} MB when ready, {after / 1e6:.1f} MB after {answers['requests']:,} answers"
        return row

    def large(self):
        """The system of a profile with more in it: a vendor's part that fills it up to 11 KB. Whole, and unchanged."""
        profile = self.folder / "large"
        profile.mkdir(exist_ok=True)
        generic = servers.ROOT / "simulators" / "profiles" / "generic" / "profile.json"
        (profile / "profile.json").write_text(generic.read_text())
        values = {f"Property{place:03}": f"a value of forty-eight characters, number {place:06}" for place in range(111)}
        part = {"@odata.type": "#BenchComputerSystem.v1_0_0.BenchComputerSystem", **values}
        (profile / "overlay.json").write_text(json.dumps({"merge": {SYSTEM: {"Oem": {"Bench": part}}}}))
        return [
            self.row("GET 11 KB, a system with a vendor's part", SYSTEM, LARGE_TARGET, profile),
            self.row("GET the same with If-None-Match: 304", SYSTEM, None, profile, ["unchanged"]),
        ]

    def peers(self, tool):
        """sushy-emulator and halmark by turns, each with its own system: over TLS, over plain HTTP; and what each needs."""
        lines = []
        for tls in (True, False):
            way = "TLS" if tls else "plain HTTP"
            ours = self.measured(lambda: simulated.halmark(self.halmark, ["--tls", "ca" if tls else "off"]), own)
            theirs = self.measured(lambda: simulated.sushy(tool, self.folder, tls), foreign)
            row = Row(f"GET the system, {way}", said(ours), f"sushy-emulator {said(theirs)} ({theirs['bytes'] / 1000:.1f} KB)")
            row.ratio = rate(ours) / rate(theirs)
            row.note = f"processor time an answer: {ours['us']:.0f} us, sushy-emulator {theirs['us']:.0f} us"
            lines.append(row)
            if tls:
                needs = "{ready:.0f} ms; {first:.1f} MB, after load {after:.1f} MB"
                row = Row("one BMC: ready; memory when it has answered once", needs.format(**ours), "sushy-emulator " + needs.format(**theirs))
                row.target, row.reached = "< 10 MB", ours["first"] < 10
                row.ratio = theirs["ready"] / ours["ready"]
                row.note = "the ratio is of the time; ready is a first connection that is taken (sushy-emulator), the line that says so (halmark)"
                lines.append(row)
        return lines

    def measured(self, service, opened):
        """One service from its start to the end of its load."""
        with service() as it:
            url, process, took, path, environment = opened(it)
            simulated.get(url)
            first = simulated.memory(process)
            spent = simulated.processor(process)
            answers = ask(self.load, url, path, environment)
            spent = simulated.processor(process) - spent
            sizes = {"first": first / 1e6, "after": simulated.memory(process) / 1e6, "ready": took * 1e3, "us": spent * 1e6 / answers["requests"]}
            return {**answers, **sizes}


def own(started):
    ready, process = started
    return ready["urls"][0], process, ready["took"], SYSTEM, simulated.logged_in()


def foreign(started):
    """Its first system; it is asked without a login, which costs it nothing."""
    url, process, took = started
    path = simulated.get(url, f"{simulated.ROOT}/Systems")["Members"][0]["@odata.id"]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HALMARK_")}
    return url, process, took, path, clean


def ask(load, url, path, environment, more=()):
    words = [load, url, path, CONNECTIONS, SECONDS, *more]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise Unmeasured(f"{url}{path} was not answered: {done.stderr.strip()[-200:]}")
    return json.loads(done.stdout)


def rate(answers):
    return answers["requests"] / answers["seconds"]


def said(answers):
    return f"{rate(answers):,.0f} /s, p50 {answers['p50_us'] / 1000:.2f} ms, p99 {answers['p99_us'] / 1000:.2f} ms"


def built(target, name):
    """One of the loads."""
    manifest = servers.ROOT / "ci" / "bench" / "peers" / "Cargo.toml"
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target / "bench-peers")}
    words = ["cargo", "build", "--release", "--locked", "--bin", name, "--manifest-path", manifest]
    if subprocess.run(words, env=environment).returncode != 0:
        raise Unmeasured("the load could not be built: cargo build --manifest-path ci/bench/peers/Cargo.toml")
    return target / "bench-peers" / "release" / name
