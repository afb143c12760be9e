//! The least of HTTP/1.1 over TLS: one request, one answer, the same buffer again.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use crate::Failed;

/// Whom we trust.
pub struct Trust(TlsConnector);

impl Trust {
    /// The authority in this file.
    pub fn read(path: &str) -> Result<Self, Failed> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(path)?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

/// A connection to one BMC.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    request: Vec<u8>,
    answer: Vec<u8>,
    head: usize,
}

impl Connection {
    /// To the BMC at this URL.
    pub async fn open(trust: &Trust, url: &str) -> Result<Self, Failed> {
        let host = url.strip_prefix("https://").ok_or("only https:// is spoken here")?.trim_end_matches('/');
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(host.split(':').next().unwrap_or(host).to_owned())?;
        let stream = trust.0.connect(name, stream).await?;
        Ok(Self { stream, request: Vec::new(), answer: Vec::new(), head: 0 })
    }

    /// Sends and receives; the status. The body and the headers can be read until the next one.
    pub async fn send(&mut self, method: &str, path: &str, token: &str, body: &str) -> io::Result<u16> {
        self.request.clear();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: soak\r\nContent-Length: {}\r\n", body.len());
        self.request.extend_from_slice(head.as_bytes());
        if !token.is_empty() {
            self.request.extend_from_slice(format!("X-Auth-Token: {token}\r\n").as_bytes());
        }
        if !body.is_empty() {
            self.request.extend_from_slice(b"Content-Type: application/json\r\n");
        }
        self.request.extend_from_slice(b"\r\n");
        self.request.extend_from_slice(body.as_bytes());
        self.stream.write_all(&self.request).await?;
        self.stream.flush().await?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if whole(&self.answer).is_some() {
                self.head = head_end(&self.answer).unwrap_or(0);
                let status = self.answer.get(9..12).and_then(|it| std::str::from_utf8(it).ok());
                return status
                    .and_then(|it| it.parse().ok())
                    .ok_or_else(|| io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// The last answer's body.
    pub fn body(&self) -> &[u8] {
        &self.answer[self.head..]
    }

    /// A header of the last answer.
    pub fn header(&self, name: &str) -> Option<String> {
        header(&self.answer[..self.head], name)
    }
}

/// How long the first message is, once it is there.
pub fn whole(bytes: &[u8]) -> Option<usize> {
    let head = head_end(bytes)?;
    let length = header(&bytes[..head], "content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
    (bytes.len() >= head + length).then_some(head + length)
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|it| it == b"\r\n\r\n").map(|at| at + 4)
}

fn header(head: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(head).ok()?;
    let mut lines = text.split("\r\n").filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}
