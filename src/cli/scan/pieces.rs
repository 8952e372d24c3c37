//! A long sequence of records in pieces of whole lines, which are read on all cores and told in order.

use std::{num::NonZero, sync::mpsc};

use memchr::{memchr, memchr_iter};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::Failure;

/// Long enough that a piece costs more to read than to hand out.
const PIECE_BYTES: usize = 1 << 20;

/// Lines of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'b> {
    number: usize,
    pub(super) bytes: &'b [u8],
    /// Where they begin in the body.
    pub(super) offset: usize,
    /// How many records there are before them.
    pub(super) records: usize,
}

/// The pieces of a body, the next one at a time.
pub(super) struct Pieces<'b> {
    body: &'b [u8],
    piece_bytes: usize,
    next: Piece<'b>,
}

impl<'b> Pieces<'b> {
    /// `None` for a body that is one piece.
    pub(super) fn of(body: &'b [u8]) -> Option<Self> {
        (body.len() > PIECE_BYTES).then(|| Self::with_size(body, PIECE_BYTES))
    }

    fn with_size(body: &'b [u8], piece_bytes: usize) -> Self {
        let next = Piece { number: 0, bytes: &[], offset: 0, records: 0 };
        Self { body, piece_bytes, next }
    }
}

impl<'b> Iterator for Pieces<'b> {
    type Item = Piece<'b>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.body.get(self.next.offset..).filter(|rest| !rest.is_empty())?;
        let least = self.piece_bytes.min(rest.len());
        let length = memchr(b'\n', rest.get(least..).unwrap_or_default())
            .map_or(rest.len(), |line| least + line + 1);
        let piece = Piece { bytes: rest.get(..length).unwrap_or_default(), ..self.next };
        self.next = Piece {
            number: piece.number + 1,
            bytes: &[],
            offset: piece.offset + length,
            records: piece.records + records(piece.bytes),
        };
        Some(piece)
    }
}

/// Lines that are not white space alone.
fn records(lines: &[u8]) -> usize {
    let mut start = 0;
    let ends = memchr_iter(b'\n', lines).chain([lines.len()]);
    ends.filter(|end| {
        let line = lines.get(start..*end).unwrap_or_default();
        start = end + 1;
        line.iter().any(|byte| !byte.is_ascii_whitespace())
    })
    .count()
}

/// Reads each piece on some core, with a `reader` of that core, and hands what came of it to `tell` in the
/// order of the pieces. No more pieces are held than there are cores.
pub(super) fn read_all<'b, R, T>(
    pieces: Pieces<'b>,
    reader: impl Fn() -> R + Sync,
    mut tell: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure>
where
    R: FnMut(Piece<'b>) -> T,
    T: Send,
{
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let pieces = Mutex::new(pieces);
    let turn = Turn::default();
    let (sender, told) = mpsc::sync_channel(1);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            let sender = sender.clone();
            let (pieces, turn, reader) = (&pieces, &turn, &reader);
            scope.spawn(move || {
                let mut read = reader();
                let next = || pieces.lock().next();
                while let Some(piece) = next() {
                    let place = Place { turn, number: piece.number };
                    let told = read(piece);
                    drop(place.wait());
                    // Nobody is left to tell.
                    if sender.send(told).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        // Where it fails, the threads are told by the end of the channel.
        told.into_iter().try_for_each(&mut tell)
    })
}

/// The number of the piece to be told next.
#[derive(Default)]
struct Turn {
    number: Mutex<usize>,
    moved: Condvar,
}

/// A piece's place in the order, which is left whatever becomes of the piece.
struct Place<'t> {
    turn: &'t Turn,
    number: usize,
}

impl Place<'_> {
    /// Until it is this piece's turn.
    fn wait(&self) -> MutexGuard<'_, usize> {
        let mut turn = self.turn.number.lock();
        self.turn.moved.wait_while(&mut turn, |turn| *turn != self.number);
        turn
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.wait() += 1;
        self.turn.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_lines_and_know_what_is_before_them() {
        let body = b"{\"a\":1}\n\n  \r\n{\"a\":2}\n[3]\n4";
        let whole: Vec<&[u8]> = body.split_inclusive(|byte| *byte == b'\n').collect();
        for size in 0..=body.len() {
            let pieces: Vec<Piece<'_>> = Pieces::with_size(body, size).collect();
            let joined: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes).copied().collect();
            assert_eq!(joined, body, "{size}");
            for (number, piece) in pieces.iter().enumerate() {
                assert_eq!(piece.number, number);
                assert_eq!(
                    body.get(piece.offset..).unwrap().get(..piece.bytes.len()),
                    Some(piece.bytes)
                );
                let before = body.get(..piece.offset).unwrap();
                assert!(before.is_empty() || before.ends_with(b"\n"), "{size}");
                let lines = whole.iter().take(before.split_inclusive(|b| *b == b'\n').count());
                let records = lines.filter(|line| !line.trim_ascii().is_empty()).count();
                assert_eq!(piece.records, records, "{size}");
            }
        }
        assert!(Pieces::of(body).is_none() && Pieces::of(b"").is_none());
    }

    #[test]
    fn pieces_are_told_in_order_until_one_cannot_be() {
        let body: Vec<u8> = (0..1000).flat_map(|n| format!("{n}\n").into_bytes()).collect();
        let reader = || {
            |piece: Piece<'_>| {
                std::thread::sleep(std::time::Duration::from_micros(piece.number as u64 % 7));
                (piece.number, piece.bytes.to_vec())
            }
        };
        let read = |fails_at: usize| {
            let mut told = Vec::new();
            let outcome = read_all(Pieces::with_size(&body, 10), reader, |(number, bytes)| {
                if number == fails_at {
                    return Err(Failure::ReaderGone);
                }
                assert_eq!(number, told.len());
                told.push(bytes);
                Ok(())
            });
            (told, outcome.is_ok())
        };
        let (told, went_well) = read(usize::MAX);
        assert!(went_well && told.concat() == body);
        let (told, went_well) = read(5);
        assert!(!went_well && told.len() == 5 && body.starts_with(&told.concat()));
    }
}
