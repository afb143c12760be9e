"""A thousand scenarios in one run, beside hurl with a thousand files, and how long halmark takes to start."""

import json

import servers
from table import Row
from timing import Client, Unmeasured, alternate

COUNT = 1000

TRIVIAL = """\
halmark: scenario/v1
id: bench.trivial
title: The power state of a running host
why: What a scenario costs that does next to nothing.
spec:
  - {ref: "DSP0268 ComputerSystem.PowerState", strength: must}
area: power
level: core
requires: [power.read]
effects: read-only
oracle: {power: required}
kills: [target.power-lies]
given:
  - power: powered-on
steps:
  - call: power.read
    returns: powered-on
  - expect:
      truth.power: powered-on
"""

HURL = """\
GET http://127.0.0.1:{port}/power
HTTP 200
[Asserts]
body == "powered-on"
"""


def trivial(halmark, folder, runs):
    """1,000 scenarios that read the power state once, beside 1,000 hurl files that read one page of nginx."""
    ours = suite(halmark, folder, "trivial", "bench.trivial", TRIVIAL)
    what = f"{COUNT} trivial scenarios, with journal and JUnit"
    missing = [hint for tool, hint in [("hurl", "cargo install hurl"), ("nginx", "apt-get install nginx-light")] if not servers.which(tool)]
    if missing:
        alternate([ours], runs)
        return [row(what, ours, None, 150, note="peer not installed: " + " and ".join(missing))]
    with servers.nginx(folder) as port:
        peer = hurl(folder, port)
        peer.check()
        alternate([ours, peer], runs)
    line = row(what, ours, peer, 150)
    # 150 ms was asked for where hurl took 170.
    line.target, line.reached = f"{line.target} where hurl takes 170", ours.ms <= 150 * max(1, peer.ms / 170)
    return [line]


def cycles(halmark, folder, runs):
    """1,000 power cycles, each with minutes on the scenario's clock."""
    text = (servers.ROOT / "scenarios" / "power" / "cycle.yaml").read_text()
    ours = suite(halmark, folder, "cycle", "power.cycle", text)
    alternate([ours], runs)
    line = row(f"{COUNT} power cycles on the held clock", ours, None, 2000)
    line.note += f"; {virtual_hours(folder / 'cycle-out'):.1f} h of virtual time in a run"
    return [line]


def start(halmark, rounds):
    """What halmark takes to start, and to read the suite that is compiled into it."""
    version = Client("halmark --version", [halmark, "--version"], "halmark")
    listing = Client("halmark list", [halmark, "list"], "power.cycle")
    for client in (version, listing):
        client.check()
    alternate([version, listing], rounds)
    return [row("start: --version", version, None, 10), row("start: list", listing, None, 10)]


def suite(halmark, folder, name, original, text):
    """Writes the scenario under 1,000 ids and runs it once, so that a suite that fails is not timed."""
    files = folder / name
    files.mkdir()
    if f"\nid: {original}\n" not in text:
        raise Unmeasured(f"the scenario {original} is not where it was")
    for number in range(1, COUNT + 1):
        named = text.replace(f"\nid: {original}\n", f"\nid: bench.{name}-{number:04}\n")
        (files / f"{name}-{number:04}.yaml").write_text(named)
    out = folder / f"{name}-out"
    client = Client(f"halmark run {name}", [halmark, "run", files, "--out", out, "-q"])
    client.check()
    report = json.loads((out / "report.json").read_text())
    if report["counts"] != {"pass": COUNT}:
        raise Unmeasured(f"{name}: {COUNT} should pass, but {report['counts']}")
    return client


def hurl(folder, port):
    """hurl with as many files, on as many cores, with its JUnit report."""
    files = folder / "hurl"
    files.mkdir()
    for number in range(1, COUNT + 1):
        (files / f"{number:04}.hurl").write_text(HURL.format(port=port))
    words = [servers.which("hurl"), "--test", "--report-junit", folder / "hurl.xml", *sorted(files.iterdir())]
    return Client("hurl", words)


def row(what, ours, peer, limit, note=""):
    low, high = ours.spread()
    theirs = f"{peer.ms:.0f} ms {peer.name}" if peer else ""
    ratio = peer.ms / ours.ms if peer else None
    cost = f"processor time {ours.cpu_ms:.0f} ms" + (f", {peer.name} {peer.cpu_ms:.0f} ms" if peer else "")
    note = "; ".join(part for part in (note, cost) if part)
    halmark = f"{ours.ms:.1f} ms ({low:.1f}-{high:.1f})"
    return Row(what, halmark, theirs, ratio, f"<= {limit} ms", ours.ms <= limit, note)


def virtual_hours(out):
    """The virtual time of a run, from its report."""
    report = json.loads((out / "report.json").read_text())
    return sum(case["virtual-ms"] for case in report["cases"]) / 3.6e6
