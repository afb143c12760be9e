//! The BMCs that callers of `halmark serve` know by name.

use std::collections::BTreeSet;

use halmark::{Credentials, Endpoint, Tls};
use halmark_grpc::{
    LONGEST_NAME,
    server::{Maker as _, Reference, Service},
};

use super::Serve;
use crate::cli::{credentials, usage};

/// Makes those of `--bmc` known to the service.
pub(super) fn know(service: &Service, args: &Serve) -> Result<(), u8> {
    let named = args.bmc.iter().map(|it| named(it)).collect::<Result<Vec<_>, _>>()?;
    let mut names = BTreeSet::new();
    if let Some((twice, _)) = named.iter().find(|(name, _)| !names.insert(*name)) {
        return Err(usage(format!("--bmc: two BMCs are named {twice:?}")));
    }
    if named.is_empty() {
        return Ok(());
    }
    let (user, password) = credentials::given(args.user.as_deref(), args.password_file.as_deref(), "")?;
    for (name, url) in named {
        let endpoint = Endpoint::parse(url).map_err(usage)?;
        let credentials = Credentials::new(user.clone(), password.clone());
        let endpoint = endpoint.with_credentials(credentials).with_tls(trust(args));
        service.know(name, Reference.make("", endpoint).map_err(usage)?);
    }
    Ok(())
}

fn named(typed: &str) -> Result<(&str, &str), u8> {
    let (name, url) =
        typed.split_once('=').ok_or_else(|| usage(format!("--bmc {typed:?}: expected NAME=URL")))?;
    match name.len() {
        0 => Err(usage(format!("--bmc {typed:?}: the name is empty; expected NAME=URL"))),
        1..=LONGEST_NAME => Ok((name, url)),
        bytes => Err(usage(format!("--bmc: a name has {bytes} bytes, and {LONGEST_NAME} are the most"))),
    }
}

fn trust(args: &Serve) -> Tls {
    match &args.ca {
        Some(ca) => Tls::Ca(ca.clone()),
        None if args.insecure => Tls::Insecure,
        None => Tls::System,
    }
}
