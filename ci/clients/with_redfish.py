"""DMTF's python-redfish-library: HTTP with a session; what is asked, and what an answer means, is up to the user."""

import redfish
from witness import NotThere, linked, patiently, until
from with_sushy import gone, path_of, same


class Unable(Exception):
    """The library has no such operation."""


class Refused(Exception):
    """The service's own words."""

    def __init__(self, text, status=0):
        super().__init__(text)
        self.status_code = status


class Dmtf:
    UNABLE = Unable

    def __init__(self, place):
        self.place, self.witness = place, place.witness

    def login(self):
        self.client = self.another(self.place.user, self.place.password)
        location = path_of(self.client.get_session_location())
        same(self.witness.get(location)["UserName"], self.place.user)

    def another(self, user, password):
        client = redfish.redfish_client(base_url=self.place.url, username=user, password=password, cafile=self.place.ca, max_retry=1)
        client.login(auth="session")
        return client

    def get(self, path):
        answer = self.client.get(path)
        if answer.status != 200:
            raise Refused(f"GET {path}: {answer.status} {answer.text[:300]}")
        return answer

    def read(self, path):
        return self.get(path).dict

    def first(self, collection):
        members = self.read(self.client.root[collection]["@odata.id"])["Members"]
        return self.read(members[0]["@odata.id"])

    def post(self, path, body):
        return checked("POST", path, self.client.post(path, body=body))

    def patch(self, path, body):
        """First as it is; with the ETag that it read where the service demands one, as the library's README has it."""
        answer = self.client.patch(path, body=body)
        if answer.status in (428, 412):
            tag = self.get(path).getheader("ETag")
            self.place.note("sends If-Match where the service answers 428")
            answer = self.client.patch(path, body=body, headers={"If-Match": tag})
            if answer.status == 412:
                self.place.note("sends If-Match: * where the service refuses its own ETag")
                answer = self.client.patch(path, body=body, headers={"If-Match": "*"})
        return checked("PATCH", path, answer)

    def system(self):
        self.path = self.first("Systems")["@odata.id"]
        same(self.read(self.path)["UUID"], self.witness.system()["UUID"])

    def chassis(self):
        path = self.read(self.path)["Links"]["Chassis"][0]["@odata.id"]
        self.enclosure = self.read(path)
        same(self.enclosure["Id"], self.witness.chassis()["Id"])

    def manager(self):
        self.bmc = self.first("Managers")
        same(self.bmc["FirmwareVersion"], self.witness.manager()["FirmwareVersion"])

    def collection(self, name):
        members = self.read(linked(self.read(self.path), name, "the system"))
        same(len(members["Members"]), members["Members@odata.count"])
        return [self.read(it["@odata.id"]) for it in members["Members"]]

    def processors(self):
        assert all(it["Id"] for it in self.collection("Processors"))

    def memory(self):
        assert all(it["CapacityMiB"] for it in self.collection("Memory") if it.get("Status", {}).get("State") != "Absent")

    def storage(self):
        for one in self.collection("Storage"):
            for drive in one.get("Drives", []):
                assert self.read(drive["@odata.id"])["Name"]

    def nics(self):
        assert all(it["Id"] for it in self.collection("EthernetInterfaces"))

    def sensors(self):
        if "Sensors" in self.enclosure:
            members = self.read(self.enclosure["Sensors"]["@odata.id"])["Members"]
            assert all("Reading" in self.read(it["@odata.id"]) for it in members)
        else:
            assert self.read(linked(self.enclosure, "Thermal", "the chassis"))["Temperatures"]
            assert self.read(linked(self.enclosure, "Power", "the chassis"))["PowerSupplies"]

    def power_read(self):
        same(self.read(self.path)["PowerState"], self.witness.system()["PowerState"])

    def power_on(self):
        self.reset("On")
        self.reaches("On")

    def power_off(self):
        self.reset("ForceOff")
        self.reaches("Off")

    def reset(self, kind):
        action = self.read(self.path)["Actions"]["#ComputerSystem.Reset"]
        allowed = action.get("ResetType@Redfish.AllowableValues")
        if allowed is None:
            parameters = self.read(action["@Redfish.ActionInfo"])["Parameters"]
            allowed = next(it["AllowableValues"] for it in parameters if it["Name"] == "ResetType")
        assert kind in allowed, f"{kind} is not among {allowed}"
        patiently(self.place, lambda: self.post(action["target"], {"ResetType": kind}))

    def reaches(self, state):
        until("the power state", lambda: self.read(self.path)["PowerState"] == state or self.read(self.path)["PowerState"])
        same(self.witness.system()["PowerState"], state)

    def boot_set(self):
        body = {"Boot": {"BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Pxe"}}
        system = self.read(self.path)
        settings = system.get("@Redfish.Settings", {}).get("SettingsObject", {}).get("@odata.id")
        at_settings = settings and "BootSourceOverrideTarget" in self.read(settings).get("Boot", {})
        if at_settings:
            self.place.note("writes the override to the settings object where that has it")
        self.patch(settings if at_settings else self.path, body)
        if ("Once", "Pxe") not in self.witness.boot():
            self.place.note("writes the mode of the override too where a part of it has no effect")
            body["Boot"]["BootSourceOverrideMode"] = "UEFI"
            self.patch(self.path, body)
        assert ("Once", "Pxe") in self.witness.boot(), self.witness.boot()

    def boot_gone(self):
        self.reset("On")
        enabled = lambda: self.read(self.path)["Boot"]["BootSourceOverrideEnabled"]
        until("the override", lambda: enabled() == "Disabled" or enabled())
        assert ("Once", "Pxe") not in self.witness.boot()

    def media_insert(self):
        self.slot = self.witness.slot()["@odata.id"]
        target = self.witness.inserting(self.read(self.slot))
        image = {"Image": "http://127.0.0.1/boot.iso"}
        if target is None:
            self.patch(self.slot, {**image, "Inserted": True, "WriteProtected": True})
        else:
            self.post(target, image)
        same(self.witness.get(self.slot)["Image"], image["Image"])

    def media_list(self):
        until("the slot", lambda: self.read(self.slot)["Inserted"] or "empty")
        same(self.read(self.slot)["Image"], "http://127.0.0.1/boot.iso")

    def media_eject(self):
        action = self.read(self.slot).get("Actions", {}).get("#VirtualMedia.EjectMedia")
        if action is None:
            self.patch(self.slot, {"Image": None, "Inserted": False})
        else:
            self.post(action["target"], {})
        until("the slot", lambda: not self.read(self.slot)["Inserted"] or "full")
        assert not self.witness.get(self.slot)["Inserted"]

    def account_create(self):
        self.accounts = self.read(self.client.root["AccountService"]["@odata.id"])["Accounts"]["@odata.id"]
        self.password = self.place.secret()
        body = {"UserName": "clients", "Password": self.password, "RoleId": "Operator"}
        answer = self.client.post(self.accounts, body=body)
        if answer.status == 405:
            self.place.note("fills an empty slot by PATCH where accounts are not created")
            self.account = self.empty_slot()
            self.patch(self.account, {**body, "Enabled": True})
        else:
            checked("POST", self.accounts, answer)
            self.account = path_of(answer.getheader("Location"))
        assert self.witness.accepts("clients", self.password), "the service does not take the new password"

    def empty_slot(self):
        """The last slot without a name: the first ones are reserved on real machines."""
        paths = [it["@odata.id"] for it in self.read(self.accounts)["Members"]]
        empty = [path for path in paths if not self.read(path)["UserName"]]
        if not empty:
            raise NotThere("no account can be created, and no slot is empty")
        return empty[-1]

    def account_login(self):
        other = self.another("clients", self.password)
        same(other.get(self.path).status, 200)
        other.logout()

    def account_password(self):
        old, self.password = self.password, self.place.secret()
        self.patch(self.account, {"Password": self.password})
        assert self.witness.accepts("clients", self.password) and not self.witness.accepts("clients", old)

    def account_delete(self):
        answer = self.client.delete(self.account)
        if answer.status == 405:
            self.place.note("empties the slot by PATCH where accounts are not deleted")
            self.patch(self.account, {"Enabled": False, "UserName": ""})
        else:
            checked("DELETE", self.account, answer)
        assert not self.witness.accepts("clients", self.password)
        assert all(it["UserName"] != "clients" for it in self.witness.accounts())

    def logout(self):
        location = path_of(self.client.get_session_location())
        self.client.logout()
        gone(self.witness, location)


def checked(method, path, answer):
    """The answer, if the service did it."""
    if answer.status >= 300:
        raise Refused(f"{method} {path}: {answer.status} {answer.text[:400]}", answer.status)
    return answer
