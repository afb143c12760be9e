//! Any service as a driver: what a program in any language has to be, so that it is one.

use std::{any::Any, collections::BTreeSet, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use halmark::{
    Account, AccountId, AccountUpdate, Answer, Bios, BiosChanges, BmcClock, BmcNetwork, BmcReset, BootOrder,
    BootOverride, Capabilities, Cause, Change, Console, Deadline, Driver, DriverError, Endpoint, EventLog,
    Fru, Identify, Identity, InsertMedia, Inventory, MediaSlot, MediaSlotId, NewAccount, Note, Operation,
    PowerAction, PowerMetrics, PowerState, Reply, Sensor, SetIdentify, Timestamp, VendorAnswer, VendorCall,
};
use tonic::{Code, Request, Status};

use crate::{
    LONGEST_NAME, console,
    convert::{changes, connect_request, duration, given, told, told_change},
    failure::{self, Odd, told_deviation},
    intern::kept,
    pb::{self, bmc_client::BmcClient},
    transport::Channel,
    words::{number, value},
};

/// How much later than its deadline an answer may come before the driver is given up.
const GRACE: Duration = Duration::from_millis(500);
/// The largest answer that is taken.
const LARGEST: usize = 64 * 1024 * 1024;

/// Called when a call begins; what it returns is dropped when the call ends. A judge holds its clock with it.
pub type Around = Arc<dyn Fn() -> Box<dyn Any + Send> + Send + Sync>;

/// A service, as a place where drivers are.
#[derive(Clone)]
pub struct Plugin {
    stub: BmcClient<Channel>,
    around: Around,
}

/// What a service has.
#[derive(Debug, Clone)]
pub struct Description {
    /// What it says of itself.
    pub about: String,
    /// Its drivers; at least one.
    pub drivers: Vec<Described>,
    /// The BMCs that it knows from the start.
    pub bmcs: Vec<String>,
}

/// A driver of a service.
#[derive(Debug, Clone)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// What it claims.
    pub capabilities: Capabilities,
}

/// Why a service is no place for drivers, or makes none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginError {
    /// It answered with a status.
    Status(String),
    /// It answered something that is none of the contract.
    Odd(String),
    /// It did not answer in time.
    Late,
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(text) => write!(f, "the external driver refused: {text}"),
            Self::Odd(text) => write!(f, "the external driver breaks the contract: {text}"),
            Self::Late => f.write_str("the external driver did not answer in time"),
        }
    }
}

impl std::error::Error for PluginError {}

impl From<Status> for PluginError {
    fn from(status: Status) -> Self {
        Self::Status(format!("{:?}: {}", status.code(), status.message()))
    }
}

impl From<Odd> for PluginError {
    fn from(odd: Odd) -> Self {
        Self::Odd(odd.to_string())
    }
}

impl Plugin {
    /// The service at the other end of a connection.
    pub fn new(channel: Channel) -> Self {
        let origin = hyper::Uri::from_static("http://halmark");
        let stub = BmcClient::with_origin(channel, origin).max_decoding_message_size(LARGEST);
        Self { stub, around: Arc::new(|| Box::new(())) }
    }

    /// The same, with something around each call.
    pub fn with_around(self, around: Around) -> Self {
        Self { around, ..self }
    }

    /// What the service has.
    ///
    /// # Errors
    /// Where it does not answer by the deadline, or claims what nobody can.
    pub async fn describe(&self, by: Deadline) -> Result<Description, PluginError> {
        let _around = (self.around)();
        let mut stub = self.stub.clone();
        let told = in_time(by, stub.describe(timed(by, pb::DescribeRequest {}))).await?;
        let drivers = told.drivers.into_iter().map(described).collect::<Result<Vec<_>, Odd>>()?;
        if drivers.is_empty() {
            return Err(PluginError::Odd("it describes no driver".to_owned()));
        }
        let bmcs = told.bmcs.into_iter().map(name).collect::<Result<_, Odd>>()?;
        Ok(Description { about: told.about, drivers, bmcs })
    }

    /// A driver for this endpoint, by name; an empty name leaves the choice to the service.
    ///
    /// # Errors
    /// Where the service makes none.
    pub async fn connect(
        &self,
        driver: &str,
        endpoint: &Endpoint,
        by: Deadline,
    ) -> Result<External, PluginError> {
        let _around = (self.around)();
        let mut stub = self.stub.clone();
        let asked = connect_request(driver, endpoint);
        let told = in_time(by, stub.connect(timed(by, asked))).await?;
        let driver = described(given(told.driver, "the driver's description")?)?;
        Ok(External::new(self.clone(), name(told.bmc)?, driver))
    }

    /// Whether nonsense is refused as such: a BMC that there is not, and an action that is none.
    ///
    /// # Errors
    /// What was answered instead.
    pub async fn refuses_nonsense(&self, bmc: &str, by: Deadline) -> Result<(), String> {
        let mut stub = self.stub.clone();
        let nobody = pb::GetPowerRequest { bmc: "no such BMC".to_owned() };
        let unknown = in_time_status(by, stub.get_power(timed(by, nobody))).await;
        expect(unknown, Code::NotFound, "a BMC that there is not")?;
        let nothing = pb::SetPowerRequest { bmc: bmc.to_owned(), action: 0 };
        let unspecified = in_time_status(by, stub.set_power(timed(by, nothing))).await;
        if unspecified == Some(Code::Unimplemented) {
            // A driver that has no such call at all need not read its message.
            return Ok(());
        }
        expect(unspecified, Code::InvalidArgument, "a power action that is not specified")?;
        let unheard = pb::SetPowerRequest { bmc: bmc.to_owned(), action: 99 };
        let unheard = in_time_status(by, stub.set_power(timed(by, unheard))).await;
        expect(unheard, Code::InvalidArgument, "a power action that nobody knows")
    }

    /// A driver for a BMC that the service knows from the start.
    pub fn known(&self, bmc: &str, driver: Described) -> External {
        External::new(self.clone(), bmc.to_owned(), driver)
    }
}

async fn in_time<T>(
    by: Deadline,
    call: impl Future<Output = Result<tonic::Response<T>, Status>>,
) -> Result<T, PluginError> {
    let done = tokio::time::timeout_at(by.instant() + GRACE, call).await;
    Ok(done.map_err(|_| PluginError::Late)??.into_inner())
}

async fn in_time_status<T>(
    by: Deadline,
    call: impl Future<Output = Result<tonic::Response<T>, Status>>,
) -> Option<Code> {
    let done = tokio::time::timeout_at(by.instant() + GRACE, call).await;
    Some(done.ok()?.map_or_else(|status| status.code(), |_| Code::Ok))
}

fn expect(code: Option<Code>, expected: Code, what: &str) -> Result<(), String> {
    match code {
        Some(code) if code == expected => Ok(()),
        Some(code) => Err(format!("{what} is {expected:?}, and was answered with {code:?}")),
        None => Err(format!("{what} is {expected:?}, and was not answered")),
    }
}

fn timed<T>(by: Deadline, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(by.left());
    request
}

/// The name of a BMC, as a service gives it.
fn name(told: String) -> Result<String, Odd> {
    match told.len() {
        1..=LONGEST_NAME => Ok(told),
        bytes => Err(Odd(format!("the name of a BMC has {bytes} bytes; 1 to {LONGEST_NAME} are allowed"))),
    }
}

fn described(told: pb::DriverDescription) -> Result<Described, Odd> {
    let claims: BTreeSet<String> = told.claims.into_iter().collect();
    let capabilities = Capabilities::from_words(&claims).map_err(|word| {
        Odd(format!("driver {:?} claims {word:?}, which is no word of the contract", told.name))
    })?;
    Ok(Described { name: told.name, capabilities })
}

/// A driver in another process.
pub struct External {
    plugin: Plugin,
    bmc: String,
    name: &'static str,
    capabilities: Capabilities,
}

impl fmt::Debug for External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "external driver {} for {}", self.name, self.bmc)
    }
}

/// An answer of the service.
trait Answering {
    fn answered(&mut self) -> Option<pb::Answered>;
}

macro_rules! answering {
    ($($response:ident),+ $(,)?) => {
        $(impl Answering for pb::$response {
            fn answered(&mut self) -> Option<pb::Answered> {
                self.answered.take()
            }
        })+
    };
}
answering! {
    GetPowerResponse, SetPowerResponse, GetBootOverrideResponse, SetBootOverrideResponse, GetIdentifyResponse,
    SetIdentifyResponse, GetIdentityResponse, GetFruResponse, ListSensorsResponse, GetPowerMetricsResponse,
    ListLogResponse, ClearLogResponse, ListAccountsResponse, CreateAccountResponse, UpdateAccountResponse,
    DeleteAccountResponse, ResetBmcResponse, GetBmcClockResponse, SetBmcClockResponse, GetBmcNetworkResponse,
    CallVendorResponse, ListMediaResponse, InsertMediaResponse, EjectMediaResponse, GetBiosResponse,
    SetBiosResponse, GetInventoryResponse, GetBootOrderResponse, SetBootOrderResponse,
}

/// A call of the driver: the service's method with a message, and what the answer becomes.
macro_rules! ask {
    ($driver:ident, $operation:expr, $by:ident, $method:ident, $request:ident { $($field:ident: $value:expr),* $(,)? }, $become:expr) => {{
        let asked = timed($by, pb::$request { bmc: $driver.bmc.clone(), $($field: $value),* });
        let mut stub = $driver.plugin.stub.clone();
        $driver.ask($operation, $by, async move { stub.$method(asked).await }, $become).await
    }};
}

impl External {
    /// The BMC's name at the service.
    pub fn bmc(&self) -> &str {
        &self.bmc
    }

    fn new(plugin: Plugin, bmc: String, driver: Described) -> Self {
        Self { plugin, bmc, name: kept(&driver.name), capabilities: driver.capabilities }
    }

    async fn ask<A: Answering, T>(
        &self,
        operation: Operation,
        by: Deadline,
        call: impl Future<Output = Result<tonic::Response<A>, Status>> + Send,
        become_: impl FnOnce(A) -> Result<T, Odd> + Send,
    ) -> Reply<T> {
        let _around = (self.plugin.around)();
        let done = tokio::time::timeout_at(by.instant() + GRACE, call).await;
        let done =
            done.unwrap_or_else(|_| Err(Status::new(Code::DeadlineExceeded, "no answer by the deadline")));
        let mut message = done.map_err(|status| failure::error(operation, &status))?.into_inner();
        let answered = message.answered();
        become_(message).and_then(|value| answer(answered, value)).map_err(|odd| self.odd(operation, odd))
    }

    /// What came is none of the contract; what became of a change is not known.
    fn odd(&self, operation: Operation, odd: Odd) -> DriverError {
        let reason = format!("the external driver {} breaks the contract: {odd}", self.name);
        DriverError { operation, protocol: None, cause: Cause::Internal { reason }, at: None }
    }
}

fn answer<T>(answered: Option<pb::Answered>, value_: T) -> Result<Answer<T>, Odd> {
    let answered = given(answered, "answered")?;
    let notes = answered.notes.into_iter().map(|note| told_deviation(Some(note)).map(Note));
    Ok(Answer {
        value: value_,
        protocol: value(answered.protocol)?,
        notes: notes.collect::<Result<_, Odd>>()?,
    })
}

#[async_trait]
impl Driver for External {
    fn name(&self) -> &'static str {
        self.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn power_read(&self, by: Deadline) -> Reply<PowerState> {
        ask!(self, Operation::PowerRead, by, get_power, GetPowerRequest {}, |it| value(it.state))
    }

    async fn power(&self, action: PowerAction, by: Deadline) -> Reply<Change> {
        ask!(
            self,
            Operation::of_power(action),
            by,
            set_power,
            SetPowerRequest { action: number(action) },
            |it| told_change(it.change)
        )
    }

    async fn boot_override(&self, by: Deadline) -> Reply<BootOverride> {
        ask!(self, Operation::BootOverrideGet, by, get_boot_override, GetBootOverrideRequest {}, |it| given(
            it.boot_override,
            "boot_override"
        )?
        .try_into())
    }

    async fn set_boot_override(&self, to: BootOverride, by: Deadline) -> Reply<Change> {
        ask!(
            self,
            Operation::BootOverrideSet,
            by,
            set_boot_override,
            SetBootOverrideRequest { boot_override: Some(to.into()) },
            |it| told_change(it.change)
        )
    }

    async fn identify(&self, by: Deadline) -> Reply<Identify> {
        ask!(self, Operation::IdentifyGet, by, get_identify, GetIdentifyRequest {}, |it| value(it.state))
    }

    async fn set_identify(&self, to: SetIdentify, by: Deadline) -> Reply<Change> {
        ask!(
            self,
            Operation::IdentifySet,
            by,
            set_identify,
            SetIdentifyRequest { state: number(to.state), lasting: to.lasting.and_then(duration) },
            |it| told_change(it.change)
        )
    }

    async fn identity(&self, by: Deadline) -> Reply<Identity> {
        ask!(self, Operation::IdentityRead, by, get_identity, GetIdentityRequest {}, |it| given(
            it.identity,
            "identity"
        )?
        .try_into())
    }

    async fn reset_bmc(&self, kind: BmcReset, by: Deadline) -> Reply<Change> {
        ask!(self, Operation::BmcReset, by, reset_bmc, ResetBmcRequest { kind: number(kind) }, |it| {
            told_change(it.change)
        })
    }

    async fn fru(&self, by: Deadline) -> Reply<Fru> {
        ask!(self, Operation::FruRead, by, get_fru, GetFruRequest {}, |it| given(it.fru, "fru")?.try_into())
    }

    async fn sensors(&self, by: Deadline) -> Reply<Vec<Sensor>> {
        ask!(self, Operation::SensorsRead, by, list_sensors, ListSensorsRequest {}, |it| it
            .sensors
            .into_iter()
            .map(TryInto::try_into)
            .collect())
    }

    async fn power_metrics(&self, by: Deadline) -> Reply<PowerMetrics> {
        ask!(self, Operation::PowerMetrics, by, get_power_metrics, GetPowerMetricsRequest {}, |it| Ok(given(
            it.metrics, "metrics"
        )?
        .into()))
    }

    async fn log(&self, by: Deadline) -> Reply<EventLog> {
        ask!(self, Operation::LogList, by, list_log, ListLogRequest {}, |it| given(it.log, "log")?.try_into())
    }

    async fn clear_log(&self, by: Deadline) -> Reply<Change> {
        ask!(self, Operation::LogClear, by, clear_log, ClearLogRequest {}, |it| told_change(it.change))
    }

    async fn accounts(&self, by: Deadline) -> Reply<Vec<Account>> {
        ask!(self, Operation::AccountsList, by, list_accounts, ListAccountsRequest {}, |it| it
            .accounts
            .into_iter()
            .map(TryInto::try_into)
            .collect())
    }

    async fn create_account(&self, account: &NewAccount, by: Deadline) -> Reply<Account> {
        ask!(
            self,
            Operation::AccountsCreate,
            by,
            create_account,
            CreateAccountRequest { account: Some(account.into()) },
            |it| given(it.account, "account")?.try_into()
        )
    }

    async fn update_account(&self, id: &AccountId, to: &AccountUpdate, by: Deadline) -> Reply<Change> {
        ask!(
            self,
            Operation::AccountsUpdate,
            by,
            update_account,
            UpdateAccountRequest { id: id.0.clone(), update: Some(to.into()) },
            |it| told_change(it.change)
        )
    }

    async fn delete_account(&self, id: &AccountId, by: Deadline) -> Reply<Change> {
        ask!(
            self,
            Operation::AccountsDelete,
            by,
            delete_account,
            DeleteAccountRequest { id: id.0.clone() },
            |it| told_change(it.change)
        )
    }

    async fn open_console(&self, by: Deadline) -> Reply<Box<dyn Console>> {
        let operation = Operation::ConsoleOpen;
        let _around = (self.plugin.around)();
        let opening = console::open(self.plugin.stub.clone(), self.bmc.clone(), by);
        let opened = tokio::time::timeout_at(by.instant() + GRACE, opening).await;
        let opened =
            opened.unwrap_or_else(|_| Err(Status::new(Code::DeadlineExceeded, "no answer by the deadline")));
        let (answered, console) = opened.map_err(|status| failure::error(operation, &status))?;
        answer(Some(answered), console).map_err(|odd| self.odd(operation, odd))
    }

    async fn bmc_clock(&self, by: Deadline) -> Reply<BmcClock> {
        ask!(self, Operation::BmcClockGet, by, get_bmc_clock, GetBmcClockRequest {}, |it| given(
            it.clock, "clock"
        )?
        .try_into())
    }

    async fn set_bmc_clock(&self, to: Timestamp, by: Deadline) -> Reply<Change> {
        ask!(self, Operation::BmcClockSet, by, set_bmc_clock, SetBmcClockRequest { time: told(to) }, |it| {
            told_change(it.change)
        })
    }

    async fn bmc_network(&self, by: Deadline) -> Reply<BmcNetwork> {
        ask!(self, Operation::BmcNetworkRead, by, get_bmc_network, GetBmcNetworkRequest {}, |it| given(
            it.network, "network"
        )?
        .try_into())
    }

    async fn media(&self, by: Deadline) -> Reply<Vec<MediaSlot>> {
        ask!(self, Operation::MediaList, by, list_media, ListMediaRequest {}, |it| it
            .slots
            .into_iter()
            .map(TryInto::try_into)
            .collect())
    }

    async fn insert_media(&self, medium: &InsertMedia, by: Deadline) -> Reply<MediaSlot> {
        ask!(
            self,
            Operation::MediaInsert,
            by,
            insert_media,
            InsertMediaRequest { medium: Some(medium.into()) },
            |it| given(it.slot, "slot")?.try_into()
        )
    }

    async fn eject_media(&self, slot: &MediaSlotId, by: Deadline) -> Reply<Change> {
        ask!(self, Operation::MediaEject, by, eject_media, EjectMediaRequest { slot: slot.0.clone() }, |it| {
            told_change(it.change)
        })
    }

    async fn bios(&self, by: Deadline) -> Reply<Bios> {
        ask!(self, Operation::BiosRead, by, get_bios, GetBiosRequest {}, |it| given(it.bios, "bios")?
            .try_into())
    }

    async fn set_bios(&self, to: &BiosChanges, by: Deadline) -> Reply<Change> {
        ask!(self, Operation::BiosSet, by, set_bios, SetBiosRequest { changes: changes(to) }, |it| {
            told_change(it.change)
        })
    }

    async fn inventory(&self, by: Deadline) -> Reply<Inventory> {
        ask!(self, Operation::InventoryRead, by, get_inventory, GetInventoryRequest {}, |it| given(
            it.inventory,
            "inventory"
        )?
        .try_into())
    }

    async fn boot_order(&self, by: Deadline) -> Reply<BootOrder> {
        ask!(self, Operation::BootOrderGet, by, get_boot_order, GetBootOrderRequest {}, |it| given(
            it.order, "order"
        )?
        .try_into())
    }

    async fn set_boot_order(&self, first: &[String], by: Deadline) -> Reply<Change> {
        let first = first.to_vec();
        ask!(self, Operation::BootOrderSet, by, set_boot_order, SetBootOrderRequest { first: first }, |it| {
            told_change(it.change)
        })
    }

    async fn vendor_call(&self, call: &VendorCall, by: Deadline) -> Reply<VendorAnswer> {
        ask!(
            self,
            Operation::VendorCall,
            by,
            call_vendor,
            CallVendorRequest { call: Some(call.into()) },
            |it| given(it.vendor_answer, "vendor_answer")?.try_into()
        )
    }

    async fn close(&self) {
        let _around = (self.plugin.around)();
        let by = Deadline::after(Duration::from_secs(10));
        let mut stub = self.plugin.stub.clone();
        let asked = timed(by, pb::DisconnectRequest { bmc: self.bmc.clone() });
        let _ = tokio::time::timeout_at(by.instant(), stub.disconnect(asked)).await;
    }
}
