//! A simulated BMC on a held clock.

use std::{cell::OnceCell, future::Future, time::Duration};

use halmark_simulators::{Bmc, BmcOptions, Profile, machine::Power};
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
    static GENERIC: OnceCell<Profile> = const { OnceCell::new() };
}

/// Events of the truth log that are kept.
const KEPT: usize = 64;

/// Runs to the end on this thread's runtime, whose clock is held.
pub fn run<T>(story: impl Future<Output = T>) -> T {
    RUNTIME.with(|cell| {
        let runtime =
            || Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        cell.get_or_init(runtime).block_on(story)
    })
}

/// The generic BMC of this seed; its host is on.
pub fn bmc(seed: u64) -> Bmc {
    GENERIC.with(|cell| {
        let profile = cell.get_or_init(|| Profile::named("generic").expect("it is compiled in"));
        let bmc =
            Bmc::start(profile, BmcOptions { seed, ..BmcOptions::default() }).expect("it has no deviation");
        bmc.control().establish_power(Power::On);
        bmc.control().keep_events(KEPT);
        bmc
    })
}

/// Lets time pass, in the steps in which things happen.
pub async fn pass(time: Duration) {
    tokio::time::advance(time).await;
    tokio::task::yield_now().await;
}
