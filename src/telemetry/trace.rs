//! Log set-up, and the trace context that connects an exchange with its callers (W3C Trace Context).

use std::{fmt, io::IsTerminal as _, str::FromStr};

use serde::{Serialize, Serializer};
use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use super::log::{LogGuard, LogQueue};

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TraceError {
    #[error("no thread for the log: {0}")]
    Thread(#[from] std::io::Error),
    #[error(
        "`{filter}` is not a log filter: {reason}; use a level such as `info`, or `bordergate=debug,warn`"
    )]
    Filter { filter: String, reason: String },
    #[error("logging is already set up: {0}")]
    Twice(String),
}

/// Sends log lines to standard error from here on, text to a terminal and JSON to anything else; whoever drops the
/// answer waits for the last of them. `filter` is what `BORDERGATE_LOG` says: a level or a list of `target=level`;
/// `info` when absent.
pub(crate) fn init(filter: Option<&str>) -> Result<LogGuard, TraceError> {
    let filter = filter.filter(|text| !text.trim().is_empty()).unwrap_or("info");
    let env_filter = quieter(filter)?;
    let terminal = std::io::stderr().is_terminal();
    let queue = LogQueue::start(std::io::stderr())?;
    // What could not be written is counted; nothing is said of it where nobody listens.
    let builder = tracing_subscriber::fmt()
        .with_writer(queue.clone())
        .log_internal_errors(false)
        .with_env_filter(env_filter);
    let set = if terminal {
        let builder = builder.with_ansi(terminal).with_target(false);
        builder.finish().with(filter_fn(is_discreet)).try_init()
    } else {
        let builder = builder.json().flatten_event(true).with_current_span(true);
        builder.with_span_list(false).finish().with(filter_fn(is_discreet)).try_init()
    };
    set.map_err(|error| TraceError::Twice(error.to_string()))?;
    Ok(LogGuard(queue))
}

/// What others say of their own workings is asked for by name, if at all: a level alone is meant for us. (`notify`
/// tells each write in a directory that is watched, which may be the log's own.)
fn quieter(filter: &str) -> Result<EnvFilter, TraceError> {
    if let Some(word) = mistaken_level(filter) {
        let reason = format!(
            "`{word}` is no level (`error`, `warn`, `info`, `debug`, `trace`, `off`); what is meant as a target needs one: `{word}=info`"
        );
        return Err(TraceError::Filter { filter: filter.to_owned(), reason });
    }
    let quieter = format!("notify=info,rustls=info,{filter}");
    EnvFilter::try_new(quieter).map_err(|error| TraceError::Filter {
        filter: filter.to_owned(),
        reason: error.to_string(),
    })
}

/// A word alone that is neither a level nor ours: it would be taken for the target of somebody who logs nothing, and
/// the log would stay empty.
fn mistaken_level(filter: &str) -> Option<&str> {
    // Commas within a span's fields part nothing.
    let mut words = filter.split(',').map(str::trim).filter(|_| !filter.contains('['));
    words.find(|word| {
        let is_ours = word.split("::").next() == Some(env!("CARGO_PKG_NAME"));
        !word.is_empty() && !word.contains('=') && !is_ours && word.parse::<LevelFilter>().is_err()
    })
}

/// Below `info` these tell parts of heads and bodies as they are, so nobody can ask for it.
fn is_discreet(metadata: &Metadata<'_>) -> bool {
    const READERS: [&str; 3] = ["h2", "hyper", "hyper_util"];
    let room = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= Level::INFO || !READERS.contains(&room)
}

/// The identity of a trace, 16 bytes that are not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(pub [u8; 16]);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(hex(&self.0, &mut [0; 32]))
    }
}

/// As 32 lower-case digits.
pub(crate) fn hex<'d>(bytes: &[u8; 16], digits: &'d mut [u8; 32]) -> &'d str {
    write_hex(bytes, digits);
    std::str::from_utf8(digits).unwrap_or_default()
}

/// Two lower-case digits a byte; `into` is twice as long as `bytes`. Each exchange writes a hundred of them,
/// and the formatter takes fifty times as long.
fn write_hex(bytes: &[u8], into: &mut [u8]) {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or(b'0');
    for (byte, pair) in bytes.iter().zip(into.chunks_exact_mut(2)) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl TraceId {
    /// Whether it is of decimal digits alone, as hardly any is that was drawn at random (Trace Context §3.2.2.3), and
    /// each is that somebody's number was put into, which has ten and more.
    fn is_a_number(&self) -> bool {
        u128::from_be_bytes(self.0) >= 0x10_0000_0000
            && self.0.iter().all(|byte| byte >> 4 <= 9 && byte & 0xF <= 9)
    }
}

/// What the header `traceparent` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    pub trace_id: TraceId,
    /// The span of whoever wrote the header.
    pub parent_id: [u8; 8],
    pub sampled: bool,
    /// The span that `parent_id`, when it is ours, is a child of.
    pub remote_parent: Option<[u8; 8]>,
}

/// The text is not a `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent such as `00-<32 hex digits>-<16 hex digits>-01`")]
pub struct NotATraceparent;

impl TraceContext {
    /// A new trace that begins here.
    pub fn begin() -> Self {
        let trace_id = (u128::from(random()) << 64) | u128::from(random());
        Self {
            trace_id: TraceId(trace_id.max(1).to_be_bytes()),
            parent_id: random().max(1).to_be_bytes(),
            sampled: false,
            remote_parent: None,
        }
    }

    /// This trace with a span of our own as the parent: what goes upstream.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            parent_id: random().max(1).to_be_bytes(),
            remote_parent: Some(self.parent_id),
            ..*self
        }
    }

    /// Continues the trace of a received header, or begins one.
    pub(crate) fn receive(header: Option<&[u8]>) -> Self {
        header
            .and_then(|bytes| std::str::from_utf8(bytes).ok()?.parse::<Self>().ok())
            .filter(|received| !received.trace_id.is_a_number())
            .map_or_else(Self::begin, |received| received.child())
    }
}

impl TraceContext {
    /// As the header has it.
    pub fn header(&self) -> [u8; 55] {
        let mut header = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let (before, rest) = header.split_at_mut(35);
        write_hex(&self.trace_id.0, before.split_at_mut(3).1);
        let (before, flags) = rest.split_at_mut(18);
        write_hex(&self.parent_id, before.split_at_mut(1).1);
        write_hex(&[u8::from(self.sampled)], flags);
        header
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.header()).unwrap_or_default())
    }
}

impl FromStr for TraceContext {
    type Err = NotATraceparent;

    /// Versions to come are read as far as version 00 goes, as the standard asks (§3.2.4).
    fn from_str(text: &str) -> Result<Self, NotATraceparent> {
        let mut parts = text.split('-');
        let mut part = |length: usize| {
            let part = parts.next().filter(|part| part.len() == length)?;
            let hex = part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            hex.then(|| u128::from_str_radix(part, 16).ok())?
        };
        let read = (|| Some((part(2)?, part(32)?, part(16)?, part(2)?)))();
        let (version, trace_id, parent_id, flags) = read.ok_or(NotATraceparent)?;
        let longer = parts.next().is_some();
        if version == 0xff || (version == 0 && longer) || trace_id == 0 || parent_id == 0 {
            return Err(NotATraceparent);
        }
        Ok(Self {
            trace_id: TraceId(trace_id.to_be_bytes()),
            parent_id: u64::try_from(parent_id).map_err(|_| NotATraceparent)?.to_be_bytes(),
            sampled: flags & 1 == 1,
            remote_parent: None,
        })
    }
}

/// Numbers nobody can foresee without the thread's key, which the operating system gave: a keyed hash
/// of a counter.
fn random() -> u64 {
    use std::{
        cell::Cell,
        hash::{BuildHasher as _, RandomState},
    };
    thread_local! {
        static KEY: RandomState = RandomState::new();
        static COUNTER: Cell<u64> = const { Cell::new(0) };
    }
    let count = COUNTER.with(|counter| counter.replace(counter.get().wrapping_add(1)));
    KEY.with(|key| key.hash_one(count))
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use parking_lot::Mutex;

    use super::*;

    /// A path that is none, as HTTP/2's reader tells it, is a value.
    #[test]
    fn who_reads_payloads_tells_nothing_of_them_whatever_is_asked_for() {
        #[derive(Clone, Default)]
        struct Written(Arc<Mutex<Vec<u8>>>);
        impl io::Write for Written {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.lock().extend_from_slice(bytes);
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for (filter, ours, tls) in [
            ("debug", true, false),
            ("trace", true, false),
            ("h2=trace,h2::server=trace,hyper=debug,debug", true, false),
            ("info,rustls=debug", false, true),
        ] {
            let written = Written::default();
            let writer = written.clone();
            let subscriber = tracing_subscriber::fmt()
                .with_writer(move || writer.clone())
                .with_env_filter(quieter(filter).unwrap())
                .finish()
                .with(filter_fn(is_discreet));
            tracing::subscriber::with_default(subscriber, || {
                tracing::debug!(target: "h2::server", "malformed path (sana)");
                tracing::trace!(target: "hyper::proto::h1", "sana");
                tracing::debug!(target: "hyper_util::client", "sana");
                tracing::warn!(target: "h2", "a warning");
                tracing::debug!(target: "rustls::server", "a handshake");
                tracing::debug!(target: "bordergate::proxy", "a closing");
            });
            let text = String::from_utf8(written.0.lock().clone()).unwrap();
            assert!(!text.contains("sana"), "{filter}: {text}");
            for (words, is_told) in [("a warning", true), ("a closing", ours), ("a handshake", tls)]
            {
                assert_eq!(text.contains(words), is_told, "{filter}: {text}");
            }
        }
    }

    #[test]
    fn a_misspelt_level_is_refused_and_does_not_silence_the_log() {
        for (filter, is_taken) in [
            ("info", true),
            ("WARN", true),
            ("off", true),
            ("warn,", true),
            ("bordergate", true),
            ("bordergate::proxy", true),
            ("bordergate=debug, warn", true),
            ("h2=info,error", true),
            ("wran", false),
            ("bogus", false),
            ("bordergate=debug,wran", false),
            ("h2", false),
            ("bordergate=foo", false),
        ] {
            let told = quieter(filter).map(drop);
            assert_eq!(told.is_ok(), is_taken, "{filter}: {told:?}");
            if filter == "wran" {
                assert!(told.unwrap_err().to_string().contains("`wran` is no level"));
            }
        }
    }

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    /// <https://www.w3.org/TR/trace-context/#traceparent-header>
    #[test]
    fn reads_what_the_standard_allows_and_nothing_else() {
        for (text, valid) in [
            (GOOD, true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", true),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-adds", true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more", false),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false),
            ("00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<TraceContext>().is_ok(), valid, "{text}");
        }
    }

    #[test]
    fn a_number_is_no_trace_to_go_on_with() {
        let imei = b"00-00000000000000000867619040000019-00f067aa0ba902b7-01";
        assert_ne!(
            TraceContext::receive(Some(imei)).trace_id.to_string(),
            "00000000000000000867619040000019"
        );
        let received = TraceContext::receive(Some(GOOD.as_bytes()));
        assert_eq!(received.trace_id, GOOD.parse::<TraceContext>().unwrap().trace_id);
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        let context: TraceContext = GOOD.parse().unwrap();
        assert_eq!(context.to_string(), GOOD);
        assert_eq!(context.header(), GOOD.as_bytes());
        assert_eq!(context.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn a_trace_is_continued_under_a_span_of_our_own() {
        let received = TraceContext::receive(Some(GOOD.as_bytes()));
        assert_eq!(received.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_ne!(received.parent_id, GOOD.parse::<TraceContext>().unwrap().parent_id);
        assert!(received.sampled);
        let first = TraceContext::receive(None);
        let second = TraceContext::receive(Some(b"\xff"));
        assert_ne!(first.trace_id, second.trace_id);
        assert_eq!(first.to_string().parse(), Ok(first));
    }
}
