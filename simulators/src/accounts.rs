//! The BMC's accounts: fifteen slots, as IPMI has them, with names, passwords and roles; every face looks here.
//!
//! Slot 1 is IPMI's user without a name. It is always there, can be nothing but used by IPMI, and Redfish does not see it.

use std::{fmt, ops::RangeInclusive, time::Duration};

use crate::random::Random;

/// The slots that an account can have; slot 1 is IPMI's user without a name (IPMI v2.0 §22.28).
pub(crate) const SLOTS: RangeInclusive<u8> = 2..=15;

/// What an account may do (DSP0266 §13.2.9 predefined roles; IPMI v2.0 §6.8 privilege levels).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Administrator,
    /// The host, but not the BMC.
    Operator,
    /// Looking on.
    ReadOnly,
    /// Nothing: IPMI makes such accounts before it says what they may do (IPMI v2.0 §22.26, limit Fh).
    NoAccess,
}

impl Role {
    /// Every role that Redfish gives, the mightiest first.
    pub const ALL: [Self; 3] = [Self::Administrator, Self::Operator, Self::ReadOnly];

    /// The role's name in Redfish.
    pub const fn redfish(self) -> &'static str {
        match self {
            Self::Administrator => "Administrator",
            Self::Operator => "Operator",
            Self::ReadOnly => "ReadOnly",
            Self::NoAccess => "NoAccess",
        }
    }
}

/// A user, the password and the role that an account is to have. The password never prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
    /// What the account may do.
    pub role: Role,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials {{ user: {:?}, password: …, role: {:?} }}", self.user, self.role)
    }
}

/// Through which face an account may come in (DSP0268 ManagerAccount.AccountTypes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// Redfish.
    Redfish,
    /// IPMI over LAN.
    Ipmi,
}

impl Entrance {
    /// Both of them.
    pub(crate) const ALL: [Self; 2] = [Self::Redfish, Self::Ipmi];

    /// Its word in Redfish.
    pub(crate) const fn redfish(self) -> &'static str {
        match self {
            Self::Redfish => "Redfish",
            Self::Ipmi => "IPMI",
        }
    }
}

/// How many bytes IPMI stores of a password (IPMI v2.0 §22.30).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// 16: IPMI v1.5 can use it too.
    Sixteen,
    /// 20: for IPMI v2.0 alone.
    Twenty,
}

/// What IPMI's LAN says of an account beside its role (IPMI v2.0 §22.26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LanAccess {
    /// A limit that no role stands for, by number: 1 (callback) or 5 (the maker's own).
    pub(crate) level: Option<u8>,
    /// Whether it may only be called back.
    pub(crate) callback_only: bool,
    /// Whether it may authenticate a link.
    pub(crate) link_authentication: bool,
}

/// An account. Its password never prints.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Its slot; in Redfish its id.
    pub(crate) slot: u8,
    /// A number that no other account of this BMC ever has.
    pub(crate) number: u32,
    /// Its name.
    pub(crate) user: String,
    /// Its password, at most 20 bytes where IPMI is to take it too.
    pub(crate) password: String,
    /// How it is stored for IPMI, where IPMI said so.
    stored: Option<Stored>,
    /// What IPMI says beside its role.
    pub(crate) lan: LanAccess,
    /// What it may do.
    pub(crate) role: Role,
    /// Whether it can be used.
    pub(crate) enabled: bool,
    /// Whether its password must be changed before anything else.
    pub(crate) must_change_password: bool,
    /// Where it may come in.
    pub(crate) entrances: Vec<Entrance>,
    failures: u32,
    last_failure: Duration,
    locked_until: Option<Duration>,
}

impl Account {
    /// One that can be used everywhere; its slot comes when it is added.
    pub(crate) fn new(of: Credentials) -> Self {
        let Credentials { user, password, role } = of;
        Self {
            slot: 0,
            number: 0,
            user,
            password,
            stored: None,
            lan: LanAccess::default(),
            role,
            enabled: true,
            must_change_password: false,
            entrances: Entrance::ALL.to_vec(),
            failures: 0,
            last_failure: Duration::ZERO,
            locked_until: None,
        }
    }

    /// Whether too many wrong passwords have locked it.
    pub(crate) fn is_locked(&self, now: Duration) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }

    /// Whether it can administer the BMC, and so give others back what they have lost.
    pub(crate) fn can_administer(&self) -> bool {
        self.enabled && self.role == Role::Administrator && self.entrances.contains(&Entrance::Redfish)
    }

    /// One in this slot that IPMI names first: it has no password, may do nothing and cannot be used.
    fn named_only(slot: u8, user: String) -> Self {
        let of = Credentials { user, password: String::new(), role: Role::NoAccess };
        Self { slot, enabled: false, entrances: vec![Entrance::Redfish], ..Self::new(of) }
    }

    /// The user without a name, which nobody can use at first.
    fn nobody() -> Self {
        Self { entrances: Vec::new(), ..Self::named_only(1, String::new()) }
    }

    /// Gives it another password.
    pub(crate) fn set_password(&mut self, to: &str, stored: Option<Stored>) {
        to.clone_into(&mut self.password);
        self.stored = stored;
        self.must_change_password = false;
    }

    /// How its password is stored for IPMI.
    pub(crate) fn stored(&self) -> Stored {
        let needed = if self.password.len() > 16 { Stored::Twenty } else { Stored::Sixteen };
        self.stored.unwrap_or(needed)
    }

    /// Opens the lock.
    pub(crate) fn unlock(&mut self) {
        self.locked_until = None;
        self.failures = 0;
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account {{ user: {:?}, password: …, role: {:?} }}", self.user, self.role)
    }
}

/// When wrong passwords lock an account (DSP0268 AccountService).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lockout {
    /// So many wrong passwords lock it; 0: never.
    pub(crate) threshold: u32,
    /// For so long; nothing: never.
    pub(crate) duration: Duration,
    /// So long after the last of them they are forgotten.
    pub(crate) reset_after: Duration,
    /// Whether a lock opens by itself, and the wrong ones are forgotten.
    pub(crate) resets: bool,
    /// The wrong passwords that are not written down.
    pub(crate) unlogged: u32,
}

/// Why somebody is not let in. No face may tell a stranger which of them it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Nobody of this name may come in here.
    Unknown,
    /// The password is wrong, for the time being without consequences; it is to be written down or not.
    Wrong {
        /// Whether it belongs into the log.
        logged: bool,
    },
    /// The password is wrong, and now the account is locked.
    NowLocked,
    /// The account is locked.
    Locked,
}

/// Why an account cannot be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Every slot is taken.
    Full,
    /// Another has this name.
    NameTaken,
}

/// All accounts, by slot.
#[derive(Debug)]
pub(crate) struct Accounts {
    all: Vec<Account>,
    nobody: Account,
    numbered: u32,
    revision: u64,
}

impl Accounts {
    /// These, in the first slots.
    pub(crate) fn new(all: Vec<Credentials>) -> Self {
        let mut accounts = Self { all: Vec::new(), nobody: Account::nobody(), numbered: 0, revision: 0 };
        accounts.replace(all);
        accounts
    }

    /// All of them, by slot, the user without a name first.
    pub(crate) fn everybody(&self) -> impl Iterator<Item = &Account> {
        std::iter::once(&self.nobody).chain(&self.all)
    }

    /// All that have names, by slot.
    pub(crate) fn list(&self) -> &[Account] {
        &self.all
    }

    /// The one in this slot, the user without a name included.
    pub(crate) fn in_slot(&self, slot: u8) -> Option<&Account> {
        self.everybody().find(|it| it.slot == slot)
    }

    /// The one in this slot, where it has a name.
    pub(crate) fn at(&self, slot: u8) -> Option<&Account> {
        self.all.iter().find(|it| it.slot == slot)
    }

    /// The one with this name.
    pub(crate) fn named(&self, user: &str) -> Option<&Account> {
        self.all.iter().find(|it| it.user == user)
    }

    /// The one with this number.
    pub(crate) fn numbered(&self, number: u32) -> Option<&Account> {
        self.all.iter().find(|it| it.number == number)
    }

    /// A number that changes with every change.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether this is the last administrator who could log in.
    pub(crate) fn is_last_administrator(&self, account: &Account) -> bool {
        account.can_administer() && self.all.iter().filter(|it| it.can_administer()).count() == 1
    }

    /// Adds one in the first free slot, and says which.
    pub(crate) fn add(&mut self, account: Account) -> Result<u8, Unfit> {
        let free = SLOTS.into_iter().find(|slot| self.at(*slot).is_none());
        self.put(free, account)
    }

    /// Adds one in this slot, if it is free.
    pub(crate) fn add_at(&mut self, slot: u8, account: Account) -> Result<u8, Unfit> {
        let free = SLOTS.into_iter().find(|own| *own == slot && self.at(slot).is_none());
        self.put(free, account)
    }

    fn put(&mut self, free: Option<u8>, mut account: Account) -> Result<u8, Unfit> {
        if self.named(&account.user).is_some() {
            return Err(Unfit::NameTaken);
        }
        let slot = free.ok_or(Unfit::Full)?;
        self.numbered += 1;
        self.revision += 1;
        (account.slot, account.number) = (slot, self.numbered);
        let place = self.all.partition_point(|it| it.slot < slot);
        self.all.insert(place, account);
        Ok(slot)
    }

    /// Gives a slot that is free a name; there is nothing yet that it could be used for.
    pub(crate) fn name(&mut self, slot: u8, user: String) {
        self.numbered += 1;
        self.revision += 1;
        let place = self.all.partition_point(|it| it.slot < slot);
        self.all.insert(place, Account { number: self.numbered, ..Account::named_only(slot, user) });
    }

    /// Changes the one in this slot.
    pub(crate) fn change(&mut self, slot: u8, change: impl FnOnce(&mut Account)) {
        let mut all = std::iter::once(&mut self.nobody).chain(&mut self.all);
        if let Some(account) = all.find(|it| it.slot == slot) {
            change(account);
            self.revision += 1;
        }
    }

    /// Empties a slot.
    pub(crate) fn remove(&mut self, slot: u8) {
        self.all.retain(|it| it.slot != slot);
        self.revision += 1;
    }

    /// These in the place of all that there are.
    pub(crate) fn replace(&mut self, all: Vec<Credentials>) {
        self.all.clear();
        self.nobody = Account::nobody();
        self.revision += 1;
        for one in all {
            let _ = self.add(Account::new(one));
        }
    }

    /// The account that this password opens. The rules of locking are asked for only where it is wrong.
    pub(crate) fn prove(
        &mut self,
        user: &str,
        fits: impl FnOnce(&str) -> bool,
        entrance: Entrance,
        now: Duration,
        rules: impl FnOnce() -> Lockout,
    ) -> Result<&Account, Denied> {
        let may_come = |it: &&mut Account| it.user == user && it.enabled && it.entrances.contains(&entrance);
        let mut all = self.all.iter_mut().chain(std::iter::once(&mut self.nobody));
        let account = all.find(may_come).ok_or(Denied::Unknown)?;
        if account.is_locked(now) {
            return Err(Denied::Locked);
        }
        if fits(&account.password) {
            account.unlock();
            return Ok(account);
        }
        Err(account.fail(now, rules()))
    }
}

impl Account {
    fn fail(&mut self, now: Duration, rules: Lockout) -> Denied {
        if rules.resets && now.saturating_sub(self.last_failure) >= rules.reset_after {
            self.failures = 0;
        }
        self.failures += 1;
        self.last_failure = now;
        let logged = self.failures > rules.unlogged;
        if rules.threshold == 0 || self.failures < rules.threshold || rules.duration.is_zero() {
            return Denied::Wrong { logged };
        }
        self.failures = 0;
        self.locked_until = Some(if rules.resets { now + rules.duration } else { Duration::MAX });
        Denied::NowLocked
    }
}

/// `admin`, `operator` and `readonly`.
pub(crate) fn generated(random: &mut Random) -> Vec<Credentials> {
    [("admin", Role::Administrator), ("operator", Role::Operator), ("readonly", Role::ReadOnly)]
        .map(|(user, role)| Credentials { user: user.to_owned(), password: random.text(16), role })
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Lockout = Lockout {
        threshold: 3,
        duration: Duration::from_secs(60),
        reset_after: Duration::from_secs(30),
        resets: true,
        unlogged: 1,
    };

    fn credentials(user: &str) -> Credentials {
        Credentials { user: user.to_owned(), password: "secret".to_owned(), role: Role::Operator }
    }

    fn attempt(accounts: &mut Accounts, password: &str, second: u64) -> Result<u8, Denied> {
        let now = Duration::from_secs(second);
        let fits = |own: &str| own == password;
        accounts.prove("a", fits, Entrance::Redfish, now, || RULES).map(|it| it.slot)
    }

    #[test]
    fn the_third_wrong_password_locks_the_account_for_a_while() {
        let mut accounts = Accounts::new(vec![credentials("a")]);
        assert_eq!(attempt(&mut accounts, "x", 1), Err(Denied::Wrong { logged: false }));
        assert_eq!(attempt(&mut accounts, "x", 2), Err(Denied::Wrong { logged: true }));
        assert_eq!(attempt(&mut accounts, "x", 3), Err(Denied::NowLocked));
        assert_eq!(attempt(&mut accounts, "secret", 62), Err(Denied::Locked));
        assert_eq!(attempt(&mut accounts, "secret", 63), Ok(2));
    }

    #[test]
    fn wrong_passwords_are_forgotten_after_a_while() {
        let mut accounts = Accounts::new(vec![credentials("a")]);
        for second in [1, 2, 40, 41, 80] {
            assert!(matches!(attempt(&mut accounts, "x", second), Err(Denied::Wrong { .. })), "{second}");
        }
    }

    #[test]
    fn the_fifteenth_account_finds_no_slot_and_a_name_is_given_once() {
        let mut accounts = Accounts::new(vec![]);
        for place in 0..SLOTS.count() {
            assert!(accounts.add(Account::new(credentials(&place.to_string()))).is_ok());
        }
        assert_eq!(accounts.add(Account::new(credentials("one more"))), Err(Unfit::Full));
        accounts.remove(7);
        assert_eq!(accounts.add(Account::new(credentials("0"))), Err(Unfit::NameTaken));
        assert_eq!(accounts.add(Account::new(credentials("one more"))), Ok(7));
    }

    #[test]
    fn a_password_does_not_print() {
        let account = Account::new(credentials("a"));
        assert!(!format!("{account:?} {:?}", credentials("b")).contains("secret"));
    }
}
