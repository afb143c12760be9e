//! The ways in which a driver can be wrong, and their words in the catalogue.

use halmark::PowerAction;

/// How a driver can be wrong above the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriverFault {
    /// A power action returns success and sends nothing.
    DoesNothing(PowerAction),
    /// A power action is carried out as another.
    Substitutes(PowerAction, PowerAction),
    /// A power action is carried out twice.
    Twice(PowerAction),
    /// A power action is carried out although the host is already so, or cannot.
    Forces(PowerAction),
    /// The first power state that was read is told for ever.
    StalePower,
    /// Every power state is told as on.
    AlwaysOn,
    /// An error while reading the power state is told as off.
    ErrorAsOff,
    /// What is on its way is told as already there.
    TransitionAsDone,
    /// A one-time override is set for ever.
    OnceAsContinuous,
    /// An override for ever is set once.
    ContinuousAsOnce,
    /// The device of an override is lost.
    DropsDevice,
    /// The mode of an override is lost.
    DropsMode,
    /// Setting an override returns success and sends nothing.
    OverrideDoesNothing,
    /// The override that was set last is told, not what the BMC has.
    EchoesOverride,
    /// Setting the light returns success and sends nothing.
    IdentifyDoesNothing,
    /// A light that the BMC does not tell is told as dark.
    UnknownIdentifyAsUnlit,
    /// The UUID's first fields are swapped.
    SwapsUuid,
    /// A missing UUID is told as all zeros.
    NilUuid,
    /// The board's serial number is told as the system's.
    SerialFromBoard,
    /// The BMC's firmware is told as the host's.
    FirmwareFromBios,
    /// Resetting the BMC returns success and sends nothing.
    BmcResetDoesNothing,
    /// Resetting the BMC resets the host as well.
    BmcResetResetsHost,
    /// What is not claimed returns success.
    UnsupportedAsSuccess,
    /// A refusal is told as success.
    ErrorAsSuccess,
    /// Refused credentials are told as an unreachable BMC.
    UnauthorizedAsUnreachable,
    /// A lost answer is told as a BMC that never heard.
    UnknownAsUnreachable,
    /// A host that is off is not told as a conflict.
    ConflictAsRefused,
    /// Power off on a host that is off powers it on first.
    TurnsOnFirst,
    /// An override without a device is set to the disk.
    InvalidAsDisk,
    /// The serial number is told with padding.
    KeepsPadding,
    /// Reading the power state switches the light off.
    WritesOnRead,
    /// An error while reading the power state is told as on.
    ErrorAsOn,
    /// A shutdown that takes too long becomes a forced off.
    ShutdownThenOff,
    /// An action that changed something is told as already so.
    ChangedAsAlreadySo,
    /// An action that was needless is told as a change.
    AlreadySoAsChanged,
    /// An override without a device is taken for none.
    InvalidAsNone,
    /// The first override that was read is told for ever.
    StaleOverride,
    /// Setting an override resets the host, so that it is used at once.
    OverrideResetsHost,
    /// The first state of the light that was read is told for ever.
    StaleIdentify,
    /// The light is set to blink where it was to be lit.
    BlinksForLit,
    /// The last character of the serial number is lost.
    CutsSerial,
    /// The vendor is told as the model, and the model as the vendor.
    SwapsVendorAndModel,
    /// The MAC address is told in capitals.
    MacInCapitals,
    /// The part number is lost.
    DropsPartNumber,
    /// A missing serial number is told as the UUID.
    InventsSerial,
    /// A boot override that cannot be understood is told as none.
    UnreadableOverrideAsNone,
    /// A power action on a host whose state is not told is told as needless, and nothing is sent.
    UnknownAsAlreadySo,
    /// A power state that cannot be understood is told as the one that was understood last.
    UnreadableAsLast,
    /// After the fifth reading of the power state that went wrong, every reading does.
    NeverTriesAgain,
    /// A reading of the power state is given ten seconds, whatever the caller allows.
    Impatient,
    /// A sensor without a reading is told to read zero.
    UnavailableAsZero,
    /// Readings are twice what they should be.
    MisreadsSensors,
    /// The last item of every list is lost.
    LosesLastRecord,
    /// The upper limits of caution and critical change places.
    SwapsThresholds,
    /// The log is told from its end.
    NewestFirst,
    /// The BMC's times are told an hour late.
    TimesInLocalTime,
    /// Every account is told to be enabled.
    EveryAccountEnabled,
    /// Every account is told to be an administrator's.
    RolesRaised,
    /// The least and the most consumption change places.
    SwapsLeastAndMost,
    /// An account that was to be disabled is made enabled.
    CreatesEnabled,
    /// Every new account is made an administrator's.
    CreatesAdministrator,
    /// A password is cut to 16 bytes.
    CutsPassword,
    /// Creating an account returns success and sends nothing.
    CreateDoesNothing,
    /// Deleting an account returns success and sends nothing.
    DeleteDoesNothing,
    /// Deleting an account disables it.
    DeleteDisables,
    /// A new password is told as set and is not.
    KeepsPassword,
    /// Whether an account is enabled is told as changed and is not.
    KeepsEnabled,
    /// An account's new role is told as set and is not.
    KeepsRole,
    /// Clearing the log returns success and sends nothing.
    ClearDoesNothing,
    /// Setting the BMC's clock returns success and sends nothing.
    ClockDoesNothing,
    /// Inserting an image returns success and sends nothing.
    InsertDoesNothing,
    /// Another image is inserted than was asked for.
    InsertsAnother,
    /// Ejecting an image returns success and sends nothing.
    EjectDoesNothing,
    /// Every slot is told to be empty.
    MediaAlwaysEmpty,
    /// Setting the host's firmware returns success and sends nothing.
    BiosDoesNothing,
    /// What is pending is told as what is so.
    PendingAsCurrent,
    /// Setting the host's firmware resets the host, so that it applies at once.
    BiosResetsHost,
    /// Secure boot is told as on.
    SecureBootAlwaysOn,
    /// The first of the characters that are typed at once is lost.
    DropsTyped,
    /// Every character is typed twice.
    TypesTwice,
    /// The last of the characters that the host writes at once is lost.
    DropsHeard,
    /// The order of boot is told from its end.
    OrderToldBackwards,
    /// Setting the order of boot returns success and sends nothing.
    OrderDoesNothing,
    /// A raw request that changes something returns success and is not sent.
    VendorDoesNothing,
    /// A raw request is sent without what it says.
    VendorDropsBody,
    /// A raw request of which nothing was reached returns success.
    VendorErrorAsSuccess,
    /// Every operation hangs.
    Hangs,
}

impl DriverFault {
    /// Every one, with the word that the catalogue uses.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("on-does-nothing", Self::DoesNothing(PowerAction::On)),
        ("off-does-nothing", Self::DoesNothing(PowerAction::Off)),
        ("shutdown-does-nothing", Self::DoesNothing(PowerAction::Shutdown)),
        ("cycle-does-nothing", Self::DoesNothing(PowerAction::Cycle)),
        ("reset-does-nothing", Self::DoesNothing(PowerAction::Reset)),
        ("nmi-does-nothing", Self::DoesNothing(PowerAction::Nmi)),
        ("cycle-is-reset", Self::Substitutes(PowerAction::Cycle, PowerAction::Reset)),
        ("reset-is-cycle", Self::Substitutes(PowerAction::Reset, PowerAction::Cycle)),
        ("shutdown-is-off", Self::Substitutes(PowerAction::Shutdown, PowerAction::Off)),
        ("off-is-shutdown", Self::Substitutes(PowerAction::Off, PowerAction::Shutdown)),
        ("nmi-is-reset", Self::Substitutes(PowerAction::Nmi, PowerAction::Reset)),
        ("cycles-twice", Self::Twice(PowerAction::Cycle)),
        ("resets-twice", Self::Twice(PowerAction::Reset)),
        ("nmi-twice", Self::Twice(PowerAction::Nmi)),
        ("reset-is-nmi", Self::Substitutes(PowerAction::Reset, PowerAction::Nmi)),
        ("reset-is-shutdown", Self::Substitutes(PowerAction::Reset, PowerAction::Shutdown)),
        ("cycle-is-off", Self::Substitutes(PowerAction::Cycle, PowerAction::Off)),
        ("off-is-cycle", Self::Substitutes(PowerAction::Off, PowerAction::Cycle)),
        ("on-when-on-resets", Self::Forces(PowerAction::On)),
        ("reset-when-off-powers-on", Self::Forces(PowerAction::Reset)),
        ("cycle-when-off-powers-on", Self::Forces(PowerAction::Cycle)),
        ("reports-stale-power", Self::StalePower),
        ("reports-always-on", Self::AlwaysOn),
        ("error-as-off", Self::ErrorAsOff),
        ("transition-as-done", Self::TransitionAsDone),
        ("once-as-continuous", Self::OnceAsContinuous),
        ("continuous-as-once", Self::ContinuousAsOnce),
        ("drops-device", Self::DropsDevice),
        ("drops-mode", Self::DropsMode),
        ("override-does-nothing", Self::OverrideDoesNothing),
        ("echoes-override", Self::EchoesOverride),
        ("identify-does-nothing", Self::IdentifyDoesNothing),
        ("unknown-identify-as-unlit", Self::UnknownIdentifyAsUnlit),
        ("swaps-uuid", Self::SwapsUuid),
        ("nil-uuid", Self::NilUuid),
        ("serial-from-board", Self::SerialFromBoard),
        ("firmware-from-bios", Self::FirmwareFromBios),
        ("bmc-reset-does-nothing", Self::BmcResetDoesNothing),
        ("bmc-reset-resets-host", Self::BmcResetResetsHost),
        ("unsupported-as-success", Self::UnsupportedAsSuccess),
        ("error-as-success", Self::ErrorAsSuccess),
        ("unauthorized-as-unreachable", Self::UnauthorizedAsUnreachable),
        ("unknown-as-unreachable", Self::UnknownAsUnreachable),
        ("conflict-as-refused", Self::ConflictAsRefused),
        ("turns-on-first", Self::TurnsOnFirst),
        ("invalid-as-disk", Self::InvalidAsDisk),
        ("keeps-padding", Self::KeepsPadding),
        ("writes-on-read", Self::WritesOnRead),
        ("error-as-on", Self::ErrorAsOn),
        ("shutdown-then-off", Self::ShutdownThenOff),
        ("changed-as-already-so", Self::ChangedAsAlreadySo),
        ("already-so-as-changed", Self::AlreadySoAsChanged),
        ("invalid-as-none", Self::InvalidAsNone),
        ("reports-stale-override", Self::StaleOverride),
        ("override-resets-host", Self::OverrideResetsHost),
        ("reports-stale-identify", Self::StaleIdentify),
        ("blinks-for-lit", Self::BlinksForLit),
        ("cuts-serial", Self::CutsSerial),
        ("swaps-vendor-and-model", Self::SwapsVendorAndModel),
        ("mac-in-capitals", Self::MacInCapitals),
        ("drops-part-number", Self::DropsPartNumber),
        ("invents-serial", Self::InventsSerial),
        ("unreadable-override-as-none", Self::UnreadableOverrideAsNone),
        ("unknown-as-already-so", Self::UnknownAsAlreadySo),
        ("unreadable-as-last", Self::UnreadableAsLast),
        ("never-tries-again", Self::NeverTriesAgain),
        ("impatient", Self::Impatient),
        ("unavailable-as-zero", Self::UnavailableAsZero),
        ("misreads-sensors", Self::MisreadsSensors),
        ("loses-last-record", Self::LosesLastRecord),
        ("swaps-thresholds", Self::SwapsThresholds),
        ("newest-first", Self::NewestFirst),
        ("times-in-local-time", Self::TimesInLocalTime),
        ("every-account-enabled", Self::EveryAccountEnabled),
        ("roles-raised", Self::RolesRaised),
        ("swaps-least-and-most", Self::SwapsLeastAndMost),
        ("creates-enabled", Self::CreatesEnabled),
        ("creates-administrator", Self::CreatesAdministrator),
        ("cuts-password", Self::CutsPassword),
        ("create-does-nothing", Self::CreateDoesNothing),
        ("delete-does-nothing", Self::DeleteDoesNothing),
        ("delete-disables", Self::DeleteDisables),
        ("keeps-password", Self::KeepsPassword),
        ("keeps-enabled", Self::KeepsEnabled),
        ("keeps-role", Self::KeepsRole),
        ("clear-does-nothing", Self::ClearDoesNothing),
        ("clock-does-nothing", Self::ClockDoesNothing),
        ("insert-does-nothing", Self::InsertDoesNothing),
        ("inserts-another", Self::InsertsAnother),
        ("eject-does-nothing", Self::EjectDoesNothing),
        ("media-always-empty", Self::MediaAlwaysEmpty),
        ("bios-does-nothing", Self::BiosDoesNothing),
        ("pending-as-current", Self::PendingAsCurrent),
        ("bios-resets-host", Self::BiosResetsHost),
        ("secure-boot-always-on", Self::SecureBootAlwaysOn),
        ("drops-typed", Self::DropsTyped),
        ("types-twice", Self::TypesTwice),
        ("drops-heard", Self::DropsHeard),
        ("order-told-backwards", Self::OrderToldBackwards),
        ("order-does-nothing", Self::OrderDoesNothing),
        ("vendor-does-nothing", Self::VendorDoesNothing),
        ("vendor-drops-body", Self::VendorDropsBody),
        ("vendor-error-as-success", Self::VendorErrorAsSuccess),
        ("hangs", Self::Hangs),
    ];
}
