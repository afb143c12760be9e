#!/usr/bin/env python3
"""ipmitool, a program for each operation, as a driver."""

import os
import re
import subprocess

from adapter import Failed, serve, status, unless_settled
from halmark.v1 import model_pb2 as model

ACTIONS = {
    model.POWER_ACTION_ON: "on",
    model.POWER_ACTION_OFF: "off",
    model.POWER_ACTION_SHUTDOWN: "soft",
    model.POWER_ACTION_CYCLE: "cycle",
    model.POWER_ACTION_RESET: "reset",
    model.POWER_ACTION_NMI: "diag",
}
DEVICES = {
    model.BOOT_DEVICE_NONE: "none",
    model.BOOT_DEVICE_PXE: "pxe",
    model.BOOT_DEVICE_DISK: "disk",
    model.BOOT_DEVICE_CDROM: "cdrom",
    model.BOOT_DEVICE_BIOS: "bios",
}
# As it prints them.
SELECTORS = {
    "No override": model.BOOT_DEVICE_NONE,
    "Force PXE": model.BOOT_DEVICE_PXE,
    "Force Boot from default Hard-Drive": model.BOOT_DEVICE_DISK,
    "Force Boot from CD/DVD": model.BOOT_DEVICE_CDROM,
    "Force Boot into BIOS Setup": model.BOOT_DEVICE_BIOS,
}
# What its refusals say, in the words of IPMI v2.0 table 5-2.
REFUSALS = {
    "Insufficient privilege level": status.CAUSE_DENIED,
    "Command not supported in present state": status.CAUSE_CONFLICT,
    "Node busy": status.CAUSE_BUSY,
    "Timeout": status.CAUSE_BUSY,
}


class Ipmitool:
    NAME, ABOUT, PROTOCOL = "ipmitool", "ipmitool over lanplus, a program for each operation", status.PROTOCOL_IPMI
    VERSION = subprocess.run(["ipmitool", "-V"], capture_output=True, text=True).stdout.split()[-1]
    CLAIMS = {
        "protocol:ipmi",
        *("power.read", "power.on", "power.off", "power.shutdown", "power.cycle", "power.reset", "power.nmi"),
        *("boot.override.get", "boot.override.set", "boot.duration:once", "boot.duration:continuous", "boot.mode:uefi", "boot.mode:legacy"),
        *(f"boot.device:{it}" for it in ("pxe", "disk", "cdrom", "bios")),
        *("identify.set", "identify:lit", "identify:unlit", "identify:for"),
        *("bmc.reset", "bmc.reset:cold", "bmc.reset:warm"),
    }

    def __init__(self, place):
        # -v says why a session could not be opened. The password is in the environment, where no process list has it.
        self.words = ["ipmitool", "-v", "-I", "lanplus", "-H", place.host, "-p", str(place.port), "-U", place.user, "-E"]
        self.environment = {**os.environ, "IPMI_PASSWORD": place.password, "LC_ALL": "C"}

    def run(self, *words):
        done = subprocess.run([*self.words, *words], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise Ended(done.stderr)
        return done.stdout

    def power_read(self):
        state = re.search(r"Chassis Power is (\w+)", self.run("chassis", "power", "status"))
        return {"on": model.POWER_STATE_POWERED_ON, "off": model.POWER_STATE_POWERED_OFF}.get(state and state[1], model.POWER_STATE_UNKNOWN)

    def power(self, action):
        if not unless_settled(action, self.power_read()):
            return False
        self.run("chassis", "power", ACTIONS[action])

    def boot_override(self):
        text = self.run("chassis", "bootparam", "get", "5")
        if "Boot Flag Valid" not in text:
            return model.BootOverride(device=model.BOOT_DEVICE_NONE, duration=model.BOOT_DURATION_NONE)
        selector = re.search(r"Boot Device Selector : (.*)", text)[1].strip()
        if selector not in SELECTORS:
            raise Failed(status.CAUSE_DEVIATION, f"the boot device is {selector!r}")
        device = SELECTORS[selector]
        if device == model.BOOT_DEVICE_NONE:
            return model.BootOverride(device=device, duration=model.BOOT_DURATION_NONE)
        duration = model.BOOT_DURATION_CONTINUOUS if "all future boots" in text else model.BOOT_DURATION_ONCE
        mode = model.BOOT_MODE_UEFI if "BIOS EFI boot" in text else model.BOOT_MODE_LEGACY
        return model.BootOverride(device=device, duration=duration, mode=mode)

    def set_boot_override(self, to):
        if to.device == model.BOOT_DEVICE_NONE and self.boot_override().device == to.device:
            return False
        options = ["persistent"] if to.duration == model.BOOT_DURATION_CONTINUOUS else []
        options += ["efiboot"] if to.mode != model.BOOT_MODE_LEGACY and to.device != model.BOOT_DEVICE_NONE else []
        self.run("chassis", "bootdev", DEVICES[to.device], *([f"options={','.join(options)}"] if options else []))

    def set_identify(self, state, lasting):
        how = str(lasting) if lasting is not None else "force" if state == model.IDENTIFY_LIT else "0"
        self.run("chassis", "identify", how)

    def reset_bmc(self, kind):
        self.run("mc", "reset", "cold" if kind == model.BMC_RESET_COLD else "warm")

    def close(self):
        """Each program has closed its own session."""

    forget = close

    @staticmethod
    def failed(error, changes):
        """Whose fault it is, as far as its last words say."""
        if not isinstance(error, Ended):
            return Failed(status.CAUSE_INTERNAL, f"{type(error).__name__}: {error}")
        text = str(error)
        if "HMAC is invalid" in text or "unauthorized name" in text or "nvalid role" in text:
            return Failed(status.CAUSE_UNAUTHORIZED, text)
        if "role requested" in text or "Set Session Privilege Level" in text:
            return Failed(status.CAUSE_DENIED, text)
        refusal = next((it for it in REFUSALS if it in text), None)
        if refusal:
            return Failed(REFUSALS[refusal], text)
        if "does not support IPMI v2" in text:
            return Failed(status.CAUSE_DEVIATION, text)
        if "Unable to establish" in text:
            return Failed(status.CAUSE_UNREACHABLE, text)
        if "failed:" in text:
            return Failed(status.CAUSE_REFUSED, text)
        return Failed(status.CAUSE_OUTCOME_UNKNOWN if changes else status.CAUSE_UNREACHABLE, text)


class Ended(Exception):
    """It ended with an error, and with these words."""

    def __init__(self, complaints):
        dull = ("Loading IANA", "Using best available", "Running Get", "Invalid completion code", "Discovered IPMB")
        lines = [line.strip() for line in complaints.splitlines() if line.strip() and not line.startswith(dull)]
        super().__init__("; ".join(lines))


serve(Ipmitool)
