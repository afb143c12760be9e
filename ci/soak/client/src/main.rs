//! Reads, changes, acts, logs in and out, and takes events, on many BMCs at a pace; a line of JSON tells of each interval.
//!
//!     halmark-soak OPERATIONS SECONDS EVERY CONNECTIONS CA URL...
//!
//! The credentials come from BMC_USER and BMC_PASSWORD. It ends when so many operations are done and so much time is over.

mod http;
mod times;
mod worker;

use std::{error::Error, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
    time::{Instant, interval_at},
};

use crate::{
    http::{Connection, Trust},
    times::Times,
    worker::{Known, Worker},
};

/// What everything here fails with.
pub type Failed = Box<dyn Error + Send + Sync>;

/// What is asked for.
struct Wanted {
    operations: u64,
    lasting: Duration,
    every: Duration,
    connections: usize,
    trust: Trust,
    urls: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let wanted = Wanted::read()?;
    let times = Arc::new(Times::default());
    let sink = TcpListener::bind("127.0.0.1:0").await?;
    let destination = format!("http://{}/events", sink.local_addr()?);
    tokio::spawn(take_events(sink, times.clone()));
    let known = Arc::new(Known::of(&wanted.trust, &wanted.urls, &destination).await?);
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for place in 0..wanted.connections {
        let url = wanted.urls[place % wanted.urls.len()].clone();
        let share = wanted.operations / wanted.connections as u64;
        let pause = wanted.lasting.div_f64(share.max(1) as f64);
        let connection = Connection::open(&wanted.trust, &url).await?;
        let worker = Worker::new(place as u64, connection, known.clone(), times.clone());
        workers.spawn(worker.work(share, pause, began));
    }
    let mut ticks = interval_at(began + wanted.every, wanted.every);
    loop {
        tokio::select! {
            _ = ticks.tick() => println!("{}", times.line(began.elapsed(), known.events)),
            ended = workers.join_next() => match ended {
                Some(ended) => ended??,
                None => break,
            },
        }
    }
    println!("{}", times.line(began.elapsed(), known.events));
    Ok(())
}

impl Wanted {
    fn read() -> Result<Self, Failed> {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let [operations, lasting, every, connections, ca, urls @ ..] = words.as_slice() else {
            return Err("say OPERATIONS SECONDS EVERY CONNECTIONS CA URL...".into());
        };
        let seconds = |text: &str| text.parse::<f64>().map(Duration::from_secs_f64);
        Ok(Self {
            operations: operations.parse()?,
            lasting: seconds(lasting)?,
            every: seconds(every)?,
            connections: connections.parse()?,
            trust: Trust::read(ca)?,
            urls: urls.to_vec(),
        })
    }
}

/// Takes whatever is delivered, and says thanks.
async fn take_events(sink: TcpListener, times: Arc<Times>) {
    while let Ok((mut stream, _)) = sink.accept().await {
        let times = times.clone();
        tokio::spawn(async move {
            let (mut seen, mut part) = (Vec::new(), [0; 8192]);
            while let Ok(count @ 1..) = stream.read(&mut part).await {
                seen.extend(&part[..count]);
                while let Some(end) = http::whole(&seen) {
                    seen.drain(..end);
                    times.event();
                    if stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
                        return;
                    }
                }
            }
        });
    }
}
