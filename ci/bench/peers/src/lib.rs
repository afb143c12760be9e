//! What every IPMI peer takes: `HOST:PORT` as its argument, the account from the environment, as halmark does; and how the
//! loads speak Redfish.

pub mod driver;
pub mod redfish;
pub mod times;

/// Where the BMC is and who asks.
pub struct Door {
    /// `HOST:PORT`, an address and not a name.
    pub address: String,
    /// The account's name.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl Door {
    /// From the command line and the environment.
    pub fn from_environment() -> Result<Self, Box<dyn std::error::Error>> {
        Ok(Self {
            address: std::env::args().nth(1).ok_or("expected HOST:PORT as the only argument")?,
            user: std::env::var("HALMARK_USER").map_err(|_| "HALMARK_USER is not set")?,
            password: std::env::var("HALMARK_PASSWORD").map_err(|_| "HALMARK_PASSWORD is not set")?,
        })
    }
}

/// How often the question is asked in one session: `BENCH_COMMANDS`, or once.
pub fn times_asked() -> usize {
    std::env::var("BENCH_COMMANDS").ok().and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// Prints the power state as halmark does.
pub fn tell(powered_on: bool) {
    println!("{}", if powered_on { "powered-on" } else { "powered-off" });
}
