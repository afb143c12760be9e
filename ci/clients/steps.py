"""What every client has to do, in this order; a client has a method for each."""

STEPS = [
    ("login", "login"),
    ("system", "system"),
    ("chassis", "chassis"),
    ("manager", "manager"),
    ("processors", "processors"),
    ("memory", "memory"),
    ("storage", "storage"),
    ("NICs", "nics"),
    ("sensors", "sensors"),
    ("power read", "power_read"),
    ("power on", "power_on"),
    ("power off", "power_off"),
    ("boot: PXE once set", "boot_set"),
    ("boot: gone after the boot", "boot_gone"),
    ("media: insert", "media_insert"),
    ("media: list", "media_list"),
    ("media: eject", "media_eject"),
    ("account: create", "account_create"),
    ("account: log in as", "account_login"),
    ("account: password", "account_password"),
    ("account: delete", "account_delete"),
    ("logout", "logout"),
]

# What a step needs that came before it.
NEEDS = {
    "boot_gone": "boot_set",
    "media_list": "media_insert",
    "media_eject": "media_insert",
    "account_login": "account_create",
    "account_password": "account_create",
    "account_delete": "account_create",
}
