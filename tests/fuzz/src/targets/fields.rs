//! What must hold for everything a decoder reports, whatever the bytes.

use bordergate::{
    domain::{Container, FieldSink, Format, Key, Limits, Span, Value},
    format::{self, Stop, Unescaped},
};

/// Reads `bytes` and checks what is reported on the way.
pub fn read(format: Format, bytes: &[u8], limits: &Limits) -> Result<(), Stop> {
    let renames = matches!(format, Format::VCard | Format::Image);
    let translates = format == Format::Image;
    let mut sink =
        Inside { bytes, renames, translates, open: Vec::new(), buffer: Unescaped::new() };
    let walked = format::walk(format, bytes, limits, &mut sink);
    match walked {
        Ok(()) => assert!(sink.open.is_empty(), "{format:?}: something stays open"),
        Err(stop) => assert!(stop.offset <= bytes.len(), "{format:?}: stopped past the end"),
    }
    walked
}

/// Panics when a value is not where it says.
struct Inside<'b> {
    bytes: &'b [u8],
    /// Names are told by what they mean, in words of their own.
    renames: bool,
    /// Values too: a rational number stands there in binary.
    translates: bool,
    open: Vec<usize>,
    buffer: Unescaped,
}

impl Inside<'_> {
    fn key(&mut self, key: Key<'_>) {
        if let Key::Name { text, span, escape } = key {
            assert!(span.end as usize <= self.bytes.len(), "a name past the end");
            assert!(self.renames || text.len() <= span.len(), "a name longer than its place");
            format::unescape(escape, text, &mut self.buffer);
        }
    }
}

impl FieldSink for Inside<'_> {
    fn open(&mut self, key: Key<'_>, _: Container, member_start: usize, start: usize) {
        self.key(key);
        assert!(member_start <= start && start <= self.bytes.len(), "a container past the end");
        self.open.push(start);
    }

    fn close(&mut self, end: usize, member_end: usize) {
        let start = self.open.pop().expect("what closes was opened");
        assert!(
            start <= end && end <= member_end && member_end <= self.bytes.len(),
            "a container ends nowhere"
        );
    }

    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        self.key(key);
        assert!(value.member.end as usize <= self.bytes.len(), "a member past the end");
        assert!(value.span.contains(value.text_span), "text outside its value");
        let stands = value.text_span.of(self.bytes);
        assert!(self.translates || stands == value.text, "text that stands elsewhere");
        let length = value.text.len();
        let text = format::unescape(value.escape, value.text, &mut self.buffer);
        let back = text.raw_span(Span::new(0, text.as_str().len()));
        assert!(back.end as usize <= length, "text that maps back to nowhere");
    }
}
