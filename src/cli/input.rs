//! A payload from a file, a pipe or a raw message, as the message production would have received.

use std::{
    fs,
    io::{BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::{
    domain::Limits,
    engine::{Message, Root},
    format,
};

/// What a file says about itself beside its bytes; the same words as the headers they become.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Described {
    /// Media type, as in the header of this name; `message/http` takes a whole raw message
    ///
    /// Without it, the file name's ending tells, and then the bytes.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Content encoding, as in the header of this name: `gzip`
    #[arg(long, value_name = "ENCODING")]
    content_encoding: Option<String>,
}

/// A message that owns what [`Message`] borrows, and knows where in its file each part stands.
pub(super) struct Input {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    offsets: Offsets,
}

/// Byte offsets in the file; `None` for what is not in it as it is.
#[derive(Default)]
struct Offsets {
    target: Option<usize>,
    headers: Vec<usize>,
    body: Option<usize>,
}

impl Input {
    /// Reads `path`, or standard input for `-`.
    pub(super) fn read(path: &Path, described: &Described) -> anyhow::Result<Self> {
        let bytes = read(path)?;
        let name = display_name(path);
        if described.content_type.as_deref().is_some_and(|given| essence(given) == "message/http") {
            if described.content_encoding.is_some() {
                bail!(
                    "a raw message says its own content encoding; leave out `--content-encoding`"
                );
            }
            return Self::from_raw_message(&bytes)
                .with_context(|| format!("`{name}` is not a raw HTTP message"));
        }
        let guessed = Guess::from_name(path);
        let content_type = described
            .content_type
            .as_deref()
            .or(guessed.as_ref().and_then(|guess| guess.media_type));
        let content_encoding = described
            .content_encoding
            .as_deref()
            .or(guessed.as_ref().and_then(|guess| guess.encoding));
        Ok(Self::from_body(bytes, content_type, content_encoding))
    }

    pub(super) fn from_body(
        body: Vec<u8>,
        content_type: Option<&str>,
        content_encoding: Option<&str>,
    ) -> Self {
        let headers = [("content-type", content_type), ("content-encoding", content_encoding)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.as_bytes().to_vec())))
            .collect();
        let offsets = Offsets { body: Some(0), ..Offsets::default() };
        Self { method: "POST".to_owned(), target: "/".to_owned(), headers, body, offsets }
    }

    /// A request line or a status line, headers and a body, as they went over the wire (RFC 9112). A response is
    /// read as a request for `/` with its headers and body.
    fn from_raw_message(bytes: &[u8]) -> anyhow::Result<Self> {
        const HEADERS_MAX: usize = 256;
        const CUT: &str = "the head ends before its empty line";
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let (head, method, target, parsed): (_, _, _, &[httparse::Header<'_>]) =
            if bytes.starts_with(b"HTTP/") {
                let mut response = httparse::Response::new(&mut headers);
                let httparse::Status::Complete(head) = response.parse(bytes)? else { bail!(CUT) };
                (head, "GET", "/", response.headers)
            } else {
                let mut request = httparse::Request::new(&mut headers);
                let httparse::Status::Complete(head) = request.parse(bytes)? else { bail!(CUT) };
                let (method, target) = (request.method, request.path);
                (head, method.unwrap_or("GET"), target.unwrap_or("/"), request.headers)
            };
        let headers: Vec<(String, Vec<u8>)> = parsed
            .iter()
            .map(|header| (header.name.to_ascii_lowercase(), header.value.to_vec()))
            .collect();
        let text_of = |name: &str| {
            headers
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| String::from_utf8_lossy(value).trim().to_owned())
        };
        let rest = bytes.get(head..).unwrap_or_default();
        let is_chunked = text_of("transfer-encoding")
            .is_some_and(|value| value.to_ascii_lowercase().ends_with("chunked"));
        // RFC 9112 §6.3: who takes the one and who takes the other sees another request.
        let mut lengths = headers.iter().filter(|(name, _)| name == "content-length");
        let first = lengths.next();
        if lengths.any(|other| Some(other) != first) || (is_chunked && first.is_some()) {
            bail!("two of its headers disagree on how long the body is");
        }
        let body = if is_chunked {
            unchunk(rest)?
        } else if let Some(length) = text_of("content-length") {
            let length: usize =
                length.parse().with_context(|| format!("`{length}` is not a content length"))?;
            rest.get(..length)
                .with_context(|| {
                    format!("the body has {} bytes and announces {length}", rest.len())
                })?
                .to_vec()
        } else {
            rest.to_vec()
        };
        let offsets = Offsets {
            target: offset_in(bytes, target.as_bytes()),
            headers: parsed
                .iter()
                .map(|header| offset_in(bytes, header.value).unwrap_or_default())
                .collect(),
            body: (!is_chunked).then_some(head),
        };
        Ok(Self { method: method.to_owned(), target: target.to_owned(), headers, body, offsets })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known == name)?;
        std::str::from_utf8(value).ok()
    }

    /// Where a part of the message begins in the file.
    pub(super) fn offset(&self, root: Root) -> Option<usize> {
        match root {
            Root::Target => self.offsets.target,
            Root::Header(number) => self.offsets.headers.get(number).copied(),
            Root::Body => self.offsets.body,
            Root::HeaderName(_) | Root::Beside => None,
        }
    }

    pub(super) fn with_message<R>(&self, read: impl FnOnce(&Message<'_>) -> R) -> R {
        let headers: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        read(&Message {
            method: &self.method,
            target: &self.target,
            headers: &headers,
            body: &self.body,
            client_region: None,
        })
    }

    /// The bytes, where they are a sequence of records, one a line, as they stand in the file.
    pub(super) fn records(&self) -> Option<&[u8]> {
        // A sequence of RFC 7464 is split elsewhere.
        const RECORD_SEPARATOR: u8 = 0x1e;
        let is_plain = self.offsets.body == Some(0) && self.header("content-encoding").is_none();
        let content_type = self.header("content-type");
        (is_plain
            && format::identify(content_type, &self.body) == Ok(crate::domain::Format::NdJson)
            && memchr::memchr(RECORD_SEPARATOR, &self.body).is_none())
        .then_some(&self.body)
    }

    /// Bounds for a person who waits rather than for a socket: everything is read.
    pub(super) fn limits(&self) -> Limits {
        let limits = Limits::default();
        Limits {
            body_bytes_max: limits.body_bytes_max.max(self.body.len()),
            decoded_bytes_max: limits.decoded_bytes_max.max(self.body.len()),
            fields_max: limits.fields_max.max(self.body.len()),
            findings_max: limits.findings_max.max(self.body.len()),
            documents_max: limits.documents_max.max(self.body.len()),
            ..limits
        }
    }
}

/// How a file is called in what we print.
pub(super) fn display_name(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_owned() } else { path.display().to_string() }
}

pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if is_standard_input(path) {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(bytes);
    }
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// For reading line by line; with its length, where it has one.
pub(super) fn open(path: &Path) -> anyhow::Result<(Box<dyn BufRead>, Option<u64>)> {
    if is_standard_input(path) {
        return Ok((Box::new(std::io::stdin().lock()), None));
    }
    let cannot = || format!("cannot read `{}`", path.display());
    let file = fs::File::open(path).with_context(cannot)?;
    let bytes = file.metadata().with_context(cannot)?.len();
    Ok((Box::new(BufReader::new(file)), Some(bytes)))
}

/// In bytes; `None` for standard input, and for what cannot be looked at.
pub(super) fn length(path: &Path) -> Option<u64> {
    if is_standard_input(path) { None } else { Some(fs::metadata(path).ok()?.len()) }
}

/// Where `part`, a slice of `whole`, begins in it.
fn offset_in(whole: &[u8], part: &[u8]) -> Option<usize> {
    (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize).filter(|at| *at <= whole.len())
}

pub(super) fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// What a file name tells.
struct Guess {
    media_type: Option<&'static str>,
    encoding: Option<&'static str>,
}

impl Guess {
    fn from_name(path: &Path) -> Option<Self> {
        let ending = |path: &Path| {
            path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase())
        };
        let encoding = match ending(path)?.as_str() {
            "gz" => Some("gzip"),
            "zst" => Some("zstd"),
            "br" => Some("br"),
            _ => None,
        };
        let inner: PathBuf = match encoding {
            Some(_) => path.with_extension(""),
            None => path.to_owned(),
        };
        let media_type = ending(&inner).and_then(|ending| {
            Some(match ending.as_str() {
                "json" => "application/json",
                "ndjson" | "jsonl" => "application/x-ndjson",
                "xml" => "application/xml",
                "csv" => "text/csv",
                "txt" | "log" => "text/plain",
                "tsv" => "text/tab-separated-values",
                "vcf" => "text/vcard",
                "yaml" | "yml" => "application/yaml",
                "toml" => "application/toml",
                "graphql" | "gql" => "application/graphql",
                "jpg" | "jpeg" => "image/jpeg",
                "png" => "image/png",
                "webp" => "image/webp",
                "heic" | "heif" => "image/heic",
                "gif" => "image/gif",
                _ => return None,
            })
        });
        Some(Self { media_type, encoding })
    }
}

/// RFC 9112 §7.1; extensions and trailers are read over.
fn unchunk(mut rest: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end =
            rest.windows(2).position(|pair| pair == b"\r\n").context("a chunk has no size")?;
        let line = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16)
            .with_context(|| format!("`{size}` is no chunk size"))?;
        if size == 0 {
            return Ok(body);
        }
        rest = rest.get(end + 2..).unwrap_or_default();
        body.extend_from_slice(rest.get(..size).context("the last chunk is cut off")?);
        rest = rest
            .get(size..)
            .and_then(|rest| rest.strip_prefix(b"\r\n"))
            .context("a chunk is longer than its size, or cut off")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_request_is_read_as_the_wire_means_it() {
        for (raw, expected) in [
            ("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", Some("{}")),
            ("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}trailing", Some("{}")),
            ("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n{}", None),
            ("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: two\r\n\r\n{}", None),
            ("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", Some("")),
            ("GET /a?b=c HTTP/1.1\nHost: x\n\nbody to the end", Some("body to the end")),
            (
                "POST /a?b=c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
                Some("{}"),
            ),
            (
                "POST /a?b=c HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                Some("{}"),
            ),
            (
                "POST /a?b=c HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                None,
            ),
            ("POST /a?b=c HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 1\r\n\r\n{}", None),
            ("POST /a?b=c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{", None),
            ("POST /a?b=c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nff", None),
            ("GET /a?b=c HTTP/1.1\r\nHost: x\r\n", None),
            ("{}", None),
        ] {
            let input = Input::from_raw_message(raw.as_bytes());
            let body = input.ok().map(|input| {
                assert_eq!(input.target, "/a?b=c");
                String::from_utf8(input.body).unwrap()
            });
            assert_eq!(body.as_deref(), expected, "{raw}");
        }
    }

    #[test]
    fn a_file_name_tells_what_it_can() {
        for (name, media_type, encoding) in [
            ("a.json", Some("application/json"), None),
            ("a.JSON", Some("application/json"), None),
            ("a.json.gz", Some("application/json"), Some("gzip")),
            ("a.gz", None, Some("gzip")),
            ("a.vcf", Some("text/vcard"), None),
            ("a.tsv.zst", Some("text/tab-separated-values"), Some("zstd")),
            ("a.heic", Some("image/heic"), None),
            ("a.bin", None, None),
        ] {
            let guess = Guess::from_name(Path::new(name)).unwrap();
            assert_eq!((guess.media_type, guess.encoding), (media_type, encoding), "{name}");
        }
        assert!(Guess::from_name(Path::new("-")).is_none());
    }
}
