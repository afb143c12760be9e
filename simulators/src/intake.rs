//! The body of a request, up to a bearable size. What is too much is swallowed for a while and not kept: a connection that
//! ends with bytes unread is reset, and with it goes the answer that says why (RFC 9112 §9.6).

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Bytes, Incoming};
use tokio::time::timeout;

/// How many bytes more than the largest body are swallowed.
const SWALLOWED: usize = 16 << 20;
/// How long a client may take to send them.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body.
#[derive(Debug)]
pub(crate) enum Taken {
    /// All of it.
    Whole(Bytes),
    /// More than is taken; what was swallowed of it is gone.
    TooLarge,
    /// The connection ended in the middle.
    Broken,
}

/// Takes a body of at most `largest` bytes.
pub(crate) async fn take(mut body: Incoming, largest: usize) -> Taken {
    if body.is_end_stream() {
        return Taken::Whole(Bytes::new());
    }
    let (mut parts, mut size) = (Vec::<Bytes>::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Taken::Broken };
        let Ok(data) = frame.into_data() else { continue };
        size += data.len();
        if size > largest {
            drop(parts);
            let _ = timeout(PATIENCE, swallow(&mut body)).await;
            return Taken::TooLarge;
        }
        parts.push(data);
    }
    match parts.len() {
        1 => Taken::Whole(parts.swap_remove(0)),
        _ => Taken::Whole(parts.concat().into()),
    }
}

/// Reads the rest, as far as there is one that ends soon.
async fn swallow(body: &mut Incoming) {
    let mut left = SWALLOWED;
    if body.size_hint().lower() > SWALLOWED as u64 {
        return;
    }
    while let Some(Ok(frame)) = body.frame().await {
        match frame.into_data().map(|data| left.checked_sub(data.len())) {
            Ok(Some(less)) => left = less,
            Ok(None) => return,
            Err(_) => {}
        }
    }
}
