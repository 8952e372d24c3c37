//! The end of a chain that no seal covers yet: whether one should have come.

/// How much may follow a seal before the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) lines_max: u64,
    pub(super) interval: jiff::SignedDuration,
}

/// The lines that one process wrote since the last seal.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) lines: u64,
    pub(super) last_seq: u64,
    first: Option<jiff::Timestamp>,
    /// The beginning of the last line, where its time is.
    last: Vec<u8>,
}

impl Open {
    const TIME_WITHIN: usize = 96;

    pub(super) fn add(&mut self, seq: u64, line: &[u8]) {
        self.lines += 1;
        self.last_seq = seq;
        let head = line.get(..line.len().min(Self::TIME_WITHIN)).unwrap_or_default();
        if self.lines == 1 {
            self.first = time_of(head);
        }
        self.last.clear();
        self.last.extend_from_slice(head);
    }

    /// Whether a seal should have come before the last of the lines. It may have to wait for its turn.
    pub(super) fn is_overdue(&self, due: Due) -> bool {
        const LINES_BESIDE: u64 = 2;
        const DELAY: jiff::SignedDuration = jiff::SignedDuration::from_secs(60);
        let span =
            self.first.zip(time_of(&self.last)).map(|(first, last)| last.duration_since(first));
        self.lines > due.lines_max.saturating_add(LINES_BESIDE)
            || span.is_some_and(|span| span > due.interval.saturating_mul(2).saturating_add(DELAY))
    }
}

/// The time that the beginning of a line says.
fn time_of(head: &[u8]) -> Option<jiff::Timestamp> {
    const MEMBER: &[u8] = b"\"time\":\"";
    let start = memchr::memmem::find(head, MEMBER)? + MEMBER.len();
    let rest = head.get(start..)?;
    let text = std::str::from_utf8(rest.get(..memchr::memchr(b'"', rest)?)?).ok()?;
    text.parse().ok()
}
