//! Writing an account step by step, and taking back what failed half way.

use zeroize::Zeroizing;

use super::slot::{self, Access, SOL};
use crate::{
    driver::Cause,
    drivers::{
        failure::Failure,
        ipmi::{command::Command, link::Talk, quirks, rmcp::handshake::Privilege},
    },
    model::Secret,
};

/// Set User Access (§22.26). Like all of these, written twice it is written once.
const SET_ACCESS: Command = write_command("Set User Access", 0x43);
/// Set User Name (§22.28).
const SET_NAME: Command = write_command("Set User Name", 0x45);
/// Set User Password (§22.30): sets and tests passwords, and lets accounts in or keeps them out.
const SET_PASSWORD: Command = write_command("Set User Password", 0x47);
/// Set User Payload Access (§24.6).
const SET_PAYLOADS: Command = write_command("Set User Payload Access", 0x4C);

const DISABLE: u8 = 0;
const ENABLE: u8 = 1;
const SET: u8 = 2;
const TEST: u8 = 3;
/// Bit 7 beside the number: the password is of 20 bytes.
const TWENTY: u8 = 0x80;

const fn write_command(name: &'static str, number: u8) -> Command {
    Command::read(name, 0x06, number).for_role(Privilege::Administrator)
}

/// One thing to write.
#[derive(Clone)]
pub(super) enum Step {
    Name(String),
    Password(Secret),
    Access(Access),
    Console(bool),
    Enabled(bool),
    /// Kept out if it may be; the steps that follow take everything else.
    KeptOut,
    /// No name at all.
    Nobody,
}

impl Step {
    /// What makes a slot nobody's.
    pub(super) const EMPTY: [Self; 4] =
        [Self::KeptOut, Self::Console(false), Self::Access(Access::NONE), Self::Nobody];
}

/// Writes one account.
pub(super) struct Writer {
    pub(super) channel: u8,
    pub(super) number: u8,
}

impl Writer {
    /// All steps in order. A failure after the first step is one of an account that is half written.
    pub(super) async fn all(&mut self, talk: &mut Talk<'_>, steps: &[Step]) -> Result<(), Failure> {
        for (at, step) in steps.iter().enumerate() {
            let written = self.write(talk, step).await;
            written.map_err(|failure| {
                if at > 0 && is_silence(&failure) { failure.after_a_change() } else { failure }
            })?;
        }
        Ok(())
    }

    /// Takes back, as far as possible, and says what it was for. When that fails too the account's state is unknown.
    pub(super) async fn undo(&mut self, talk: &mut Talk<'_>, back: &[Step], failure: Failure) -> Failure {
        for step in back {
            if let Err(second) = self.write(talk, step).await
                && is_silence(&second)
            {
                return failure.after_a_change();
            }
        }
        failure
    }

    async fn write(&mut self, talk: &mut Talk<'_>, step: &Step) -> Result<(), Failure> {
        match step {
            Step::Name(name) => self.name(talk, name).await,
            Step::Nobody => self.nobody(talk).await,
            Step::Password(password) => self.password(talk, password).await,
            Step::Access(access) => self.access(talk, *access).await,
            Step::Console(may) => self.console(talk, *may).await,
            Step::Enabled(enabled) => self.enable(talk, *enabled).await,
            Step::KeptOut => match self.enable(talk, false).await {
                Err(Failure { cause: Cause::Refused { .. }, .. }) => Ok(()),
                other => other,
            },
        }
    }

    async fn name(&self, talk: &mut Talk<'_>, name: &str) -> Result<(), Failure> {
        let mut data = [0; 17];
        data[0] = self.number;
        for (byte, to) in name.bytes().zip(&mut data[1..]) {
            *to = byte;
        }
        talk.ask(&SET_NAME, &data).await.map(drop)
    }

    /// A name of NULs, or of FFh where the BMC does not take those.
    async fn nobody(&self, talk: &mut Talk<'_>) -> Result<(), Failure> {
        let mut data = [0; 17];
        data[0] = self.number;
        let answered = talk.try_ask(&SET_NAME, &data).await?;
        match answered.completion {
            0 => Ok(()),
            0xCC => {
                talk.quirk(&quirks::NAME_OF_FFH);
                data[1..].fill(0xFF);
                talk.ask(&SET_NAME, &data).await.map(drop)
            }
            code => Err(SET_NAME.refused(code)),
        }
    }

    /// Sets the password, and asks whether it was kept as it was given: some cut the longer kind (ipmi_sim).
    async fn password(&self, talk: &mut Talk<'_>, password: &Secret) -> Result<(), Failure> {
        talk.ask(&SET_PASSWORD, &self.password_data(SET, password)).await?;
        let tested = talk.try_ask(&SET_PASSWORD, &self.password_data(TEST, password)).await?;
        match tested.completion {
            // 80h is another password, 81h one of another length.
            code @ (0x80 | 0x81) => Err(Failure::new(
                Cause::Refused {
                    code: format!("{code:02X}h"),
                    message: "the BMC did not keep the password as it was given".to_owned(),
                },
                SET_PASSWORD.at(Some(code)),
            )),
            _ => Ok(()),
        }
    }

    fn password_data(&self, operation: u8, password: &Secret) -> Zeroizing<Vec<u8>> {
        let bytes = password.reveal();
        let (length, flag) = if bytes.len() > 16 { (20, TWENTY) } else { (16, 0) };
        let mut data = Zeroizing::new(Vec::with_capacity(22));
        data.extend_from_slice(&[self.number | flag, operation]);
        data.extend_from_slice(bytes);
        data.resize(2 + length, 0);
        data
    }

    async fn access(&self, talk: &mut Talk<'_>, access: Access) -> Result<(), Failure> {
        const CHANGE_BITS: u8 = 0x80;
        let first = CHANGE_BITS | access.bits() | self.channel;
        let answered = talk.try_ask(&SET_ACCESS, &[first, self.number, access.limit]).await?;
        match answered.completion {
            0 => Ok(()),
            // "No access" as a limit is newer than some BMCs.
            0xCC if access.limit == Access::NONE.limit => {
                talk.quirk(&quirks::NO_ACCESS_REFUSED);
                talk.ask(&SET_ACCESS, &[first, self.number, 1]).await.map(drop)
            }
            code => Err(SET_ACCESS.refused(code)),
        }
    }

    /// A BMC that keeps no payloads apart says so, and lets whoever may log in.
    async fn console(&self, talk: &mut Talk<'_>, may: bool) -> Result<(), Failure> {
        const TAKE: u8 = 0x40;
        let first = self.number | if may { 0 } else { TAKE };
        let answered = talk.try_ask(&SET_PAYLOADS, &[self.channel, first, SOL, 0, 0, 0]).await?;
        match answered.completion {
            0xD4 => Err(SET_PAYLOADS.refused(0xD4)),
            0 => Ok(()),
            _ => {
                talk.quirk(&quirks::NO_PAYLOAD_ACCESS);
                Ok(())
            }
        }
    }

    /// Some refuse to keep out whom they keep out already; some want the password's 16 bytes here too.
    async fn enable(&self, talk: &mut Talk<'_>, enabled: bool) -> Result<(), Failure> {
        let operation = if enabled { ENABLE } else { DISABLE };
        let mut data = vec![self.number, operation];
        let mut answered = talk.try_ask(&SET_PASSWORD, &data).await?;
        if answered.completion == 0xC7 {
            talk.quirk(&quirks::ENABLE_WANTS_PASSWORD);
            data.resize(18, 0);
            answered = talk.try_ask(&SET_PASSWORD, &data).await?;
        }
        match answered.completion {
            0 => Ok(()),
            0xD4 => Err(SET_PASSWORD.refused(0xD4)),
            _ if !enabled && slot::is_disabled(talk, self.channel, self.number).await? => {
                talk.quirk(&quirks::DISABLE_REFUSED);
                Ok(())
            }
            code => Err(SET_PASSWORD.refused(code)),
        }
    }
}

/// Whether nobody knows what became of it.
fn is_silence(failure: &Failure) -> bool {
    matches!(failure.cause, Cause::Unreachable { .. } | Cause::OutcomeUnknown { .. })
}
