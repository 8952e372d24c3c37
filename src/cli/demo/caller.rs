//! A service of the company: one keep-alive connection to the gateway.

use std::net::SocketAddr;

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::calls::{CENTRES, Call, Payload};
use crate::{domain::Encoding, redact::encode};

pub(super) struct Caller(SendRequest<Full<Bytes>>);

impl Caller {
    pub(super) async fn connect(gateway: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(gateway).await.context("the gateway is not there")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends a call under a trace id of its own, by which its audit record is found again.
    pub(super) async fn send(&mut self, call: &Call, trace: u64) -> anyhow::Result<StatusCode> {
        let (id, ..) = call.destination();
        let body = call.payload.bytes();
        let mut request = Request::builder()
            .method(if body.is_empty() { Method::GET } else { Method::POST })
            .uri(call.target)
            .header(header::HOST, format!("{id}.demo"))
            .header("traceparent", traceparent(trace))
            .header("bordergate-transfer", call.statement());
        if let Some(media_type) = call.payload.media_type() {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        if matches!(call.payload, Payload::Gzip(_)) {
            request = request.header(header::CONTENT_ENCODING, "gzip");
        }
        self.0.ready().await?;
        let response = self.0.send_request(request.body(Full::from(body))?).await?;
        let status = response.status();
        // Read to its end, so that the connection is free for the next call.
        response.into_body().collect().await?;
        Ok(status)
    }
}

/// W3C Trace Context; the id is a number, so that it can be told from everybody else's.
fn traceparent(trace: u64) -> String {
    format!("00-{}-{:016x}-01", trace_id(trace), trace.max(1))
}

pub(super) fn trace_id(trace: u64) -> String {
    format!("{:032x}", 0xdede_u128 << 112 | u128::from(trace))
}

impl Call {
    pub(super) fn destination(&self) -> (&'static str, &'static str, &'static str) {
        CENTRES.get(self.centre).copied().unwrap_or_default()
    }

    /// What a trusted hop says of the transfer: a dictionary of structured fields.
    pub(super) fn statement(&self) -> String {
        let context = STANDARD.encode(self.facts.to_string());
        format!("origin={}, purpose={}, context=:{context}:", self.origin, self.purpose)
    }
}

impl Payload {
    pub(super) fn bytes(&self) -> Bytes {
        match self {
            Self::None => Bytes::new(),
            Self::Json(value) => value.to_string().into(),
            Self::Gzip(value) => {
                encode(Encoding::Gzip, value.to_string().as_bytes()).unwrap_or_default().into()
            }
            Self::Raw(_, bytes) => Bytes::from_static(bytes),
        }
    }

    pub(super) fn media_type(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Json(_) | Self::Gzip(_) => Some("application/json"),
            Self::Raw(media_type, _) => Some(media_type),
        }
    }
}
