//! An answer before it becomes bytes, so that a deviation can rewrite it.

use hyper::HeaderMap;
use serde_json::Value;

use super::events::Streaming;
use crate::{firmware::Facts, memory::Memory};

/// A request, as far as a deviation may look at it, and the situation that it meets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Its method.
    pub(crate) method: &'a str,
    /// Its path, without the query.
    pub(crate) path: &'a str,
    /// The origin that the client believes to talk to, such as `http://127.0.0.1:8000`.
    pub(crate) origin: &'a str,
    /// Its headers.
    pub(crate) headers: &'a HeaderMap,
    /// Its body.
    pub(crate) body: &'a [u8],
    /// What a deviation may know of the machine.
    pub(crate) facts: Facts,
    /// What the deviations remember of this BMC.
    pub(crate) memory: &'a Memory,
}

impl Asked<'_> {
    /// Whether this member stands in its body, at this JSON pointer.
    pub(crate) fn sends(&self, pointer: &str) -> bool {
        self.document().is_some_and(|it| it.pointer(pointer).is_some())
    }

    /// Its body as a document.
    pub(crate) fn document(&self) -> Option<Value> {
        serde_json::from_slice(self.body).ok()
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether it asks for a new session.
    pub(crate) fn is_login(&self) -> bool {
        self.method == "POST" && self.path.trim_end_matches('/').ends_with("/SessionService/Sessions")
    }
}

/// What the face says.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Headers beside those that every answer has.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(crate) body: Body,
}

/// A document as bytes.
pub(crate) fn json(document: &Value) -> Vec<u8> {
    serde_json::to_vec(document).expect("a document of our own has text for keys")
}

/// A body.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// None.
    Empty,
    /// A document.
    Json(Value),
    /// A document that is text already.
    JsonText(Vec<u8>),
    /// A document whose content type says that it is text.
    JsonAsText(Value),
    /// Something else.
    Other {
        /// Its content type.
        content_type: &'static str,
        /// Its text.
        text: String,
    },
    /// Events, for as long as somebody listens.
    Stream(Streaming),
}

impl Answer {
    /// 200 and a document.
    pub(crate) fn ok(document: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Json(document) }
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self { status: 204, headers: Vec::new(), body: Body::Empty }
    }

    /// The same with another status.
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same with one more header.
    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The value of a header.
    pub(crate) fn header(&mut self, name: &str) -> Option<&mut String> {
        self.headers.iter_mut().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The document, where it is one.
    pub(crate) fn document(&mut self) -> Option<&mut Value> {
        match &mut self.body {
            Body::Json(document) | Body::JsonAsText(document) => Some(document),
            Body::Empty | Body::JsonText(_) | Body::Other { .. } | Body::Stream(_) => None,
        }
    }
}
