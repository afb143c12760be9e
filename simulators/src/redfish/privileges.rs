//! What an account may do: the mapping of operations to privileges (DSP0266 §13.2.10; DSP8011
//! `Redfish_1.5.0_PrivilegeRegistry`) for every schema that a tree of ours has, and the predefined roles.
//!
//! The service shows the same mapping as a `PrivilegeRegistry`; a test holds the two against each other.

use serde_json::Value;

use super::{
    answer::Asked,
    auth::Who,
    handle::Scene,
    live,
    policy::Checked,
    tree::{Action, Document, Found, Live},
};
use crate::accounts::Role;

/// A privilege (DSP0268 PrivilegeType).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Privilege {
    NoAuth,
    Login,
    ConfigureManager,
    ConfigureUsers,
    ConfigureSelf,
    ConfigureComponents,
}

use Privilege::{ConfigureComponents, ConfigureManager, ConfigureSelf, ConfigureUsers, Login, NoAuth};

/// Any of these will do.
type AnyOf = &'static [Privilege];

/// What the operations on a schema need; GET includes HEAD.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Map {
    get: AnyOf,
    patch: AnyOf,
    post: AnyOf,
    put: AnyOf,
    delete: AnyOf,
}

impl Map {
    const fn new(get: AnyOf, change: AnyOf) -> Self {
        Self { get, patch: change, post: change, put: change, delete: change }
    }

    fn of(&self, method: &str) -> AnyOf {
        match method {
            "PATCH" => self.patch,
            "POST" => self.post,
            "PUT" => self.put,
            "DELETE" => self.delete,
            _ => self.get,
        }
    }
}

const COMPONENTS: Map = Map::new(&[Login], &[ConfigureComponents]);
const MANAGER: Map = Map::new(&[Login], &[ConfigureManager]);
const USERS: Map = Map::new(&[Login], &[ConfigureUsers]);

/// Schemas that are mapped in the same way.
const GROUPS: &[(&[&str], Map)] = &[
    (&["ServiceRoot"], Map { get: &[NoAuth], ..MANAGER }),
    (
        &[
            "Assembly",
            "Bios",
            "BootOption",
            "BootOptionCollection",
            "Chassis",
            "ChassisCollection",
            "ComputerSystem",
            "ComputerSystemCollection",
            "Drive",
            "DriveCollection",
            "EthernetInterface",
            "EthernetInterfaceCollection",
            "Memory",
            "MemoryCollection",
            "MemoryMetrics",
            "NetworkAdapter",
            "NetworkAdapterCollection",
            "NetworkDeviceFunction",
            "NetworkDeviceFunctionCollection",
            "NetworkInterface",
            "NetworkInterfaceCollection",
            "PCIeDevice",
            "PCIeDeviceCollection",
            "PCIeFunction",
            "PCIeFunctionCollection",
            "Port",
            "PortCollection",
            "Processor",
            "ProcessorCollection",
            "ProcessorMetrics",
            "SecureBoot",
            "SecureBootDatabase",
            "SecureBootDatabaseCollection",
            "Sensor",
            "SensorCollection",
            "Signature",
            "SignatureCollection",
            "SimpleStorage",
            "SimpleStorageCollection",
            "SoftwareInventory",
            "SoftwareInventoryCollection",
            "Storage",
            "StorageCollection",
            "StorageController",
            "StorageControllerCollection",
            "UpdateService",
            "Volume",
            "VolumeCollection",
        ],
        COMPONENTS,
    ),
    (
        &[
            "ActionInfo",
            "AttributeRegistry",
            "CertificateService",
            "EnvironmentMetrics",
            "EventService",
            "Fan",
            "FanCollection",
            "HostInterface",
            "HostInterfaceCollection",
            "JsonSchemaFile",
            "JsonSchemaFileCollection",
            "LogEntry",
            "LogEntryCollection",
            "LogService",
            "LogServiceCollection",
            "Manager",
            "ManagerCollection",
            "ManagerNetworkProtocol",
            "MessageRegistry",
            "MessageRegistryFile",
            "MessageRegistryFileCollection",
            "MetricDefinition",
            "MetricDefinitionCollection",
            "MetricReport",
            "MetricReportCollection",
            "MetricReportDefinition",
            "MetricReportDefinitionCollection",
            "Power",
            "PowerSubsystem",
            "PowerSupply",
            "PowerSupplyCollection",
            "PowerSupplyMetrics",
            "PrivilegeRegistry",
            "Role",
            "RoleCollection",
            "SerialInterface",
            "SerialInterfaceCollection",
            "SessionService",
            "Task",
            "TaskCollection",
            "TaskService",
            "TelemetryService",
            "Thermal",
            "ThermalMetrics",
            "ThermalSubsystem",
            "VLanNetworkInterface",
            "VLanNetworkInterfaceCollection",
            "VirtualMedia",
            "VirtualMediaCollection",
        ],
        MANAGER,
    ),
    (
        &["Certificate", "CertificateCollection", "CertificateLocations"],
        Map::new(&[ConfigureManager], &[ConfigureManager]),
    ),
    (&["AccountService", "ManagerAccountCollection"], USERS),
    (&["ManagerAccount"], Map { get: &[ConfigureManager, ConfigureUsers, ConfigureSelf], ..USERS }),
    (&["Session"], Map { delete: &[ConfigureManager, ConfigureSelf], ..MANAGER }),
    (&["SessionCollection"], Map { post: &[Login], ..MANAGER }),
    (&["EventDestination"], Map::new(&[Login], &[ConfigureManager, ConfigureSelf])),
    (&["EventDestinationCollection"], Map::new(&[Login], &[ConfigureManager, ConfigureComponents])),
];

/// Schemas that are mapped in another way below a resource of this one: `SubordinateOverrides`.
const BELOW: &[(&[&str], &str, Map)] = &[
    (&["EthernetInterface", "EthernetInterfaceCollection"], "Manager", MANAGER),
    (&["LogService", "LogServiceCollection", "LogEntry", "LogEntryCollection"], "ComputerSystem", COMPONENTS),
    (&["LogService", "LogServiceCollection", "LogEntry", "LogEntryCollection"], "Chassis", COMPONENTS),
];

/// Properties of an account that its owner may write: `PropertyOverrides`.
const OWN_PROPERTIES: &[&str] = &["Password"];

/// Whether somebody may do this.
pub(crate) fn may(scene: &Scene<'_>, who: &Who, method: &str, found: Found<'_>) -> bool {
    let is_own = is_own(scene, who, found);
    let changes_own = is_own && method == "PATCH" && matches!(found, Found::Member(Live::Accounts, ..));
    let unruled = scene.policy().roles == Checked::No;
    unruled || changes_own || needed(scene, method, found).iter().any(|it| has(who.role, *it, is_own))
}

/// Whether somebody who may write here may write all of this: an account's owner may write the password alone.
pub(crate) fn may_write(who: &Who, asked: &Asked<'_>, found: Found<'_>) -> bool {
    if asked.method != "PATCH"
        || !matches!(found, Found::Member(Live::Accounts, ..))
        || has(who.role, ConfigureUsers, true)
    {
        return true;
    }
    match asked.document() {
        Some(Value::Object(sent)) => sent.keys().all(|name| OWN_PROPERTIES.contains(&name.as_str())),
        _ => true,
    }
}

/// Whether somebody may do this before the password is changed that must be (DSP0266, "Password change required
/// handling"): read and change the own account, read and end the own session.
pub(crate) fn may_first(scene: &Scene<'_>, who: &Who, method: &str, found: Option<Found<'_>>) -> bool {
    let Some(found @ Found::Member(live, ..)) = found else { return false };
    let methods: &[&str] = match live {
        Live::Accounts => &["GET", "HEAD", "PATCH"],
        Live::Sessions => &["GET", "HEAD", "DELETE"],
        Live::Tasks | Live::Subscriptions | Live::LogEntries | Live::Volumes | Live::Certificates => &[],
    };
    methods.contains(&method) && is_own(scene, who, found)
}

fn is_own(scene: &Scene<'_>, who: &Who, found: Found<'_>) -> bool {
    matches!(found, Found::Member(live, _, id) if live::owner(scene, live, id) == Some(who.number))
}

/// DSP0266 §13.2.9, table of predefined roles; one's own self is what one may configure with `ConfigureSelf`.
fn has(role: Role, privilege: Privilege, is_own: bool) -> bool {
    match privilege {
        NoAuth | Login => true,
        ConfigureSelf => is_own,
        ConfigureComponents => matches!(role, Role::Administrator | Role::Operator),
        ConfigureManager | ConfigureUsers => role == Role::Administrator,
    }
}

fn needed(scene: &Scene<'_>, method: &str, found: Found<'_>) -> AnyOf {
    let (kind, path) = match found {
        Found::Document(document) => (&*document.kind, &*document.path),
        Found::Member(live, collection, _) | Found::Deed(live, collection, ..) => {
            (live.member(), &*collection.path)
        }
        Found::Action(action) => {
            let resource = resource_of(scene, action);
            (&*resource.kind, &*resource.path)
        }
        Found::Versions | Found::Odata | Found::Metadata => return &[NoAuth],
        Found::Monitor(_) => ("Task", ""),
        Found::Stream => ("EventService", ""),
    };
    let below =
        BELOW.iter().find(|(kinds, above, _)| kinds.contains(&kind) && scene.tree().is_below(path, above));
    let map =
        below.map(|row| row.2).or_else(|| GROUPS.iter().find(|it| it.0.contains(&kind)).map(|row| row.1));
    map.unwrap_or(MANAGER).of(method)
}

fn resource_of<'s>(scene: &'s Scene<'_>, action: &Action) -> &'s Document {
    scene.tree().resource_of(action)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Profile;

    fn said(map: &Map) -> Value {
        let any =
            |of: AnyOf| -> Value { of.iter().map(|it| json!({"Privilege": [format!("{it:?}")]})).collect() };
        json!({
            "GET": any(map.get), "HEAD": any(map.get), "PATCH": any(map.patch), "POST": any(map.post),
            "PUT": any(map.put), "DELETE": any(map.delete),
        })
    }

    /// The mapping as the service has to show it.
    fn mappings() -> Vec<Value> {
        let mut kinds: Vec<(&str, Map)> =
            GROUPS.iter().flat_map(|(kinds, map)| kinds.iter().map(|kind| (*kind, *map))).collect();
        kinds.sort_by_key(|(kind, _)| *kind);
        let mapping = |(kind, map): (&str, Map)| {
            let mut mapping = json!({"Entity": kind, "OperationMap": said(&map)});
            let below = BELOW.iter().filter(|row| row.0.contains(&kind));
            let overrides: Vec<Value> =
                below.map(|(_, above, map)| json!({"Targets": [above], "OperationMap": said(map)})).collect();
            if !overrides.is_empty() {
                mapping["SubordinateOverrides"] = json!(overrides);
            }
            if kind == "ManagerAccount" {
                let either = json!([{"Privilege": ["ConfigureUsers"]}, {"Privilege": ["ConfigureSelf"]}]);
                mapping["PropertyOverrides"] =
                    json!([{"Targets": OWN_PROPERTIES, "OperationMap": {"PATCH": either}}]);
            }
            mapping
        };
        kinds.into_iter().map(mapping).collect()
    }

    #[test]
    fn the_service_shows_the_mapping_that_counts() {
        let tree = Profile::named("generic").unwrap().tree();
        let shown = tree.first("PrivilegeRegistry").unwrap().template()["Mappings"].clone();
        let shown = shown.as_array().unwrap();
        for mapping in mappings() {
            assert!(shown.contains(&mapping), "not shown: {mapping}");
        }
        assert_eq!(shown.len(), mappings().len());
    }

    /// Schemas of vendors, which stand in no registry of DMTF's, are the manager's.
    #[test]
    fn every_schema_of_the_tree_is_mapped_once() {
        let tree = Profile::named("generic").unwrap().tree();
        for kind in tree.documents().iter().map(|it| &*it.kind).filter(|it| !it.is_empty()) {
            let rows = GROUPS.iter().filter(|(kinds, _)| kinds.contains(&kind)).count();
            assert_eq!(rows, 1, "{kind}");
        }
    }

    #[test]
    fn a_reader_may_not_change_and_an_operator_may_change_components() {
        let can = |role, of: AnyOf| of.iter().any(|it| has(role, *it, false));
        assert!(can(Role::ReadOnly, MANAGER.get) && !can(Role::ReadOnly, COMPONENTS.patch));
        assert!(can(Role::Operator, COMPONENTS.patch) && !can(Role::Operator, MANAGER.post));
        assert!(!can(Role::Operator, USERS.patch) && can(Role::Administrator, USERS.patch));
    }
}
