#!/usr/bin/env python3
"""sushy, the Redfish library of OpenStack Ironic, as a driver."""

from importlib.metadata import version

import requests
import sushy
from adapter import Failed, serve, status, unless_settled
from halmark.v1 import model_pb2 as model
from sushy import auth, exceptions

STATES = {
    sushy.PowerState.ON: model.POWER_STATE_POWERED_ON,
    sushy.PowerState.OFF: model.POWER_STATE_POWERED_OFF,
    sushy.PowerState.POWERING_ON: model.POWER_STATE_POWERING_ON,
    sushy.PowerState.POWERING_OFF: model.POWER_STATE_POWERING_OFF,
}
ACTIONS = {
    model.POWER_ACTION_ON: sushy.ResetType.ON,
    model.POWER_ACTION_OFF: sushy.ResetType.FORCE_OFF,
    model.POWER_ACTION_SHUTDOWN: sushy.ResetType.GRACEFUL_SHUTDOWN,
    model.POWER_ACTION_CYCLE: sushy.ResetType.POWER_CYCLE,
    model.POWER_ACTION_RESET: sushy.ResetType.FORCE_RESTART,
    model.POWER_ACTION_NMI: sushy.ResetType.NMI,
}
DEVICES = {
    model.BOOT_DEVICE_NONE: sushy.BootSource.NONE,
    model.BOOT_DEVICE_PXE: sushy.BootSource.PXE,
    model.BOOT_DEVICE_DISK: sushy.BootSource.HDD,
    model.BOOT_DEVICE_CDROM: sushy.BootSource.CD,
    model.BOOT_DEVICE_BIOS: sushy.BootSource.BIOS_SETUP,
    model.BOOT_DEVICE_USB: sushy.BootSource.USB,
    model.BOOT_DEVICE_HTTP: sushy.BootSource.UEFI_HTTP,
}
DURATIONS = {
    model.BOOT_DURATION_NONE: sushy.BootSourceOverrideEnabled.DISABLED,
    model.BOOT_DURATION_ONCE: sushy.BootSourceOverrideEnabled.ONCE,
    model.BOOT_DURATION_CONTINUOUS: sushy.BootSourceOverrideEnabled.CONTINUOUS,
}
MODES = {model.BOOT_MODE_UEFI: sushy.BootSourceOverrideMode.UEFI, model.BOOT_MODE_LEGACY: sushy.BootSourceOverrideMode.LEGACY}
LIGHTS = {
    model.IDENTIFY_LIT: sushy.IndicatorLED.LIT,
    model.IDENTIFY_UNLIT: sushy.IndicatorLED.OFF,
    model.IDENTIFY_BLINKING: sushy.IndicatorLED.BLINKING,
}
KINDS = {
    model.MEDIA_KIND_CD: sushy.VirtualMediaType.CD,
    model.MEDIA_KIND_DVD: sushy.VirtualMediaType.DVD,
    model.MEDIA_KIND_USB_STICK: sushy.VirtualMediaType.USB_STICK,
    model.MEDIA_KIND_FLOPPY: sushy.VirtualMediaType.FLOPPY,
}
RESETS = {model.BMC_RESET_COLD: sushy.ResetType.FORCE_RESTART, model.BMC_RESET_WARM: sushy.ResetType.GRACEFUL_RESTART}


def back(table, value, otherwise=0):
    """The key of a value."""
    return next((key for key, it in table.items() if it == value), otherwise)


class Sushy:
    NAME, ABOUT, VERSION, PROTOCOL = "sushy", "sushy, the library of OpenStack Ironic", version("sushy"), status.PROTOCOL_REDFISH
    CLAIMS = {
        "protocol:redfish",
        *("power.read", "power.on", "power.off", "power.shutdown", "power.cycle", "power.reset", "power.nmi"),
        *("boot.override.get", "boot.override.set", "boot.duration:once", "boot.duration:continuous", "boot.mode:uefi", "boot.mode:legacy"),
        *(f"boot.device:{it}" for it in ("pxe", "disk", "cdrom", "bios", "usb", "http")),
        *("identify.get", "identify.set", "identify:lit", "identify:unlit", "identify:blinking"),
        *("identity.read", "bmc.reset", "bmc.reset:cold", "bmc.reset:warm"),
        *("media.list", "media.insert", "media.eject", "bios.read", "bios.set"),
    }

    def __init__(self, place):
        # As Ironic has it: a session where there is a session service, Basic where there is none.
        self.auth = auth.SessionOrBasicAuth(place.user, place.password)
        self.root = sushy.Sushy(place.url, auth=self.auth, verify=place.trust)

    def system(self):
        return self.root.get_system()

    def power_read(self):
        return STATES.get(self.system().power_state, model.POWER_STATE_UNKNOWN)

    def power(self, action):
        system = self.system()
        if not unless_settled(action, STATES.get(system.power_state)):
            return False
        return system.reset_system(ACTIONS[action])

    def boot_override(self):
        boot = self.system().boot
        # sushy has None for what is missing and for what it does not know.
        duration, device = back(DURATIONS, boot.enabled), back(DEVICES, boot.target)
        if not duration or not device:
            raise Failed(status.CAUSE_DEVIATION, f"the boot override is {boot.target} for {boot.enabled}")
        if model.BOOT_DURATION_NONE == duration or model.BOOT_DEVICE_NONE == device:
            duration, device = model.BOOT_DURATION_NONE, model.BOOT_DEVICE_NONE
        return model.BootOverride(device=device, duration=duration, mode=back(MODES, boot.mode))

    def set_boot_override(self, to):
        if to.device == model.BOOT_DEVICE_NONE:
            if self.boot_override().device == to.device:
                return False
            return self.system().set_system_boot_options(enabled=DURATIONS[to.duration])
        return self.system().set_system_boot_options(target=DEVICES[to.device], enabled=DURATIONS[to.duration], mode=MODES.get(to.mode))

    def identify(self):
        return back(LIGHTS, self.system().indicator_led, model.IDENTIFY_UNKNOWN)

    def set_identify(self, state, lasting):
        return self.system().set_indicator_led(LIGHTS[state])

    def identity(self):
        system = self.system()
        told = {
            "uuid": system.uuid,
            "vendor": system.manufacturer,
            "model": system.model,
            "serial": system.serial_number,
            "part_number": system.part_number,
            "bios_version": system.bios_version,
            "bmc_firmware": self.manager(system).firmware_version,
        }
        trimmed = {name: (value or "").strip("\0 \t\r\n") for name, value in told.items()}
        return model.Identity(**{name: value for name, value in trimmed.items() if value})

    def reset_bmc(self, kind):
        return self.manager(self.system()).reset_manager(RESETS[kind])

    def manager(self, system):
        """The one that the system names, or the only one."""
        try:
            return system.managers[0]
        except exceptions.MissingAttributeError:
            return self.root.get_manager()

    def slots(self):
        """The system's, or where it has none its manager's, as the standard moved them."""
        system = self.system()
        try:
            return system.virtual_media.get_members()
        except exceptions.MissingAttributeError:
            return self.manager(system).virtual_media.get_members()

    def media(self):
        return [shown(it) for it in self.slots()]

    def insert_media(self, medium):
        kind = KINDS[medium.kind]
        usable = [it for it in self.slots() if kind in (it.media_types or []) and medium.slot in ("", it.path)]
        if not usable:
            raise Failed(status.CAUSE_NOT_FOUND, "slot for that")
        there = next((it for it in usable if it.inserted and it.image == medium.image), None)
        empty = there or next((it for it in usable if not it.inserted), None)
        if not empty:
            raise Failed(status.CAUSE_CONFLICT, "every slot for that is in use")
        if not there:
            account = {"username": medium.user, "password": medium.password.decode()} if medium.user else {}
            empty.insert_media(medium.image, **account)
            empty.refresh(force=True)
        return shown(empty)

    def eject_media(self, slot):
        found = next((it for it in self.slots() if it.path == slot), None)
        if not found:
            raise Failed(status.CAUSE_NOT_FOUND, "such slot")
        return found.eject_media() if found.inserted else False

    def bios(self):
        system = self.system()
        now, pending = system.bios.attributes, system.bios.pending_attributes or {}
        changes = {name: value for name, value in pending.items() if now.get(name) != value}
        told = model.Bios(attributes=[setting(name, now.get(name), changes.get(name)) for name in sorted({*now, *changes})])
        try:
            secure = system.secure_boot
            told.secure_boot.CopyFrom(model.SecureBoot(enabled=secure.enabled, active=secure.current_boot == sushy.SecureBootCurrentBoot.ENABLED))
        except exceptions.MissingAttributeError:
            pass
        return told

    def set_bios(self, wanted):
        bios = self.system().bios
        will_be = {**bios.attributes, **(bios.pending_attributes or {})}
        if all(will_be.get(name) == value for name, value in wanted.items()):
            return False
        return bios.set_attributes(wanted)

    def close(self):
        try:
            self.auth.close()
        finally:
            self.forget()

    def forget(self):
        # Its destructor would log out of a BMC that may be gone, in whichever thread collects garbage, and keep that thread waiting.
        self.root._auth = None

    @staticmethod
    def failed(error, changes):
        """Whose fault it is, as far as the library says."""
        if isinstance(error, exceptions.HTTPError):
            return refused(error)
        if isinstance(error, ValueError):
            return Failed(status.CAUSE_DEVIATION, f"{type(error).__name__}: {error}")
        if isinstance(error, exceptions.UnknownDefaultError):
            return Failed(status.CAUSE_NOT_FOUND, str(error))
        if isinstance(error, (exceptions.ConnectionError, requests.RequestException)):
            cause = status.CAUSE_OUTCOME_UNKNOWN if changes else status.CAUSE_UNREACHABLE
            return Failed(cause, str(error))
        if isinstance(error, exceptions.InvalidParameterValueError):
            return Failed(status.CAUSE_INVALID_ARGUMENT, str(error))
        if isinstance(error, (exceptions.MissingAttributeError, exceptions.MalformedAttributeError, exceptions.MissingActionError, exceptions.MissingHeaderError)):
            return Failed(status.CAUSE_DEVIATION, str(error))
        return Failed(status.CAUSE_INTERNAL, f"{type(error).__name__}: {error}")


def shown(slot):
    """A slot; the others look at it by its path, since an Id is its own in its collection alone."""
    kinds = [back(KINDS, it) for it in slot.media_types or [] if back(KINDS, it)]
    image = {"image": slot.image} if slot.image else {}
    return model.MediaSlot(id=slot.path, kinds=kinds, inserted=bool(slot.inserted), write_protected=slot.write_protected, **image)


def setting(name, value, pending):
    told = model.BiosAttribute(name=name)
    for field, it in (("value", value), ("pending", pending)):
        if it is not None:
            kind = "flag" if isinstance(it, bool) else "number" if isinstance(it, int) else "text"
            getattr(told, field).CopyFrom(model.BiosValue(**{kind: it}))
    return told


def refused(error):
    causes = {401: status.CAUSE_UNAUTHORIZED, 403: status.CAUSE_DENIED, 404: status.CAUSE_NOT_FOUND, 409: status.CAUSE_CONFLICT, 429: status.CAUSE_BUSY, 503: status.CAUSE_BUSY}
    return Failed(causes.get(error.status_code, status.CAUSE_REFUSED), str(error), str(error.status_code))


serve(Sushy)
