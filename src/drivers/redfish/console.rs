//! The port of the maker's shell, behind which the host's console is (DSP0268 ManagerNetworkProtocol, SSH).

use super::client::Talk;
use crate::{driver::Cause, drivers::failure::Failure};

/// Where SSH is spoken when nobody says anything else.
const STANDARD: u16 = 22;

/// Where the BMC's shell is: where whoever asks says, or where the BMC does.
pub(super) async fn port(talk: &mut Talk<'_>) -> Result<u16, Failure> {
    if let Some(port) = talk.client.endpoint.ssh.port {
        return Ok(port);
    }
    let manager = talk.any_manager().await?;
    let link = manager.view().link("NetworkProtocol", &mut talk.notes);
    let Some(link) = link else { return Ok(STANDARD) };
    let protocol = talk.get(&link).await?;
    let view = protocol.view();
    let ssh = view.object("SSH", &mut talk.notes);
    if ssh.flag("ProtocolEnabled", &mut talk.notes) == Some(false) {
        let message =
            "it is switched off in the BMC's network protocol, and the console is behind it".to_owned();
        return Err(Cause::Refused { code: "SSH".to_owned(), message }.into());
    }
    let port = ssh.whole("Port", &mut talk.notes);
    Ok(port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0).unwrap_or(STANDARD))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{
        super::{
            Redfish,
            tests::{Peer, error, say, within},
        },
        *,
    };
    use crate::{Endpoint, driver::Operation, endpoint::SshOptions};

    const PROTOCOL: &str = "/redfish/v1/Managers/1/NetworkProtocol";

    /// The port that is found at a BMC whose network protocol says this of SSH; nothing is one that has no such resource.
    async fn found(ssh: Option<Value>, told: Option<u16>) -> Result<u16, Failure> {
        let peer = Peer::scripted(move |seen, bmc| {
            bmc.manager["NetworkProtocol"] = json!({"@odata.id": PROTOCOL});
            (seen.path == PROTOCOL).then(|| match &ssh {
                Some(ssh) => say(200, json!({"@odata.id": PROTOCOL, "SSH": ssh})),
                None => error(404, "Base.1.12.ResourceMissingAtURI", "There is no such resource."),
            })
        })
        .await;
        let ssh = SshOptions { port: told, ..SshOptions::default() };
        let driver = Redfish::new(Endpoint { ssh, ..peer.endpoint() }).unwrap();
        let mut talk = driver.client.talk(Operation::ConsoleOpen, within(60)).await.unwrap();
        port(&mut talk).await
    }

    #[tokio::test(start_paused = true)]
    async fn the_port_is_who_asks_s_or_the_bmc_s_or_the_standard_one() {
        assert_eq!(found(Some(json!({"ProtocolEnabled": true, "Port": 2222})), None).await, Ok(2222));
        assert_eq!(found(Some(json!({"ProtocolEnabled": true, "Port": 2222})), Some(22)).await, Ok(22));
        for unsaid in
            [json!({}), json!(null), json!({"Port": 0}), json!({"Port": 70_000}), json!({"Port": null})]
        {
            assert_eq!(found(Some(unsaid), None).await, Ok(STANDARD));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_switched_off_is_a_refusal_and_what_is_not_there_is_told() {
        let off = found(Some(json!({"ProtocolEnabled": false, "Port": 22})), None).await.unwrap_err();
        assert!(matches!(&off.cause, Cause::Refused { code, .. } if code == "SSH"), "{off:?}");
        let missing = found(None, None).await.unwrap_err();
        assert!(matches!(&missing.cause, Cause::NotFound { .. }), "{missing:?}");
    }
}
