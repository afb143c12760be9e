"""DMTF's redfishtool, a command for each operation. Its arguments go in by standard input, so that no process list has them."""

import json
import subprocess
import sys
from pathlib import Path

from witness import NotThere, linked, patiently, until
from with_sushy import gone, same

# redfishtool's own main, with the arguments that were read.
MAIN = "import json, sys; sys.argv = ['redfishtool', *json.load(sys.stdin)]; from redfishtoollib import main; main(sys.argv)"


class Unable(Exception):
    """redfishtool has no such operation."""


class Refused(Exception):
    """Its own words."""

    def __init__(self, text):
        super().__init__(text)
        self.status_code = 409 if "status_code: 409" in text or ("status_code: 400" in text and " reset " in text) else 0


class Tool:
    UNABLE = Unable

    def __init__(self, place):
        self.place, self.witness = place, place.witness
        place.note("does not check certificates")

    def raw(self, *words, user=None, password=None):
        """What one command prints. It logs in and out with every command unless it has a token."""
        who = ["-u", user or self.place.user, "-p", password or self.place.password]
        with_token = getattr(self, "token", None) and user is None
        who = ["-t", self.token] if with_token else who
        arguments = ["-r", self.place.url.split("://")[1], "-S", "Always", "-A", "Session", *who, *words]
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", MAIN], input=json.dumps(arguments), capture_output=True, text=True)
        if "status_code: 412" in done.stderr + done.stdout:
            raise Unable("the service refuses its own ETag, and redfishtool sends nothing else")
        if done.returncode:
            raise Refused(f"{' '.join(words[:4])} ended with {done.returncode}: {(done.stderr + done.stdout).strip()[-400:]}")
        return done.stdout

    def tool(self, *words):
        return json.loads(self.raw(*words))

    def systems(self, *words):
        return self.tool("Systems", "-F", *words)

    def login(self):
        self.raw("SessionService", "login")
        before = {it["Id"] for it in self.sessions()}
        shown = self.raw("-ssss", "SessionService", "login")
        words = shown.replace(",", " ").split()
        self.token = next(word.split("=")[-1] for word in words if "AuthToken" in word or len(word) == 32)
        self.id = next(it["Id"] for it in self.sessions() if it["Id"] not in before)

    def sessions(self):
        service = self.witness.get(self.witness.get("/redfish/v1/")["SessionService"]["@odata.id"])
        return [self.witness.get(path) for path in self.witness.members(service["Sessions"]["@odata.id"])]

    def system(self):
        same(self.systems("get")["UUID"], self.witness.system()["UUID"])

    def chassis(self):
        assert self.tool("Chassis", "-F", "get")["Id"]

    def manager(self):
        same(self.tool("Managers", "-F", "get")["FirmwareVersion"], self.witness.manager()["FirmwareVersion"])

    def processors(self):
        wanted = self.witness.members(linked(self.witness.system(), "Processors", "the system"))
        same(len(self.systems("Processors", "-a")["Members"]), len(wanted))

    def memory(self):
        raise Unable("redfishtool knows no memory")

    def storage(self):
        if "SimpleStorage" not in self.witness.system():
            raise NotThere("the system has no SimpleStorage, and redfishtool reads no other")
        assert self.systems("SimpleStorage")["Members"]

    def nics(self):
        linked(self.witness.system(), "EthernetInterfaces", "the system")
        assert all(it["Id"] for it in self.systems("EthernetInterfaces", "-a")["Members"])

    def sensors(self):
        chassis = self.witness.chassis()
        if "Thermal" not in chassis:
            raise NotThere("the chassis has no Thermal, and redfishtool reads no other sensors")
        assert self.tool("Chassis", "-L", chassis["@odata.id"], "Thermal")["Temperatures"]
        # Its command Sensors ends with an error where a chassis does not have both.
        if "Sensors" in chassis:
            assert self.raw("Chassis", "-L", chassis["@odata.id"], "Sensors").strip()

    def power_read(self):
        same(self.systems("-P", "PowerState", "get")["PowerState"], self.witness.system()["PowerState"])

    def power_on(self):
        patiently(self.place, lambda: self.raw("Systems", "-F", "reset", "On"))
        self.reaches("On")

    def power_off(self):
        patiently(self.place, lambda: self.raw("Systems", "-F", "reset", "ForceOff"))
        self.reaches("Off")

    def reaches(self, state):
        until("the witness's power state", lambda: self.witness.system()["PowerState"] == state or "another")
        self.power_read()

    def boot_set(self):
        settings = self.witness.system().get("@Redfish.Settings", {}).get("SettingsObject", {}).get("@odata.id")
        if settings and "BootSourceOverrideTarget" in self.witness.get(settings).get("Boot", {}):
            raise Unable("the override is written to the settings object, and redfishtool writes it to the system")
        self.raw("Systems", "-F", "setBootOverride", "Once", "Pxe")
        assert ("Once", "Pxe") in self.witness.boot(), self.witness.boot()
        boot = self.systems("get")["Boot"]
        same((boot["BootSourceOverrideEnabled"], boot["BootSourceOverrideTarget"]), self.witness.boot()[0])

    def boot_gone(self):
        patiently(self.place, lambda: self.raw("Systems", "-F", "reset", "On"))
        until("the override", lambda: self.witness.boot()[0][0] == "Disabled" or self.witness.boot())
        same(self.systems("get")["Boot"]["BootSourceOverrideEnabled"], "Disabled")

    def media_insert(self):
        slot = self.witness.slot()
        self.slot, target = slot["@odata.id"], self.witness.inserting(slot)
        body = {"Image": "http://127.0.0.1/boot.iso"}
        if target is None:
            self.send("PATCH", self.slot, {**body, "Inserted": True})
        else:
            self.send("POST", target, body)
        same(self.witness.get(self.slot)["Image"], body["Image"])

    def send(self, method, path, body):
        self.place.note("does virtual media by its command raw")
        self.raw("raw", method, path, "-d", json.dumps(body))

    def media_list(self):
        until("the slot", lambda: self.tool("raw", "GET", self.slot)["Inserted"] or "empty")
        same(self.tool("raw", "GET", self.slot)["Image"], "http://127.0.0.1/boot.iso")

    def media_eject(self):
        action = self.witness.get(self.slot).get("Actions", {}).get("#VirtualMedia.EjectMedia")
        if action is None:
            self.send("PATCH", self.slot, {"Image": None, "Inserted": False})
        else:
            self.send("POST", action["target"], {})
        until("the slot", lambda: not self.tool("raw", "GET", self.slot)["Inserted"] or "full")
        assert not self.witness.get(self.slot)["Inserted"]

    def account_create(self):
        self.password = self.place.secret()
        if any(not it["UserName"] for it in self.witness.accounts()):
            raise Unable("redfishtool cannot fill an empty slot with a name and a password at once")
        try:
            self.raw("AccountService", "adduser", "toolclient", self.password, "Operator")
        except Refused as refused:
            if "status_code: 405" in str(refused):
                raise Unable("no account is created by POST here, and redfishtool has no other way") from refused
            raise
        assert self.witness.accepts("toolclient", self.password)

    def account_login(self):
        said = json.loads(self.raw("Systems", "-F", "get", user="toolclient", password=self.password))
        same(said["UUID"], self.witness.system()["UUID"])

    def account_password(self):
        old, self.password = self.password, self.place.secret()
        self.raw("AccountService", "setpassword", "toolclient", self.password)
        assert self.witness.accepts("toolclient", self.password) and not self.witness.accepts("toolclient", old)

    def account_delete(self):
        self.raw("AccountService", "deleteuser", "toolclient")
        assert all(it["UserName"] != "toolclient" for it in self.witness.accounts())

    def logout(self):
        self.raw("SessionService", "-i", self.id, "logout")
        assert all(it["Id"] != self.id for it in self.sessions())
