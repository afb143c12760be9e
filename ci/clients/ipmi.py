"""ipmitool, FreeIPMI, pyghmi and python-ipmi against the IPMI of simulated BMCs, as ci/clients/run drives them."""

import os
import re
import shlex
import subprocess
import time

import sim
from ipmi_rows import FREEIPMI, IPMITOOL, UNABLE
from ipmi_steps import ACCOUNT, NEEDS, STEPS, agrees, soften
from witness import Witness

# What the tools say where a platform does not offer their way of logging in; the generic one offers all of them.
UNOFFERED = re.compile("Authentication type NONE not supported|authentication type unavailable|invalid authentication algorithm|bad rmcpplus status code")
# The tools, by the way in which they log in.
WAYS = {
    "ipmitool": ("ipmitool", ["-I", "lanplus"]),
    "ipmitool -C 3": ("ipmitool", ["-I", "lanplus", "-C", "3"]),
    "ipmitool -I lan": ("ipmitool", ["-I", "lan"]),
    "freeipmi -I 17": ("freeipmi", ["-D", "LAN_2_0", "-I", "17"]),
    "freeipmi": ("freeipmi", ["-D", "LAN_2_0"]),
    "freeipmi -D LAN": ("freeipmi", ["-D", "LAN"]),
}
LIBRARIES = ["pyghmi", "python-ipmi"]
CLIENTS = [*WAYS, *LIBRARIES]
ROWS = {"ipmitool": {row.step: row for row in IPMITOOL}, "freeipmi": {row.step: row for row in FREEIPMI}}
# Boot flags are valid for 60 of the BMC's seconds (IPMI v2.0 §28.13): that has to be longer than a tool takes for two commands.
TIME_SCALE = "0.2"
# What a command may take, and how long a fact is waited for.
PATIENCE = 60


def driven(bmc, client, folder):
    """Each step's result, why, and notes, of one of the tools."""
    tool, way = WAYS[client]
    desk = Desk(bmc, tool, way, folder)
    if bmc.profile != "generic" and (reason := desk.unoffered()):
        return {title: ("n/a", reason, []) for title, _ in STEPS}
    results, found = {}, {}
    for title, step in STEPS:
        found[title] = attempt(desk, step, results)
        results[step] = found[title][0]
    return found


def attempt(desk, step, results):
    """ok, n/a or FAIL, why, and notes."""
    if (desk.tool, step) in UNABLE:
        return "n/a", UNABLE[desk.tool, step], []
    needed = results.get(NEEDS.get(step), "ok")
    if needed != "ok":
        return "n/a", f"{NEEDS[step]} was {needed}", []
    try:
        if step == "power_soft":
            soften(desk.witness, lambda: desk.carry_out(ROWS[desk.tool][step]))
        else:
            desk.carry_out(ROWS[desk.tool][step])
        agrees(desk.witness, step)
        return "ok", "", []
    except (AssertionError, subprocess.TimeoutExpired, OSError) as problem:
        return "FAIL", desk.hidden(str(problem)), []


class Desk:
    """One tool at one BMC: its files, and what the BMC is known to be."""

    def __init__(self, bmc, tool, way, folder):
        self.bmc, self.tool, self.way, self.folder = bmc, tool, way, folder
        self.witness = Witness(bmc.url, bmc.ca, bmc.user, bmc.password)
        self.host, self.port = bmc.ipmi.rsplit(":", 1)
        self.new = "Pw2-" + os.urandom(5).hex()
        self.log = open(folder / "output.log", "w")

    def carry_out(self, row):
        """Runs its commands until they say what they should."""
        end = time.monotonic() + (PATIENCE if row.until else 0)
        while missing := self.missing(row):
            assert time.monotonic() < end, missing
            time.sleep(0.1)

    def unoffered(self):
        """Why this way of logging in is not there on this platform, in the tool's words; nothing where it is."""
        code, said = self.run(ROWS[self.tool]["device_id"].commands[0], "")
        found = UNOFFERED.search(said) if code else None
        return found and f"the platform does not offer this login: {found.group()}"

    def missing(self, row):
        """What the output of a row's commands lacks; nothing where it is as it should be."""
        facts, output = {name: re.escape(text) for name, text in self.facts().items()}, ""
        for command in row.commands:
            code, said = self.run(command, row.user)
            output += said
            if code not in row.codes:
                return f"{command.split()[0]} ended with {code}: {last(said)}"
        for wanted in row.expects:
            if not re.search(wanted.format(**facts), output, re.MULTILINE):
                return f"{row.commands[-1]}: no {wanted!r} in {last(output)}"
        return None

    def run(self, command, user):
        """One command: its exit code, and what it said."""
        words = self.words(command, user or self.bmc.user, self.new if user else self.bmc.password)
        environment = {**os.environ, "HOME": str(self.folder), "LC_ALL": "C", "TZ": "UTC"}
        done = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        said = done.stdout.decode(errors="replace")
        print(f"$ {command}\n{self.hidden(said)}[{done.returncode}]", file=self.log, flush=True)
        return done.returncode, said

    def words(self, command, user, password):
        """The command line; passwords are in files, so that no process list has them."""
        if self.tool == "ipmitool":
            return self.of_ipmitool(command, user, password)
        program, *words = shlex.split(command.format(settings=self.settings()))
        account = private(self.folder / "freeipmi.conf", f"username {user}\npassword {password}\n")
        cache = [f"--sdr-cache-directory={self.folder}"] if program in ("ipmi-sensors", "ipmi-sel", "ipmi-fru") else []
        level = [] if "-l" in words else ["-l", "ADMIN"]
        quiet = ["--quiet-cache"] if cache else []
        return [program, "-h", f"{self.host}:{self.port}", f"--config-file={account}", *self.way, *level, *cache, *quiet, *words]

    def of_ipmitool(self, command, user, password):
        words, given, level = *command.partition(" -L "),
        key = private(self.folder / "password", password)
        account = ["-H", self.host, "-p", self.port, "-U", user, "-f", key, *(["-L", level] if given else [])]
        if "{new}" not in words:
            return ["ipmitool", *self.way, *account, *shlex.split(words)]
        script = private(self.folder / "commands", words.format(new=self.new) + "\n")
        return ["ipmitool", *self.way, *account, "exec", script]

    def settings(self):
        """The account that FreeIPMI makes, as a file of settings."""
        lines = [("Username", ACCOUNT), ("Password", self.new), ("Enable_User", "Yes"), ("Lan_Enable_IPMI_Msgs", "Yes"), ("Lan_Privilege_Limit", "Operator")]
        text = "".join(f"\t{name} {value}\n" for name, value in lines)
        return private(self.folder / "settings", f"Section User7\n{text}EndSection\n")

    def facts(self):
        """What the Redfish service says about the same machine."""
        system, manager = self.witness.system(), self.witness.manager()
        return {
            "host": self.host,
            "serial": system.get("SerialNumber", ""),
            "uuid": system.get("UUID", "").lower(),
            "power": "on" if system["PowerState"] == "On" else "off",
            "mac": self.mac(manager),
        }

    def mac(self, manager):
        """The address of the BMC's own port."""
        path = manager.get("EthernetInterfaces", {}).get("@odata.id")
        return self.witness.get(self.witness.members(path)[0]).get("MACAddress", "").lower() if path else ""

    def hidden(self, text):
        return text.replace(self.bmc.password, "…").replace(self.new, "…")


def private(path, text):
    """A file that its owner alone can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return str(path)


def last(text):
    """The end of what a program said, on one line."""
    return repr(" ".join(text.split())[-160:])
