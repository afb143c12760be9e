//! Everything that can be observed, and what each of it can say.

use halmark::{
    BootDevice, BootDuration, BootMode, Identify, Operation, PowerState, Role,
    model::{AddressSource, Availability, DiskMedia, Health, MediaKind, SensorKind, Unit},
};

use super::{Observable, Shape, Witness};

const OVERRIDE: Shape = Shape::Fields(&[
    ("device", Shape::Words(BootDevice::WORDS)),
    ("duration", Shape::Words(BootDuration::WORDS)),
    ("mode", Shape::Words(BootMode::WORDS)),
]);

const IDENTITY: Shape = Shape::Fields(&[
    ("uuid", Shape::Text),
    ("vendor", Shape::Text),
    ("model", Shape::Text),
    ("serial", Shape::Text),
    ("part-number", Shape::Text),
    ("board-serial", Shape::Text),
    ("board-part-number", Shape::Text),
    ("bios-version", Shape::Text),
    ("bios-date", Shape::Text),
    ("bmc-firmware", Shape::Text),
    ("bmc-mac", Shape::Text),
    ("bmc-address", Shape::Text),
]);

const FRU: Shape = Shape::Fields(&[
    (
        "chassis",
        Shape::Fields(&[("kind", Shape::Number), ("part-number", Shape::Text), ("serial", Shape::Text)]),
    ),
    (
        "board",
        Shape::Fields(&[
            ("manufactured", Shape::Text),
            ("manufacturer", Shape::Text),
            ("product", Shape::Text),
            ("serial", Shape::Text),
            ("part-number", Shape::Text),
        ]),
    ),
    (
        "product",
        Shape::Fields(&[
            ("manufacturer", Shape::Text),
            ("product", Shape::Text),
            ("part-number", Shape::Text),
            ("version", Shape::Text),
            ("serial", Shape::Text),
            ("asset-tag", Shape::Text),
        ]),
    ),
]);

const SENSORS: Shape = Shape::List(&Shape::Fields(&[
    ("id", Shape::Text),
    ("name", Shape::Text),
    ("kind", Shape::Words(SensorKind::WORDS)),
    ("availability", Shape::Words(Availability::WORDS)),
    ("value", Shape::Number),
    ("unit", Shape::Words(Unit::WORDS)),
    ("health", Shape::Words(Health::WORDS)),
    (
        "thresholds",
        Shape::Fields(&[
            ("lower-fatal", Shape::Number),
            ("lower-critical", Shape::Number),
            ("lower-caution", Shape::Number),
            ("upper-caution", Shape::Number),
            ("upper-critical", Shape::Number),
            ("upper-fatal", Shape::Number),
        ]),
    ),
]));

const METRICS: Shape = Shape::Fields(&[
    ("watts", Shape::Number),
    ("minimum-watts", Shape::Number),
    ("maximum-watts", Shape::Number),
    ("average-watts", Shape::Number),
    ("interval-seconds", Shape::Number),
]);

const LOG: Shape = Shape::Fields(&[
    (
        "entries",
        Shape::List(&Shape::Fields(&[
            ("id", Shape::Text),
            ("time", Shape::Text),
            ("severity", Shape::Words(Health::WORDS)),
            ("kind", Shape::Words(SensorKind::WORDS)),
            ("message", Shape::Text),
        ])),
    ),
    ("overflowed", Shape::Flag),
]);

const ACCOUNTS: Shape = Shape::List(&Shape::Fields(&[
    ("id", Shape::Text),
    ("name", Shape::Text),
    ("role", Shape::Words(Role::WORDS)),
    ("enabled", Shape::Flag),
]));

const CLOCK: Shape = Shape::Fields(&[("time", Shape::Text), ("utc-offset-minutes", Shape::Number)]);

const NETWORK: Shape = Shape::Fields(&[
    ("mac", Shape::Text),
    ("address", Shape::Text),
    ("netmask", Shape::Text),
    ("gateway", Shape::Text),
    ("source", Shape::Words(AddressSource::WORDS)),
    ("vlan", Shape::Number),
]);

const MEDIA: Shape = Shape::List(&Shape::Fields(&[
    ("id", Shape::Text),
    ("kinds", Shape::List(&Shape::Words(MediaKind::WORDS))),
    ("inserted", Shape::Flag),
    ("image", Shape::Text),
    ("write-protected", Shape::Flag),
]));

const BIOS: Shape = Shape::Fields(&[
    (
        "attributes",
        Shape::List(&Shape::Fields(&[("name", Shape::Text), ("value", Shape::Any), ("pending", Shape::Any)])),
    ),
    ("secure-boot", Shape::Fields(&[("enabled", Shape::Flag), ("active", Shape::Flag)])),
]);

const INVENTORY: Shape = Shape::Fields(&[
    (
        "processors",
        Shape::List(&Shape::Fields(&[
            ("name", Shape::Text),
            ("vendor", Shape::Text),
            ("model", Shape::Text),
            ("cores", Shape::Number),
            ("threads", Shape::Number),
        ])),
    ),
    (
        "memory",
        Shape::List(&Shape::Fields(&[
            ("name", Shape::Text),
            ("mebibytes", Shape::Number),
            ("part-number", Shape::Text),
            ("serial", Shape::Text),
        ])),
    ),
    (
        "interfaces",
        Shape::List(&Shape::Fields(&[("name", Shape::Text), ("mac", Shape::Text), ("link", Shape::Flag)])),
    ),
    (
        "disks",
        Shape::List(&Shape::Fields(&[
            ("name", Shape::Text),
            ("bytes", Shape::Number),
            ("media", Shape::Words(DiskMedia::WORDS)),
            ("model", Shape::Text),
            ("serial", Shape::Text),
        ])),
    ),
]);

const BOOT_ORDER: Shape = Shape::Fields(&[(
    "entries",
    Shape::List(&Shape::Fields(&[
        ("id", Shape::Text),
        ("name", Shape::Text),
        ("device", Shape::Words(BootDevice::WORDS)),
        ("enabled", Shape::Flag),
    ])),
)]);

/// Everything that can be observed.
pub static OBSERVABLES: &[Observable] = &[
    Observable {
        name: "driver.power.read",
        witness: Witness::Driver(Operation::PowerRead),
        shape: Shape::Words(PowerState::WORDS),
        about: "the power state that the driver reads",
    },
    Observable {
        name: "driver.boot.override.get",
        witness: Witness::Driver(Operation::BootOverrideGet),
        shape: OVERRIDE,
        about: "the boot override that the driver reads",
    },
    Observable {
        name: "driver.identify.get",
        witness: Witness::Driver(Operation::IdentifyGet),
        shape: Shape::Words(Identify::WORDS),
        about: "the identify light as the driver reads it",
    },
    Observable {
        name: "driver.identity.read",
        witness: Witness::Driver(Operation::IdentityRead),
        shape: IDENTITY,
        about: "the identity that the driver reads",
    },
    Observable {
        name: "driver.fru.read",
        witness: Witness::Driver(Operation::FruRead),
        shape: FRU,
        about: "the FRU inventory that the driver reads",
    },
    Observable {
        name: "driver.sensors.read",
        witness: Witness::Driver(Operation::SensorsRead),
        shape: SENSORS,
        about: "the sensors as the driver reads them",
    },
    Observable {
        name: "driver.power.metrics",
        witness: Witness::Driver(Operation::PowerMetrics),
        shape: METRICS,
        about: "the consumption that the driver reads",
    },
    Observable {
        name: "driver.log.list",
        witness: Witness::Driver(Operation::LogList),
        shape: LOG,
        about: "the event log that the driver reads",
    },
    Observable {
        name: "driver.accounts.list",
        witness: Witness::Driver(Operation::AccountsList),
        shape: ACCOUNTS,
        about: "the accounts that the driver lists",
    },
    Observable {
        name: "driver.bmc.clock.get",
        witness: Witness::Driver(Operation::BmcClockGet),
        shape: CLOCK,
        about: "the BMC's clock as the driver reads it",
    },
    Observable {
        name: "driver.bmc.network.read",
        witness: Witness::Driver(Operation::BmcNetworkRead),
        shape: NETWORK,
        about: "the BMC's network settings that the driver reads",
    },
    Observable {
        name: "driver.media.list",
        witness: Witness::Driver(Operation::MediaList),
        shape: MEDIA,
        about: "the slots of virtual media as the driver lists them",
    },
    Observable {
        name: "driver.bios.read",
        witness: Witness::Driver(Operation::BiosRead),
        shape: BIOS,
        about: "the settings of the host's firmware that the driver reads",
    },
    Observable {
        name: "driver.inventory.read",
        witness: Witness::Driver(Operation::InventoryRead),
        shape: INVENTORY,
        about: "the machine's parts that the driver reads",
    },
    Observable {
        name: "driver.boot.order.get",
        witness: Witness::Driver(Operation::BootOrderGet),
        shape: BOOT_ORDER,
        about: "the order of boot that the driver reads",
    },
    Observable {
        name: "truth.inventory",
        witness: Witness::Truth,
        shape: INVENTORY,
        about: "what the machine is made of",
    },
    Observable {
        name: "truth.boot.order",
        witness: Witness::Truth,
        shape: BOOT_ORDER,
        about: "the order of boot that the BMC keeps",
    },
    Observable {
        name: "truth.power",
        witness: Witness::Truth,
        shape: Shape::Words(PowerState::WORDS),
        about: "the host's power",
    },
    Observable {
        name: "truth.boot.override",
        witness: Witness::Truth,
        shape: OVERRIDE,
        about: "the override that the next boot will take",
    },
    Observable {
        name: "truth.boot.default",
        witness: Witness::Truth,
        shape: Shape::Words(BootDevice::WORDS),
        about: "what the host boots without an override",
    },
    Observable {
        name: "truth.identify",
        witness: Witness::Truth,
        shape: Shape::Words(Identify::WORDS),
        about: "the identify light",
    },
    Observable {
        name: "truth.identity",
        witness: Witness::Truth,
        shape: IDENTITY,
        about: "who the machine is",
    },
    Observable {
        name: "truth.fru",
        witness: Witness::Truth,
        shape: FRU,
        about: "what the machine's FRU inventory holds",
    },
    Observable {
        name: "truth.sensors",
        witness: Witness::Truth,
        shape: SENSORS,
        about: "the sensors as they are",
    },
    Observable {
        name: "truth.power.metrics",
        witness: Witness::Truth,
        shape: METRICS,
        about: "what the machine consumes",
    },
    Observable {
        name: "truth.log",
        witness: Witness::Truth,
        shape: LOG,
        about: "what the BMC has written into its event log",
    },
    Observable {
        name: "truth.accounts",
        witness: Witness::Truth,
        shape: ACCOUNTS,
        about: "the accounts that there are",
    },
    Observable { name: "truth.bmc.clock", witness: Witness::Truth, shape: CLOCK, about: "the BMC's clock" },
    Observable {
        name: "truth.console",
        witness: Witness::Truth,
        shape: Shape::Text,
        about: "what has come to the host by its serial console",
    },
    Observable {
        name: "truth.bmc.network",
        witness: Witness::Truth,
        shape: NETWORK,
        about: "the BMC's network settings",
    },
    Observable {
        name: "truth.media",
        witness: Witness::Truth,
        shape: MEDIA,
        about: "what is in the slots of virtual media",
    },
    Observable {
        name: "truth.bios",
        witness: Witness::Truth,
        shape: BIOS,
        about: "the settings of the host's firmware",
    },
    Observable {
        name: "truth.bmc",
        witness: Witness::Truth,
        shape: Shape::Words(&["up", "down"]),
        about: "whether the BMC is running",
    },
    Observable {
        name: "truth.sessions",
        witness: Witness::Truth,
        shape: Shape::Number,
        about: "sessions that are open on the BMC",
    },
    Observable {
        name: "truth.events",
        witness: Witness::Events,
        shape: Shape::Events,
        about: "what happened to the host, in its own log",
    },
    Observable {
        name: "wire.requests",
        witness: Witness::Wire,
        shape: Shape::Count,
        about: "requests that reached the BMC",
    },
    Observable {
        name: "wire.changes",
        witness: Witness::Wire,
        shape: Shape::Count,
        about: "requests that ask the BMC for a change",
    },
    Observable {
        name: "wire.logins",
        witness: Witness::Wire,
        shape: Shape::Count,
        about: "attempts to log in",
    },
    Observable {
        name: "wire.http",
        witness: Witness::Wire,
        shape: Shape::HttpOrder,
        about: "the order and manners of HTTP exchanges",
    },
    Observable {
        name: "wire.ipmi",
        witness: Witness::Wire,
        shape: Shape::IpmiOrder,
        about: "the order and manners of IPMI messages",
    },
];
