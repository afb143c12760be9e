#!/usr/bin/env python3
"""pyghmi, the IPMI library of OpenStack and xCAT, as a driver."""

from importlib.metadata import version

from adapter import Failed, serve, status, unless_settled
from halmark.v1 import model_pb2 as model
from pyghmi import exceptions
from pyghmi.ipmi import command

ACTIONS = {
    model.POWER_ACTION_ON: "on",
    model.POWER_ACTION_OFF: "off",
    model.POWER_ACTION_SHUTDOWN: "shutdown",
    model.POWER_ACTION_RESET: "reset",
    model.POWER_ACTION_NMI: "diag",
}
DEVICES = {
    model.BOOT_DEVICE_NONE: "default",
    model.BOOT_DEVICE_PXE: "network",
    model.BOOT_DEVICE_DISK: "hd",
    model.BOOT_DEVICE_CDROM: "optical",
    model.BOOT_DEVICE_BIOS: "setup",
}


class Pyghmi:
    NAME, ABOUT, VERSION, PROTOCOL = "pyghmi", "pyghmi, the IPMI library of OpenStack", version("pyghmi"), status.PROTOCOL_IPMI
    CLAIMS = {
        "protocol:ipmi",
        # It has no power cycle: "boot" is a reset where the host is on.
        *("power.read", "power.on", "power.off", "power.shutdown", "power.reset", "power.nmi"),
        *("boot.override.get", "boot.override.set", "boot.duration:once", "boot.duration:continuous", "boot.mode:uefi", "boot.mode:legacy"),
        *(f"boot.device:{it}" for it in ("pxe", "disk", "cdrom", "bios")),
        *("identify.set", "identify:lit", "identify:unlit", "identify:for"),
        *("bmc.reset", "bmc.reset:cold"),
    }

    def __init__(self, place):
        self.at = command.Command(bmc=place.host, userid=place.user, password=place.password, port=place.port)

    def power_read(self):
        state = self.at.get_power()["powerstate"]
        return {"on": model.POWER_STATE_POWERED_ON, "off": model.POWER_STATE_POWERED_OFF}.get(state, model.POWER_STATE_UNKNOWN)

    def power(self, action):
        if not unless_settled(action, self.power_read()):
            return False
        told(self.at.set_power(ACTIONS[action]))

    def boot_override(self):
        boot = told(self.at.get_bootdev())
        device = next((key for key, word in DEVICES.items() if word == boot["bootdev"]), None)
        if device is None:
            raise Failed(status.CAUSE_DEVIATION, f"the boot device is {boot['bootdev']!r}")
        if device == model.BOOT_DEVICE_NONE:
            return model.BootOverride(device=device, duration=model.BOOT_DURATION_NONE)
        duration = model.BOOT_DURATION_CONTINUOUS if boot["persistent"] else model.BOOT_DURATION_ONCE
        mode = model.BOOT_MODE_UEFI if boot["uefimode"] else model.BOOT_MODE_LEGACY
        return model.BootOverride(device=device, duration=duration, mode=mode)

    def set_boot_override(self, to):
        if to.device == model.BOOT_DEVICE_NONE and self.boot_override().device == to.device:
            return False
        persist = to.duration == model.BOOT_DURATION_CONTINUOUS
        told(self.at.set_bootdev(DEVICES[to.device], persist=persist, uefiboot=to.mode != model.BOOT_MODE_LEGACY))

    def set_identify(self, state, lasting):
        self.at.set_identify(on=state == model.IDENTIFY_LIT, duration=lasting)

    def reset_bmc(self, kind):
        self.at.reset_bmc()

    def close(self):
        self.at.ipmi_session.logout()

    def forget(self):
        """It is left as it is."""

    @staticmethod
    def failed(error, changes):
        """Whose fault it is, as far as the library says: most of it is in its texts."""
        text = str(error)
        code = getattr(error, "ipmicode", 0)
        if "ncorrect password" in text or "nauthorized name" in text or "nvalid role" in text:
            return Failed(status.CAUSE_UNAUTHORIZED, text)
        if "nsufficient" in text or "role or privilege" in text or code == 0xD4:
            return Failed(status.CAUSE_DENIED, text)
        # A BMC that does not answer at login is an error whose text is None.
        if text == "None" or "timeout" in text.lower() or "no longer connected" in text.lower() or isinstance(error, OSError):
            return Failed(status.CAUSE_OUTCOME_UNKNOWN if changes else status.CAUSE_UNREACHABLE, text, is_gone=True)
        if isinstance(error, exceptions.InvalidParameterValue):
            return Failed(status.CAUSE_INVALID_ARGUMENT, text)
        if isinstance(error, exceptions.IpmiException):
            return Failed(status.CAUSE_REFUSED, text, f"{code:02X}h" if code else "")
        return Failed(status.CAUSE_INTERNAL, f"{type(error).__name__}: {text}")


def told(answer):
    """pyghmi raises most errors, and returns some."""
    if isinstance(answer, dict) and "error" in answer:
        raise exceptions.IpmiException(answer["error"])
    return answer


serve(Pyghmi)
