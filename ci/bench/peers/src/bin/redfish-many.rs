//! Asks many Redfish services at random, each time over a new connection, and prints what came of it as one line of JSON.
//!
//! `redfish-many /redfish/v1/Systems/1 32 10 7 < URLS`: 32 at a time, 10 seconds, drawn with the seed 7; a URL a line. With
//! HALMARK_USER and HALMARK_PASSWORD it sends Basic authentication. It fails where an answer is not 200, or takes longer than
//! ten seconds with its connection.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    io::Read as _,
    rc::Rc,
    time::{Duration, Instant},
};

use halmark_bench_peers::{
    redfish::{Failure, Service, basic, exchange},
    times::Times,
};
use tokio::{task::LocalSet, time::timeout};

const LONGEST: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [path, at_once, seconds, seed] = words.as_slice() else {
        return Err("expected PATH AT-ONCE SECONDS SEED".into());
    };
    let mut urls = String::new();
    std::io::stdin().read_to_string(&mut urls)?;
    let load = Rc::new(Load {
        services: Service::all(urls.lines())?,
        path: path.clone(),
        login: basic(),
        drawn: RefCell::new(seed.parse()?),
        seen: RefCell::default(),
        times: RefCell::default(),
    });
    let begun = Instant::now();
    let until = begun + Duration::from_secs_f64(seconds.parse()?);
    let tasks = LocalSet::new();
    let asking: Vec<_> = (0..at_once.parse()?).map(|_| tasks.spawn_local(load.clone().ask(until))).collect();
    tasks.await;
    for it in asking {
        it.await??;
    }
    let took = begun.elapsed().as_secs_f64();
    let load = Rc::into_inner(load).ok_or("everybody has ended")?;
    let (times, seen) = (load.times.into_inner(), load.seen.into_inner().len());
    println!(r#"{{{},"seconds":{took:.3},"services":{seen}}}"#, times.said());
    Ok(())
}

struct Load {
    services: Vec<Service>,
    path: String,
    login: String,
    drawn: RefCell<u64>,
    seen: RefCell<BTreeSet<usize>>,
    times: RefCell<Times>,
}

impl Load {
    async fn ask(self: Rc<Self>, until: Instant) -> Result<(), String> {
        let mut buffer = Vec::with_capacity(64 << 10);
        while Instant::now() < until {
            let (place, begun) = (self.draw(), Instant::now());
            let answered = timeout(LONGEST, self.ask_one(&self.services[place], &mut buffer)).await;
            let status = answered.map_err(|_| format!("BMC {place} did not answer within ten seconds"))?;
            match status.map_err(|error| format!("BMC {place}: {error}"))? {
                200 => self.times.borrow_mut().took(begun.elapsed()),
                status => return Err(format!("BMC {place} answered {status}")),
            }
            self.seen.borrow_mut().insert(place);
        }
        Ok(())
    }

    async fn ask_one(&self, service: &Service, buffer: &mut Vec<u8>) -> Result<u16, Failure> {
        let request = service.request("GET", &self.path, &self.login, "");
        Ok(exchange(&mut service.connect().await?, request.as_bytes(), buffer).await?.status)
    }

    /// SplitMix64: the same order for the same seed.
    fn draw(&self) -> usize {
        let mut state = self.drawn.borrow_mut();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut drawn = *state;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((drawn ^ (drawn >> 31)) % self.services.len() as u64).expect("a place in a list")
    }
}
