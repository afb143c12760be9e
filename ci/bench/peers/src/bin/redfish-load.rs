//! Asks a Redfish service for one resource as often as it can, over connections that stay open, and prints what came of it as
//! one line of JSON. One thread; what it spends on a request is a write and a read.
//!
//! `redfish-load https://127.0.0.1:8443 /redfish/v1/Systems/1 32 5`: 32 connections, 5 seconds. With HALMARK_USER and
//! HALMARK_PASSWORD it opens a session and sends its token; without, it sends nothing. Any certificate will do.

use std::{
    cell::Cell,
    error::Error,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    task::LocalSet,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, ClientConfig, DigitallySignedStruct, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};

type Failure = Box<dyn Error>;
trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [url, path, connections, seconds] = words.as_slice() else {
        return Err("expected URL PATH CONNECTIONS SECONDS".into());
    };
    let service = Rc::new(Service::of(url)?);
    let (token, session) = service.log_in().await?;
    let request = service.request("GET", path, &token, "");
    let (done, bytes) = (Rc::new(Cell::new(0u64)), Rc::new(Cell::new(0usize)));
    let tasks = LocalSet::new();
    let mut streams = Vec::new();
    for _ in 0..connections.parse::<usize>()? {
        let mut stream = service.connect().await?;
        bytes.set(exchange(&mut stream, request.as_bytes(), &mut Vec::new()).await?.1.len());
        streams.push(stream);
    }
    let begun = Instant::now();
    let until = begun + Duration::from_secs_f64(seconds.parse()?);
    for mut stream in streams {
        let (request, done, service) = (request.clone(), done.clone(), service.clone());
        tasks.spawn_local(async move {
            let mut buffer = Vec::with_capacity(64 << 10);
            while Instant::now() < until {
                match exchange(&mut stream, request.as_bytes(), &mut buffer).await {
                    Ok((200, _)) => done.set(done.get() + 1),
                    Ok((status, _)) => panic!("it answered {status}"),
                    // Some services end the connection after each answer.
                    Err(_) => stream = service.connect().await.expect("a connection"),
                }
            }
        });
    }
    tasks.await;
    let took = begun.elapsed().as_secs_f64();
    if let Some(session) = session {
        let mut stream = service.connect().await?;
        exchange(&mut stream, service.request("DELETE", &session, &token, "").as_bytes(), &mut Vec::new()).await?;
    }
    println!(r#"{{"requests":{},"seconds":{took:.3},"per_second":{:.0},"bytes":{}}}"#, done.get(), done.get() as f64 / took, bytes.get());
    Ok(())
}

struct Service {
    host: String,
    tls: Option<TlsConnector>,
}

impl Service {
    fn of(url: &str) -> Result<Self, Failure> {
        let (scheme, host) = url.trim_end_matches('/').split_once("://").ok_or("expected a URL")?;
        let tls = (scheme == "https").then(|| {
            let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("ring has them")
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Anyone))
                .with_no_client_auth();
            TlsConnector::from(Arc::new(config))
        });
        Ok(Self { host: host.to_owned(), tls })
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, Failure> {
        let stream = TcpStream::connect(&self.host).await?;
        stream.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Box::new(stream),
            Some(tls) => {
                let name = self.host.rsplit_once(':').map_or(self.host.as_str(), |(name, _)| name).to_owned();
                Box::new(tls.connect(ServerName::try_from(name)?, stream).await?)
            }
        })
    }

    fn request(&self, method: &str, path: &str, token: &str, body: &str) -> String {
        let token = if token.is_empty() { String::new() } else { format!("X-Auth-Token: {token}\r\n") };
        let body = if body.is_empty() {
            "\r\n".to_owned()
        } else {
            format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        };
        format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{token}{body}", self.host)
    }

    async fn log_in(&self) -> Result<(String, Option<String>), Failure> {
        let (Ok(user), Ok(password)) = (std::env::var("HALMARK_USER"), std::env::var("HALMARK_PASSWORD")) else {
            return Ok((String::new(), None));
        };
        let body = format!(r#"{{"UserName":"{user}","Password":"{password}"}}"#);
        let mut stream = self.connect().await?;
        let request = self.request("POST", "/redfish/v1/SessionService/Sessions", "", &body);
        let mut head = Vec::new();
        let (status, _) = exchange(&mut stream, request.as_bytes(), &mut head).await?;
        let text = String::from_utf8_lossy(&head).into_owned();
        let value = |name: &str| {
            let line = text.lines().find(|line| line.to_ascii_lowercase().starts_with(name));
            line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned()))
        };
        match (status, value("x-auth-token")) {
            (201, Some(token)) => Ok((token, value("location"))),
            _ => Err(format!("the login was answered {status}").into()),
        }
    }
}

/// Sends a request and reads its answer into the buffer: status, and the place of the body.
async fn exchange(
    stream: &mut Box<dyn Stream>,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<(u16, std::ops::Range<usize>), Failure> {
    stream.write_all(request).await?;
    stream.flush().await?;
    buffer.clear();
    let head = loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection ended".into());
        }
        if let Some(end) = buffer.windows(4).position(|it| it == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = std::str::from_utf8(&buffer[..head])?;
    let status: u16 = text.split(' ').nth(1).ok_or("no status")?.parse()?;
    let length: usize = text
        .lines()
        .find_map(|line| line.get(..15).filter(|it| it.eq_ignore_ascii_case("content-length:")).map(|_| line[15..].trim()))
        .unwrap_or("0")
        .parse()?;
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection ended".into());
        }
    }
    Ok((status, head..head + length))
}

/// Believes any certificate: this is a load, not a client.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
