//! What a wrong driver makes of lists and records: sensors, logs, accounts, FRU inventory, clocks and networks.

use halmark::{
    Account, AccountUpdate, Bios, BmcClock, BmcNetwork, BootOrder, EventLog, Fru, Inventory, MediaSlot,
    NewAccount, PowerMetrics, Role, Secret, SecureBoot, Sensor, Timestamp, model::Availability,
};

use super::DriverFault;

/// An answer that a fault falsifies.
pub(super) trait Falsified {
    /// Makes it wrong, if the fault is about it.
    fn falsify(&mut self, fault: DriverFault);
}

impl Falsified for Vec<Sensor> {
    fn falsify(&mut self, fault: DriverFault) {
        match fault {
            DriverFault::UnavailableAsZero => {
                for sensor in self.iter_mut().filter(|it| it.availability == Availability::Unavailable) {
                    (sensor.availability, sensor.value) = (Availability::Available, Some(0.0));
                }
            }
            DriverFault::MisreadsSensors => {
                self.iter_mut().flat_map(|it| &mut it.value).for_each(|value| *value *= 2.0);
            }
            DriverFault::LosesLastRecord => drop(self.pop()),
            DriverFault::SwapsThresholds => {
                for limits in self.iter_mut().map(|it| &mut it.thresholds) {
                    std::mem::swap(&mut limits.upper_caution, &mut limits.upper_critical);
                }
            }
            _ => {}
        }
    }
}

impl Falsified for EventLog {
    fn falsify(&mut self, fault: DriverFault) {
        match fault {
            DriverFault::LosesLastRecord => drop(self.entries.pop()),
            DriverFault::NewestFirst => self.entries.reverse(),
            DriverFault::TimesInLocalTime => {
                self.entries.iter_mut().flat_map(|it| &mut it.time).for_each(later);
            }
            _ => {}
        }
    }
}

impl Falsified for Vec<Account> {
    fn falsify(&mut self, fault: DriverFault) {
        match fault {
            DriverFault::LosesLastRecord => drop(self.pop()),
            DriverFault::EveryAccountEnabled => self.iter_mut().for_each(|it| it.enabled = Some(true)),
            DriverFault::RolesRaised => self.iter_mut().for_each(|it| it.role = Role::Administrator),
            _ => {}
        }
    }
}

impl Falsified for Fru {
    fn falsify(&mut self, fault: DriverFault) {
        match fault {
            DriverFault::SerialFromBoard => {
                if let (Some(product), Some(board)) = (&mut self.product, &self.board) {
                    product.serial.clone_from(&board.serial);
                }
            }
            DriverFault::CutsSerial => {
                let board = self.board.iter_mut().flat_map(|it| &mut it.serial);
                let product = self.product.iter_mut().flat_map(|it| &mut it.serial);
                board.chain(product).for_each(|serial| {
                    let _ = serial.pop();
                });
            }
            _ => {}
        }
    }
}

impl Falsified for Inventory {
    fn falsify(&mut self, fault: DriverFault) {
        match fault {
            DriverFault::LosesLastRecord => {
                let _ = (self.processors.pop(), self.memory.pop(), self.interfaces.pop(), self.disks.pop());
            }
            DriverFault::MacInCapitals => {
                let macs = self.interfaces.iter_mut().flat_map(|it| &mut it.mac);
                macs.for_each(|mac| mac.make_ascii_uppercase());
            }
            DriverFault::CutsSerial => {
                let memory = self.memory.iter_mut().flat_map(|it| &mut it.serial);
                let disks = self.disks.iter_mut().flat_map(|it| &mut it.serial);
                memory.chain(disks).for_each(|serial| {
                    let _ = serial.pop();
                });
            }
            DriverFault::SwapsVendorAndModel => {
                self.processors.iter_mut().for_each(|it| std::mem::swap(&mut it.vendor, &mut it.model));
            }
            _ => {}
        }
    }
}

impl Falsified for BootOrder {
    fn falsify(&mut self, fault: DriverFault) {
        match fault {
            DriverFault::LosesLastRecord => drop(self.entries.pop()),
            DriverFault::OrderToldBackwards => self.entries.reverse(),
            _ => {}
        }
    }
}

impl Falsified for PowerMetrics {
    fn falsify(&mut self, fault: DriverFault) {
        match fault {
            DriverFault::SwapsLeastAndMost => {
                std::mem::swap(&mut self.minimum_watts, &mut self.maximum_watts);
            }
            DriverFault::MisreadsSensors => self.watts.iter_mut().for_each(|watts| *watts *= 2.0),
            _ => {}
        }
    }
}

impl Falsified for BmcClock {
    fn falsify(&mut self, fault: DriverFault) {
        if fault == DriverFault::TimesInLocalTime {
            later(&mut self.time);
        }
    }
}

impl Falsified for BmcNetwork {
    fn falsify(&mut self, fault: DriverFault) {
        if fault == DriverFault::MacInCapitals {
            self.mac.iter_mut().for_each(|mac| mac.make_ascii_uppercase());
        }
    }
}

impl Falsified for Vec<MediaSlot> {
    fn falsify(&mut self, fault: DriverFault) {
        if fault == DriverFault::MediaAlwaysEmpty {
            self.iter_mut().for_each(|slot| (slot.inserted, slot.image) = (false, None));
        }
    }
}

impl Falsified for Bios {
    fn falsify(&mut self, fault: DriverFault) {
        match fault {
            DriverFault::PendingAsCurrent => {
                for attribute in self.attributes.iter_mut().filter(|it| it.pending.is_some()) {
                    attribute.value = attribute.pending.take();
                }
            }
            DriverFault::SecureBootAlwaysOn => {
                self.secure_boot = Some(SecureBoot { enabled: Some(true), active: Some(true) });
            }
            _ => {}
        }
    }
}

fn later(time: &mut Timestamp) {
    time.0 += 3600;
}

/// The account that a wrong driver makes in the place of this one.
pub(super) fn new_account(new: &NewAccount, fault: DriverFault) -> NewAccount {
    let mut new = new.clone();
    match fault {
        DriverFault::CreatesEnabled => new.enabled = true,
        DriverFault::CreatesAdministrator => new.role = Role::Administrator,
        DriverFault::CutsPassword => new.password = cut(&new.password),
        _ => {}
    }
    new
}

/// The change that a wrong driver makes in the place of this one.
pub(super) fn update(to: &AccountUpdate, fault: DriverFault) -> AccountUpdate {
    let mut to = to.clone();
    match fault {
        DriverFault::KeepsPassword => to.password = None,
        DriverFault::KeepsEnabled => to.enabled = None,
        DriverFault::KeepsRole => to.role = None,
        DriverFault::CutsPassword => to.password = to.password.as_ref().map(cut),
        _ => {}
    }
    to
}

/// As IPMI v1.5 would carry it.
fn cut(password: &Secret) -> Secret {
    let bytes = password.reveal();
    Secret::new(&bytes[..bytes.len().min(16)])
}
