//! Profiles of colours (ICC.1:2022): a header, a table of tags, and what these are.
//!
//! Descriptions and notices are texts, and some are called after whoever measured the monitor. What is neither a text
//! nor numbers of a kind that is known is for the picture around it to judge.

use std::ops::Range;

use super::{
    super::{charset, utf8},
    Block, Content, Meaning, unknown,
};
use crate::domain::{Charset, Span};

const HEADER_BYTES: usize = 128;
const TAG_BYTES: usize = 12;
/// What precedes the content of a tag: its type, and four zeros.
const TYPE_BYTES: usize = 8;
/// Printers' profiles have thirty.
const TAGS_MAX: usize = 256;

/// What a range of a profile is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Text,
    /// In UTF-16.
    Wide,
    Unknown,
}

/// Tells the parts of a profile that are no numbers.
pub(super) fn each(profile: &[u8], tell: &mut dyn FnMut(Range<usize>, Part)) {
    let tags = match tags(profile) {
        Some(tags) => tags,
        None => return tell(0..profile.len(), Part::Unknown),
    };
    let mut read = HEADER_BYTES + 4 + TAG_BYTES * tags.1;
    // Reserved.
    tell(100..HEADER_BYTES, Part::Unknown);
    for Range { start, end } in tags.0 {
        if start > read {
            tell(read..start, Part::Unknown);
        }
        if end > read {
            // Tags that lie over each other are none of a kind.
            let is_whole = start >= read;
            match profile.get(start..end).filter(|_| is_whole) {
                Some(data) => tag(data, &mut |part, kind| {
                    tell(start + part.start..start + part.end, kind);
                }),
                None => tell(read..end, Part::Unknown),
            }
            read = end;
        }
    }
    if read < profile.len() {
        tell(read..profile.len(), Part::Unknown);
    }
}

/// Where the tags stand that begin in a profile, in order, as far as it goes; and how many entries their table has.
fn tags(profile: &[u8]) -> Option<(Vec<Range<usize>>, usize)> {
    let word = |at: usize| Some(u32::from_be_bytes(*profile.get(at..)?.first_chunk()?) as usize);
    if profile.get(36..40) != Some(b"acsp") {
        return None;
    }
    let count = word(HEADER_BYTES)?;
    if count > TAGS_MAX {
        return None;
    }
    let mut tags = Vec::with_capacity(count);
    for number in 0..count {
        let entry = HEADER_BYTES + 4 + TAG_BYTES * number;
        let (start, length) = (word(entry + 4)?, word(entry + 8)?);
        let end = start.checked_add(length)?.min(profile.len());
        if start < end {
            tags.push(start..end);
        }
    }
    tags.sort_unstable_by_key(|tag| (tag.start, tag.end));
    tags.dedup();
    Some((tags, count))
}

/// Tells the parts of one tag.
fn tag(data: &[u8], tell: &mut dyn FnMut(Range<usize>, Part)) {
    let word = |at: usize| {
        let word = data.get(at..).and_then(<[u8]>::first_chunk::<4>);
        word.map_or(0, |word| u32::from_be_bytes(*word) as usize)
    };
    let end = |length: usize| length.min(data.len());
    let kind = data.get(..4).unwrap_or_default();
    let numbers_end = match kind {
        b"text" => {
            tell(end(TYPE_BYTES)..data.len(), Part::Text);
            return;
        }
        b"mluc" => {
            let texts = end(16usize.saturating_add(word(8).saturating_mul(12)));
            tell(texts..data.len(), Part::Wide);
            return;
        }
        b"desc" => {
            // In ASCII, in UTF-16 behind its language and length, in a script of its own (ICC.1:2001 §6.5.17).
            let ascii = end(12usize.saturating_add(word(8)));
            let wide = end(ascii + 8);
            let wide_end = end(wide.saturating_add(word(ascii + 4).saturating_mul(2)));
            tell(end(12)..ascii, Part::Text);
            tell(wide..wide_end, Part::Wide);
            // The number of the script, and the length.
            tell(end(wide_end + 3)..data.len(), Part::Text);
            return;
        }
        b"curv" => 12usize.saturating_add(word(8).saturating_mul(2)),
        b"para" => match data.get(8..10) {
            Some([0, kind @ 0..=4]) => {
                12 + 4 * [1, 3, 4, 5, 7].get(usize::from(*kind)).copied().unwrap_or(0)
            }
            _ => TYPE_BYTES,
        },
        b"sig " | b"cicp" => 12,
        b"meas" | b"view" => 36,
        b"dtim" => 20,
        b"chrm" => 12usize.saturating_add(8 * usize::from(data.get(9).copied().unwrap_or(0))),
        // Numbers to the end: tables, and what Apple's say of a screen.
        b"XYZ " | b"sf32" | b"uf32" | b"ui08" | b"ui16" | b"ui32" | b"mft1" | b"mft2" | b"mAB "
        | b"mBA " | b"vcgt" | b"vcgp" | b"ndin" | b"mmod" => data.len(),
        _ => 0,
    };
    // Up to the next multiple of four there may be anything.
    if numbers_end.next_multiple_of(4) < data.len() {
        tell(end(numbers_end)..data.len(), Part::Unknown);
    }
}

/// The texts of a profile that stands in `pieces` of a picture, and what else may hold one.
pub(super) fn blocks(bytes: &[u8], pieces: &[Span]) -> Vec<Block> {
    let profile: Vec<u8> = pieces.iter().flat_map(|piece| piece.of(bytes)).copied().collect();
    let mut blocks = Vec::new();
    each(&profile, &mut |part, kind| {
        let places = places(pieces, part.clone());
        let data = profile.get(part).unwrap_or_default();
        let Some(&span) = places.first() else { return };
        match (text(data, kind), places.as_slice()) {
            (Some(text), _) if text.is_empty() => {}
            (Some(_), [span]) if kind == Part::Text => {
                blocks.push(Block::new(Content::Text(None), *span));
            }
            (Some(bytes), _) => {
                let meaning = Meaning::Text(None);
                let content = Content::Rewritten { meaning, bytes, pieces: places };
                blocks.push(Block::new(content, span));
            }
            (None, places) => {
                blocks.extend(places.iter().filter_map(|place| unknown(bytes, *place)));
            }
        }
    });
    blocks
}

/// The texts of a profile that stands in a picture as other bytes; `None` of what may hold one and is not read.
pub(super) fn texts(profile: &[u8]) -> Vec<Option<Vec<u8>>> {
    let mut texts = Vec::new();
    each(profile, &mut |part, kind| {
        let data = profile.get(part).unwrap_or_default();
        match text(data, kind) {
            Some(text) if text.is_empty() => {}
            Some(text) => texts.push(Some(text)),
            None if data.iter().all(|byte| *byte == 0) => {}
            None => texts.push(super::is_text(data).then(|| data.to_vec())),
        }
    });
    texts
}

/// A profile with blanks for its texts; `None` when more than texts would have to go.
pub(super) fn blanked(profile: &[u8]) -> Option<Vec<u8>> {
    let mut blanked = profile.to_vec();
    let mut is_whole = true;
    each(profile, &mut |part, kind| {
        let data = profile.get(part.clone()).unwrap_or_default();
        match text(data, kind) {
            Some(_) => {
                if let Some(place) = blanked.get_mut(part) {
                    let is_letter = |byte: &&mut u8| **byte != 0;
                    place.iter_mut().filter(is_letter).for_each(|byte| *byte = b' ');
                }
            }
            None => is_whole &= data.iter().all(|byte| *byte == 0),
        }
    });
    is_whole.then_some(blanked)
}

/// What a part says; `None` when it is no text. Zeros end a text, and blanks are none.
fn text(data: &[u8], kind: Part) -> Option<Vec<u8>> {
    let text = match kind {
        Part::Text => utf8(data)?.to_owned(),
        Part::Wide => {
            let even = data.get(..data.len() & !1)?;
            String::from_utf8(charset::decode(Charset::UTF_16_BE, even).ok()?).ok()?
        }
        Part::Unknown => return None,
    };
    let is_blank = |letter: char| letter == '\0' || letter == '\u{2020}' || letter.is_whitespace();
    Some(text.trim_matches(is_blank).as_bytes().to_vec())
}

/// Where a range of a profile stands in the picture.
fn places(pieces: &[Span], part: Range<usize>) -> Vec<Span> {
    let mut places = Vec::new();
    let mut before = 0;
    for piece in pieces {
        let (start, end) = (part.start.max(before), part.end.min(before + piece.len()));
        if start < end {
            let base = piece.range().start;
            places.push(Span::new(base + start - before, base + end - before));
        }
        before += piece.len();
    }
    places
}
