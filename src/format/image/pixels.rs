//! Pixels of PNG under zlib, followed to their end: what stands behind it is shown by no reader.

use flate2::{Decompress, FlushDecompress, Status};

/// What is unpacked of a picture, bytes: 67 million dots of four bytes.
const UNPACKED_BYTES_MAX: u64 = 256 << 20;
const ROOM_BYTES: usize = 32 << 10;

/// The stream of a picture, or of one frame of an animation, over the chunks it is divided into.
#[derive(Default)]
pub(super) struct Pixels {
    bits: u64,
    is_interlaced: bool,
    /// How many more bytes may come of this frame, and of all.
    left: u64,
    budget: u64,
    state: State,
}

#[derive(Default)]
enum State {
    #[default]
    Before,
    Inside(Box<Stream>),
    Behind,
    /// What follows was said not to be read.
    Broken,
}

struct Stream {
    inflate: Decompress,
    room: Vec<u8>,
}

/// What the bytes of a chunk are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Says {
    Pixels,
    /// They end there, and more bytes follow.
    EndAt(usize),
    /// No stream of zlib, or more of it than the picture is large.
    Broken,
}

impl Pixels {
    /// How much there is, by what `IHDR` says (ISO/IEC 15948 §11.2.2).
    pub(super) fn expect(&mut self, header: &[u8]) {
        let byte = |at: usize| header.get(at).copied().unwrap_or_default();
        let channels = match byte(9) {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        };
        self.bits = channels * u64::from(byte(8));
        self.is_interlaced = byte(12) != 0;
        self.budget = UNPACKED_BYTES_MAX;
        self.begin(header);
    }

    /// A frame begins, whose size stands behind its number (§11.3.6.2).
    pub(super) fn frame(&mut self, header: &[u8]) {
        self.begin(header.get(4..).unwrap_or_default());
    }

    fn begin(&mut self, size: &[u8]) {
        let word = |at: usize| {
            let word = size.get(at..).and_then(<[u8]>::first_chunk::<4>);
            word.map_or(0, |word| u64::from(u32::from_be_bytes(*word)))
        };
        self.left = self.length(word(0), word(4));
        self.state = State::Before;
    }

    /// How long so many dots are, with the byte before each line.
    fn length(&self, width: u64, height: u64) -> u64 {
        /// Where each pass begins, and how far apart its dots are (§8.2).
        const PASSES: [[u64; 4]; 7] = [
            [0, 0, 8, 8],
            [4, 0, 8, 8],
            [0, 4, 4, 8],
            [2, 0, 4, 4],
            [0, 2, 2, 4],
            [1, 0, 2, 2],
            [0, 1, 1, 2],
        ];
        let lines = |width: u64, height: u64| match width {
            0 => 0,
            _ => (width.saturating_mul(self.bits).div_ceil(8) + 1).saturating_mul(height),
        };
        if !self.is_interlaced {
            return lines(width, height);
        }
        let of = |all: u64, from: u64, apart: u64| all.saturating_sub(from).div_ceil(apart);
        PASSES.into_iter().fold(0, |sum: u64, [x, y, across, down]| {
            sum.saturating_add(lines(of(width, x, across), of(height, y, down)))
        })
    }

    pub(super) fn read(&mut self, data: &[u8]) -> Says {
        match self.state {
            State::Behind if !data.is_empty() => return Says::EndAt(0),
            State::Behind | State::Broken => return Says::Pixels,
            State::Before => {
                let stream = Stream { inflate: Decompress::new(true), room: vec![0; ROOM_BYTES] };
                self.state = State::Inside(Box::new(stream));
            }
            State::Inside(_) => {}
        }
        match self.unpack(data) {
            Some(None) => Says::Pixels,
            Some(Some(end)) => {
                self.state = State::Behind;
                if end < data.len() { Says::EndAt(end) } else { Says::Pixels }
            }
            None => {
                self.state = State::Broken;
                Says::Broken
            }
        }
    }

    /// Where the stream ends in `data`, if it does; `None` where it is none, or too long.
    fn unpack(&mut self, data: &[u8]) -> Option<Option<usize>> {
        let State::Inside(stream) = &mut self.state else { return Some(None) };
        let Stream { inflate, room } = stream.as_mut();
        let mut at = 0;
        loop {
            let (taken, told) = (inflate.total_in(), inflate.total_out());
            let rest = data.get(at..).unwrap_or_default();
            let status = inflate.decompress(rest, room, FlushDecompress::None).ok()?;
            let told = inflate.total_out() - told;
            at += usize::try_from(inflate.total_in() - taken).ok()?;
            self.left = self.left.checked_sub(told)?;
            self.budget = self.budget.checked_sub(told)?;
            if status == Status::StreamEnd {
                return Some(Some(at));
            }
            if at >= data.len() && told < room.len() as u64 {
                return Some(None);
            }
            if told == 0 && inflate.total_in() == taken {
                return None;
            }
        }
    }
}
