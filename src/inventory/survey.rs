//! What a BMC says of itself and of its machine, read by a driver and put into its row.

use std::fmt;

use uuid::Uuid;

use super::{
    Mac, Moment,
    record::{Board, Light, PowerSupply, Record, Status},
};
use crate::{
    driver::{Cause, Deadline, Driver, DriverError, Protocol, Reply},
    drivers::{REGISTRY, Registered},
    model::{Fru, Identify, Identity, PowerMetrics, PowerState, Sensor, SensorKind},
};

/// What was read. What the driver does not do, or the BMC does not have, is absent and leaves the row as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Survey {
    /// The protocols that answered.
    pub protocols: Vec<Protocol>,
    identity: Option<Identity>,
    fru: Option<Fru>,
    metrics: Option<PowerMetrics>,
    power: Option<PowerState>,
    light: Option<Identify>,
    sensors: Option<Vec<Sensor>>,
    /// What could not be read although the driver does it: the BMC refused, or was not understood.
    pub failures: Vec<DriverError>,
}

/// Something that a person should look at: the row is left as it is in this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remark {
    /// The BMC names another MAC address than the row's: it may have several, or another BMC has its address now.
    OtherMac(Mac),
    /// The BMC names another machine than the row is related to: its mainboard may have been replaced.
    OtherMachine(Uuid),
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherMac(mac) => write!(
                f,
                "the BMC calls its MAC address {mac}: it may have several, or this is another BMC that has its address now"
            ),
            Self::OtherMachine(uuid) => write!(
                f,
                "the BMC calls its machine {uuid}: the relation is left as it is; `--machine-id {uuid}` changes it"
            ),
        }
    }
}

/// Reads all that a row keeps. Fails where nothing can be read at all: no answer, wrong credentials.
pub async fn survey(driver: &dyn Driver, by: Deadline) -> Result<Survey, DriverError> {
    let mut survey = Survey::default();
    survey.identity = survey.took(driver.identity(by).await)?;
    survey.power = survey.took(driver.power_read(by).await)?;
    survey.fru = survey.took(driver.fru(by).await)?;
    survey.metrics = survey.took(driver.power_metrics(by).await)?;
    survey.light = survey.took(driver.identify(by).await)?;
    survey.sensors = survey.took(driver.sensors(by).await)?;
    Ok(survey)
}

impl Survey {
    fn took<T>(&mut self, reply: Reply<T>) -> Result<Option<T>, DriverError> {
        match reply {
            Ok(answer) => {
                if !self.protocols.contains(&answer.protocol) {
                    self.protocols.push(answer.protocol);
                }
                return Ok(Some(answer.value));
            }
            Err(error) => match error.cause {
                Cause::Unsupported | Cause::NotFound { .. } => {}
                Cause::Unauthorized
                | Cause::Unreachable { .. }
                | Cause::Untrusted { .. }
                | Cause::Busy { .. } => return Err(error),
                _ => self.failures.push(error),
            },
        }
        Ok(None)
    }

    /// Puts what was read into the row.
    pub fn into_row(self, row: &mut Record, now: Moment) -> Vec<Remark> {
        let identity = self.identity.unwrap_or_default();
        let remarks = relate(&identity, row);
        row.drivers.extend(self.protocols.iter().map(|it| it.word().to_owned()));
        let fru = self.fru.unwrap_or_default();
        let (product, board) =
            (fru.product.clone().unwrap_or_default(), fru.board.clone().unwrap_or_default());
        let vendor = identity.vendor.clone().or(product.manufacturer).or(board.manufacturer);
        keep(&mut row.vendor, vendor);
        row.drivers.extend(makers(row.vendor.as_deref(), &self.protocols));
        keep(&mut row.bios.date, identity.bios_date.clone());
        keep(&mut row.bios.version, identity.bios_version.clone());
        keep(&mut row.bmc_firmware, identity.bmc_firmware.clone());
        labels(&mut row.board, identity, fru);
        if let Some(metrics) = self.metrics {
            row.power.watts = metrics.watts;
            row.power.average_watts = metrics.average_watts;
            row.power.maximum_watts = metrics.maximum_watts;
            row.power.minimum_watts = metrics.minimum_watts;
            row.power.interval_minutes = metrics.interval_seconds.map(|it| it / 60.0);
        }
        row.power.state = self.power.or(row.power.state);
        if let Some(state) = self.light {
            let description = row.light.take().map(|it| it.description).unwrap_or_default();
            row.light = Some(Light { state, description });
        }
        if let Some(sensors) = self.sensors {
            // Of the kind is also what watches all of them together (IPMI v2.0 table 42-2, redundancy states).
            let is_supply = |it: &&Sensor| {
                it.kind == SensorKind::PowerSupply
                    && !it.states.iter().any(|state| state.contains("redundan"))
            };
            let supplies = sensors.iter().filter(is_supply);
            row.power.supplies =
                supplies.map(|it| PowerSupply { health: it.health, state: it.availability }).collect();
        }
        let last_error = self.failures.first().map(ToString::to_string);
        row.status = Status { last_updated: Some(now), last_error };
        remarks
    }
}

/// The drivers for the BMCs of whoever made this one, by the protocols that answered.
fn makers(vendor: Option<&str>, protocols: &[Protocol]) -> impl Iterator<Item = String> {
    let is_by = |maker: &str| {
        vendor.and_then(|it| it.get(..maker.len())).is_some_and(|it| it.eq_ignore_ascii_case(maker))
    };
    let speaks = |it: &Registered| it.probe.is_some_and(|probe| protocols.contains(&probe.protocol));
    let fits = |it: &&Registered| it.maker.is_some_and(is_by) && speaks(it);
    REGISTRY.iter().filter(fits).map(|it| it.name.to_owned()).collect::<Vec<_>>().into_iter()
}

/// Relates the row to its machine, unless it is related to one already.
fn relate(identity: &Identity, row: &mut Record) -> Vec<Remark> {
    let mac = identity.bmc_mac.as_deref().and_then(|it| it.parse::<Mac>().ok());
    let other_mac = mac.filter(|it| *it != row.mac).map(Remark::OtherMac);
    let other_machine = match (row.machine, identity.uuid) {
        (Some(known), Some(read)) if known != read => Some(Remark::OtherMachine(read)),
        (None, Some(read)) => {
            row.machine = Some(read);
            None
        }
        _ => None,
    };
    other_mac.into_iter().chain(other_machine).collect()
}

fn labels(labels: &mut Board, identity: Identity, fru: Fru) {
    let (chassis, board, product) =
        (fru.chassis.unwrap_or_default(), fru.board.unwrap_or_default(), fru.product.unwrap_or_default());
    keep(&mut labels.manufacturer, board.manufacturer);
    keep(&mut labels.serial, board.serial.or(identity.board_serial));
    keep(&mut labels.part_number, board.part_number.or(identity.board_part_number));
    keep(&mut labels.chassis_part_number, chassis.part_number);
    keep(&mut labels.chassis_serial, chassis.serial);
    keep(&mut labels.product_manufacturer, product.manufacturer.or(identity.vendor));
    keep(&mut labels.product_part_number, product.part_number.or(identity.part_number));
    keep(&mut labels.product_serial, product.serial.or(identity.serial));
}

/// Takes what was read; what was not leaves what is known.
fn keep(known: &mut Option<String>, read: Option<String>) {
    if read.is_some() {
        *known = read;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Availability, Health, Thresholds};

    fn row() -> Record {
        Record::new("92:33:b8:0e:df:8f".parse().unwrap())
    }

    fn read() -> Survey {
        let uuid = Some("37c43c25-69fe-4f88-b69d-4e71dc4070d0".parse().unwrap());
        let identity = Identity {
            uuid,
            vendor: Some("Supermicro".to_owned()),
            bmc_mac: Some("92:33:b8:0e:df:8f".to_owned()),
            serial: Some("E262335X2304003C".to_owned()),
            ..Identity::default()
        };
        let sensor = |kind, health| Sensor {
            id: "1".to_owned(),
            name: "PS1".to_owned(),
            kind,
            availability: Availability::Available,
            value: None,
            unit: None,
            states: Vec::new(),
            health,
            thresholds: Thresholds::default(),
        };
        let sensors = vec![
            sensor(SensorKind::PowerSupply, Health::Critical),
            sensor(SensorKind::Fan, Health::Ok),
            sensor(SensorKind::PowerSupply, Health::Ok),
            Sensor {
                states: vec!["fully redundant".to_owned()],
                ..sensor(SensorKind::PowerSupply, Health::Ok)
            },
        ];
        let metrics = PowerMetrics {
            average_watts: Some(70.0),
            interval_seconds: Some(300.0),
            ..PowerMetrics::default()
        };
        Survey {
            protocols: vec![Protocol::Redfish],
            identity: Some(identity),
            metrics: Some(metrics),
            power: Some(PowerState::PoweredOn),
            light: Some(Identify::Unlit),
            sensors: Some(sensors),
            ..Survey::default()
        }
    }

    #[test]
    fn what_was_read_is_in_the_row() {
        let mut row = row();
        row.status.last_error = Some("no answer".to_owned());
        assert_eq!(read().into_row(&mut row, Moment(5)), []);
        assert_eq!(row.machine.unwrap().to_string(), "37c43c25-69fe-4f88-b69d-4e71dc4070d0");
        assert_eq!(row.board.product_serial.as_deref(), Some("E262335X2304003C"));
        assert_eq!((row.power.interval_minutes, row.power.supplies.len()), (Some(5.0), 2));
        assert_eq!(row.status, Status { last_updated: Some(Moment(5)), last_error: None });
        assert!(row.drivers.contains("redfish"));
    }

    #[test]
    fn a_dell_that_answers_over_redfish_has_the_driver_for_idracs() {
        let made_by = |vendor: &str, protocol| {
            let identity = Identity { vendor: Some(vendor.to_owned()), ..Identity::default() };
            let read = Survey { protocols: vec![protocol], identity: Some(identity), ..Survey::default() };
            let mut row = row();
            read.into_row(&mut row, Moment(5));
            row.drivers.contains("idrac")
        };
        assert!(made_by("Dell Inc.", Protocol::Redfish));
        assert!(!made_by("Dell Inc.", Protocol::Ipmi) && !made_by("HPE", Protocol::Redfish));
    }

    #[test]
    fn what_was_not_read_leaves_what_is_known() {
        let mut row = row();
        read().into_row(&mut row, Moment(5));
        let known = row.clone();
        Survey::default().into_row(&mut row, Moment(5));
        assert_eq!(row, known);
    }

    #[test]
    fn a_known_relation_is_left_alone_and_told() {
        let mut row = row();
        let other = Uuid::from_bytes([1; 16]);
        row.machine = Some(other);
        let remarks = read().into_row(&mut row, Moment(5));
        assert_eq!(row.machine, Some(other));
        assert!(matches!(remarks.as_slice(), [Remark::OtherMachine(_)]), "{remarks:?}");
    }

    #[test]
    fn a_bmc_with_another_mac_address_is_told() {
        let mut row = Record::new("02:00:00:00:00:01".parse().unwrap());
        let remarks = read().into_row(&mut row, Moment(5));
        assert_eq!(remarks, [Remark::OtherMac("92:33:b8:0e:df:8f".parse().unwrap())]);
    }
}
