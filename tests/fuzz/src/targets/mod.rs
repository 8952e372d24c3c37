//! What must hold for every input: one function a target. A violated property is a panic.

pub mod fields;
mod message;
mod redaction;

use std::{cell::RefCell, sync::LazyLock};

use bordergate::{
    domain::{Encoding, Escape, Format, Limits, Span},
    engine::{Engine, Message, Scratch},
    format::{self, Unescaped},
    policy::Transfer,
};
use message::{MEDIA_TYPES, engine as compiled, limits, redacting, scan_twice};

pub type Target = fn(&[u8]);

/// By the name of their corpus.
pub const ALL: &[(&str, Target)] = &[
    ("json", |bytes| read(Format::Json, bytes)),
    ("sequence", |bytes| read(Format::NdJson, bytes)),
    ("form", |bytes| read(Format::Form, bytes)),
    ("target", |bytes| read(Format::Target, bytes)),
    ("cookie", |bytes| read(Format::Cookie, bytes)),
    ("header", |bytes| read(Format::Header, bytes)),
    ("text", |bytes| read(Format::Text, bytes)),
    ("xml", |bytes| read(Format::Xml, bytes)),
    ("csv", |bytes| read(Format::Csv, bytes)),
    ("multipart", |bytes| read(Format::Multipart, bytes)),
    ("graphql", |bytes| read(Format::GraphQl, bytes)),
    ("vcard", |bytes| read(Format::VCard, bytes)),
    ("yaml", |bytes| read(Format::Yaml, bytes)),
    ("toml", |bytes| read(Format::Toml, bytes)),
    ("baggage", |bytes| read(Format::Baggage, bytes)),
    ("forwarded", |bytes| read(Format::Forwarded, bytes)),
    ("image", image),
    ("unescape", unescape),
    ("decode", decode),
    ("detect", detect),
    ("redact", redact),
    ("engine", engine),
];

fn read(format: Format, bytes: &[u8]) {
    let _ = fields::read(format, bytes, &Limits::default());
}

/// Where the place can be taken out of a picture's metadata, none is left to take out.
fn image(bytes: &[u8]) {
    read(Format::Image, bytes);
    if let Some(stripped) = format::picture_without(bytes, true, &[]) {
        let again = format::picture_without(&stripped, true, &[]);
        assert!(
            again.is_none_or(|again| again == stripped),
            "there was something left to take out"
        );
    }
}

/// Text taken out of its escapes maps back to the bytes it came from, in order. The first byte chooses.
fn unescape(input: &[u8]) {
    let Some((choice, raw)) = input.split_first() else { return };
    let escapes =
        [Escape::None, Escape::Json, Escape::Percent, Escape::Form, Escape::Xml, Escape::Csv];
    let escape = escapes[usize::from(*choice) % escapes.len()];
    let mut buffer = Unescaped::new();
    let text = format::unescape(escape, raw, &mut buffer);
    let mut previous = 0;
    for (at, character) in text.as_str().char_indices() {
        let span = text.raw_span(Span::new(at, at + character.len_utf8()));
        assert!(span.start >= previous && span.start <= span.end, "out of order");
        assert!(span.end as usize <= raw.len(), "past the end");
        previous = span.start;
    }
}

/// Encodings are taken off within the limits, whatever they unpack to. The first byte chooses.
fn decode(input: &[u8]) {
    let Some((choice, bytes)) = input.split_first() else { return };
    let encodings = [
        Encoding::Gzip,
        Encoding::Deflate,
        Encoding::Brotli,
        Encoding::Zstd,
        Encoding::Base64,
        Encoding::Base64Url,
    ];
    let encoding = encodings[usize::from(*choice) % encodings.len()];
    if let Ok(decoded) = format::decode(encoding, bytes, &limits()) {
        assert!(decoded.len() <= limits().decoded_bytes_max, "longer than allowed");
    }
}

static REMOVING: LazyLock<Engine> = LazyLock::new(|| compiled(&redacting("{kind: remove}")));

static REPLACING: LazyLock<Vec<Engine>> = LazyLock::new(|| {
    ["{kind: replace, with: 'gone \"<&,%'}", "{kind: mask, keep_last: 0}", "{kind: hash}"]
        .iter()
        .map(|replacement| compiled(&redacting(replacement)))
        .collect()
});

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The detectors with the shipped rules: the text, and what follows its first line under that name.
fn detect(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let scan = |media_type: &str, body: &[u8]| {
        let headers: [(&str, &[u8]); 1] = [("content-type", media_type.as_bytes())];
        let message = Message::of_body(&headers, body);
        SCRATCH.with_borrow_mut(|scratch| scan_twice(&REMOVING, &message, scratch));
    };
    scan("text/plain; charset=utf-8", bytes);
    if let Some((name, value)) = text.split_once('\n') {
        let quoted = |text: &str| {
            text.replace('\\', "\\\\").replace('"', "\\\"").replace(char::is_control, " ")
        };
        let body = format!("{{\"{}\":\"{}\"}}", quoted(name), quoted(value));
        scan("application/json", body.as_bytes());
    }
}

/// Redaction of everything personal. The first byte chooses the format and the replacement.
fn redact(input: &[u8]) {
    let Some((choice, body)) = input.split_first() else { return };
    let choice = usize::from(*choice);
    let kind = MEDIA_TYPES[choice % MEDIA_TYPES.len()];
    let number = choice / MEDIA_TYPES.len() % 4;
    let removes = number == 0;
    let engine = if removes { &*REMOVING } else { &REPLACING[number - 1] };
    SCRATCH.with_borrow_mut(|scratch| redaction::check(engine, kind, body, removes, scratch));
}

/// A whole message: the first byte chooses type and encoding of the body, the first line is the target, the
/// second a cookie, the third another header, and the rest the body.
fn engine(input: &[u8]) {
    const ENCODINGS: &[Option<&str>] =
        &[None, Some("gzip"), Some("deflate"), Some("br"), Some("zstd"), Some("gzip, br")];
    let Some((choice, rest)) = input.split_first() else { return };
    let choice = usize::from(*choice);
    let mut lines = rest.splitn(4, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (target, cookie, header, body) = (line(), line(), line(), line());
    // The proxy lets nothing else through.
    let target: String = target
        .iter()
        .filter(|byte| byte.is_ascii_graphic())
        .map(|byte| char::from(*byte))
        .collect();
    // One more than there are: without a type at all.
    let kinds = MEDIA_TYPES.len() + 1;
    let media_type = MEDIA_TYPES.get(choice % kinds).map(|(name, _)| *name);
    let encoding = ENCODINGS[choice / kinds % ENCODINGS.len()];
    let mut headers: Vec<(&str, &[u8])> =
        vec![("cookie", cookie), ("x-forwarded-for", header), ("authorization", header)];
    headers.extend(media_type.map(|name| ("content-type", name.as_bytes())));
    headers.extend(encoding.map(|name| ("content-encoding", name.as_bytes())));
    let message =
        Message { method: "POST", target: &target, headers: &headers, body, client_region: None };
    SCRATCH.with_borrow_mut(|scratch| {
        scan_twice(&REMOVING, &message, scratch);
        let verdict = REMOVING.inspect(&message, Transfer::default(), &limits(), scratch);
        for finding in &verdict.findings.items {
            let _ = verdict.findings.safe_locator(finding);
        }
        assert!(!format!("{verdict:?}").is_empty());
    });
}
