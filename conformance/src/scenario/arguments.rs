//! The arguments of operations: `args` of a `call`, and `as` whom it is made.

use halmark::{
    AccountUpdate, BiosChanges, BmcReset, BootDevice, BootDuration, BootMode, BootOverride, Credentials,
    Identify, InsertMedia, MediaKind, NewAccount, Operation, Role, Secret, Timestamp, VendorCall,
    model::{Bytes, SetIdentify},
};

use crate::{
    fields::{Fields, Reader},
    operation::Call,
    talk::Turn,
    yaml::Node,
};

/// Reads the operation that `name` names, with the `args` that stand beside it.
pub(super) fn call(reader: &Reader, name: &Node, fields: &mut Fields<'_>) -> Option<Call> {
    let operation: Operation = reader.parsed(name, "operation", Operation::WORDS)?;
    let args = fields.maybe("args");
    let needed = || {
        let advice = "add `args: {…}`";
        args.or_else(|| reader.fail(name.place, format!("{operation} needs arguments"), advice))
    };
    match operation {
        Operation::BootOverrideSet => boot_override(reader, needed()?).map(Call::SetBootOverride),
        Operation::IdentifySet => set_identify(reader, needed()?).map(Call::SetIdentify),
        Operation::BmcReset => {
            let mut args = reader.map(needed()?, "`{kind: cold}`")?;
            let kind: BmcReset = reader.parsed(args.must("kind")?, "kind", BmcReset::WORDS)?;
            args.done();
            Some(Call::ResetBmc(kind))
        }
        Operation::BmcClockSet => {
            let mut args = reader.map(needed()?, "`{time: \"2026-11-21T10:26:38Z\"}`")?;
            let time = time(reader, args.must("time")?)?;
            args.done();
            Some(Call::SetBmcClock(time))
        }
        Operation::AccountsCreate => new_account(reader, needed()?).map(Call::CreateAccount),
        Operation::AccountsUpdate => update(reader, needed()?),
        Operation::AccountsDelete => {
            let mut args = reader.map(needed()?, "`{account: name}`")?;
            let account = reader.text(args.must("account")?)?;
            args.done();
            Some(Call::DeleteAccount(account))
        }
        Operation::MediaInsert => insert(reader, needed()?).map(Call::InsertMedia),
        Operation::MediaEject => {
            let mut args = reader.map(needed()?, "`{kind: cd}`")?;
            let kind: MediaKind = reader.parsed(args.must("kind")?, "kind of medium", MediaKind::WORDS)?;
            args.done();
            Some(Call::EjectMedia(kind))
        }
        Operation::BiosSet => {
            let mut args = reader.map(needed()?, "`{attributes: {Name: value}}`")?;
            let to = bios(reader, args.must("attributes")?)?;
            args.done();
            Some(Call::SetBios(to))
        }
        Operation::BootOrderSet => {
            let mut args = reader.map(needed()?, "`{devices: [pxe, disk]}`")?;
            let devices = reader.list(args.must("devices")?, "a list of boot devices")?;
            let devices = devices.iter().map(|it| reader.parsed(it, "boot device", BootDevice::WORDS));
            let devices = devices.collect::<Option<_>>()?;
            args.done();
            Some(Call::SetBootOrder(devices))
        }
        Operation::VendorCall => vendor(reader, needed()?),
        Operation::ConsoleOpen if args.is_some() => talk(reader, needed()?).map(Call::Talk),
        plain => match args {
            Some(args) => reader.fail(args.place, format!("{plain} takes no arguments"), "remove them"),
            None => Some(Call::Plain(plain)),
        },
    }
}

/// Reads `{user, password}`.
pub(super) fn login(reader: &Reader, node: &Node) -> Option<Credentials> {
    let mut fields = reader.map(node, "`{user: name, password: \"${password}\"}`")?;
    let user = reader.text(fields.must("user")?)?;
    let password = reader.text(fields.must("password")?)?;
    fields.done();
    Some(Credentials::new(user, password))
}

/// Reads `{device, duration, mode}`.
pub(super) fn boot_override(reader: &Reader, node: &Node) -> Option<BootOverride> {
    let mut fields = reader.map(node, "`{device: pxe, duration: once}`")?;
    let device: BootDevice = reader.parsed(fields.must("device")?, "boot device", BootDevice::WORDS)?;
    let duration: BootDuration = reader.parsed(fields.must("duration")?, "duration", BootDuration::WORDS)?;
    let mode: Option<BootMode> = match fields.maybe("mode") {
        Some(node) => Some(reader.parsed(node, "boot mode", BootMode::WORDS)?),
        None => None,
    };
    fields.done();
    Some(BootOverride { device, duration, mode })
}

fn set_identify(reader: &Reader, node: &Node) -> Option<SetIdentify> {
    let mut fields = reader.map(node, "`{state: lit}`")?;
    let state: Identify = reader.parsed(fields.must("state")?, "state", Identify::WORDS)?;
    let lasting = match fields.maybe("for") {
        Some(node) => Some(reader.duration(node)?),
        None => None,
    };
    fields.done();
    Some(SetIdentify { state, lasting })
}

fn time(reader: &Reader, node: &Node) -> Option<Timestamp> {
    let text = reader.text(node)?;
    match text.parse() {
        Ok(time) => Some(time),
        Err(_) => reader.fail(
            node.place,
            format!("{text:?} is no point in time"),
            "expected UTC, such as 2026-11-21T10:26:38Z",
        ),
    }
}

fn role(reader: &Reader, node: &Node) -> Option<Role> {
    let given: Vec<_> = Role::GIVEN.iter().map(|role| role.word()).collect();
    reader.parsed(node, "role", &given)
}

fn new_account(reader: &Reader, node: &Node) -> Option<NewAccount> {
    let mut fields = reader.map(node, "`{name, password, role}`")?;
    let name = reader.text(fields.must("name")?)?;
    let password = Secret::new(reader.text(fields.must("password")?)?);
    let role = role(reader, fields.must("role")?)?;
    let enabled = fields.maybe("enabled").map_or(Some(true), |node| reader.flag(node))?;
    fields.done();
    Some(NewAccount { id: None, name, password, role, enabled, protocols: [].into() })
}

fn update(reader: &Reader, node: &Node) -> Option<Call> {
    let mut fields = reader.map(node, "`{account: name, enabled: false}`")?;
    let account = reader.text(fields.must("account")?)?;
    let mut to = AccountUpdate::default();
    if let Some(node) = fields.maybe("name") {
        to.name = Some(reader.text(node)?);
    }
    if let Some(node) = fields.maybe("password") {
        to.password = Some(Secret::new(reader.text(node)?));
    }
    if let Some(node) = fields.maybe("role") {
        to.role = Some(role(reader, node)?);
    }
    if let Some(node) = fields.maybe("enabled") {
        to.enabled = Some(reader.flag(node)?);
    }
    fields.done();
    if to == AccountUpdate::default() {
        return reader.fail(node.place, "this changes nothing", "name, password, role or enabled");
    }
    Some(Call::UpdateAccount(account, to))
}

fn insert(reader: &Reader, node: &Node) -> Option<InsertMedia> {
    let mut fields = reader.map(node, "`{kind: cd, image: \"http://…\"}`")?;
    let kind: MediaKind = reader.parsed(fields.must("kind")?, "kind of medium", MediaKind::WORDS)?;
    let image = reader.text(fields.must("image")?)?;
    fields.done();
    Some(InsertMedia { slot: None, kind, image, user: None, password: None })
}

fn bios(reader: &Reader, node: &Node) -> Option<BiosChanges> {
    match serde_json::from_value::<BiosChanges>(reader.json(node)) {
        Ok(to) if !to.is_empty() => Some(to),
        _ => reader.fail(
            node.place,
            "these are no settings",
            "expected names with a text, a whole number, or true or false: `{QuietBoot: false}`",
        ),
    }
}

/// Reads `{talk: [{type: "uname\r"}, {await: Linux}, {meanwhile: power.reset}]}`.
fn talk(reader: &Reader, node: &Node) -> Option<Vec<Turn>> {
    let mut fields = reader.map(node, "`{talk: […]}`")?;
    let items = reader.list(fields.must("talk")?, "a list of `type`, `await` and `meanwhile`")?;
    fields.done();
    items.iter().map(|item| turn(reader, item)).collect()
}

fn turn(reader: &Reader, node: &Node) -> Option<Turn> {
    let mut fields = reader.map(node, "`{type: text}`, `{await: text}` or `{meanwhile: operation}`")?;
    let read = if let Some(node) = fields.maybe("type") {
        Turn::Type(some_text(reader, node)?)
    } else if let Some(node) = fields.maybe("await") {
        Turn::Await(some_text(reader, node)?)
    } else {
        let node = fields.must("meanwhile")?;
        let call = call(reader, node, &mut fields)?;
        let Call::Plain(operation) = call else {
            return reader.fail(
                node.place,
                "this operation has arguments",
                "meanwhile goes one that has none",
            );
        };
        Turn::Meanwhile(operation)
    };
    fields.done();
    Some(read)
}

fn some_text(reader: &Reader, node: &Node) -> Option<String> {
    let text = reader.text(node)?;
    if text.is_empty() {
        return reader.fail(node.place, "this text is empty", "expected at least a character");
    }
    Some(text)
}

/// Reads `{netfn, command, data}`, `{method, path, body}` or `{action, body}`.
fn vendor(reader: &Reader, node: &Node) -> Option<Call> {
    const FORMS: &str = "`{netfn: 6, command: 1, data: [0]}`, `{method: GET, path: /…}` or `{action: Maker.Action, body: {}}`";
    let mut fields = reader.map(node, FORMS)?;
    let byte = |node: &Node| reader.whole(node, 0, 255).and_then(|n| u8::try_from(n).ok());
    let call = if fields.has("action") {
        let action = some_text(reader, fields.must("action")?)?;
        let body = fields.maybe("body").map(|node| reader.json(node));
        Call::Act(action, body)
    } else if fields.has("method") {
        let methods = ["GET", "POST", "PATCH", "PUT", "DELETE"];
        let method = reader.word(fields.must("method")?, "method", &methods)?;
        let path = reader.text(fields.must("path")?)?;
        let body = fields.maybe("body").map(|node| reader.json(node));
        Call::Vendor(VendorCall::Redfish { method, path, body })
    } else {
        let netfn = byte(fields.must("netfn")?)?;
        let command = byte(fields.must("command")?)?;
        let data = match fields.maybe("data") {
            Some(node) => reader.list(node, "a list of bytes")?.iter().map(byte).collect::<Option<_>>()?,
            None => Vec::new(),
        };
        Call::Vendor(VendorCall::Ipmi { netfn, command, data: Bytes(data) })
    };
    fields.done();
    Some(call)
}
