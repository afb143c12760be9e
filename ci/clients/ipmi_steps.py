"""What every IPMI client has to do, in this order, and what the same BMC's Redfish service has to say afterwards."""

from witness import until

TAG = "rack 7"
ACCOUNT = "fresh"

STEPS = [
    ("device id", "device_id"),
    ("self test", "self_test"),
    ("GUID", "guid"),
    ("chassis capabilities", "capabilities"),
    ("chassis status", "chassis"),
    ("power read", "power_read"),
    ("power on", "power_on"),
    ("boot: PXE once set", "boot_set"),
    ("boot: read back", "boot_read"),
    ("power reset", "power_reset"),
    ("boot: gone after the boot", "boot_gone"),
    ("power cycle", "power_cycle"),
    ("restart cause", "restart_cause"),
    ("power-on hours", "hours"),
    ("restore policy", "policy"),
    ("identify", "identify"),
    ("sensors", "sensors"),
    ("thresholds", "thresholds"),
    ("SDR repository", "repository"),
    ("SEL: add", "sel_add"),
    ("SEL: list", "sel_list"),
    ("SEL: clear", "sel_clear"),
    ("clock", "clock"),
    ("FRU", "fru"),
    ("LAN", "lan"),
    ("channel", "channel"),
    ("cipher suites", "suites"),
    ("users", "users"),
    ("account: create", "account_create"),
    ("account: log in as", "account_login"),
    ("account: delete", "account_delete"),
    ("watchdog", "watchdog"),
    ("PEF", "pef"),
    ("DCMI: capabilities", "dcmi"),
    ("DCMI: power", "dcmi_power"),
    ("DCMI: sensors", "dcmi_sensors"),
    ("DCMI: asset tag", "asset_tag"),
    ("sessions", "sessions"),
    ("settings: core", "settings_core"),
    ("settings: chassis", "settings_chassis"),
    ("settings: sensors", "settings_sensors"),
    ("settings: DCMI", "settings_dcmi"),
    ("power soft", "power_soft"),
    ("power off", "power_off"),
    ("BMC reset", "bmc_reset"),
]

# What a step needs that came before it.
NEEDS = {
    "boot_read": "boot_set",
    "boot_gone": "power_reset",
    "sel_list": "sel_add",
    "account_login": "account_create",
    "account_delete": "account_create",
}


def agrees(witness, step):
    """Waits until the Redfish service of the same BMC says what the step has done; nothing where it has no say."""
    check = CHECKS.get(step)
    if check:
        until(f"the Redfish service after {step}", lambda: check(witness) or "otherwise", 30)


def soften(witness, ask):
    """Asks the host to shut down, and again: one that still boots does not hear it."""
    for _ in range(5):
        ask()
        try:
            return until("the host", lambda: CHECKS["power_soft"](witness) or "on", 15)
        except AssertionError as problem:
            still = problem
    raise still


def powered(state):
    return lambda witness: witness.system()["PowerState"] == state


def named(wanted):
    """Whether an account of that name is there."""
    return lambda witness: (ACCOUNT in [it.get("UserName") for it in witness.accounts()]) == wanted


CHECKS = {
    "power_on": powered("On"),
    "power_reset": powered("On"),
    "power_cycle": powered("On"),
    "power_soft": powered("Off"),
    "power_off": powered("Off"),
    "boot_set": lambda witness: ("Once", "Pxe") in witness.boot(),
    "boot_gone": lambda witness: ("Once", "Pxe") not in witness.boot(),
    "account_create": named(True),
    "account_delete": named(False),
    "asset_tag": lambda witness: witness.system().get("AssetTag", TAG) == TAG or witness.chassis().get("AssetTag") == TAG,
}
