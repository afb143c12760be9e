//! The strict crate `nv-redfish` goes through every step, and says of each what it has seen.
//!
//! A line of JSON for each step goes to standard output, with claims: what the service must say now. Whoever reads them
//! checks them and answers with a line. Where the BMC is and who may log in comes from the environment.

use std::{
    error::Error,
    io::{BufRead, Write},
    sync::Arc,
    time::Duration,
};

use nv_redfish::{
    ServiceRoot,
    account::{Account, AccountServiceConfig, ManagerAccountCreate},
    bmc_http::{BmcCredentials, CacheSettings, HttpBmc, reqwest::Client},
    chassis::Chassis,
    computer_system::{BootUpdate, ComputerSystem, ComputerSystemUpdate},
    core::{ModificationResponse, RedfishSettings as _},
    manager::Manager,
    resource::{PowerState, ResetType},
    schema::computer_system::{BootSource, BootSourceOverrideEnabled, BootSourceOverrideMode},
    session_service::{Session, SessionCreate},
};
use serde_json::{Value, json};
use url::Url;

type Http = HttpBmc<Client>;
type Failed = Box<dyn Error>;
/// What must hold at the service.
type Claims = Vec<Value>;

/// How a step went.
enum Went {
    Well(Claims),
    /// The machine has no such thing, or the crate has not.
    Nowhere(&'static str),
}

/// A client with what it has found so far.
struct Strict {
    environment: Environment,
    http: Arc<Http>,
    root: ServiceRoot<Http>,
    session: Option<Session<Http>>,
    system: Option<ComputerSystem<Http>>,
    chassis: Option<Chassis<Http>>,
    manager: Option<Manager<Http>>,
    account: Option<Account<Http>>,
    password: String,
    notes: Vec<&'static str>,
}

struct Environment {
    url: Url,
    ca: Vec<u8>,
    user: String,
    password: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let environment = Environment::read()?;
    let mut strict = None;
    for title in [
        "login",
        "system",
        "chassis",
        "manager",
        "processors",
        "memory",
        "storage",
        "NICs",
        "sensors",
        "power read",
        "power on",
        "power off",
        "boot: PXE once set",
        "boot: gone after the boot",
        "media: insert",
        "media: list",
        "media: eject",
        "account: create",
        "account: log in as",
        "account: password",
        "account: delete",
        "logout",
    ] {
        let went = match &mut strict {
            None => match Strict::log_in(Environment::read()?).await {
                Ok(client) => {
                    let claim = client.session_claim(json!(client.environment.user));
                    strict = Some(client);
                    Ok(Went::Well(vec![claim]))
                }
                Err(problem) => Err(problem),
            },
            Some(client) => client.step(title).await,
        };
        let logged_in = strict.is_some();
        tell(title, went, &environment, strict.as_mut())?;
        if !logged_in {
            break;
        }
    }
    Ok(())
}

/// Prints how a step went, and waits until its claims are checked.
fn tell(
    title: &str,
    went: Result<Went, Failed>,
    environment: &Environment,
    client: Option<&mut Strict>,
) -> Result<(), Failed> {
    let hide = |text: String| match &client {
        Some(client) => text.replace(&environment.password, "…").replace(&client.password, "…"),
        None => text.replace(&environment.password, "…"),
    };
    let mut line = match went {
        Ok(Went::Well(claims)) => json!({"step": title, "result": "ok", "claims": claims}),
        Ok(Went::Nowhere(why)) => json!({"step": title, "result": "n/a", "why": why}),
        Err(problem) => json!({"step": title, "result": "FAIL", "why": hide(told(problem.as_ref()))}),
    };
    line["notes"] = json!(client.map(|client| std::mem::take(&mut client.notes)).unwrap_or_default());
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    std::io::stdin().lock().read_line(&mut String::new())?;
    Ok(())
}

/// An error and what is behind it.
fn told(problem: &dyn Error) -> String {
    let mut text = problem.to_string();
    let mut source = problem.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl Environment {
    fn read() -> Result<Self, Failed> {
        let variable = |name: &str| std::env::var(name).map_err(|_| format!("set {name}"));
        Ok(Self {
            url: Url::parse(&variable("BMC_URL")?)?,
            ca: std::fs::read(variable("BMC_CA")?)?,
            user: variable("BMC_USER")?,
            password: variable("BMC_PASSWORD")?,
        })
    }

    fn http(&self, credentials: BmcCredentials) -> Result<Arc<Http>, Failed> {
        let trusted = reqwest::Certificate::from_pem(&self.ca)?;
        let client = reqwest::Client::builder()
            .use_rustls_tls()
            .add_root_certificate(trusted)
            .timeout(Duration::from_secs(30))
            // An iLO resets connections that were idle, and the crate does not send again.
            .pool_max_idle_per_host(0)
            .build()?;
        let cache = CacheSettings::default();
        Ok(Arc::new(HttpBmc::new(Client::with_client(client), self.url.clone(), credentials, cache)))
    }
}

impl Strict {
    /// With a session, whose token is used from here on.
    async fn log_in(environment: Environment) -> Result<Self, Failed> {
        let basic = BmcCredentials::new(environment.user.clone(), environment.password.clone());
        let http = environment.http(basic)?;
        let root = ServiceRoot::new(http.clone()).await?;
        let sessions = root.session_service().await?.ok_or("no session service")?;
        let sessions = sessions.sessions().await?.ok_or("no sessions")?;
        let create = SessionCreate::builder(environment.user.clone(), environment.password.clone());
        let session = sessions.create_session(&create).await?;
        let token = session.auth_token().ok_or("no token")?.to_owned();
        http.set_credentials(BmcCredentials::token(token));
        Ok(Self {
            password: environment.password.chars().rev().collect(),
            environment,
            http,
            root,
            session: Some(session),
            system: None,
            chassis: None,
            manager: None,
            account: None,
            notes: Vec::new(),
        })
    }

    /// Whose session the service says that ours is; null where it is gone.
    fn session_claim(&self, user: Value) -> Value {
        let path =
            self.session.as_ref().and_then(|it| it.location()).map(ToString::to_string).unwrap_or_default();
        json!({"path": path.replace(self.environment.url.as_str().trim_end_matches('/'), ""), "pointer": "/UserName", "is": user})
    }

    async fn step(&mut self, title: &str) -> Result<Went, Failed> {
        match self.went(title).await {
            Err(problem) if told(problem.as_ref()).contains("status: 412") => {
                Ok(Went::Nowhere("the service refuses If-Match, and nv-redfish sends it with every change"))
            }
            went => went,
        }
    }

    async fn went(&mut self, title: &str) -> Result<Went, Failed> {
        match title {
            "system" => self.find_system().await,
            "chassis" => self.find_chassis().await,
            "manager" => self.find_manager().await,
            "processors" => counted(self.system()?.processors().await?, "Processors", |all| all.len()),
            "memory" => counted(self.system()?.memory_modules().await?, "Memory", |all| all.len()),
            "storage" => self.storage().await,
            "NICs" => self.nics().await,
            "sensors" => self.sensors().await,
            "power read" => self.power_read().await,
            "power on" => self.power(ResetType::On, PowerState::On).await,
            "power off" => self.power(ResetType::ForceOff, PowerState::Off).await,
            "boot: PXE once set" => self.boot_set().await,
            "boot: gone after the boot" => self.boot_gone().await,
            "account: create" => self.account_create().await,
            "account: log in as" => self.account_login().await,
            "account: password" => self.account_password().await,
            "account: delete" => self.account_delete().await,
            "logout" => self.log_out().await,
            _ => Ok(Went::Nowhere("nv-redfish knows no virtual media")),
        }
    }

    fn system(&self) -> Result<&ComputerSystem<Http>, Failed> {
        self.system.as_ref().ok_or_else(|| "no system was found".into())
    }

    async fn fresh(&self) -> Result<ComputerSystem<Http>, Failed> {
        let mut all = self.root.systems().await?.ok_or("no systems")?.members().await?;
        if all.is_empty() { Err("no system".into()) } else { Ok(all.swap_remove(0)) }
    }

    async fn find_system(&mut self) -> Result<Went, Failed> {
        let system = self.fresh().await?;
        let path = system.raw().odata_id.to_string();
        let serial = system.hardware_id().serial_number.map(|it| it.to_string());
        self.system = Some(system);
        Ok(Went::Well(vec![json!({"path": path, "pointer": "/SerialNumber", "is": serial})]))
    }

    async fn find_chassis(&mut self) -> Result<Went, Failed> {
        let mut all = self.root.chassis().await?.ok_or("no chassis")?.members().await?;
        if all.is_empty() {
            return Err("no chassis".into());
        }
        // The one with the sensors, where there are several.
        let at =
            all.iter().position(|it| it.raw().thermal.is_some() || it.raw().sensors.is_some()).unwrap_or(0);
        let chassis = all.swap_remove(at);
        let claim =
            json!({"path": chassis.raw().odata_id.to_string(), "pointer": "/Id", "is": chassis.raw().id});
        self.chassis = Some(chassis);
        Ok(Went::Well(vec![claim]))
    }

    async fn find_manager(&mut self) -> Result<Went, Failed> {
        let mut all = self.root.managers().await?.ok_or("no managers")?.members().await?;
        let manager = if all.is_empty() { return Err("no manager".into()) } else { all.swap_remove(0) };
        let raw = manager.raw();
        let claim = json!({"path": raw.odata_id.to_string(), "pointer": "/FirmwareVersion", "is": raw.firmware_version});
        self.manager = Some(manager);
        Ok(Went::Well(vec![claim]))
    }

    async fn storage(&self) -> Result<Went, Failed> {
        let Some(all) = self.system()?.storage_controllers().await? else {
            return Ok(Went::Nowhere("the system has no link Storage"));
        };
        for storage in &all {
            for drive in storage.drives().await?.into_iter().flatten() {
                if drive.raw().name.is_empty() {
                    return Err("a drive has no name".into());
                }
            }
        }
        Ok(Went::Well(Vec::new()))
    }

    async fn nics(&self) -> Result<Went, Failed> {
        let Some(all) = self.system()?.ethernet_interfaces().await? else {
            return Ok(Went::Nowhere("the system has no link EthernetInterfaces"));
        };
        let claim =
            |path: String, mac: Option<String>| json!({"path": path, "pointer": "/MACAddress", "is": mac});
        let seen = all.members().await?;
        let claims = seen
            .iter()
            .map(|it| claim(it.raw().odata_id.to_string(), it.mac_address().map(|it| it.to_string())));
        Ok(Went::Well(claims.collect()))
    }

    async fn sensors(&self) -> Result<Went, Failed> {
        let chassis = self.chassis.as_ref().ok_or("no chassis was found")?;
        if let Some(links) = chassis.sensor_links().await? {
            for link in &links {
                let sensor = link.fetch().await?;
                if sensor.reading.is_none() {
                    return Err(format!("{} has no reading", link.odata_id()).into());
                }
            }
            return if links.is_empty() {
                Err("there is no sensor".into())
            } else {
                Ok(Went::Well(Vec::new()))
            };
        }
        match (chassis.thermal().await?, chassis.power().await?) {
            (Some(_), Some(_)) => Ok(Went::Well(Vec::new())),
            _ => Ok(Went::Nowhere("the chassis has neither Sensors nor Thermal and Power")),
        }
    }

    async fn power_read(&self) -> Result<Went, Failed> {
        let system = self.fresh().await?;
        let state = serde_json::to_value(system.power_state())?;
        Ok(Went::Well(vec![
            json!({"path": system.raw().odata_id.to_string(), "pointer": "/PowerState", "is": state}),
        ]))
    }

    async fn power(&mut self, kind: ResetType, state: PowerState) -> Result<Went, Failed> {
        self.reset(kind).await?;
        for _ in 0..600 {
            if self.fresh().await?.power_state() == Some(state) {
                return self.power_read().await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("still {:?} after 60 s", self.fresh().await?.power_state()).into())
    }

    /// The crate writes to the settings object where there is one; what is refused there is written to the system itself.
    async fn boot_set(&mut self) -> Result<Went, Failed> {
        let once = BootSourceOverrideEnabled::Once;
        let claim = || Ok(Went::Well(vec![json!({"boot": ["Once", "Pxe"]})]));
        let system = self.system()?;
        let has_settings = system.raw().settings_object().is_some();
        match system.set_boot_source_override(BootSource::Pxe, once, None, None).await {
            Ok(_) if has_settings || self.enabled().await? == Some(once) => claim(),
            Ok(_) => {
                let mode = Some(BootSourceOverrideMode::Uefi);
                drop(system.set_boot_source_override(BootSource::Pxe, once, mode, None).await?);
                self.notes.push("writes the mode of the override too where a part of it has no effect");
                claim()
            }
            Err(problem) if told(&problem).contains("status: 400") => {
                let boot = BootUpdate::builder()
                    .with_boot_source_override_target(BootSource::Pxe)
                    .with_boot_source_override_enabled(once);
                drop(system.update(&ComputerSystemUpdate::builder().with_boot(boot.build()).build()).await?);
                self.notes.push(
                    "writes the override to the system itself where its settings object does not take it",
                );
                claim()
            }
            Err(problem) => Err(problem.into()),
        }
    }

    async fn enabled(&self) -> Result<Option<BootSourceOverrideEnabled>, Failed> {
        Ok(self.fresh().await?.raw().boot.as_ref().and_then(|it| it.boot_source_override_enabled.flatten()))
    }

    /// Asks again where the BMC is not ready for the next reset, as some are for seconds after one.
    async fn reset(&mut self, kind: ResetType) -> Result<(), Failed> {
        for _ in 0..60 {
            match self.system()?.reset(Some(kind)).await {
                Err(problem) if is_early(&told(&problem)) => {
                    self.notes
                        .push("asks again where a reset comes too early after another, as the BMC says");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                answer => return Ok(drop(answer?)),
            }
        }
        Err("the reset was refused for 30 s as too early".into())
    }

    async fn boot_gone(&mut self) -> Result<Went, Failed> {
        self.reset(ResetType::On).await?;
        let mut seen = None;
        for _ in 0..600 {
            seen = self.enabled().await?;
            if seen == Some(BootSourceOverrideEnabled::Disabled) {
                return Ok(Went::Well(vec![json!({"boot": ["Disabled", null]})]));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("the override is still {seen:?} after 60 s").into())
    }

    async fn account_create(&mut self) -> Result<Went, Failed> {
        let service =
            self.root.account_service(AccountServiceConfig::standard()).await?.ok_or("no account service")?;
        let accounts = service.accounts().await?.ok_or("no accounts")?;
        let create = ManagerAccountCreate::builder(self.password.clone(), "strict".into(), "Operator".into());
        match accounts.create_account(create).await {
            Ok(ModificationResponse::Entity(account)) => {
                self.account = Some(account);
                Ok(Went::Well(vec![json!({"user": "strict", "password": self.password})]))
            }
            Ok(_) => Err("the answer has no account in it".into()),
            Err(problem) if told(&problem).contains("status: 405") => Ok(Went::Nowhere(
                "accounts are slots that are filled by PATCH, and nv-redfish does that with the vendor's own feature",
            )),
            Err(problem) => Err(problem.into()),
        }
    }

    async fn account_login(&self) -> Result<Went, Failed> {
        if self.account.is_none() {
            return Ok(Went::Nowhere("no account was created"));
        }
        let http = self.environment.http(BmcCredentials::new("strict".into(), self.password.clone()))?;
        let root = ServiceRoot::new(http).await?;
        root.systems().await?.ok_or("no systems")?.members().await?;
        Ok(Went::Well(Vec::new()))
    }

    async fn account_password(&mut self) -> Result<Went, Failed> {
        let Some(account) = &self.account else { return Ok(Went::Nowhere("no account was created")) };
        let changed: String = self.password.chars().rev().collect();
        let changed = format!("{}-x", &changed[..changed.len() - 2]);
        drop(account.update_password(changed.clone()).await?);
        self.password = changed;
        Ok(Went::Well(vec![json!({"user": "strict", "password": self.password})]))
    }

    async fn account_delete(&mut self) -> Result<Went, Failed> {
        let Some(account) = self.account.take() else { return Ok(Went::Nowhere("no account was created")) };
        drop(account.delete().await?);
        Ok(Went::Well(vec![json!({"user": "strict", "password": self.password, "refused": true})]))
    }

    async fn log_out(&mut self) -> Result<Went, Failed> {
        let claim = self.session_claim(Value::Null);
        drop(self.session.take().ok_or("no session")?.delete().await?);
        self.http.set_credentials(BmcCredentials::anonymous());
        Ok(Went::Well(vec![claim]))
    }
}

/// Whether the BMC says that it is not ready for a reset.
fn is_early(told: &str) -> bool {
    told.contains("status: 409") || told.contains("InvalidOperationForSystemState")
}

/// A collection that the system links to.
fn counted<T>(
    all: Option<Vec<T>>,
    name: &'static str,
    count: impl Fn(&[T]) -> usize,
) -> Result<Went, Failed> {
    match all {
        None => Ok(Went::Nowhere(match name {
            "Processors" => "the system has no link Processors",
            _ => "the system has no link Memory",
        })),
        Some(all) => Ok(Went::Well(vec![json!({"collection": name, "count": count(&all)})])),
    }
}
