//! Numbers that look random and are the same in every run.

/// SplitMix64, seeded by a document's name, so that a new document leaves the others as they were.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn named(name: &str) -> Self {
        // FNV-1a.
        Self(name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// `low..=high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    pub(crate) fn pick<'t, T: ?Sized>(&mut self, from: &[&'t T]) -> &'t T {
        from[(self.next() % from.len() as u64) as usize]
    }

    /// Decimal digits.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + (self.next() % 10) as u8)).collect()
    }

    /// Lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b"0123456789abcdef"[(self.next() % 16) as usize])).collect()
    }

    pub(crate) fn letters(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'A' + (self.next() % 26) as u8)).collect()
    }

    /// Letters of both cases and digits, as tokens have them.
    pub(crate) fn token(&mut self, count: usize) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..count).map(|_| char::from(ALPHABET[(self.next() % 62) as usize])).collect()
    }

    pub(crate) fn uuid(&mut self) -> String {
        let (a, b, c, d, e) = (self.hex(8), self.hex(4), self.hex(3), self.hex(3), self.hex(12));
        format!("{a}-{b}-4{c}-a{d}-{e}")
    }

    /// Replaces `#` by a digit, `%` by one from 1, `@` by a capital, `~` by a hexadecimal digit.
    pub(crate) fn fill(&mut self, pattern: &str) -> String {
        pattern
            .chars()
            .map(|character| match character {
                '#' => self.digits(1),
                '%' => self.between(1, 9).to_string(),
                '@' => self.letters(1),
                '~' => self.hex(1),
                other => other.to_string(),
            })
            .collect()
    }
}
