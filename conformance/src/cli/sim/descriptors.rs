//! Each BMC listens, and so takes a file descriptor: the limit is raised as far as it may be.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the process needs beside its BMCs.
const OWN: u64 = 64;

/// Raises the soft limit so that so many BMCs can listen on so many sockets in all, and be talked to.
pub(super) fn make_room(bmcs: usize, sockets: usize) -> Result<(), String> {
    let (bmcs, count) = (bmcs as u64, sockets as u64);
    let now = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>, wanted: u64| limit.is_none_or(|limit| limit >= wanted);
    let (needed, comfortable) = (count + OWN, count + bmcs + OWN + 1024);
    if enough(now.current, comfortable) {
        return Ok(());
    }
    let to = now.maximum.map_or(comfortable, |maximum| maximum.min(comfortable));
    if to > now.current.unwrap_or(0) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(to), maximum: now.maximum });
    }
    if enough(getrlimit(Resource::Nofile).current, needed) { Ok(()) } else { Err(too_few_for(bmcs, needed)) }
}

/// Raises the soft limit as far as it may be, for a process that does not know how many it will talk to.
pub(in crate::cli) fn raise() {
    let now = getrlimit(Resource::Nofile);
    if now.current != now.maximum {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum });
    }
}

/// Whether an error says that there are no descriptors any more.
pub(super) fn are_used_up(error: &io::Error) -> bool {
    let used_up = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE];
    error.raw_os_error().is_some_and(|code| used_up.iter().any(|it| it.raw_os_error() == code))
}

/// What to do when they are used up.
pub(super) fn too_few() -> String {
    let limit = getrlimit(Resource::Nofile).current.map_or("unlimited".to_owned(), |it| it.to_string());
    format!(
        "the {limit} file descriptors of this process are used up: raise the limit (`ulimit -n`) or take a smaller --count"
    )
}

fn too_few_for(count: u64, needed: u64) -> String {
    let hard = getrlimit(Resource::Nofile).maximum.map_or("unlimited".to_owned(), |it| it.to_string());
    format!(
        "{count} BMCs need {needed} file descriptors, and this process may have {hard}: raise the hard limit (`ulimit -Hn \
         {needed}` as root, or LimitNOFILE= of the service), take --no-ipmi, which needs one for each \
         BMC, or --by-host, which needs one listener for all"
    )
}
