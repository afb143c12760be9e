"""One power state over IPMI, as a whole process: halmark, FreeIPMI, ipmitool and two Rust libraries on one ipmi_sim."""

import os
import select
import socket
import subprocess
import threading

import servers
from table import Row
from timing import Client, Unmeasured, alternate

# The crate ipmi-rs leaves its sessions open and ipmi_sim has 63: a fresh BMC before they run out.
ROUNDS_PER_BMC = 25

INSTALL = {"ipmitool": "apt-get install ipmitool", "ipmipower": "apt-get install freeipmi-tools", "ipmi-chassis": "apt-get install freeipmi-tools"}


def clients(halmark, folder, target, rounds):
    """Both blocks: a BMC that answers by itself, and one that asks a script."""
    if not servers.which("ipmi_sim"):
        return [Row("power read", note="no BMC to ask: apt-get install openipmi", failed=True)]
    peers, missing = libraries(target)
    rows = block("power read", halmark, peers, folder, rounds, scripted=False)
    rows += block("power read, scripted BMC", halmark, peers, folder, rounds, scripted=True)
    return rows + missing + [Row(f"power read: {tool}", note=f"peer not installed: {how}") for tool, how in INSTALL.items() if not servers.which(tool)]


def libraries(target):
    """The smallest client of each Rust library, built as halmark is; and rows for what could not be built."""
    manifest = servers.ROOT / "ci" / "bench" / "peers" / "Cargo.toml"
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target / "bench-peers")}
    built = subprocess.run(["cargo", "build", "--release", "--locked", "--manifest-path", manifest], env=environment)
    if built.returncode != 0:
        return [], [Row("power read: Rust libraries", note="peers could not be built: cargo build --manifest-path ci/bench/peers/Cargo.toml", failed=True)]
    folder = target / "bench-peers" / "release"
    return [("crate ipmi 0.1.2", folder / "peer-ipmi"), ("crate ipmi-rs 0.6.0", folder / "peer-ipmi-rs")], []


def block(what, halmark, peers, folder, rounds, scripted):
    """One BMC, every client in turn, and a row for each peer."""
    state = "on" if scripted else "off"
    entrants, unfit = qualify([Entrant(*named) for named in contestants(halmark, peers, state)], what, folder, scripted)
    for first in range(0, rounds, ROUNDS_PER_BMC):
        with servers.ipmi_sim(folder, scripted) as port:
            for entrant in entrants:
                entrant.ask(port)
            alternate([entrant.client for entrant in entrants], min(ROUNDS_PER_BMC, rounds - first))
    return rows(what, entrants) + unfit


def qualify(entrants, what, folder, scripted):
    """Who reads the state that the BMC has, and a row for each peer that does not. Without halmark there is nothing to measure."""
    fit, unfit = [], []
    with servers.ipmi_sim(folder, scripted) as port:
        for entrant in entrants:
            try:
                entrant.check(port)
                fit.append(entrant)
            except (Unmeasured, OSError, subprocess.SubprocessError) as problem:
                if entrant.client.name.startswith("halmark"):
                    raise
                unfit.append(Row(f"{what} / {entrant.client.name}", note=f"not measured: {problem}", failed=True))
    return fit, unfit


def contestants(halmark, peers, state):
    """Name, command by port, and what it prints of this state. halmark first, and halmark with suite 3."""
    door = ["--endpoint", "ipmi://127.0.0.1:{port}"]
    yield "halmark", [halmark, "power", "read", *door], f"powered-{state}"
    yield "halmark --suite 3", [halmark, "power", "read", *door, "--suite", "3"], f"powered-{state}"
    for name, program in peers:
        yield name, [program, "127.0.0.1:{port}"], f"powered-{state}"
    account = ["-h", "127.0.0.1:{port}", "-u", servers.USER, "-p", servers.PASSWORD]
    session = ["-W", "opensesspriv", "-D", "LAN_2_0", "-I", "3"]
    tools = {
        "ipmitool": ["-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", "{port}", "-U", servers.USER, "-E", "chassis", "power", "status"],
        "ipmipower": [*account, *session, "--stat"],
        "ipmi-chassis": [*account, *session, "--get-chassis-status"],
    }
    expects = {"ipmitool": f"chassis power is {state}", "ipmipower": f": {state}\n", "ipmi-chassis": f": {state}\n"}
    for tool, words in tools.items():
        if servers.which(tool):
            yield tool, [servers.which(tool), *words], expects[tool]


class Entrant:
    """A client whose command has a port to be filled in."""

    def __init__(self, name, words, expects):
        account = {"HALMARK_USER": servers.USER, "HALMARK_PASSWORD": servers.PASSWORD, "IPMI_PASSWORD": servers.PASSWORD}
        self.words = words
        self.datagrams = 0
        self.client = Client(name, [], expects, account)

    def ask(self, port):
        """From now on it asks the BMC at this port."""
        self.client.command = [str(word).format(port=port) for word in self.words]

    def check(self, port):
        """Asks once by a counting relay, which is where it is known how many datagrams it sends."""
        with Counter(port) as counter:
            self.ask(counter.port)
            self.client.check()
        self.datagrams = counter.sent


def rows(what, entrants):
    """halmark's own two rows, and one for each peer."""
    ours, suite3, *peers = [entrant.client for entrant in entrants]
    sent = [entrant.datagrams for entrant in entrants]
    lines = [
        Row(what, text(ours), note=f"halmark sends {sent[0]} datagrams, suite 17 first; processor time {ours.cpu_ms:.1f} ms"),
        Row(f"{what} --suite 3", text(suite3), note=f"{sent[1]} datagrams; processor time {suite3.cpu_ms:.1f} ms"),
    ]
    for peer, datagrams in zip(peers, sent[2:]):
        note = f"{datagrams} datagrams; processor time {peer.cpu_ms:.1f} ms; by halmark --suite 3 the ratio is {peer.ms / suite3.ms:.2f}"
        lines.append(Row(f"{what} / {peer.name}", f"{ours.ms:.2f} ms", text(peer), peer.ms / ours.ms, "> 1", peer.ms > ours.ms, note))
    return lines + [Row(f"{what} / {c.name}", note=f"{c.misses} runs failed and are left out") for c in (ours, suite3, *peers) if c.misses]


def text(client):
    low, high = client.spread()
    return f"{client.ms:.2f} ms ({low:.2f}-{high:.2f})"


class Counter:
    """A relay for one client's datagrams, which counts what it sends; for looking, never for timing."""

    def __init__(self, port):
        self.bmc = ("127.0.0.1", port)
        self.sent = 0

    def __enter__(self):
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", 0))
        self.port = self.front.getsockname()[1]
        self.back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.back.connect(self.bmc)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.carry)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.front.close()
        self.back.close()

    def carry(self):
        client = None
        while not self.ended.is_set():
            for ready in select.select([self.front, self.back], [], [], 0.05)[0]:
                if ready is self.front:
                    data, client = self.front.recvfrom(2048)
                    self.back.send(data)
                    self.sent += 1
                elif client:
                    self.front.sendto(self.back.recv(2048), client)
