//! What a maker's own program does where his BMC's Redfish does not: a row for each maker and operation.
//!
//! A program is run only where whoever uses the driver names a folder of tools ([`Endpoint::tools`](crate::Endpoint::tools)), and
//! only after the BMC has shown that it does not have what the operation needs. What was done so is noted.
//!
//! | maker | rows |
//! |---|---|
//! | Supermicro | `sum`: `log.clear`, since boards of the X10 and older list a log and no action to clear it |
//! | Dell | none: what `racadm` does out of band, the driver `idrac` has over Redfish |
//! | Lenovo, HPE | none: OneCLI and iLOrest speak the same Redfish to an XCC or an iLO, and can do no more by it |
//! | AMI, OpenBMC | none: neither has a program for it beside Redfish and IPMI |
//!
//! Settings of the host's firmware by `sum -c ChangeBiosCfg`, which wants its XML patched, are none on purpose.

use super::{client::Talk, platform::Platform, quirks::BY_TOOL};
use crate::{
    driver::{Cause, Operation},
    drivers::{
        failure::Failure,
        tool::{self, Argument, Hand, Meaning, Tool},
    },
    model::Change,
};

/// What a program does instead.
struct Override {
    /// Whose name has to be on the BMC's firmware or on the machine.
    maker: &'static str,
    operation: Operation,
    tool: &'static Tool,
}

const OVERRIDES: &[Override] =
    &[Override { maker: "Supermicro", operation: Operation::LogClear, tool: &SUM_CLEAR_EVENT_LOG }];

/// Supermicro Update Manager, User's Guide: `-f` is the file with the BMC's password (editions that have `-p` alone refuse it, and nothing
/// is done); exit codes by appendix A. Not seen with the program itself, which its maker hands out with a licence.
const SUM_CLEAR_EVENT_LOG: Tool = Tool {
    program: "sum",
    about: "Supermicro Update Manager, from supermicro.com/solutions/management-software",
    arguments: &[
        Argument::Word("-i"),
        Argument::Host,
        Argument::Word("-u"),
        Argument::User,
        Argument::Word("-f"),
        Argument::SecretFile,
        Argument::Word("-c"),
        Argument::Word("ClearEventLog"),
    ],
    secret: Hand::File,
    codes: &[
        (10, Meaning::Unreachable),
        (12, Meaning::Denied),
        (33, Meaning::Unreachable),
        (34, Meaning::Unreachable),
        (38, Meaning::Unsupported),
        (80, Meaning::Denied),
        (83, Meaning::Unsupported),
        (106, Meaning::Busy),
        (107, Meaning::Busy),
        (145, Meaning::Unreachable),
        (146, Meaning::Unauthorized),
        (148, Meaning::Unknown),
        (150, Meaning::Unknown),
        (151, Meaning::Unknown),
    ],
};

/// The outcome of a change, or what the maker's program makes of it where the BMC has nothing to do it by.
pub(super) async fn instead(
    talk: &mut Talk<'_>,
    operation: Operation,
    outcome: Result<Change, Failure>,
) -> Result<Change, Failure> {
    let is_absent = matches!(&outcome, Err(Failure { cause: Cause::NotFound { .. }, .. }));
    let client = talk.client;
    let Some(folder) = client.endpoint.tools.as_deref().filter(|_| is_absent) else { return outcome };
    let system = talk.system().await?;
    let row = {
        let platform = Platform::new(talk.maker(), &system);
        OVERRIDES.iter().find(|it| it.operation == operation && platform.is_by(it.maker))
    };
    let Some(row) = row else { return outcome };
    tool::run(row.tool, folder, &client.endpoint, talk.by).await?;
    talk.notes.quirk(&BY_TOOL);
    Ok(Change::Changed)
}
