//! The characters of each kind, at the place of the lower half of their byte: where a shuffle gives a byte
//! back, it is of that kind. No two of one table have that half in common.

/// By the lower half of a byte.
pub(super) type Table = [u8; 16];

/// What no byte with that half is.
const __: u8 = 0x80;

#[rustfmt::skip]
pub(super) const SPACES: Table =
    [b' ', __, __, __, __, __, __, __, __, b'\t', b'\n', __, __, b'\r', __, __];
/// With the bit 0x20 set, in which alone brackets and braces differ and which the rest has.
#[rustfmt::skip]
pub(super) const OPERATORS: Table =
    [__, __, __, __, __, __, __, __, __, __, b':', b'{', b',', b'}', __, __];
#[rustfmt::skip]
pub(super) const SEPARATORS: Table =
    [b' ', __, __, __, __, __, __, __, b'(', b')', b':', __, __, b'-', b'.', b'/'];
#[rustfmt::skip]
pub(super) const SIGNS: Table =
    [b'@', __, __, __, __, b'%', b'&', __, __, __, b'J', b'[', __, b'=', __, __];
/// With the bit 0x20 set; a byte that is not ASCII is looked up by its lower half alone.
#[rustfmt::skip]
pub(super) const LEADS: Table =
    [0xE0, 0xE1, 0xE2, 0, 0, 0, 0, 0, 0, 0xF9, 0, 0xFB, 0, 0, 0, 0xEF];
/// What may stand behind a backslash: a byte is one of them if the entries for its two halves have a bit in
/// common. Bit 0 is for 2_, bit 1 for 5_, bit 2 for 6_, bit 3 for 7_.
pub(super) const ESCAPABLE_LOW: Table = [0, 0, 13, 0, 8, 8, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1];
pub(super) const ESCAPABLE_HIGH: Table = [0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0];
