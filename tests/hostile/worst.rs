//! The inputs that cost a decoder or the detectors most for their size. `benches/growth.rs` reads them too.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bordergate::{
    domain::{Effect, Format},
    source::SourceFile,
};

/// Format, beginning, what is repeated, end.
pub(crate) const WORST: &[(Format, &str, &str, &str)] = &[
    (Format::Json, "", "[", ""),
    (Format::Json, "", "{\"a\":", ""),
    (Format::Json, "[", "\"\\u0061\",", "0]"),
    (Format::Json, "\"", "\\\\", "\""),
    (Format::Json, "\"", "\\ud83d\\ude00", "\""),
    (Format::Json, "[", "0,", "0]"),
    (Format::Json, "", " ", "1"),
    (Format::Json, "{", "\"aaaaaaaa\":1,", "\"b\":2}"),
    (Format::NdJson, "", "{}\n", ""),
    (Format::Form, "", "&", ""),
    (Format::Form, "", "a=%25&", ""),
    (Format::Form, "a=", "%", ""),
    (Format::Target, "/", "/a", ""),
    (Format::Cookie, "", "a=b; ", ""),
    (Format::Cookie, "", ";", ""),
    (Format::Baggage, "", "a;", ""),
    (Format::Xml, "<a>", "<b>", ""),
    (Format::Xml, "<a>", "<b/>", "</a>"),
    (Format::Xml, "<a>", "&amp;", "</a>"),
    (Format::Xml, "<a ", "b=\"c\" ", "/>"),
    (Format::Xml, "<a>", "<![CDATA[x]]>", "</a>"),
    (Format::Xml, "<a>", "<!--", "</a>"),
    (Format::Xml, "<a>", "1<!---->", "</a>"),
    (Format::Xml, "<a>", "1<b>", ""),
    (Format::Xml, "<a>", "4111<b/>111111111111<b/> ", "</a>"),
    (Format::Xml, "<a>", "<b>a@b</b>.co ", "</a>"),
    (Format::Xml, "<a>", "]]", "</a>"),
    (Format::Csv, "a\n", "\"\"\"\",", "\n"),
    (Format::Csv, "a\n\"", "\"\"", "\"\n"),
    (Format::Csv, "a\n", "\n", ""),
    (Format::Csv, "a\n", ",", "\n"),
    (Format::Csv, "a\n", "phone,birthday\nphone,religion,name\n", ""),
    (Format::Multipart, "--cut\r\n", "\r\n--cu", "--cut--\r\n"),
    (Format::Multipart, "", "--cut\r\n\r\n\r\n", "--cut--\r\n"),
    (Format::Multipart, "--cut\r\n", "A: b\r\n", "\r\n\r\n--cut--\r\n"),
    (Format::Text, "", "\n", ""),
    (Format::Text, "", "a@", ""),
];

/// What detectors look at, with nothing between.
pub(crate) const CROWDS: &[&str] = &[
    "@",
    "a@",
    "a@b.",
    "a.a.a@",
    "1",
    "1 ",
    "1-",
    "1.",
    "1.1.1.1 ",
    ":",
    "a:",
    "::1 ",
    "+",
    "+9",
    "+92300",
    "eyJ",
    "eyJ.",
    "(",
    "aa:bb:",
    "4111 ",
    "4111111111111111",
    "-",
    ".",
    "/",
    "=",
    "a=",
    "a=b&",
    "%25",
    "\\\"",
    "\\u0031",
    "０",
    "\u{200b}",
    "\u{200b}1",
    "GB82WEST",
    "AB",
    "A1",
    "é",
    "王",
    "{}",
    "[1]",
    "phone ",
    "name: ",
    "Mr ",
    "24.86073,67.00114 ",
    "https://a?b=",
    "https://a?b=1 a@b.co ",
    "email=a@b.co ",
    "<td",
    "<td>phone",
    "|phone|b|\n|--|--|\n",
    "(phone) VALUES ('x",
    "phone,b\n1,2\n\n",
    "Usman Qureshi +923004412387 ",
    "王様",
    "ZW1haWw9YWFAYi5leGFtcGxl ",
    "v1:ZW1haWw9YWFAYi5leGFtcGxl,",
    // Text in Latin-1, bytes that begin like one and have signs of mailboxes, and declared base64 that is none.
    "cGxlYXNlIGNhbGwgbWUsIEdy/N9l,",
    "QEBAQEBAQEBAQEBAQEBAQAFAQAFA,",
    "data:; base64,",
    "Via 9, 50131 Firenze ",
    "Ab, 50131 Ab",
    "Plot 1, Ab, Ab 75400, ",
    "order. A 4111 ",
    // Objects of JSON that do not end, or are none.
    "sent {\"a\":{\"b\":",
    "sent {\"a\":\"cut off\n",
    "x {\"a\":[1,}] ",
    "Present: Ana Lopez, ",
    "1.1.1.1 - a [14/Jan/2026:08:12:44 +0000] \"",
    "{\"value\":1,\"key\":\"phone\"},",
    "x] Al: ",
    "1/2/2024, 18:02 - Al: ",
    "Full Name = a\n",
    "a.b.email=1 ",
    "a ....",
    "name .... b\n",
    "[name]: [",
    "1 Elm Street, Leeds LS1 4AP, + ",
];

/// A message that grows in more than one place, whose names count up, or which has to be long before a square
/// shows beside what is linear.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) media_type: &'static str,
    /// From here on it shows.
    pub(crate) bytes: usize,
    /// What becomes of it where mailboxes are taken out, and what was not read to its end does not go.
    pub(crate) effect: Effect,
    /// Of about so many bytes.
    pub(crate) body: fn(usize) -> String,
}

pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        name: "a text of XML in pieces with comments before and spaces behind",
        media_type: "application/xml",
        bytes: 128 << 10,
        effect: Effect::Allow,
        body: |bytes| {
            let (comments, spaces) = ("<!---->".repeat(bytes / 14), " ".repeat(bytes / 2));
            format!("<a>{comments}x<b/>y{spaces}</a>")
        },
    },
    Shape {
        name: "labels with lines below that end in no line feed",
        media_type: "text/plain",
        bytes: 128 << 10,
        effect: Effect::Allow,
        body: |bytes| "a:\r".repeat(bytes / 3),
    },
    Shape {
        name: "labels in lines without a blank",
        media_type: "text/plain",
        bytes: 32 << 10,
        effect: Effect::Allow,
        body: |bytes| "FN:a\n".repeat(bytes / 5),
    },
    Shape {
        name: "labels and their values without a blank",
        media_type: "text/plain",
        bytes: 32 << 10,
        effect: Effect::Redact,
        body: |bytes| "Email:a@b.pk\nPhone:+923451112233\nName:Ayesha\n".repeat(bytes / 45),
    },
    Shape {
        name: "pairs of numbers without a point",
        media_type: "text/plain",
        bytes: 256 << 10,
        effect: Effect::Allow,
        body: |bytes| "24-8607,67, ".repeat(bytes / 12),
    },
    Shape {
        name: "rows inside a value, then blanks",
        media_type: "text/plain",
        bytes: 16 << 10,
        effect: Effect::Allow,
        body: |bytes| {
            let count = bytes / 18;
            format!("(a)VALUES('{}'{}", "(a)VALUES".repeat(count), " ".repeat(count * 9))
        },
    },
    Shape {
        name: "parts that say what the whole value is",
        media_type: "application/json",
        bytes: 256 << 10,
        effect: Effect::Allow,
        body: |bytes| format!("{{\"message text\":\"@{}\"}}", " msg_text=ab".repeat(bytes / 12)),
    },
    Shape {
        name: "mailboxes that are suppressed",
        media_type: "text/plain",
        bytes: 128 << 10,
        effect: Effect::Allow,
        body: |bytes| "a@i.io ".repeat(bytes / 7),
    },
    Shape {
        name: "objects that speak for one region",
        media_type: "application/json",
        bytes: 32 << 10,
        effect: Effect::Allow,
        body: |bytes| {
            let object = |number| format!("\"a{number}\":{{\"phone\":\"+923451112233\"}}");
            format!("{{{}}}", (0..bytes / 34).map(object).collect::<Vec<_>>().join(","))
        },
    },
    Shape {
        name: "pictures with a mailbox each",
        media_type: "application/json",
        bytes: 64 << 10,
        effect: Effect::Redact,
        body: |bytes| format!("[{}0]", format!("\"{PICTURE}\",").repeat(bytes / 63)),
    },
    Shape {
        name: "a picture with many mailboxes",
        media_type: "application/json",
        bytes: 64 << 10,
        effect: Effect::Redact,
        body: |bytes| picture(&png_chunk(b"tEXt", b"Author\0a@b.co").repeat(bytes * 3 / 4 / 25)),
    },
    Shape {
        name: "a picture whose texts share their padding",
        media_type: "application/json",
        bytes: 64 << 10,
        effect: Effect::Block,
        body: |bytes| {
            // Of a TIFF structure one half is entries, and the other zeros that each of them is of.
            let half = bytes * 3 / 8;
            let count = u16::try_from(half / 12).unwrap_or(u16::MAX);
            let (length, at) = ((half as u32).to_be_bytes(), (half as u32 + 10).to_be_bytes());
            let description = [&[1, 14, 0, 2][..], &length, &at].concat();
            let head = [&b"MM\0*\0\0\0\x08"[..], &count.to_be_bytes()].concat();
            let entries = description.repeat(usize::from(count));
            let zeros = vec![0; half + 12];
            picture(&png_chunk(b"eXIf", &[head, entries, zeros].concat()))
        },
    },
    Shape {
        name: "comments before the root",
        media_type: "application/xml",
        bytes: 32 << 10,
        effect: Effect::Redact,
        body: |bytes| {
            let count = bytes / 26;
            format!("{}<r>{}</r>", "<!--a@b.co-->".repeat(count), "<a>a@b.co</a>".repeat(count))
        },
    },
    Shape {
        name: "parts of one property",
        media_type: "text/vcard",
        bytes: 16 << 10,
        effect: Effect::Redact,
        body: |bytes| {
            format!("BEGIN:VCARD\nVERSION:4.0\nN:{}\nEND:VCARD\n", "a@b.co;".repeat(bytes / 7))
        },
    },
];

/// A list with a PNG of these chunks.
fn picture(chunks: &[u8]) -> String {
    let png = [&b"\x89PNG\r\n\x1a\n"[..], chunks, &png_chunk(b"IEND", b"")].concat();
    format!("[\"{}\"]", STANDARD.encode(png))
}

/// Nobody looks at the checksum, which is four zeros.
fn png_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length[..], kind, data, &[0; 4]].concat()
}

/// A PNG of one text, `a@b.co`, and its end.
const PICTURE: &str = "iVBORw0KGgoAAAANdEVYdEF1dGhvcgBhQGIuY2+uS7DYAAAAAElFTkSuQmCC";

/// The files of the shipped catalogue, and rules under which mailboxes go, but for our own.
pub(crate) fn redacting(shipped: Vec<SourceFile>) -> Vec<SourceFile> {
    let decides = |file: &SourceFile| {
        ["law/", "policy/", "agreement/", "organisation/", "tests/"]
            .iter()
            .any(|folder| file.name.starts_with(folder))
    };
    let ours = [("detectors/hostile.yaml", DETECTORS), ("organisation/hostile.yaml", RULES)];
    let ours = ours.map(|(name, text)| SourceFile { name: name.into(), text: text.into() });
    shipped.into_iter().filter(|file| !decides(file)).chain(ours).collect()
}

const DETECTORS: &str = "
suppress:
  - {categories: [email], value_endings: ['@i.io'], reason: our own mailboxes}
";

const RULES: &str = "
layer: organisation
title: Hostile
rules:
  - id: ORG-00
    title: Everything may go
    statute: this test
    effect: allow
    reason: Everything may go.
  - id: ORG-01
    title: No mailbox does
    statute: this test
    effect: redact
    redact: {categories: [email], replacement: {kind: remove}}
    reason: No mailbox does.
";
