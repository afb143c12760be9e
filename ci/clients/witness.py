"""What the service itself says, asked past every client: plain HTTP with the standard library, and Basic authentication."""

import base64
import json
import ssl
import time
import urllib.error
import urllib.request


class NotThere(Exception):
    """The machine has no such thing, and says so."""


class Witness:
    """Reads the service."""

    def __init__(self, url, ca, user, password):
        self.url = url
        self.context = ssl.create_default_context(cafile=ca)
        self.basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def get(self, path):
        """A resource."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": self.basic, "Accept": "application/json"})
        with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:
            return json.load(answer)

    def accepts(self, user, password):
        """Whether this user may log in."""
        other = Witness.__new__(Witness)
        other.url, other.context = self.url, self.context
        other.basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        try:
            other.get("/redfish/v1/Systems")
            return True
        except urllib.error.HTTPError as error:
            if error.code == 401:
                return False
            raise

    def members(self, path):
        """The paths of a collection's members."""
        return [it["@odata.id"] for it in self.get(path)["Members"]]

    def first(self, collection):
        """The first member of one of the root's collections, such as Systems."""
        root = self.get("/redfish/v1/")
        return self.get(self.members(linked(root, collection, "the root"))[0])

    def system(self):
        return self.first("Systems")

    def chassis(self):
        """The chassis that the system is in."""
        system = self.system()
        return self.get(system["Links"]["Chassis"][0]["@odata.id"])

    def manager(self):
        return self.first("Managers")

    def boot(self):
        """Enabled and target of the override, as the system shows them or as its settings hold them for the next boot."""
        system = self.system()
        settings = system.get("@Redfish.Settings", {}).get("SettingsObject", {}).get("@odata.id")
        shown = [system["Boot"]] + ([self.get(settings).get("Boot", {})] if settings else [])
        return [(it.get("BootSourceOverrideEnabled"), it.get("BootSourceOverrideTarget")) for it in shown]

    def accounts(self):
        service = self.get(linked(self.get("/redfish/v1/"), "AccountService", "the root"))
        return [self.get(path) for path in self.members(linked(service, "Accounts", "the account service"))]

    def slots(self):
        """The slots for virtual media."""
        for owner in (self.system(), self.manager()):
            if "VirtualMedia" in owner:
                return [self.get(path) for path in self.members(owner["VirtualMedia"]["@odata.id"])]
        raise NotThere("neither the system nor the manager has virtual media")

    def slot(self):
        """The slot that takes a CD."""
        for slot in self.slots():
            if {"CD", "DVD"} & set(slot.get("MediaTypes", [])):
                return slot
        raise NotThere("no slot for virtual media takes a CD")

    def inserting(self, slot):
        """How an image is put into it: the action's target, or None where a PATCH does it."""
        action = slot.get("Actions", {}).get("#VirtualMedia.InsertMedia")
        if action:
            return action["target"]
        request = urllib.request.Request(self.url + slot["@odata.id"], headers={"Authorization": self.basic})
        with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:
            if "PATCH" in answer.headers.get("Allow", ""):
                return None
        raise NotThere("its slots have no action to insert an image, and take no PATCH")


def linked(document, name, owner):
    """Where a link leads."""
    if name not in document:
        raise NotThere(f"{owner} has no link {name}")
    return document[name]["@odata.id"]


def until(what, fact, seconds=60):
    """Waits for a fact, and says what came instead."""
    end = time.monotonic() + seconds
    while True:
        seen = fact()
        if seen is True:
            return
        if time.monotonic() > end:
            raise AssertionError(f"{what}: still {seen!r} after {seconds} s")
        time.sleep(0.1)


def patiently(place, ask, seconds=30):
    """Asks again where the BMC is not ready for the next reset, as some are for seconds after one."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except Exception as error:
            early = getattr(error, "status_code", 0) == 409 or "InvalidOperationForSystemState" in str(error)
            if not early or time.monotonic() > end:
                raise
            place.note("asks again where a reset comes too early after another, as the BMC says")
            time.sleep(0.5)
