//! A client of Redfish services that spends as little as it can on a request: a write and a read.

use std::{error::Error, ops::Range, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, ClientConfig, DigitallySignedStruct, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};

/// Whatever goes wrong.
pub type Failure = Box<dyn Error>;

/// A connection.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// A service, and how it is spoken to.
pub struct Service {
    host: String,
    tls: Option<TlsConnector>,
}

/// What came: the status, where the body lies in the buffer, and whether the connection ends with it.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The place of the body.
    pub body: Range<usize>,
    /// Whether the service ends the connection.
    pub ends: bool,
}

impl Service {
    /// Each of these; the sessions of TLS are taken up again as a client of all of them would.
    pub fn all<'u>(urls: impl Iterator<Item = &'u str>) -> Result<Vec<Self>, Failure> {
        let connector = connector();
        let of = |url: &str| {
            let (scheme, host) = url.trim_end_matches('/').split_once("://").ok_or("expected a URL")?;
            // The standard port is not said.
            let (tls, port) = if scheme == "https" { (Some(connector.clone()), 443) } else { (None, 80) };
            let host = if host.contains(':') { host.to_owned() } else { format!("{host}:{port}") };
            Ok(Self { host, tls })
        };
        urls.map(of).collect()
    }

    /// Opens a connection.
    pub async fn connect(&self) -> Result<Box<dyn Stream>, Failure> {
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

    /// A request as it goes over the wire. `headers` end with CR LF each.
    pub fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let body = if body.is_empty() {
            "\r\n".to_owned()
        } else {
            format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        };
        format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{headers}{body}", self.host)
    }

    /// With HALMARK_USER and HALMARK_PASSWORD, opens a session: the header that shows it, and where it lies.
    pub async fn log_in(&self) -> Result<(String, Option<String>), Failure> {
        let (Ok(user), Ok(password)) = (std::env::var("HALMARK_USER"), std::env::var("HALMARK_PASSWORD"))
        else {
            return Ok((String::new(), None));
        };
        let body = format!(r#"{{"UserName":"{user}","Password":"{password}"}}"#);
        let mut stream = self.connect().await?;
        let request = self.request("POST", "/redfish/v1/SessionService/Sessions", "", &body);
        let mut buffer = Vec::new();
        let answer = exchange(&mut stream, request.as_bytes(), &mut buffer).await?;
        let head = String::from_utf8_lossy(&buffer[..answer.body.start]).into_owned();
        match (answer.status, value(&head, "x-auth-token")) {
            (201, Some(token)) => {
                Ok((format!("X-Auth-Token: {token}\r\n"), value(&head, "location").map(str::to_owned)))
            }
            (status, _) => Err(format!("the login was answered {status}").into()),
        }
    }
}

/// Sends a request and reads its answer into the buffer.
pub async fn exchange(
    stream: &mut Box<dyn Stream>,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<Answer, Failure> {
    stream.write_all(request).await?;
    stream.flush().await?;
    buffer.clear();
    let end = loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection ended".into());
        }
        if let Some(end) = buffer.windows(4).position(|it| it == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = std::str::from_utf8(&buffer[..end])?;
    let status: u16 = head.split(' ').nth(1).ok_or("no status")?.parse()?;
    let length: usize = value(head, "content-length").unwrap_or("0").parse()?;
    let ends = head.starts_with("HTTP/1.0")
        || value(head, "connection").is_some_and(|it| it.eq_ignore_ascii_case("close"));
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection ended".into());
        }
    }
    Ok(Answer { status, body: end..end + length, ends })
}

/// With HALMARK_USER and HALMARK_PASSWORD, the header that shows them (RFC 7617).
pub fn basic() -> String {
    let (Ok(user), Ok(password)) = (std::env::var("HALMARK_USER"), std::env::var("HALMARK_PASSWORD")) else {
        return String::new();
    };
    format!("Authorization: Basic {}\r\n", base64(format!("{user}:{password}").as_bytes()))
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let whole =
            (0..3).fold(0u32, |whole, place| whole << 8 | u32::from(three.get(place).copied().unwrap_or(0)));
        for place in 0..4 {
            let letter = char::from(LETTERS[(whole >> (18 - 6 * place)) as usize & 63]);
            text.push(if place > three.len() { '=' } else { letter });
        }
    }
    text
}

/// What a header says.
pub fn value<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (said, value) = line.split_once(':')?;
        said.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn connector() -> TlsConnector {
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
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
