"""What an IPMI command costs a simulated BMC, what a session of a thousand takes each client, and thousands of BMCs with both faces."""

import contextlib
import random
import resource
import statistics
import time

import fleet
import servers
import simulated
from power import libraries
from session import GET_CAPABILITIES, GET_CHASSIS_STATUS, GET_DEVICE_ID, Session
from table import Row
from timing import Client, Unmeasured, alternate, on_one_processor

# Commands in the session that measures the BMC, and in a client's.
COMMANDS, TURNS, BATCH = 2000, 11, 20_000
BMCS, SECONDS = 15_000, 10
# halmark's driver in its two ways to wait, and the clients of Rust libraries that wait as it does.
AWAITED, BLOCKING = "halmark's driver, awaited", "halmark's driver, blocking"
TOOLS = IPMITOOL, IPMI_RAW = "ipmitool exec", "ipmi-raw --file"
LIBRARIES = {AWAITED: "driver-halmark", BLOCKING: "driver-blocking", "crate ipmi 0.1.2, awaited": "peer-ipmi-awaited"}
# Below the ports that the system gives away by itself.
FIRST_PORT = 16_000


def rows(halmark, folder, target, rounds):
    """Everything about IPMI but the whole process of one power state, which is power.py's."""
    if not servers.which("ipmi_sim"):
        return [Row("IPMI", note="no BMC to compare with: apt-get install openipmi", failed=True)]
    return [*costs(halmark, folder, target), *sessions(halmark, folder, target, min(rounds, 7)), served(halmark, folder, target), both_faces(halmark)]


def costs(halmark, folder, target):
    """One session, one command after another: the processor time of the BMC for each; the two BMCs take turns."""
    client = next((program for name, program in libraries(target)[0] if "ipmi-rs" not in name), None)
    with simulated.halmark(halmark, ["--tls", "off"]) as (ready, ours), servers.ipmi_sim_process(folder) as (port, theirs):
        bmcs = [(place(ready["ipmi"][0]), ours), (("127.0.0.1", port), theirs)]
        with on_one_processor(ours, theirs):
            found = {name: turns(bmcs, lambda *bmc: cost(*bmc, *command)) for name, command in ASKED.items()}
            sealed = turns(bmcs, lambda *bmc: cost_sealed(client, *bmc)) if client else None
    rows = [compared(name, *both) for name, both in found.items()]
    return rows + ([sealed_row(*sealed)] if sealed else [])


def turns(bmcs, cost_of):
    """The median of each BMC: commands a second, and microseconds of its processor time for each."""
    found = [[cost_of(*bmc) for bmc in bmcs] for _ in range(TURNS)]
    return [tuple(statistics.median(column) for column in zip(*of_one)) for of_one in zip(*found)]


ASKED = {"Get Device ID": GET_DEVICE_ID, "Get Chassis Status": GET_CHASSIS_STATUS}


def cost(address, process, netfn, command):
    """Commands a second, and microseconds of the BMC's processor time for each."""
    session = Session(address, servers.USER, servers.PASSWORD)
    begun, had = time.perf_counter(), simulated.ran(process)
    for _ in range(COMMANDS):
        session.ask(netfn, command)
    took, used = time.perf_counter() - begun, simulated.ran(process) - had
    session.close()
    return COMMANDS / took, used / COMMANDS * 1e6


def cost_sealed(client, address, process):
    """The same of Get Chassis Status in a session of suite 3, which clients use: a code on each packet, and encrypted. Login included."""
    account = {"HALMARK_USER": servers.USER, "HALMARK_PASSWORD": servers.PASSWORD, "BENCH_COMMANDS": str(BATCH)}
    asking = Client("crate ipmi", [client, "{}:{}".format(*address)], "powered-", account)
    asking.check()
    had = simulated.ran(process)
    asking.run()
    if not asking.wall:
        raise Unmeasured("crate ipmi: failed in a session of suite 3")
    return BATCH / asking.wall[0], (simulated.ran(process) - had) / BATCH * 1e6


def sealed_row(ours, theirs):
    row = compared("a command of suite 3", ours, theirs)
    row.note = f"the median of {TURNS} sessions of {BATCH:,} Get Chassis Status by the crate ipmi, in turn; the ratio is by processor time"
    return row


def compared(name, ours, theirs):
    """A row by processor time: the client, a script, costs more than either BMC."""
    row = Row(f"a BMC's cost of {name}", f"{ours[1]:.1f} us, {ours[0]:,.0f} /s", f"{theirs[1]:.1f} us, {theirs[0]:,.0f} /s ipmi_sim")
    row.ratio, row.target, row.reached = theirs[1] / ours[1], "<= 12 us", ours[1] <= 12
    row.note = f"the median of {TURNS} sessions of {COMMANDS:,} commands, in turn, by IPMI v1.5, their client a script; the ratio is by processor time"
    return row


def sessions(halmark, folder, target, runs):
    """Many Get Chassis Status in one session of each client, against our face and against ipmi_sim; and what UDP itself takes."""
    peers, missing = libraries(target)
    built = target / "bench-peers" / "release"
    peers = [*((name, built / program) for name, program in LIBRARIES.items()), *peers] if peers else []
    with simulated.halmark(halmark, ["--tls", "off"]) as (ready, process), on_one_processor(process):
        ours = timed(contestants(peers, folder, place(ready["ipmi"][0])[1]), runs)
    # The crate ipmi-rs leaves its sessions behind, and ipmi_sim has 63: enough for these runs.
    with servers.ipmi_sim_process(folder) as (port, process), on_one_processor(process):
        theirs = timed(contestants(peers, folder, port), runs)
    found = {client.name: client for client in theirs}
    rivals = [rivals_of(where, clients) for where, clients in (("our face", ours), ("ipmi_sim", theirs))] if peers else []
    alone = beside_echo(ours[:2], target, folder, runs) if peers else []
    return [batch(client, found.get(client.name)) for client in ours] + alone + sum(rivals, []) + missing


def beside_echo(drivers, target, folder, runs):
    """halmark's driver and face together, beside as many datagrams that are only sent back by whoever blocks."""
    program = target / "bench-peers" / "release" / "peer-echo"
    home = folder / "echo"
    home.mkdir()
    with servers.running([program, "serve"], home) as process, on_one_processor(process):
        servers.wait("peer-echo", lambda: (home / "log").read_text().endswith("\n"))
        echo = Client("echo", [program, "ask", "127.0.0.1:" + (home / "log").read_text().strip()], "echoed", {"BENCH_COMMANDS": str(BATCH)})
        echo.check()
        alternate([echo], runs)
    return [beside(driver, echo) for driver in drivers]


def beside(driver, echo):
    row = Row(f"{BATCH:,} commands in one session, our face", f"{rate(driver) or 0:,.0f} /s {driver.name}")
    if not rate(driver):
        return Row(row.what, note=f"{driver.name}: could not be measured", failed=True)
    row.peer, row.ratio = f"{rate(echo):,.0f} /s datagrams that are sent back", rate(driver) / rate(echo)
    row.target, row.reached = ">= 60,000 /s where those make 130,000", row.ratio >= 60 / 130
    return row


def served(halmark, folder, target):
    """What a call costs more when the driver is behind `halmark serve`, in a process of its own."""
    what = "added per call of an external driver"
    programs = target / "bench-peers" / "release"
    if not (programs / "driver-served").exists():
        return Row(what, note="peers could not be built", failed=True)
    with simulated.halmark(halmark, ["--tls", "off"]) as (ready, _), servers.halmark_serve(halmark, folder) as socket:
        address = "{}:{}".format(*place(ready["ipmi"][0]))
        account = {"HALMARK_USER": servers.USER, "HALMARK_PASSWORD": servers.PASSWORD, "BENCH_COMMANDS": str(BATCH), "BENCH_SOCKET": str(socket)}
        direct, behind = (Client(name, [programs / name, address], "powered-", account) for name in ("driver-halmark", "driver-served"))
        for client in (direct, behind):
            client.check()
        alternate([direct, behind], 9)
        bare = call(programs / "peer-tonic", folder)
    added = (behind.ms - direct.ms) / BATCH * 1e3
    # 60 us was asked for where a bare call took 33.
    reached = added <= max(60, bare * 60 / 33)
    row = Row(what, f"{added:.1f} us", f"{bare:.1f} us a call of tonic's that does nothing", bare / added, "<= 60 us where that takes 33", reached)
    row.note = f"{BATCH:,} power states in one session: {behind.ms:.0f} ms over gRPC and a Unix socket, {direct.ms:.0f} ms by the driver itself, in turn"
    return row


def call(program, folder):
    """What a gRPC call over a Unix socket costs as tonic comes, in microseconds: its health service and its client, a process each."""
    socket = folder / "tonic.sock"
    words = {"BENCH_SOCKET": str(socket)}
    with servers.running([program, "serve"], folder, words):
        servers.wait("peer-tonic", socket.exists)
        client = Client("tonic", [program, "ask"], "serving", {**words, "BENCH_COMMANDS": str(BATCH)})
        client.check()
        alternate([client], 9)
    return client.ms / BATCH * 1e3


def rate(client):
    """Commands a second, if it could be measured."""
    return BATCH / client.ms * 1e3 if client and client.wall else None


def rivals_of(where, clients):
    """halmark's driver beside each other client that waits as it does, all against the same BMC."""
    awaited, blocking, *others = clients
    pairs = [(awaited if "awaited" in other.name else blocking, other) for other in others]
    return [against(where, own, other) for own, other in pairs if rate(own) and rate(other)]


def against(where, own, other):
    row = Row(f"{BATCH:,} commands in one session, {where}", f"{rate(own):,.0f} /s {own.name}", f"{rate(other):,.0f} /s {other.name}")
    row.ratio, row.target = paired(own, other), "> 1"
    row.reached = row.ratio > 1
    return row


def paired(own, other):
    """How much faster the first is: the median of the rounds, so that what disturbs the machine for some of them does not decide.

    Of the medians where they have not run side by side: the tools run less often, and a run may have failed.
    """
    if own.misses or other.misses or len(own.wall) != len(other.wall):
        return rate(own) / rate(other)
    return statistics.median(theirs / ours for ours, theirs in zip(own.wall, other.wall, strict=True))


def batch(ours, theirs):
    """How fast one client is with either BMC."""
    text = lambda found, where: f"{found:,.0f} /s {where}" if found else f"fails {where}"
    row = Row(f"{BATCH:,} commands in one session / {ours.name}", text(rate(ours), "our face"), text(rate(theirs), "ipmi_sim"))
    if rate(ours) and rate(theirs):
        row.ratio = rate(ours) / rate(theirs)
    row.note = "whole process, login included; the same client against both BMCs, so the ratio is ours by theirs"
    return row


def timed(clients, runs):
    """All, of which those that work are timed in turn; the tools less often, which take seconds and are far behind."""
    fit = []
    for client in clients:
        with contextlib.suppress(Unmeasured):
            client.check()
            fit.append(client)
    for _ in range(runs):
        alternate([client for client in fit if client.name not in TOOLS], 3)
        alternate([client for client in fit if client.name in TOOLS], 1)
    return clients


def contestants(peers, folder, port):
    """A command for each client that asks so often in one session."""
    account = {"HALMARK_USER": servers.USER, "HALMARK_PASSWORD": servers.PASSWORD, "IPMI_PASSWORD": servers.PASSWORD, "BENCH_COMMANDS": str(BATCH)}
    words = {name: [program, f"127.0.0.1:{port}"] for name, program in peers}
    if tool := servers.which("ipmitool"):
        words[IPMITOOL] = [tool, "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", port, "-U", servers.USER, "-E", "exec", lines(folder, "chassis power status")]
    if tool := servers.which("ipmi-raw"):
        login = ["-h", f"127.0.0.1:{port}", "-u", servers.USER, "-p", servers.PASSWORD, "-W", "opensesspriv", "-D", "LAN_2_0", "-I", "3", "-l", "ADMIN"]
        words[IPMI_RAW] = [tool, *login, f"--file={lines(folder, '0 0 1')}"]
    return [Client(name, command, "", account) for name, command in words.items()]


def lines(folder, command):
    """A file with the command so often."""
    path = folder / f"{command.replace(' ', '-')}.txt"
    path.write_text(f"{command}\n" * BATCH)
    return path


def both_faces(halmark):
    """So many BMCs with Redfish and IPMI: at random, a login and a command by IPMI, or a GET by Redfish."""
    what = f"{BMCS:,} BMCs, Redfish and IPMI"
    # A socket for each face, and some more; where that is not allowed, Redfish by host names, at one port. The bench's own limit is inherited.
    if allowed(2 * BMCS + 1000):
        places, how = [], "two ports each"
    elif allowed(BMCS + 1000):
        places, how = ["--by-host", "--ipmi", f"127.0.0.1:{FIRST_PORT}"], "a UDP port each, and one port for Redfish by host names"
    else:
        return Row(what, note=f"not measured: {BMCS + 1000:,} descriptors are not allowed here (ulimit -n)")
    with simulated.halmark(halmark, ["--count", BMCS, "--tls", "off", *places]) as (ready, process):
        idle, chance, count = simulated.memory(process), random.Random(7), {"ipmi": 0, "redfish": 0}
        asked, worst, until = set(), 0, time.monotonic() + SECONDS
        while time.monotonic() < until:
            number, begun = chance.randrange(BMCS), time.monotonic()
            protocol = chance.choice(["ipmi", "redfish"])
            ask(protocol, ready, number)
            count[protocol] += 1
            asked.add(number)
            worst = max(worst, time.monotonic() - begun)
        used, stopped = simulated.memory(process), fleet.stop(process)
    row = fleet.sized(what, ready["took"], used, BMCS)
    row.note = (
        f"{how}; {idle / 1e6:.1f} MB before; {count['ipmi']:,} IPMI sessions and {count['redfish']:,} GETs with {len(asked):,} of them in {SECONDS} s, one after"
        f" another, each answered, the longest after {worst * 1000:.0f} ms; {stopped}"
    )
    return row


def ask(protocol, ready, number):
    if protocol == "redfish":
        simulated.get(ready["urls"][number])
        return
    session = Session(place(ready["ipmi"][number]), servers.USER, servers.PASSWORD)
    session.ask(*GET_CHASSIS_STATUS)
    session.close()


def allowed(count):
    """Whether a process may have so many descriptors; asks for as many as it can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= count


def place(endpoint):
    """Address and port of ipmi://…"""
    host, port = endpoint.removeprefix("ipmi://").rsplit(":", 1)
    return host, int(port)
