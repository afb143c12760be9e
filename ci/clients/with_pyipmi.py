"""python-ipmi, by its own RMCP interface: IPMI v1.5 sessions, each packet with an MD5 code."""

import os
import time

import pyipmi
import pyipmi.interfaces
from ipmi_steps import ACCOUNT, TAG
from pyipmi.chassis import BootDevice
from pyipmi.errors import CompletionCodeError
from pyipmi.messaging import UserPrivilegeLevel
from witness import NotThere, until


class Unable(Exception):
    """python-ipmi has no such operation."""


class PythonIpmi:
    UNABLE = Unable

    def __init__(self, place):
        self.place, self.witness = place, place.witness
        try:
            self.root = self.logged_in(place.user, place.password, "ADMINISTRATOR")
        except CompletionCodeError as error:
            if error.cc == 0xCC and os.environ["BMC_PROFILE"] != "generic":
                raise NotThere("the platform offers no IPMI v1.5") from error
            raise

    def logged_in(self, user, password, level):
        ipmi = pyipmi.create_connection(pyipmi.interfaces.create_interface("rmcp", keep_alive_interval=0))
        ipmi.target = pyipmi.Target(ipmb_address=0x20)
        ipmi.session.set_session_type_rmcp(self.place.host, self.place.port)
        ipmi.session.set_auth_type_user(user, password)
        ipmi.session.set_priv_level(level)
        ipmi.open()
        return ipmi

    def device_id(self):
        found = self.root.get_device_id()
        same(str(found.ipmi_version), "2.0")
        assert found.supports_function("chassis"), found

    def guid(self):
        # It reads the last byte first, as IPMI v2.0 §20.8 has it.
        same(len(self.root.get_device_guid().device_guid_string), 36)

    def chassis(self):
        same(self.root.get_chassis_status().power_on, self.witness.system()["PowerState"] == "On")

    power_read = chassis

    def power_on(self):
        self.root.chassis_control_power_up()
        until("python-ipmi's power", lambda: self.root.get_chassis_status().power_on)

    def boot_set(self):
        self.root.set_boot_options(BootDevice.PXE, "legacy", False)

    def boot_read(self):
        same(self.root.get_boot_device(), BootDevice.PXE)
        same(self.root.get_boot_persistency(), False)

    def power_reset(self):
        self.root.chassis_control_hard_reset()

    def boot_gone(self):
        until("python-ipmi's boot device", lambda: self.root.get_boot_device() == BootDevice.NO_OVERRIDE)

    def power_cycle(self):
        self.root.chassis_control_power_cycle()

    def sensors(self):
        records = [it for it in self.root.get_repository_sdr_list() if getattr(it, "sensor_type_code", None) == 1 and hasattr(it, "convert_sensor_raw_to_value")]
        raw, _ = self.root.get_sensor_reading(records[0].number)
        assert 10 < records[0].convert_sensor_raw_to_value(raw) < 60, f"{records[0]}: {raw}"

    def thresholds(self):
        found = self.root.get_sensor_thresholds(1)
        assert found["unc"] < found["ucr"], found

    def repository(self):
        same(self.root.get_sdr_repository_info().record_count, len(self.root.get_repository_sdr_list()))

    def sel_list(self):
        same(len(self.root.get_sel_entries()), self.root.get_sel_entries_count())

    def sel_clear(self):
        before = [it.timestamp for it in self.root.get_sel_entries()]
        self.root.clear_sel()
        left = [it.timestamp for it in self.root.get_sel_entries()]
        assert not before or not set(before[:1]) & set(left), f"{left} are left of {before}"

    def fru(self):
        found = self.root.get_fru_inventory()
        same(str(found.product_info_area.serial_number), self.witness.system()["SerialNumber"])

    def lan(self):
        same(self.root.get_ip_address(1), self.place.host)

    def channel(self):
        self.root.get_channel_info(1)

    def users(self):
        same(self.root.get_username(2).rstrip(b"\0").decode(), self.place.user)
        same(self.root.get_user_access(2, 1).privilege_level, UserPrivilegeLevel.ADMINISTRATOR)

    def account_create(self):
        self.password = self.place.secret()[:16]
        self.root.set_username(7, ACCOUNT)
        self.root.set_user_password(7, self.password)
        self.root.set_user_access(7, True, False, False, UserPrivilegeLevel.OPERATOR, channel=1)
        self.root.enable_user(7)

    def account_login(self):
        other = self.logged_in(ACCOUNT, self.password, "OPERATOR")
        same(other.get_chassis_status().power_on, self.root.get_chassis_status().power_on)
        other.session.close()

    def account_delete(self):
        self.root.disable_user(7)
        self.root.set_username(7, "")

    def watchdog(self):
        same(self.root.get_watchdog_timer().is_running, False)

    def dcmi(self):
        self.root.get_dcmi_capabilities(1)

    def dcmi_power(self):
        assert self.root.get_power_reading(1).current_power > 0

    def dcmi_sensors(self):
        assert self.root.get_dcmi_sensor_record_ids(), "none"

    def asset_tag(self):
        self.root.set_asset_tag(TAG)
        same(self.root.get_asset_tag(), TAG)

    def power_soft(self):
        # A host that still boots does not hear it.
        until("python-ipmi's power", self.shut_down)

    def shut_down(self):
        self.root.chassis_control_soft_shutdown()
        time.sleep(0.5)
        return not self.root.get_chassis_status().power_on

    def power_off(self):
        self.root.chassis_control_power_up()
        self.root.chassis_control_power_down()

    def bmc_reset(self):
        self.root.cold_reset()


def same(seen, wanted):
    """What the client has read is what the service says."""
    assert seen == wanted, f"{seen!r} instead of {wanted!r}"
