//! The way of a request: what arrives, what is refused, what fails, over real sockets.
//!
//! Inspection is off in most of these, so that only the transport is looked at.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    harness::{PATIENCE, eventually, eventually_found},
    mmdb::{self, Layout},
};

mod behind;
mod callers;
mod faults;
mod frames;
mod grpc;
mod harness;
mod judged;
mod lifetime;
mod messages;
mod names;
mod namespaces;
mod overload;
mod passing;
mod places;
mod quiet;
mod refused;
mod shared;
mod smuggling;
mod sockets;
mod tls;
mod upstreams;

use harness::*;
