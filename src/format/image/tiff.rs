//! The TIFF structure that holds EXIF (CIPA DC-008): directories of tagged entries.

use std::io::Write as _;

use super::super::Stop;
use crate::domain::Span;

/// A structure whose header is in order.
pub(super) struct Exif<'b> {
    bytes: &'b [u8],
    is_little_endian: bool,
}

/// One value of a directory.
struct Entry {
    tag: u16,
    kind: u16,
    /// Its data, in the entry or outside.
    data: Span,
}

/// What is told of a value: its name, its bytes, and how they read when they are not text.
pub(super) type Tell<'t> = &'t mut dyn FnMut(&str, Span, Option<&[u8]>) -> Result<(), Stop>;

const EXIF_DIRECTORY: u16 = 0x8769;
const GPS_DIRECTORY: u16 = 0x8825;
const ENTRY_BYTES: usize = 12;

/// Overwrites a structure with one that tells how to turn the picture and nothing else. What is too short
/// for that, or no structure, becomes zeros.
pub(super) fn blank(structure: &mut [u8]) {
    let orientation = Exif::read(structure).and_then(|exif| {
        let main = exif.word(4)?;
        let entry = exif.entries(main).find(|entry| entry.tag == ORIENTATION && entry.kind == 3)?;
        let turned =
            exif.half(entry.data.range().start).filter(|turned| (2..=8).contains(turned))?;
        Some((exif.is_little_endian, turned))
    });
    structure.fill(0);
    let (is_little_endian, entries) = match orientation {
        Some((is_little_endian, turned)) => (is_little_endian, Some(turned)),
        None => (true, None),
    };
    let half = |number: u16| {
        if is_little_endian { number.to_le_bytes() } else { number.to_be_bytes() }
    };
    let word = |number: u32| {
        if is_little_endian { number.to_le_bytes() } else { number.to_be_bytes() }
    };
    let mut written = Vec::with_capacity(26);
    written.extend_from_slice(if is_little_endian { b"II" } else { b"MM" });
    written.extend(half(42));
    written.extend(word(8));
    written.extend(half(u16::from(entries.is_some())));
    if let Some(turned) = entries {
        written.extend(half(ORIENTATION));
        written.extend(half(3));
        written.extend(word(1));
        written.extend(half(turned));
        written.extend(half(0));
    }
    written.extend(word(0));
    if let Some(place) = structure.get_mut(..written.len()) {
        place.copy_from_slice(&written);
    }
}

/// How the picture is to be turned, 1 to 8 (CIPA DC-008 §4.6.5.1).
const ORIENTATION: u16 = 0x0112;

impl<'b> Exif<'b> {
    pub(super) fn read(bytes: &'b [u8]) -> Option<Self> {
        let is_little_endian = match bytes.first_chunk::<4>()? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        Some(Self { bytes, is_little_endian })
    }

    /// Tells the texts of the main, the EXIF and the thumbnail's directory, and what is known of the
    /// place.
    pub(super) fn each(&self, tell: Tell<'_>) -> Result<(), Stop> {
        // Entries may share their data; what is looked at in all is no longer than the structure.
        let mut left = self.bytes.len();
        let main = self.word(4);
        let next = main.and_then(|at| self.next_directory(at));
        let exif = main.and_then(|at| self.directory_named(at, EXIF_DIRECTORY));
        for directory in [main, exif, next].into_iter().flatten() {
            for entry in self.entries(directory) {
                let is_text = matches!(entry.kind, ASCII | UTF_8);
                let wide = if is_text { None } else { self.wide_text(&entry) };
                if (!is_text && wide.is_none()) || entry.data.is_empty() {
                    continue;
                }
                left = left.checked_sub(entry.data.len()).ok_or(Stop::malformed(directory))?;
                let span = if is_text { self.without_padding(entry.data) } else { entry.data };
                tell(name(entry.tag), span, wide.as_deref().map(str::as_bytes))?;
            }
        }
        let Some(place) = self.place() else { return Ok(()) };
        let references = [GPS_LATITUDE, GPS_LONGITUDE].map(|tag| {
            let mut entries = self.entries(place);
            entries.find(|entry| entry.tag == tag - 1).map(|entry| entry.data)
        });
        for entry in self.entries(place) {
            left = left.checked_sub(entry.data.len()).ok_or(Stop::malformed(place))?;
            let span = self.without_padding(entry.data);
            let name = gps_name(entry.tag);
            if entry.kind == ASCII {
                tell(name, span, None)?;
                continue;
            }
            let reference = match entry.tag {
                GPS_LATITUDE => references[0],
                GPS_LONGITUDE => references[1],
                _ => None,
            };
            let is_negative = reference
                .and_then(|span| span.of(self.bytes).first())
                .is_some_and(|letter| matches!(letter, b'S' | b's' | b'W' | b'w'));
            let mut room = [0; 32];
            let length = self.render(&entry, is_negative, &mut room);
            tell(name, entry.data, Some(room.get(..length).unwrap_or_default()))?;
        }
        Ok(())
    }

    /// The text of an entry whose type says only that it is bytes: Windows' own in UTF-16, and the
    /// user's comment behind eight bytes that name its character code (CIPA DC-008 §4.6.5).
    fn wide_text(&self, entry: &Entry) -> Option<String> {
        let bytes = entry.data.of(self.bytes);
        let (letters, is_little_endian) = match entry.tag {
            WINDOWS_TITLE..=WINDOWS_SUBJECT => (bytes, true),
            USER_COMMENT => match bytes.split_at_checked(8)? {
                (b"ASCII\0\0\0" | b"\0\0\0\0\0\0\0\0", text) => {
                    let text = String::from_utf8_lossy(text);
                    return Some(text.trim_matches(['\0', ' ']).to_owned());
                }
                (b"UNICODE\0", text) => (text, self.is_little_endian),
                _ => return None,
            },
            _ => return None,
        };
        let (letters, _) = letters.as_chunks::<2>();
        let unit = if is_little_endian { u16::from_le_bytes } else { u16::from_be_bytes };
        let letters = letters.iter().map(|pair| unit(*pair));
        let text =
            char::decode_utf16(letters).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
        Some(text.collect::<String>().trim_matches(['\0', ' ']).to_owned())
    }

    /// All bytes that tell the place: its directory and the data of its entries.
    pub(super) fn location(&self) -> Vec<Span> {
        let Some(place) = self.place() else { return Vec::new() };
        let mut spans: Vec<Span> = self.entries(place).map(|entry| entry.data).collect();
        // Without entries there is no place, and the rest of the structure keeps its offsets. Those whose
        // data lie elsewhere are entries as well.
        let count = self.listed(place).count();
        spans.push(Span::new(place, place + 2 + count * ENTRY_BYTES));
        // Entries may share their data, which is overwritten once.
        spans.sort_unstable();
        spans.dedup_by(|next, last| {
            let joins = next.start <= last.end;
            if joins {
                last.end = last.end.max(next.end);
            }
            joins
        });
        spans
    }

    /// Where the directory of the place starts, if it says anything.
    fn place(&self) -> Option<usize> {
        let place = self.directory_named(self.word(4)?, GPS_DIRECTORY)?;
        self.entries(place).next().map(|_| place)
    }

    fn directory_named(&self, directory: usize, tag: u16) -> Option<usize> {
        let entry = self.entries(directory).find(|entry| entry.tag == tag)?;
        self.word(entry.data.range().start)
    }

    fn next_directory(&self, directory: usize) -> Option<usize> {
        let count = usize::from(self.half(directory)?);
        self.word(directory + 2 + count * ENTRY_BYTES).filter(|&next| next != 0)
    }

    /// The entries that lie within the structure.
    fn entries(&self, directory: usize) -> impl Iterator<Item = Entry> {
        self.listed(directory).flatten()
    }

    /// Those, and `None` for each whose data do not.
    fn listed(&self, directory: usize) -> impl Iterator<Item = Option<Entry>> {
        let count = usize::from(self.half(directory).unwrap_or(0));
        (0..count).map_while(move |index| self.entry(directory + 2 + index * ENTRY_BYTES))
    }

    /// `None` outside the structure; `Some(None)` when its data are.
    #[expect(clippy::option_option, reason = "the end of the list, and an entry to skip")]
    fn entry(&self, at: usize) -> Option<Option<Entry>> {
        let (tag, kind, count) = (self.half(at)?, self.half(at + 2)?, self.word(at + 4)?);
        let inside = self.word(at + 8)?;
        let unit = match kind {
            1 | ASCII | UTF_8 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 => 4,
            RATIONAL | SIGNED_RATIONAL | 12 => 8,
            _ => return Some(None),
        };
        let data = count.checked_mul(unit).and_then(|length| {
            let start = if length <= 4 { at + 8 } else { inside };
            let end = start.checked_add(length)?;
            (end <= self.bytes.len()).then(|| Span::new(start, end))
        });
        Some(data.map(|data| Entry { tag, kind, data }))
    }

    /// Writes how a value reads; its length. Degrees, minutes and seconds become decimal degrees.
    fn render(&self, entry: &Entry, is_negative: bool, room: &mut [u8; 32]) -> usize {
        let start = entry.data.range().start;
        let numbers = entry.data.len() / 8;
        let capacity = room.len();
        let mut rest = room.as_mut_slice();
        let written = match (entry.kind, entry.tag) {
            (RATIONAL, GPS_LATITUDE | GPS_LONGITUDE) if numbers >= 1 => {
                let part = |index: usize| {
                    if index < numbers { self.rational(start + 8 * index) } else { Some(0.0) }
                };
                let (Some(degrees), minutes, seconds) = (part(0), part(1), part(2)) else {
                    return 0;
                };
                let degrees =
                    degrees + minutes.unwrap_or(0.0) / 60.0 + seconds.unwrap_or(0.0) / 3600.0;
                write!(rest, "{:.6}", if is_negative { -degrees } else { degrees })
            }
            (RATIONAL, _) if numbers == 1 => match self.rational(start) {
                Some(number) => write!(rest, "{number:.3}"),
                None => Ok(()),
            },
            _ => Ok(()),
        };
        let left = rest.len();
        if written.is_ok() { capacity - left } else { 0 }
    }

    fn rational(&self, at: usize) -> Option<f64> {
        let part = |at| self.word(at).and_then(|word| u32::try_from(word).ok()).map(f64::from);
        let (numerator, denominator) = (part(at)?, part(at + 4)?);
        (denominator != 0.0).then(|| numerator / denominator)
    }

    fn without_padding(&self, span: Span) -> Span {
        let text = span.of(self.bytes);
        let padding = text.iter().rev().take_while(|&&byte| byte == 0).count();
        Span::new(span.range().start, span.range().end - padding)
    }

    fn half(&self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.is_little_endian {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    }

    fn word(&self, at: usize) -> Option<usize> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        let word = if self.is_little_endian {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        };
        usize::try_from(word).ok()
    }
}

const ASCII: u16 = 2;
/// Since version 3.0.
const UTF_8: u16 = 129;
const USER_COMMENT: u16 = 0x9286;
const WINDOWS_TITLE: u16 = 0x9C9B;
const WINDOWS_SUBJECT: u16 = 0x9C9F;
const RATIONAL: u16 = 5;
const SIGNED_RATIONAL: u16 = 10;
const GPS_LATITUDE: u16 = 2;
const GPS_LONGITUDE: u16 = 4;

/// The names that CIPA DC-008 gives to the texts.
fn name(tag: u16) -> &'static str {
    match tag {
        0x010E => "ImageDescription",
        0x010F => "Make",
        0x0110 => "Model",
        0x0131 => "Software",
        0x0132 => "DateTime",
        0x013B => "Artist",
        0x013C => "HostComputer",
        0x8298 => "Copyright",
        0x9003 => "DateTimeOriginal",
        0x9004 => "DateTimeDigitized",
        0x9010 => "OffsetTime",
        USER_COMMENT => "UserComment",
        WINDOWS_TITLE => "XPTitle",
        0x9C9C => "XPComment",
        0x9C9D => "XPAuthor",
        0x9C9E => "XPKeywords",
        WINDOWS_SUBJECT => "XPSubject",
        0xA420 => "ImageUniqueID",
        0xA430 => "CameraOwnerName",
        0xA431 => "BodySerialNumber",
        0xA433 => "LensMake",
        0xA434 => "LensModel",
        0xA435 => "LensSerialNumber",
        _ => "text",
    }
}

fn gps_name(tag: u16) -> &'static str {
    match tag {
        0x00 => "GPSVersionID",
        0x01 => "GPSLatitudeRef",
        GPS_LATITUDE => "GPSLatitude",
        0x03 => "GPSLongitudeRef",
        GPS_LONGITUDE => "GPSLongitude",
        0x05 => "GPSAltitudeRef",
        0x06 => "GPSAltitude",
        0x07 => "GPSTimeStamp",
        0x12 => "GPSMapDatum",
        0x13 => "GPSDestLatitudeRef",
        0x14 => "GPSDestLatitude",
        0x15 => "GPSDestLongitudeRef",
        0x16 => "GPSDestLongitude",
        0x1B => "GPSProcessingMethod",
        0x1C => "GPSAreaInformation",
        0x1D => "GPSDateStamp",
        _ => "GPSInfo",
    }
}
