//! What is said when the BMCs are ready, and at the end.

use std::{fmt::Write as _, net::SocketAddr, time::Duration};

use halmark_simulators::desk::Simulated;
use serde_json::{Value, json};

use super::{
    Plan,
    args::{Sim, TlsArg},
};

/// How many BMCs are shown to people.
const SHOWN: usize = 8;

/// How to connect.
pub(super) struct Words {
    urls: Vec<String>,
    /// Where IPMI is offered, where it is.
    ipmi: Vec<SocketAddr>,
    /// Where the shells are, where they are offered, and the file with their host keys.
    ssh: Vec<SocketAddr>,
    known_hosts: Option<String>,
    /// The file with the password alone, where we made it up.
    password: Option<String>,
    user: String,
    /// The file with user and password, where we made it up.
    credentials: Option<String>,
    netrc: Option<String>,
    ca: Option<String>,
    list: String,
    profile: String,
    what: String,
    control: Option<String>,
    /// The socket with the truth logs, where they are offered.
    truth: Option<String>,
    /// Where the password was given, and how a shell gets it from there.
    given: (String, String),
    insecure: bool,
}

impl Words {
    /// Writes the files that they speak of.
    pub(super) fn of(
        args: &Sim,
        plan: &Plan,
        all: &[Simulated],
        control: Option<SocketAddr>,
    ) -> Result<Self, String> {
        let write = |name: &str, text: &str| {
            let written = plan.files.write(name, text).map(|path| path.display().to_string());
            written.map_err(|error| format!("the file {name} cannot be written: {error}"))
        };
        let administrator = &plan.accounts.all[0];
        let user = administrator.user.clone();
        let (mut credentials, mut netrc, mut password) = (None, None, None);
        if plan.accounts.made {
            let lines = plan.accounts.all.iter().map(|it| (it.user.as_str(), it.password.as_str()));
            let text: String =
                lines.clone().take(1).map(|(user, password)| format!("{user}\n{password}\n")).collect();
            credentials = Some(write("credentials", &text)?);
            let text = format!("default login {user} password {}\n", administrator.password);
            netrc = Some(write("netrc", &text)?);
            password = Some(write("password", &format!("{}\n", administrator.password))?);
        }
        let others: String = plan.accounts.all[1..]
            .iter()
            .map(|it| format!("{} {} {}\n", it.user, it.password, it.role.redfish()))
            .collect();
        write("other-accounts", &others)?;
        let ca = match super::trusted(args, plan) {
            Some(pem) => Some(write("ca.pem", &pem)?),
            None => None,
        };
        let shells = || all.iter().filter_map(|it| Some((it.url.as_str(), it.ssh.as_ref()?)));
        let known_hosts = match shells().next() {
            Some(_) => Some(write("known_hosts", &super::ssh::known_hosts(shells()))?),
            None => None,
        };
        let list: Value = all.iter().map(described).collect();
        Ok(Self {
            urls: all.iter().map(|it| it.url.clone()).collect(),
            ipmi: all.iter().filter_map(|it| Some(super::reached(it.ipmi.as_ref()?.addr()))).collect(),
            ssh: shells().map(|(_, it)| super::reached(it.addr())).collect(),
            known_hosts,
            password,
            user,
            credentials,
            netrc,
            ca,
            list: write("bmcs.json", &format!("{list:#}\n"))?,
            profile: plan.profile.name.clone(),
            what: what(plan),
            control: control.map(|addr| format!("http://{addr}")),
            truth: args.truth.as_ref().map(|path| path.display().to_string()),
            given: given(args),
            insecure: args.tls != TlsArg::Off,
        })
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let count = self.urls.len();
        let first = self.urls.first().map_or("", String::as_str);
        let mut text =
            format!("{count} simulated BMC{} of {}\n\n", if count == 1 { "" } else { "s" }, self.what);
        let mut row = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:<12} {value}");
        };
        for (place, url) in self.urls.iter().take(SHOWN).enumerate() {
            let ipmi = self.ipmi.get(place).map_or(String::new(), |addr| format!("  ipmi://{addr}"));
            let ssh = self.ssh.get(place).map_or(String::new(), |addr| format!("  ssh://{addr}"));
            row(&format!("bmc{}", place + 1), &format!("{url}/redfish/v1{ipmi}{ssh}"));
        }
        if count > SHOWN {
            row("…", &format!("{} more: {}", count - SHOWN, self.list));
        }
        row("user", &self.user);
        match &self.credentials {
            Some(file) => row("password", &format!("in {file}")),
            None => row("password", &format!("as given ({})", self.given.0)),
        }
        if let Some(ca) = &self.ca {
            row("trust", ca);
        }
        if let Some(control) = &self.control {
            row("control", control);
        }
        if let Some(truth) = &self.truth {
            row("truth", &format!("unix:{truth}"));
        }
        row("try", &self.curl(first));
        self.ipmi.iter().take(1).for_each(|addr| row("", &self.ipmitool(*addr)));
        self.ssh.iter().zip(&self.known_hosts).take(1).for_each(|(addr, hosts)| {
            let (ip, port, user) = (addr.ip(), addr.port(), &self.user);
            row("", &format!("ssh -o UserKnownHostsFile={hosts} -p {port} {user}@{ip}"));
        });
        text.push_str("\nready\n");
        text
    }

    /// For programs: one line.
    pub(super) fn json(&self) -> String {
        let ready = json!({
            "ready": true,
            "profile": self.profile,
            "urls": self.urls,
            "ipmi": self.ipmi.iter().map(|addr| format!("ipmi://{addr}")).collect::<Vec<_>>(),
            "ssh": self.ssh.iter().map(|addr| format!("ssh://{addr}")).collect::<Vec<_>>(),
            "known_hosts": self.known_hosts,
            "user": self.user,
            "credentials": self.credentials,
            "ca": self.ca,
            "control": self.control,
            "truth": self.truth,
            "bmcs": self.list,
        });
        format!("{ready}\n")
    }

    fn ipmitool(&self, addr: SocketAddr) -> String {
        let (before, who) = match &self.password {
            Some(file) => (String::new(), format!("-f {file}")),
            None => (format!("IPMI_PASSWORD=\"{}\" ", self.given.1), "-E".to_owned()),
        };
        let (ip, port) = (addr.ip(), addr.port());
        format!("{before}ipmitool -I lanplus -H {ip} -p {port} -U {} {who} power status", self.user)
    }

    fn curl(&self, url: &str) -> String {
        let trust = match &self.ca {
            Some(ca) => format!("--cacert {ca} "),
            None if self.insecure => "-k ".to_owned(),
            None => String::new(),
        };
        let who = match &self.netrc {
            Some(netrc) => format!("--netrc-file {netrc}"),
            None => format!("-u \"{}:{}\"", self.user, self.given.1),
        };
        format!("curl {trust}{who} {url}/redfish/v1/Systems")
    }
}

fn what(plan: &Plan) -> String {
    let name = plan.profile.name.clone();
    match plan.profile.recording() {
        None => name,
        Some(it) => {
            format!("{name}, recorded: {} resources, {} links lead nowhere", it.resources, it.lost_links)
        }
    }
}

fn described(it: &Simulated) -> Value {
    let id = it.bmc.control().truth().id;
    let ipmi = it.ipmi.as_ref().map(|ipmi| format!("ipmi://{}", super::reached(ipmi.addr())));
    let ssh = it.ssh.as_ref().map(|ssh| format!("ssh://{}", super::reached(ssh.addr())));
    json!({"name": it.name, "url": it.url, "ipmi": ipmi, "ssh": ssh, "serial": id.serial, "uuid": id.uuid_text(), "mac": id.mac_text()})
}

/// The last words.
pub(super) fn farewell(count: usize, requests: u64, lasted: Duration) -> String {
    let bmcs = if count == 1 { "1 BMC".to_owned() } else { format!("{count} BMCs") };
    format!("served {requests} requests to {bmcs} in {}\n", super::said(lasted))
}

fn given(args: &Sim) -> (String, String) {
    match &args.password_file {
        Some(file) => {
            let quoted = file.display().to_string().replace('\'', r"'\''");
            (file.display().to_string(), format!("$(head -n 1 '{quoted}')"))
        }
        None => (args.password_env.clone(), format!("${}", args.password_env)),
    }
}
