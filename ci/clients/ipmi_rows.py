"""The commands of ipmitool and FreeIPMI, a row for each step: the words, and what their output has to say.

`{serial}` and the like are what the Redfish service of the same BMC says; the rest is a regular expression. A row of several commands
is the step when all of them went well. `{new}` is a password of the run's own, in a file.
"""

from dataclasses import dataclass

from ipmi_steps import ACCOUNT, TAG


@dataclass
class Row:
    """Commands of one tool for a step."""

    step: str
    commands: list
    expects: list
    # Asked again until its output is as expected, where what it shows takes time.
    until: bool = False
    # Whose password.
    user: str = ""
    # With what it may end. ipmi-config ends with 1 where it leaves out one key of many: the limit of a serial channel's sessions
    # (there is no such channel), the cipher suites 16 and 17 (FreeIPMI 1.6 has no keys for them).
    codes: tuple = (0,)


IPMITOOL = [
    Row("device_id", ["mc info"], [r"IPMI Version\s+: 2\.0", r"Device Available\s+: yes", "Chassis Device"]),
    Row("self_test", ["mc selftest"], ["Selftest: passed"]),
    Row("guid", ["mc guid"], [r"System GUID\s+: {uuid}"]),
    Row("capabilities", ["raw 0x00 0x00"], [r"^ [0-9a-f]{{2}}( 20){{4}}"]),
    Row("chassis", ["chassis status"], [r"System Power\s+: {power}", r"Power Restore Policy : (always-o\w+|previous)"]),
    Row("power_read", ["chassis power status"], ["Chassis Power is {power}"]),
    Row("power_on", ["chassis power on"], ["Chassis Power Control: Up/On"]),
    Row("boot_set", ["chassis bootdev pxe"], ["Set Boot Device to pxe"]),
    Row("boot_read", ["chassis bootparam get 5"], ["Boot Flag Valid", "only next boot", "Force PXE"]),
    Row("power_reset", ["chassis power reset"], ["Chassis Power Control: Reset"]),
    Row("boot_gone", ["chassis bootparam get 5"], ["Boot Flag Invalid|No override"], until=True),
    Row("power_cycle", ["chassis power cycle"], ["Chassis Power Control: Cycle"]),
    Row("restart_cause", ["chassis restart_cause"], ["System restart cause: chassis power control"]),
    Row("hours", ["chassis poh"], [r"POH Counter\s+: \d+ days"]),
    Row("policy", ["chassis policy previous", "chassis status", "chassis policy always-off"], ["Power Restore Policy : previous"]),
    Row("identify", ["chassis identify 5"], ["Chassis identify interval: 5 seconds"]),
    Row("sensors", ["sdr elist full"], [r"(?i)temp.*\| \d+ degrees C"]),
    Row("thresholds", ["sensor list"], [r"(?i)temp.*\| degrees C\s+\| ok .*\| \d+\.\d+"]),
    Row("repository", ["sdr info"], [r"SDR Version\s+: 0x51", r"Record Count\s+: [1-9]"]),
    Row("sel_add", ["event 1"], ["Upper Critical - Going High"]),
    Row("sel_list", ["sel elist"], ["Upper Critical going high"]),
    Row("sel_clear", ["sel clear", "sel info"], [r"Clearing SEL", r"Entries\s+: [0-4]\b"]),
    Row("clock", ["sel time get"], [r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d"]),
    Row("fru", ["fru print 0"], [r"Product Serial\s+: {serial}"]),
    Row("lan", ["lan print 1"], [r"MAC Address\s+: {mac}", r"IP Address\s+: 127\.0\.0\.1"]),
    Row("channel", ["channel info 1"], [r"802\.3 LAN", "multi-session", "always available"]),
    Row("suites", ["channel getciphers ipmi 1"], [r"^3\s+N/A\s+hmac_sha1\s+hmac_sha1_96\s+aes_cbc_128"]),
    Row("users", ["user list 1"], [r"admin\s.*ADMINISTRATOR"]),
    Row(
        "account_create",
        [f"user set name 7 {ACCOUNT}", "user set password 7 {new}", "channel setaccess 1 7 ipmi=on privilege=3", "user enable 7"],
        [],
    ),
    Row("account_login", ["chassis power status -L OPERATOR"], ["Chassis Power is {power}"], user=ACCOUNT),
    Row("account_delete", ["user disable 7", 'user set name 7 ""', "user list 1"], [r"admin"]),
    Row("watchdog", ["mc watchdog get"], [r"Watchdog Timer Is:\s+Stopped"]),
    Row("pef", ["pef info"], ["0x51"]),
    Row("dcmi", ["dcmi discover"], ["Power management available"]),
    Row("dcmi_power", ["dcmi power reading"], [r"Instantaneous power reading:\s+[1-9]\d* Watts", "activated"]),
    Row("dcmi_sensors", ["dcmi sensors"], [r"Inlet: 1 temperature sensor", r"Record ID 0x"]),
    Row("asset_tag", [f'dcmi set_asset_tag "{TAG}"', "dcmi asset_tag"], [f"Asset tag: {TAG}"]),
    Row("sessions", ["session info active"], [r"user id\s+: 2", r"privilege level\s+: ADMINISTRATOR", r"console ip\s+: 127\.0\.0\.1"]),
    Row("power_soft", ["chassis power soft"], ["Chassis Power Control: Soft"]),
    Row("power_off", ["chassis power on", "chassis power off"], ["Chassis Power Control: Down/Off"]),
    Row("bmc_reset", ["mc reset cold"], ["Sent cold reset command to MC"]),
]

CONFIG = "ipmi-config --category={} --checkout"
POLICY = "ipmi-config --category=chassis --commit -e Chassis_Power_Conf:Power_Restore_Policy={}"

FREEIPMI = [
    Row("device_id", ["bmc-info --get-device-id"], [r"IPMI Version\s+: 2\.0", r"Device Available\s+: yes", r"Chassis Device\s+: supported"]),
    Row("self_test", ["bmc-device --get-self-test-results"], ["Self Test Result : No Error"]),
    Row("guid", ["bmc-info --get-system-guid"], ["{uuid}"]),
    Row("capabilities", ["ipmi-chassis --get-chassis-capabilities"], ["Sys Mgmt Device Address : 20h"]),
    Row("chassis", ["ipmi-chassis --get-chassis-status"], [r"System Power\s+: {power}", r"Power restore policy\s+: (Always|Restore)"]),
    Row("power_read", ["ipmipower --stat"], ["{host}: {power}"]),
    Row("power_on", ["ipmipower --on --wait-until-on"], ["{host}: ok"]),
    Row("boot_set", ["ipmi-config --category=chassis --commit -e Chassis_Boot_Flags:Boot_Device=PXE"], []),
    Row("boot_read", [CONFIG.format("chassis") + " -e Chassis_Boot_Flags:Boot_Device"], [r"Boot_Device\s+PXE"]),
    Row("power_reset", ["ipmipower --reset"], ["{host}: ok"]),
    Row("boot_gone", [CONFIG.format("chassis") + " -e Chassis_Boot_Flags:Boot_Device"], [r"Boot_Device\s+NO-OVERRIDE"], until=True),
    Row("power_cycle", ["ipmipower --cycle"], ["{host}: ok"]),
    Row("restart_cause", ["ipmi-chassis --get-system-restart-cause"], ["Restart cause : Chassis control command"]),
    Row("hours", ["ipmi-chassis --get-power-on-hours-counter"], [r"Power on hours : \d+ Hours"]),
    Row(
        "policy",
        [POLICY.format("Restore_State_AC_Apply"), "ipmi-chassis --get-chassis-status", POLICY.format("Off_State_AC_Apply")],
        [r"(?i)Power restore policy\s+: Restore"],
    ),
    Row("identify", ["ipmi-chassis --chassis-identify=5"], []),
    Row("sensors", ["ipmi-sensors"], [r"\| Temperature\s+\| \d+\.\d+\s+\| C\s+\| 'OK'"]),
    Row("thresholds", ["ipmi-sensors --output-sensor-thresholds"], [r"\| Temperature\s.*\| \d+\.\d+\s+\| \d+\.\d+\s"]),
    Row("repository", ["bmc-device --get-sdr-repository-time"], [r"SDR Repository Time : \d"]),
    Row("sel_add", ["bmc-device --platform-event='0x41 0x04 0x01 0x30 0x01 assertion 0x59 0x00 0x00'"], []),
    Row("sel_list", ["ipmi-sel"], ["Upper Critical - going high"]),
    Row("sel_clear", ["ipmi-sel --clear", "ipmi-sel --info"], [r"Number of log entries\s+: [0-4]\b"]),
    Row("clock", ["bmc-device --get-sel-time"], [r"SEL Time : \d\d/\d\d/\d{{4}} - "]),
    Row("fru", ["ipmi-fru"], ["FRU Product Serial Number: {serial}"]),
    Row("lan", [CONFIG.format("core") + " -S Lan_Conf"], [r"(?i)MAC_Address\s+{mac}", r"IP_Address\s+127\.0\.0\.1"]),
    Row("channel", [CONFIG.format("core") + " -S Lan_Channel"], [r"Volatile_Access_Mode\s+Always_Available"]),
    Row("suites", [CONFIG.format("core") + " -S Rmcpplus_Conf_Privilege"], [r"Maximum_Privilege_Cipher_Suite_Id_3\s+Administrator"], codes=(0, 1)),
    Row("users", [CONFIG.format("core") + " -S User2"], [r"Username\s+admin", r"Lan_Privilege_Limit\s+Administrator"], codes=(0, 1)),
    Row("account_create", ["ipmi-config --category=core --commit --filename={settings}"], []),
    Row("account_login", ["ipmipower --stat -l OPERATOR"], ["{host}: {power}"], user=ACCOUNT),
    Row(
        "account_delete",
        ["ipmi-config --category=core --commit -e User7:Enable_User=No -e User7:Username="],
        [],
    ),
    Row("pef", ["ipmi-pef-config --info"], [r"PEF version\s+: 1\.5"]),
    Row("dcmi", ["ipmi-dcmi --get-dcmi-capability-info"], [r"DCMI Specification Conformance\s+: 1\.[15]", r"Power Management / Monitoring Support\s+: Available"]),
    Row("dcmi_power", ["ipmi-dcmi --get-system-power-statistics"], [r"Current Power\s+: [1-9]\d* Watts", "Active"]),
    Row("dcmi_sensors", ["ipmi-dcmi --get-dcmi-sensor-info"], ["Inlet Temperature SDR Record IDs"]),
    Row("asset_tag", [f"ipmi-dcmi --set-asset-tag='{TAG}'", "ipmi-dcmi --get-asset-tag"], [TAG]),
    Row("settings_core", [CONFIG.format("core")], ["Section User1", "Section Lan_Conf", r"Enable_SOL\s+Yes"], codes=(0, 1)),
    Row("settings_chassis", [CONFIG.format("chassis")], ["Section Chassis_Boot_Flags", "Power_Restore_Policy"]),
    Row("settings_sensors", [CONFIG.format("sensors")], [r"Upper_Critical_Threshold\s+\d+\.\d+"]),
    Row("settings_dcmi", [CONFIG.format("dcmi")], ["Management_Controller_Identifier_String"]),
    Row("power_soft", ["ipmipower --soft"], ["{host}: ok"]),
    Row("power_off", ["ipmipower --on --wait-until-on", "ipmipower --off --wait-until-off"], ["{host}: ok"]),
    Row("bmc_reset", ["bmc-device --cold-reset"], []),
]

# What a tool has no command for.
UNABLE = {
    ("ipmitool", "settings_core"): "ipmitool has no file of settings",
    ("ipmitool", "settings_chassis"): "ipmitool has no file of settings",
    ("ipmitool", "settings_sensors"): "ipmitool has no file of settings",
    ("ipmitool", "settings_dcmi"): "ipmitool has no file of settings",
    ("freeipmi", "watchdog"): "bmc-watchdog works in band alone",
    ("freeipmi", "sessions"): "FreeIPMI asks for no session's particulars",
}
