"""pyghmi, the library of OpenStack and Confluent: IPMI v2.0 with suite 3."""

from ipmi_steps import ACCOUNT, TAG, soften
from pyghmi.ipmi import command
from witness import until


class Unable(Exception):
    """pyghmi has no such operation."""


class Pyghmi:
    UNABLE = Unable

    def __init__(self, place):
        self.place, self.witness = place, place.witness
        self.root = self.logged_in(place.user, place.password)

    def logged_in(self, user, password, level=4):
        return command.Command(self.place.host, user, password, port=self.place.port, privlevel=level)

    def device_id(self):
        same(dict(self.root.get_firmware())["BMC Version"]["version"].count("."), 1)

    def guid(self):
        # It reads the first three fields as SMBIOS has them, and so turns their bytes around; only the whole is compared.
        found = self.root.get_inventory_of_component("System")["UUID"]
        same(sorted(bytes.fromhex(found.replace("-", ""))), sorted(bytes.fromhex(self.witness.system()["UUID"].replace("-", ""))))

    def power_read(self):
        same(self.root.get_power()["powerstate"], self.witness.system()["PowerState"].lower())

    def power_on(self):
        same(self.root.set_power("on", wait=60)["powerstate"], "on")

    def boot_set(self):
        self.root.set_bootdev("network")

    def boot_read(self):
        same(self.root.get_bootdev()["bootdev"], "network")

    def power_reset(self):
        self.root.set_power("reset")

    def boot_gone(self):
        until("pyghmi's boot device", lambda: self.root.get_bootdev()["bootdev"] == "default")

    def identify(self):
        self.root.set_identify(True, duration=5)

    def sensors(self):
        found = list(self.root.get_sensor_data())
        assert any(it.type == "Temperature" and it.value and it.value > 10 for it in found), "no temperature"

    def sel_list(self):
        list(self.root.get_event_log())

    def sel_clear(self):
        before = len(list(self.root.get_event_log(clear=True)))
        assert len(list(self.root.get_event_log())) <= max(1, before - 1), "entries are left"

    def fru(self):
        same(self.root.get_inventory_of_component("System")["Serial Number"], self.witness.system()["SerialNumber"])

    def lan(self):
        found = self.root.get_net_configuration()
        same(found["ipv4_address"].split("/")[0], self.place.host)

    def channel(self):
        same(self.root.get_channel_info()["Channel Medium type"], "802.3 LAN")

    def users(self):
        same(self.root.get_user(2)["name"], self.place.user)

    def account_create(self):
        self.password = self.place.secret()
        assert self.root.create_user(7, ACCOUNT, self.password, privilege_level="operator")

    def account_login(self):
        other = self.logged_in(ACCOUNT, self.password, level=3)
        same(other.get_power()["powerstate"], self.root.get_power()["powerstate"])

    def account_delete(self):
        assert self.root.user_delete(7)

    def dcmi_power(self):
        assert self.root.get_system_power_watts() > 0

    def asset_tag(self):
        # A text is taken apart by `bytearray`, which wants bytes.
        self.place.note("gives pyghmi the asset tag as bytes: 1.6.19 cannot take text")
        self.root.set_asset_tag(TAG.encode())
        same(self.root.get_asset_tag().rstrip("\0 "), TAG)

    def power_soft(self):
        soften(self.witness, lambda: self.root.set_power("shutdown"))

    def power_off(self):
        self.root.set_power("on", wait=60)
        same(self.root.set_power("off", wait=60)["powerstate"], "off")

    def bmc_reset(self):
        self.root.reset_bmc()


def same(seen, wanted):
    """What the client has read is what the service says."""
    assert seen == wanted, f"{seen!r} instead of {wanted!r}"
