//! Takes one encoding off, within limits, and to the last byte.
//!
//! What a lenient reader would skip is refused: data after the stream, a wrong checksum, an early end,
//! gzip's comment and what it has of its own, the metadata of Brotli, zstd's skippable frames. Nothing may pass
//! here that was not looked at. The name that gzip gives a file is told beside ([`name_beside`]).

#[cfg(test)]
mod tests;

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder, errors::FrameDecoderError};

use super::{Stop, Unescaped, charset, hex_byte, unescape};
use crate::domain::{Encoding, GapCause, Limits, Span};

/// The encodings a `Content-Encoding` names, in the order they were applied: the last is taken off first.
pub fn content_encodings(value: &str) -> Result<Vec<Encoding>, GapCause> {
    let mut encodings = Vec::new();
    for name in value.split(',').map(|name| name.trim_matches([' ', '\t'])) {
        let known = [
            ("gzip", Encoding::Gzip),
            // RFC 9110 §8.4.1.3.
            ("x-gzip", Encoding::Gzip),
            ("deflate", Encoding::Deflate),
            ("br", Encoding::Brotli),
            ("zstd", Encoding::Zstd),
        ];
        // Empty list elements are allowed by RFC 9110 §5.6.1.
        if name.is_empty() || name.eq_ignore_ascii_case("identity") {
            continue;
        }
        match known.iter().find(|(word, _)| name.eq_ignore_ascii_case(word)) {
            Some((_, encoding)) => encodings.push(*encoding),
            None => return Err(GapCause::UnknownContentEncoding),
        }
    }
    Ok(encodings)
}

/// The encoding whose mark `bytes` begin with, whatever was declared.
pub fn sniff_encoding(bytes: &[u8]) -> Option<Encoding> {
    match bytes {
        [0x1F, 0x8B, 8, ..] => Some(Encoding::Gzip),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Encoding::Zstd),
        [0x78, 0x01 | 0x9C | 0xDA, ..] => Some(Encoding::Deflate),
        // Texts may begin so as well, such as `x^2`.
        _ if may_be_zlib(bytes) && unpacks(bytes) => Some(Encoding::Deflate),
        _ => None,
    }
}

/// Whether bytes begin as any stream of zlib without a dictionary does (RFC 1950 §2.2).
pub fn may_be_zlib(bytes: &[u8]) -> bool {
    let [method, flags, ..] = *bytes else { return false };
    method & 0x0F == 8
        && method >> 4 <= 7
        && u16::from_be_bytes([method, flags]) % 31 == 0
        && flags & 0x20 == 0
}

/// Whether bytes begin as a stream of DEFLATE without a head does (RFC 1951 §3.2.3): one of four random
/// starts does.
pub fn may_be_deflate(start: &[u8; 12]) -> bool {
    let bits = u128::from_le_bytes(std::array::from_fn(|at| start.get(at).copied().unwrap_or(0)));
    let take = |from: u32, count: u32| (bits >> from) & ((1 << count) - 1);
    match take(1, 2) {
        // Stored: its length, and the same turned over.
        0 => take(8, 16) ^ take(24, 16) == 0xFFFF,
        1 => true,
        2 => {
            // The lengths of the code of code lengths leave nothing over (RFC 1951 §3.2.7).
            let codes = u32::try_from(take(13, 4) + 4).unwrap_or(0);
            let lengths = (0..codes).map(|number| take(17 + 3 * number, 3));
            let filled: u128 = lengths.filter(|it| *it > 0).map(|it| 1 << (7 - it)).sum();
            take(3, 5) <= 29 && take(8, 5) <= 29 && filled == 1 << 7
        }
        _ => false,
    }
}

/// Whether a stream of zlib goes on as one, to its end or as far as is looked.
fn unpacks(bytes: &[u8]) -> bool {
    const BYTES_MAX: usize = 4096;
    let mut out = [0; BYTES_MAX];
    let mut state = Decompress::new(true);
    let status = state.decompress(bytes, &mut out, FlushDecompress::None);
    let is_full = state.total_out() == BYTES_MAX as u64;
    status.is_ok_and(|status| status == Status::StreamEnd || is_full)
}

/// The bytes inside `bytes`, by a decoder made for them.
pub fn decode(encoding: Encoding, bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, Stop> {
    Decoder::default().decode(encoding, bytes, limits)
}

/// Takes encodings off one after another. Setting up a decompressor takes longer than it takes to
/// unpack a short body, so each is kept once it was needed.
#[derive(Default)]
pub struct Decoder {
    inflate: Option<Decompress>,
    zstd: Option<FrameDecoder>,
    /// What brotli writes into.
    window: Vec<u8>,
    unescaped: Unescaped,
}

impl std::fmt::Debug for Decoder {
    /// Without what it has read.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("inflate", &self.inflate.is_some())
            .field("zstd", &self.zstd.is_some())
            .finish_non_exhaustive()
    }
}

impl Decoder {
    /// The bytes inside `bytes`.
    pub fn decode(
        &mut self,
        encoding: Encoding,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<Vec<u8>, Stop> {
        let mut output = Output { bytes: Vec::new(), source_bytes: bytes.len(), limits };
        match encoding {
            Encoding::Identity => {
                output.bytes.extend_from_slice(bytes);
                output.check(bytes.len())?;
            }
            Encoding::Gzip => gzip(self.inflate(), bytes, &mut output)?,
            Encoding::Deflate => deflate(self.inflate(), bytes, &mut output)?,
            Encoding::Brotli => brotli(&mut self.window, bytes, &mut output)?,
            Encoding::Zstd => self.zstd(bytes, &mut output)?,
            Encoding::Base64 | Encoding::Base64Bare | Encoding::Base64Lines => {
                base64(&BASE64, bytes, &mut output)?;
            }
            Encoding::Base64Url | Encoding::Base64UrlPadded => {
                base64(&BASE64_URL, bytes, &mut output)?;
            }
            Encoding::Hex | Encoding::HexUpper => hex(bytes, &mut output)?,
            Encoding::QuotedPrintable => quoted_printable(bytes, &mut output)?,
            Encoding::QWord => {
                let space = |byte: &u8| if *byte == b'_' { b' ' } else { *byte };
                let spaced: Vec<u8> = bytes.iter().map(space).collect();
                quoted_printable(&spaced, &mut output)?;
            }
            Encoding::Charset(charset) => {
                output.bytes = charset::decode(charset, bytes)?;
                output.check(bytes.len())?;
            }
            Encoding::Escaped(escape) => {
                let text = unescape(escape, bytes, &mut self.unescaped);
                output.bytes.extend_from_slice(text.as_str().as_bytes());
                output.check(bytes.len())?;
            }
            // Whoever read it has the bytes.
            Encoding::OneWay => return Err(corrupt(0)),
        }
        Ok(output.bytes)
    }

    fn inflate(&mut self) -> &mut Decompress {
        self.inflate.get_or_insert_with(|| Decompress::new(false))
    }

    fn zstd(&mut self, bytes: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
        let mut frame = self.zstd.take().unwrap_or_default();
        let read = zstd(&mut frame, bytes, output);
        // A large window is not kept for the small bodies after it.
        if output.bytes.len() <= CONTENT_WINDOW_BYTES {
            self.zstd = Some(frame);
        }
        read
    }
}

/// Two digits a byte.
fn hex(bytes: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(corrupt(bytes.len()));
    }
    for (number, digits) in pairs.iter().enumerate() {
        output.reserve();
        output.bytes.push(hex_byte(digits).ok_or(corrupt(number * 2))?);
    }
    output.check(bytes.len())
}

fn corrupt(offset: usize) -> Stop {
    Stop { cause: GapCause::CorruptEncoding, offset }
}

/// Decoded bytes, and how many more there may be.
struct Output<'l> {
    bytes: Vec<u8>,
    source_bytes: usize,
    limits: &'l Limits,
}

/// The ratio is not held against output up to here: a short body of one repeated letter may well be a
/// thousand times its source, and does no harm at this size.
const RATIO_FREE_BYTES: usize = 1 << 20;

impl Output<'_> {
    /// Makes room for at least one more byte, without passing the limit by more than one.
    fn reserve(&mut self) {
        if self.bytes.len() == self.bytes.capacity() {
            let more = self.bytes.len().max(self.source_bytes.saturating_mul(3)).max(1024);
            let most = self.limits.decoded_bytes_max.saturating_sub(self.bytes.len());
            self.bytes.reserve_exact(more.min(most.saturating_add(1)));
        }
    }

    /// `offset` is how far the source has been read.
    fn check(&self, offset: usize) -> Result<(), Stop> {
        let length = self.bytes.len();
        if length > self.limits.decoded_bytes_max {
            return Err(Stop { cause: GapCause::DecodedTooLarge, offset });
        }
        let ratio_max = self.limits.decoded_ratio_max;
        if length > RATIO_FREE_BYTES && length > self.source_bytes.saturating_mul(ratio_max) {
            return Err(Stop { cause: GapCause::DecodedRatio, offset });
        }
        Ok(())
    }
}

/// Inflates the stream at `start`; where it ends.
fn inflate(
    state: &mut Decompress,
    bytes: &[u8],
    start: usize,
    output: &mut Output<'_>,
) -> Result<usize, Stop> {
    let mut at = start;
    loop {
        output.reserve();
        let (read, written) = (state.total_in(), output.bytes.len());
        let rest = bytes.get(at..).unwrap_or_default();
        let status = state.decompress_vec(rest, &mut output.bytes, FlushDecompress::None);
        let advanced = usize::try_from(state.total_in() - read).unwrap_or(usize::MAX);
        at = at.saturating_add(advanced).min(bytes.len());
        output.check(at)?;
        match status {
            Ok(Status::StreamEnd) => return Ok(at),
            Ok(Status::Ok | Status::BufError) if advanced > 0 || output.bytes.len() > written => {}
            // It wants more, and there is no more.
            Ok(Status::Ok | Status::BufError) => return Err(corrupt(bytes.len())),
            Err(_) => return Err(corrupt(at)),
        }
    }
}

/// RFC 1952: one member after another; zeros after the last are padding, as `gzip` itself reads them.
fn gzip(state: &mut Decompress, bytes: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
    let mut at = 0;
    loop {
        let start = gzip_header(bytes, at)?.end;
        let member = output.bytes.len();
        state.reset(false);
        let end = inflate(state, bytes, start, output)?;
        let trailer = bytes.get(end..).and_then(<[u8]>::first_chunk::<8>).ok_or(corrupt(end))?;
        let mut crc = Crc::new();
        crc.update(output.bytes.get(member..).unwrap_or_default());
        let [sum @ .., _, _, _, _] = trailer;
        if *sum != crc.sum().to_le_bytes() || !trailer.ends_with(&crc.amount().to_le_bytes()) {
            return Err(corrupt(end));
        }
        at = end + trailer.len();
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.iter().all(|&byte| byte == 0) {
            return Ok(());
        }
    }
}

/// The name of the file in a gzip stream, which is no part of what is inside.
pub fn name_beside(bytes: &[u8]) -> Option<&[u8]> {
    let header = gzip_header(bytes, 0).ok()?;
    Some(header.name.of(bytes)).filter(|name| !name.is_empty())
}

struct GzipHeader {
    name: Span,
    end: usize,
}

/// The header of the member at `at`. The first may have a file name, since `gzip` writes one, and any the size that
/// BGZF gives it.
fn gzip_header(bytes: &[u8], at: usize) -> Result<GzipHeader, Stop> {
    const HEADER_BYTES: usize = 10;
    const HEADER_CHECKSUM: u8 = 2;
    const EXTRA: u8 = 4;
    const FILE_NAME: u8 = 8;
    let header = bytes.get(at..).and_then(<[u8]>::first_chunk::<HEADER_BYTES>);
    let flags = match header {
        Some([0x1F, 0x8B, 8, flags, ..]) => *flags,
        Some(_) | None => return Err(corrupt(at)),
    };
    // The lowest bit says that the rest is probably text.
    let known = 1 | HEADER_CHECKSUM | EXTRA | FILE_NAME;
    if flags & !known != 0 || (at > 0 && flags & FILE_NAME != 0) {
        return Err(corrupt(at + 3));
    }
    let mut end = at + HEADER_BYTES;
    if flags & EXTRA != 0 {
        end += match bytes.get(end..).unwrap_or_default() {
            [0, 0, ..] => 2,
            [6, 0, b'B', b'C', 2, 0, _, _, ..] => 8,
            _ => return Err(corrupt(at + 3)),
        };
    }
    let mut name = Span::new(end, end);
    if flags & FILE_NAME != 0 {
        let rest = bytes.get(end..).unwrap_or_default();
        let length = memchr::memchr(0, rest).ok_or(corrupt(bytes.len()))?;
        name = Span::new(end, end + length);
        end += length + 1;
    }
    if flags & HEADER_CHECKSUM != 0 {
        let mut crc = Crc::new();
        crc.update(bytes.get(at..end).unwrap_or_default());
        let [low, high, ..] = crc.sum().to_le_bytes();
        if bytes.get(end..end + 2) != Some(&[low, high]) {
            return Err(corrupt(end));
        }
        end += 2;
    }
    Ok(GzipHeader { name, end })
}

/// RFC 1950, or RFC 1951 without its wrapping, which browsers accept because servers sent it.
fn deflate(state: &mut Decompress, bytes: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
    let wrapped = matches!(bytes, [method, flags, ..]
        if method & 0x0F == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0);
    let mut read = Err(corrupt(0));
    if wrapped {
        state.reset(true);
        read = inflate(state, bytes, 0, output);
    }
    // A raw stream may begin like a wrapped one by chance.
    if matches!(read, Err(Stop { cause: GapCause::CorruptEncoding, .. })) {
        output.bytes.clear();
        state.reset(false);
        read = inflate(state, bytes, 0, output);
    }
    match read {
        Ok(end) if end < bytes.len() => Err(corrupt(end)),
        Ok(_) => Ok(()),
        Err(stop) => Err(stop),
    }
}

/// RFC 7932; windows beyond its 16 MiB are refused.
fn brotli(window: &mut Vec<u8>, bytes: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
    if brotli_by_steps(window, bytes, Steps::Short, output)? == Metadata::Unseen {
        output.bytes.clear();
        brotli_by_steps(window, bytes, Steps::Bytes, output)?;
    }
    Ok(())
}

/// How much the decompressor is given at a time. It skips metadata (RFC 7932 §9.2) without a word, which shows in
/// its state only while it stands in front of them: one byte at a time it always does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Steps {
    /// Such that a step most likely does not end a block.
    Short,
    Bytes,
}

#[derive(PartialEq, Eq)]
enum Metadata {
    Absent,
    /// A step ended a block, and what followed was not seen.
    Unseen,
}

fn brotli_by_steps(
    window: &mut Vec<u8>,
    bytes: &[u8],
    steps: Steps,
    output: &mut Output<'_>,
) -> Result<Metadata, Stop> {
    /// So many times its length a step may become without ending a block.
    const RATIO: usize = 64;
    let allocator = StandardAlloc::default;
    let mut state = BrotliState::new_strict(allocator(), allocator(), allocator());
    window.resize(WINDOW_BYTES, 0);
    let (mut at, mut total) = (0, 0);
    loop {
        let remaining = usize::try_from(state.meta_block_remaining_len).unwrap_or(0);
        let step = match steps {
            Steps::Short => (remaining / RATIO).max(1),
            Steps::Bytes => 1,
        };
        let before = output.bytes.len();
        let mut left = step.min(bytes.len() - at);
        let result = loop {
            let (mut room, mut written) = (window.len(), 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut at,
                bytes,
                &mut room,
                &mut written,
                window,
                &mut total,
                &mut state,
            );
            output.bytes.extend_from_slice(window.get(..written).unwrap_or_default());
            output.check(at)?;
            if !matches!(result, BrotliResult::NeedsMoreOutput) {
                break result;
            }
        };
        match result {
            BrotliResult::ResultSuccess if at == bytes.len() && step == 1 => {
                return Ok(Metadata::Absent);
            }
            BrotliResult::ResultSuccess if at == bytes.len() => return Ok(Metadata::Unseen),
            BrotliResult::NeedsMoreInput if at < bytes.len() => {}
            BrotliResult::ResultSuccess
            | BrotliResult::NeedsMoreInput
            | BrotliResult::NeedsMoreOutput
            | BrotliResult::ResultFailure => return Err(corrupt(at)),
        }
        let is_left = usize::try_from(state.meta_block_remaining_len).unwrap_or(0);
        // Without a length they say nothing: a stream is flushed with them.
        if state.is_metadata != 0 && is_left > 0 {
            return Err(corrupt(at));
        }
        // The block is the one before when what it lacks is less by what was written.
        let written = output.bytes.len() - before;
        if step > 1 && (is_left == 0 || is_left + written != remaining) {
            return Ok(Metadata::Unseen);
        }
    }
}

const WINDOW_BYTES: usize = 16 << 10;

/// RFC 8878: one frame after another, without dictionaries.
fn zstd(frame: &mut FrameDecoder, bytes: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
    let mut rest = bytes;
    // A frame that is one segment takes its whole content for its window.
    let window_max = output.limits.decoded_bytes_max.max(CONTENT_WINDOW_BYTES);
    frame.set_max_window_size(u64::try_from(window_max).unwrap_or(u64::MAX));
    loop {
        let at = |rest: &[u8]| bytes.len() - rest.len();
        frame.reset(&mut rest).map_err(|error| {
            let too_large = matches!(error, FrameDecoderError::WindowSizeTooBig { .. });
            let cause =
                if too_large { GapCause::DecodedTooLarge } else { GapCause::CorruptEncoding };
            Stop { cause, offset: at(rest) }
        })?;
        while !frame.is_finished() {
            frame
                .decode_blocks(&mut rest, BlockDecodingStrategy::UptoBlocks(1))
                .map_err(|_| corrupt(at(rest)))?;
            frame.collect_to_writer(&mut output.bytes).map_err(|_| corrupt(at(rest)))?;
            output.check(at(rest))?;
        }
        frame.collect_to_writer(&mut output.bytes).map_err(|_| corrupt(at(rest)))?;
        output.check(at(rest))?;
        let written = frame.get_checksum_from_data();
        if written.is_some() && written != frame.get_calculated_checksum() {
            return Err(corrupt(at(rest)));
        }
        if rest.is_empty() {
            return Ok(());
        }
    }
}

/// RFC 9659: what every reader of the content coding supports.
const CONTENT_WINDOW_BYTES: usize = 8 << 20;

/// Padding may be missing and the last symbol's spare bits may be set, as lenient readers allow.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// RFC 4648; line breaks and spaces between symbols are skipped, as RFC 2045 §6.8 has it.
fn base64(alphabet: &GeneralPurpose, bytes: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
    let symbols: Vec<u8>;
    let dense = if bytes.iter().any(u8::is_ascii_whitespace) {
        symbols = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        &symbols
    } else {
        bytes
    };
    alphabet.decode_vec(dense, &mut output.bytes).map_err(|_| corrupt(0))?;
    output.check(bytes.len())
}

/// RFC 2045 §6.7: `=` and two digits is a byte, `=` at the end of a line joins it to the next, and space
/// before a line's end was added on the way. Any other `=` is refused: readers differ over it.
fn quoted_printable(bytes: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
    let mut at = 0;
    while let Some(length) = memchr::memchr2(b'=', b'\n', bytes.get(at..).unwrap_or_default()) {
        let found = at + length;
        let plain = bytes.get(at..found).unwrap_or_default();
        if bytes.get(found) == Some(&b'\n') {
            let is_crlf = plain.last() == Some(&b'\r');
            let line = plain.strip_suffix(b"\r").unwrap_or(plain).trim_ascii_end();
            output.bytes.extend_from_slice(line);
            output.bytes.extend_from_slice(if is_crlf { b"\r\n" } else { b"\n" });
            at = found + 1;
            continue;
        }
        output.bytes.extend_from_slice(plain);
        let rest = bytes.get(found + 1..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        at = match (rest, rest.get(blank..)) {
            (_, Some([b'\r', b'\n', ..])) => found + 1 + blank + 2,
            (_, Some([b'\n', ..])) => found + 1 + blank + 1,
            (_, Some([])) => bytes.len(),
            ([high, low, ..], _) => {
                output.bytes.push(hex_byte(&[*high, *low]).ok_or(corrupt(found))?);
                found + 3
            }
            _ => return Err(corrupt(found)),
        };
    }
    output.bytes.extend_from_slice(bytes.get(at..).unwrap_or_default());
    output.check(bytes.len())
}
