//! The calls of the service, one by one: which operation, with what, answered how.

use halmark::{Change, Operation, PowerAction};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{Addressed, Record, Service, peer};
use crate::{
    console,
    convert::{change, given, told_changes, told_endpoint, told_identify, told_time},
    failure, pb,
    words::{number, value},
};

macro_rules! addressed {
    ($($request:ident),+ $(,)?) => {
        $(impl Addressed for pb::$request {
            fn bmc(&self) -> &str {
                &self.bmc
            }
        })+
    };
}
addressed! {
    GetPowerRequest, SetPowerRequest, GetBootOverrideRequest, SetBootOverrideRequest, GetIdentifyRequest,
    SetIdentifyRequest, GetIdentityRequest, GetFruRequest, ListSensorsRequest, GetPowerMetricsRequest,
    ListLogRequest, ClearLogRequest, ListAccountsRequest, CreateAccountRequest, UpdateAccountRequest,
    DeleteAccountRequest, ResetBmcRequest, GetBmcClockRequest, SetBmcClockRequest, GetBmcNetworkRequest,
    CallVendorRequest, ListMediaRequest, InsertMediaRequest, EjectMediaRequest, GetBiosRequest, SetBiosRequest,
    GetInventoryRequest, GetBootOrderRequest, SetBootOrderRequest,
}

type Done<T> = Result<Response<T>, Status>;

/// One call of the service: the driver's method with what it is given, and the answer's field with what it becomes.
macro_rules! call {
    ($service:ident, $request:ident, $operation:ident: $bmc:ident.$method:ident($it:ident $(, $argument:expr)*)
        => $response:ident { $field:ident: $become:expr }) => {
        $service.carry_out(
            Operation::$operation,
            $request,
            |$bmc, $it, by| {
                let _ = &$it;
                Ok(async move { $bmc.$method($($argument,)* by).await })
            },
            |value, answered| pb::$response { answered: Some(answered), $field: $become(value) },
        ).await
    };
}

#[tonic::async_trait]
impl pb::bmc_server::Bmc for Service {
    async fn describe(&self, request: Request<pb::DescribeRequest>) -> Done<pb::DescribeResponse> {
        let mut record = Record::new(self, peer(&request), "", "describe");
        record.outcome = "ok";
        Ok(Response::new(self.description()))
    }

    async fn connect(&self, request: Request<pb::ConnectRequest>) -> Done<pb::ConnectResponse> {
        let mut record = Record::new(self, peer(&request), "", "connect");
        record.outcome = "refused";
        if !self.connects {
            return Err(Status::permission_denied("this service has BMCs of its own and connects no others"));
        }
        let mut asked = request.into_inner();
        let driver = std::mem::take(&mut asked.driver);
        let endpoint = told_endpoint(asked).map_err(|odd| Status::invalid_argument(odd.to_string()))?;
        let made = self.maker.make(&driver, endpoint).map_err(Status::invalid_argument)?;
        let description = pb::DriverDescription {
            name: made.name().to_owned(),
            about: String::new(),
            claims: made.capabilities().words().into_iter().collect(),
        };
        let bmc = self.bmcs.connect(made);
        let bmc = bmc.ok_or_else(|| Status::resource_exhausted("too many BMCs are connected"))?;
        record.bmc.clone_from(&bmc);
        record.outcome = "ok";
        Ok(Response::new(pb::ConnectResponse { bmc, driver: Some(description) }))
    }

    async fn disconnect(&self, request: Request<pb::DisconnectRequest>) -> Done<pb::DisconnectResponse> {
        let mut record = Record::new(self, peer(&request), &request.get_ref().bmc, "disconnect");
        let found = self.bmcs.disconnect(&request.into_inner().bmc).await;
        record.outcome = if found { "ok" } else { "not-found" };
        if found {
            Ok(Response::new(pb::DisconnectResponse {}))
        } else {
            Err(Status::not_found("no BMC has that name"))
        }
    }

    async fn get_power(&self, request: Request<pb::GetPowerRequest>) -> Done<pb::GetPowerResponse> {
        call!(self, request, PowerRead: bmc.power_read(it) => GetPowerResponse { state: number })
    }

    async fn set_power(&self, request: Request<pb::SetPowerRequest>) -> Done<pb::SetPowerResponse> {
        let action: PowerAction =
            value(request.get_ref().action).map_err(|odd| Status::invalid_argument(odd.to_string()))?;
        self.carry_out(
            Operation::of_power(action),
            request,
            |bmc, _, by| Ok(async move { bmc.power(action, by).await }),
            |value: Change, answered| pb::SetPowerResponse {
                answered: Some(answered),
                change: change(value),
            },
        )
        .await
    }

    async fn get_boot_override(
        &self,
        request: Request<pb::GetBootOverrideRequest>,
    ) -> Done<pb::GetBootOverrideResponse> {
        call!(self, request, BootOverrideGet: bmc.boot_override(it)
            => GetBootOverrideResponse { boot_override: |it: halmark::BootOverride| Some(it.into()) })
    }

    async fn set_boot_override(
        &self,
        request: Request<pb::SetBootOverrideRequest>,
    ) -> Done<pb::SetBootOverrideResponse> {
        self.carry_out(
            Operation::BootOverrideSet,
            request,
            |bmc, it, by| {
                let to = given(it.boot_override, "boot_override")?.try_into()?;
                Ok(async move { bmc.set_boot_override(to, by).await })
            },
            |value, answered| pb::SetBootOverrideResponse { answered: Some(answered), change: change(value) },
        )
        .await
    }

    async fn get_identify(&self, request: Request<pb::GetIdentifyRequest>) -> Done<pb::GetIdentifyResponse> {
        call!(self, request, IdentifyGet: bmc.identify(it) => GetIdentifyResponse { state: number })
    }

    async fn set_identify(&self, request: Request<pb::SetIdentifyRequest>) -> Done<pb::SetIdentifyResponse> {
        self.carry_out(
            Operation::IdentifySet,
            request,
            |bmc, it, by| {
                let to = told_identify(it.state, it.lasting)?;
                Ok(async move { bmc.set_identify(to, by).await })
            },
            |value, answered| pb::SetIdentifyResponse { answered: Some(answered), change: change(value) },
        )
        .await
    }

    async fn get_identity(&self, request: Request<pb::GetIdentityRequest>) -> Done<pb::GetIdentityResponse> {
        call!(self, request, IdentityRead: bmc.identity(it)
            => GetIdentityResponse { identity: |it: halmark::Identity| Some(it.into()) })
    }

    async fn get_fru(&self, request: Request<pb::GetFruRequest>) -> Done<pb::GetFruResponse> {
        call!(self, request, FruRead: bmc.fru(it) => GetFruResponse { fru: |it: halmark::Fru| Some(it.into()) })
    }

    async fn list_sensors(&self, request: Request<pb::ListSensorsRequest>) -> Done<pb::ListSensorsResponse> {
        call!(self, request, SensorsRead: bmc.sensors(it) => ListSensorsResponse {
            sensors: |all: Vec<halmark::Sensor>| all.into_iter().map(Into::into).collect()
        })
    }

    async fn get_power_metrics(
        &self,
        request: Request<pb::GetPowerMetricsRequest>,
    ) -> Done<pb::GetPowerMetricsResponse> {
        call!(self, request, PowerMetrics: bmc.power_metrics(it)
            => GetPowerMetricsResponse { metrics: |it: halmark::PowerMetrics| Some(it.into()) })
    }

    async fn list_log(&self, request: Request<pb::ListLogRequest>) -> Done<pb::ListLogResponse> {
        call!(self, request, LogList: bmc.log(it)
            => ListLogResponse { log: |it: halmark::EventLog| Some(it.into()) })
    }

    async fn clear_log(&self, request: Request<pb::ClearLogRequest>) -> Done<pb::ClearLogResponse> {
        call!(self, request, LogClear: bmc.clear_log(it) => ClearLogResponse { change: change })
    }

    async fn list_accounts(
        &self,
        request: Request<pb::ListAccountsRequest>,
    ) -> Done<pb::ListAccountsResponse> {
        call!(self, request, AccountsList: bmc.accounts(it) => ListAccountsResponse {
            accounts: |all: Vec<halmark::Account>| all.into_iter().map(Into::into).collect()
        })
    }

    async fn create_account(
        &self,
        request: Request<pb::CreateAccountRequest>,
    ) -> Done<pb::CreateAccountResponse> {
        self.carry_out(
            Operation::AccountsCreate,
            request,
            |bmc, it, by| {
                let new = given(it.account, "account")?.try_into()?;
                Ok(async move { bmc.create_account(&new, by).await })
            },
            |value, answered| pb::CreateAccountResponse {
                answered: Some(answered),
                account: Some(value.into()),
            },
        )
        .await
    }

    async fn update_account(
        &self,
        request: Request<pb::UpdateAccountRequest>,
    ) -> Done<pb::UpdateAccountResponse> {
        self.carry_out(
            Operation::AccountsUpdate,
            request,
            |bmc, it, by| {
                let (id, to) = (halmark::AccountId(it.id), given(it.update, "update")?.try_into()?);
                Ok(async move { bmc.update_account(&id, &to, by).await })
            },
            |value, answered| pb::UpdateAccountResponse { answered: Some(answered), change: change(value) },
        )
        .await
    }

    async fn delete_account(
        &self,
        request: Request<pb::DeleteAccountRequest>,
    ) -> Done<pb::DeleteAccountResponse> {
        call!(self, request, AccountsDelete: bmc.delete_account(it, &halmark::AccountId(it.id))
            => DeleteAccountResponse { change: change })
    }

    async fn reset_bmc(&self, request: Request<pb::ResetBmcRequest>) -> Done<pb::ResetBmcResponse> {
        self.carry_out(
            Operation::BmcReset,
            request,
            |bmc, it, by| {
                let kind = value(it.kind)?;
                Ok(async move { bmc.reset_bmc(kind, by).await })
            },
            |value, answered| pb::ResetBmcResponse { answered: Some(answered), change: change(value) },
        )
        .await
    }

    async fn get_bmc_clock(&self, request: Request<pb::GetBmcClockRequest>) -> Done<pb::GetBmcClockResponse> {
        call!(self, request, BmcClockGet: bmc.bmc_clock(it)
            => GetBmcClockResponse { clock: |it: halmark::BmcClock| Some(it.into()) })
    }

    async fn set_bmc_clock(&self, request: Request<pb::SetBmcClockRequest>) -> Done<pb::SetBmcClockResponse> {
        self.carry_out(
            Operation::BmcClockSet,
            request,
            |bmc, it, by| {
                let to = told_time(given(it.time, "time")?);
                Ok(async move { bmc.set_bmc_clock(to, by).await })
            },
            |value, answered| pb::SetBmcClockResponse { answered: Some(answered), change: change(value) },
        )
        .await
    }

    async fn get_bmc_network(
        &self,
        request: Request<pb::GetBmcNetworkRequest>,
    ) -> Done<pb::GetBmcNetworkResponse> {
        call!(self, request, BmcNetworkRead: bmc.bmc_network(it)
            => GetBmcNetworkResponse { network: |it: halmark::BmcNetwork| Some(it.into()) })
    }

    async fn call_vendor(&self, request: Request<pb::CallVendorRequest>) -> Done<pb::CallVendorResponse> {
        self.carry_out(
            Operation::VendorCall,
            request,
            |bmc, it, by| {
                let call = given(it.call, "call")?.try_into()?;
                Ok(async move { bmc.vendor_call(&call, by).await })
            },
            |value, answered| pb::CallVendorResponse {
                answered: Some(answered),
                vendor_answer: Some(value.into()),
            },
        )
        .await
    }

    async fn list_media(&self, request: Request<pb::ListMediaRequest>) -> Done<pb::ListMediaResponse> {
        call!(self, request, MediaList: bmc.media(it) => ListMediaResponse {
            slots: |all: Vec<halmark::MediaSlot>| all.into_iter().map(Into::into).collect()
        })
    }

    async fn insert_media(&self, request: Request<pb::InsertMediaRequest>) -> Done<pb::InsertMediaResponse> {
        self.carry_out(
            Operation::MediaInsert,
            request,
            |bmc, it, by| {
                let medium = given(it.medium, "medium")?.try_into()?;
                Ok(async move { bmc.insert_media(&medium, by).await })
            },
            |value, answered| pb::InsertMediaResponse { answered: Some(answered), slot: Some(value.into()) },
        )
        .await
    }

    async fn eject_media(&self, request: Request<pb::EjectMediaRequest>) -> Done<pb::EjectMediaResponse> {
        call!(self, request, MediaEject: bmc.eject_media(it, &halmark::MediaSlotId(it.slot))
            => EjectMediaResponse { change: change })
    }

    async fn get_bios(&self, request: Request<pb::GetBiosRequest>) -> Done<pb::GetBiosResponse> {
        call!(self, request, BiosRead: bmc.bios(it)
            => GetBiosResponse { bios: |it: halmark::Bios| Some(it.into()) })
    }

    async fn set_bios(&self, request: Request<pb::SetBiosRequest>) -> Done<pb::SetBiosResponse> {
        self.carry_out(
            Operation::BiosSet,
            request,
            |bmc, it, by| {
                let to = told_changes(it.changes)?;
                Ok(async move { bmc.set_bios(&to, by).await })
            },
            |value, answered| pb::SetBiosResponse { answered: Some(answered), change: change(value) },
        )
        .await
    }

    async fn get_inventory(
        &self,
        request: Request<pb::GetInventoryRequest>,
    ) -> Done<pb::GetInventoryResponse> {
        call!(self, request, InventoryRead: bmc.inventory(it)
            => GetInventoryResponse { inventory: |it: halmark::Inventory| Some(it.into()) })
    }

    async fn get_boot_order(
        &self,
        request: Request<pb::GetBootOrderRequest>,
    ) -> Done<pb::GetBootOrderResponse> {
        call!(self, request, BootOrderGet: bmc.boot_order(it)
            => GetBootOrderResponse { order: |it: halmark::BootOrder| Some(it.into()) })
    }

    async fn set_boot_order(
        &self,
        request: Request<pb::SetBootOrderRequest>,
    ) -> Done<pb::SetBootOrderResponse> {
        call!(self, request, BootOrderSet: bmc.set_boot_order(it, &it.first)
            => SetBootOrderResponse { change: change })
    }

    type OpenConsoleStream = ReceiverStream<Result<pb::OpenConsoleResponse, Status>>;

    async fn open_console(
        &self,
        request: Request<Streaming<pb::OpenConsoleRequest>>,
    ) -> Done<Self::OpenConsoleStream> {
        let caller = peer(&request);
        let mut input = request.into_inner();
        let opening = console::opening(input.message().await?)?;
        let by = console::by(opening.within, super::DEADLINE)?;
        let mut record = Record::new(self, caller, &opening.bmc, Operation::ConsoleOpen.word());
        let bmc = self.bmcs.find(&opening.bmc);
        let opened = match bmc {
            Some(bmc) => bmc.driver.open_console(by).await,
            None => Err(super::unknown(Operation::ConsoleOpen, &opening.bmc)),
        };
        record.outcome = opened.as_ref().map_or_else(|error| error.kind(), |_| "ok");
        let opened = opened.map_err(|error| failure::status(&error))?;
        Ok(Response::new(console::serve(opened, input)))
    }
}
