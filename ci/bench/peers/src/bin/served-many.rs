//! Polls the power state of many BMCs through one `halmark serve`, and prints a line of JSON for each interval.
//!
//! `served-many SOCKET PERIOD SECONDS EVERY < BMCS`: each BMC is asked PERIOD seconds after it was asked the last time, or at once where
//! its answer took longer; a line every EVERY seconds. A line of the input is `live URL` or `dead URL`. The account is in HALMARK_USER and
//! HALMARK_PASSWORD. It fails where a live one does not answer, or a dead one does.

use std::{
    cell::RefCell,
    io::Read as _,
    rc::Rc,
    time::{Duration, Instant},
};

use halmark::{Credentials, Deadline, Driver as _, Endpoint};
use halmark_bench_peers::times::Times;
use halmark_grpc::{
    client::{External, Plugin},
    transport::{Address, Channel},
};
use tokio::task::LocalSet;

/// A call has so long; so long is a dead BMC waited for, each time.
const PATIENCE: Duration = Duration::from_secs(10);

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [socket, period, seconds, every] = words.as_slice() else {
        return Err("expected SOCKET PERIOD SECONDS EVERY".into());
    };
    let [period, seconds, every] = [period, seconds, every].map(|it| it.parse().map(Duration::from_secs_f64));
    let (period, seconds, every) = (period?, seconds?, every?);
    let plugin = Plugin::new(Channel::open(&Address::Unix(socket.into())).await?);
    let mut bmcs = String::new();
    std::io::stdin().read_to_string(&mut bmcs)?;
    let load =
        Rc::new(Load { times: RefCell::default(), given_up: RefCell::default(), odd: RefCell::default() });
    let (tasks, begun, count) = (LocalSet::new(), Instant::now(), bmcs.lines().count());
    for (place, line) in bmcs.lines().enumerate() {
        let (kind, url) = line.split_once(' ').ok_or("expected `live URL` or `dead URL`")?;
        let bmc = connected(&plugin, url).await?;
        // They are not asked all at once, but in turn.
        let first = begun.elapsed() + period.mul_f64(place as f64 / count as f64);
        tasks.spawn_local(load.clone().poll(bmc, kind == "live", first, period));
    }
    tasks.run_until(tell(&load, seconds, every)).await;
    match load.odd.borrow().first() {
        None => Ok(()),
        Some(odd) => Err(odd.clone().into()),
    }
}

async fn connected(plugin: &Plugin, url: &str) -> Result<External, Failure> {
    let (user, password) = (std::env::var("HALMARK_USER")?, std::env::var("HALMARK_PASSWORD")?);
    let endpoint = Endpoint::parse(url)?.with_credentials(Credentials::new(user, password.into_bytes()));
    Ok(plugin.connect("", &endpoint, Deadline::after(PATIENCE)).await?)
}

struct Load {
    times: RefCell<Times>,
    /// Calls at dead BMCs that were waited for in vain.
    given_up: RefCell<u64>,
    odd: RefCell<Vec<String>>,
}

impl Load {
    async fn poll(self: Rc<Self>, bmc: External, lives: bool, first: Duration, period: Duration) {
        tokio::time::sleep(first).await;
        loop {
            let begun = Instant::now();
            let read = bmc.power_read(Deadline::after(PATIENCE)).await;
            match (lives, read) {
                (true, Ok(_)) => self.times.borrow_mut().took(begun.elapsed()),
                (false, Err(_)) => *self.given_up.borrow_mut() += 1,
                (true, Err(error)) => self.odd.borrow_mut().push(format!("a live BMC: {error}")),
                (false, Ok(_)) => self.odd.borrow_mut().push("a dead BMC answered".to_owned()),
            }
            tokio::time::sleep(period.saturating_sub(begun.elapsed())).await;
        }
    }
}

async fn tell(load: &Load, seconds: Duration, every: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < seconds {
        tokio::time::sleep(every.min(seconds.saturating_sub(begun.elapsed()))).await;
        let (times, given_up, odd) = (load.times.take(), load.given_up.take(), load.odd.borrow().len());
        let at = begun.elapsed().as_secs_f64();
        println!(r#"{{"seconds":{at:.3},{},"given_up":{given_up},"odd":{odd}}}"#, times.said());
    }
}
