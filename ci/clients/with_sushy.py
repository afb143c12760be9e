"""sushy, the library of OpenStack Ironic."""

import sushy
from sushy import auth
from sushy import exceptions
from witness import NotThere, linked, patiently, until


class Unable(Exception):
    """sushy has no such operation."""


class Sushy:
    UNABLE = Unable

    def __init__(self, place):
        self.place, self.witness = place, place.witness

    def login(self):
        self.auth = auth.SessionAuth(self.place.user, self.place.password)
        self.root = sushy.Sushy(self.place.url, verify=self.place.ca, auth=self.auth)
        self.session = self.auth.get_session_resource_id()
        assert self.auth.get_session_key() and self.witness.get(path_of(self.session))["UserName"] == self.place.user

    def system(self):
        self.host = self.root.get_system_collection().get_members()[0]
        same(self.host.identity, self.witness.system()["Id"])
        same(self.host.serial_number, self.witness.system().get("SerialNumber"))
        same(self.host.uuid, self.witness.system().get("UUID"))

    def chassis(self):
        chassis = self.host.chassis[0]
        same(chassis.identity, self.witness.chassis()["Id"])
        same(chassis.serial_number, self.witness.chassis().get("SerialNumber"))

    def manager(self):
        self.bmc = self.root.get_manager_collection().get_members()[0]
        same(self.bmc.firmware_version, self.witness.manager().get("FirmwareVersion"))
        same(self.host.managers[0].identity, self.bmc.identity)

    def processors(self):
        found = self.host.processors.get_members()
        same(len(found), len(self.witness.members(linked(self.witness.system(), "Processors", "the system"))))
        assert self.host.processors.summary.count

    def memory(self):
        if "MemorySummary" not in self.witness.system():
            raise NotThere("the system has no MemorySummary, and sushy reads no other")
        same(self.host.memory_summary.size_gib, self.witness.system()["MemorySummary"]["TotalSystemMemoryGiB"])

    def storage(self):
        path = linked(self.witness.system(), "Storage", "the system")
        found = self.host.storage.get_members()
        same(len(found), len(self.witness.members(path)))
        for one in found:
            same(len(one.drives), len(self.witness.get(one.path).get("Drives", [])))

    def nics(self):
        linked(self.witness.system(), "EthernetInterfaces", "the system")
        for one in self.host.ethernet_interfaces.get_members():
            same(one.mac_address, self.witness.get(one.path).get("MACAddress"))

    def sensors(self):
        document, chassis = self.witness.chassis(), self.host.chassis[0]
        if "Thermal" not in document and "Power" not in document:
            raise NotThere("the chassis has subsystems only, and sushy reads Power and Thermal")
        same(len(chassis.thermal.temperatures), len(self.witness.get(document["Thermal"]["@odata.id"])["Temperatures"]))
        same(len(chassis.power.power_supplies), len(self.witness.get(document["Power"]["@odata.id"])["PowerSupplies"]))

    def power_read(self):
        self.host.refresh(force=True)
        same(self.host.power_state.value, self.witness.system()["PowerState"])

    def power_on(self):
        patiently(self.place, lambda: self.host.reset_system(sushy.ResetType.ON))
        self.reaches(sushy.PowerState.ON)

    def power_off(self):
        patiently(self.place, lambda: self.host.reset_system(sushy.ResetType.FORCE_OFF))
        self.reaches(sushy.PowerState.OFF)

    def reaches(self, state):
        until("sushy's power state", lambda: self.fresh().power_state == state or self.host.power_state)
        same(self.witness.system()["PowerState"], state.value)

    def fresh(self):
        self.host.refresh(force=True)
        return self.host

    def boot_set(self):
        try:
            self.host.set_system_boot_options(target=sushy.BootSource.PXE, enabled=sushy.BootSourceOverrideEnabled.ONCE)
        except exceptions.HTTPError as error:
            if error.status_code == 428:
                raise Unable("the service demands If-Match and refuses its own ETag; sushy then sends none, and never *") from error
            raise
        assert ("Once", "Pxe") in self.witness.boot(), self.witness.boot()
        boot = self.fresh().boot
        if self.witness.boot()[0] == ("Once", "Pxe"):
            same((boot.enabled, boot.target), (sushy.BootSourceOverrideEnabled.ONCE, sushy.BootSource.PXE))

    def boot_gone(self):
        patiently(self.place, lambda: self.host.reset_system(sushy.ResetType.ON))
        disabled = sushy.BootSourceOverrideEnabled.DISABLED
        until("sushy's override", lambda: self.fresh().boot.enabled == disabled or self.host.boot.enabled)
        assert ("Once", "Pxe") not in self.witness.boot()

    def media_insert(self):
        wanted = self.witness.slot()
        self.witness.inserting(wanted)
        owner = self.host if "VirtualMedia" in self.witness.system() else self.bmc
        self.slot = next(it for it in owner.virtual_media.get_members() if it.path == wanted["@odata.id"])
        try:
            self.slot.insert_media("http://127.0.0.1/boot.iso")
        except exceptions.HTTPError as error:
            if error.status_code == 412:
                raise Unable("the service refuses If-Match; sushy sends it with media, and does not try without") from error
            raise
        same(self.witness.get(self.slot.path)["Image"], "http://127.0.0.1/boot.iso")

    def media_list(self):
        until("sushy's slot", lambda: self.taken() or "empty")
        same(self.slot.image, "http://127.0.0.1/boot.iso")

    def media_eject(self):
        self.slot.eject_media()
        until("sushy's slot", lambda: not self.taken() or "full")
        assert not self.witness.get(self.slot.path).get("Inserted")

    def taken(self):
        self.slot.refresh(force=True)
        return self.slot.inserted

    def account_create(self):
        raise Unable("sushy knows no accounts")

    account_login = account_password = account_delete = account_create

    def logout(self):
        self.auth.close()
        gone(self.witness, path_of(self.session))


def path_of(location):
    """A path, also where the service gave a whole URL."""
    return "/" + location.split("://", 1)[-1].split("/", 1)[1]


def gone(witness, path):
    """There is no such resource any more."""
    import urllib.error

    try:
        witness.get(path)
    except urllib.error.HTTPError as error:
        assert error.code == 404, f"{path} answers with {error.code}"
    else:
        raise AssertionError(f"{path} is still there")


def same(seen, wanted):
    """What the client has read is what the service says."""
    assert seen == wanted, f"{seen!r} instead of {wanted!r}"
