mod grammar;

use proptest::prelude::*;

use super::*;
use crate::{domain::Format, format::tests::Notes};

fn without_place(picture: &[u8]) -> Option<Vec<u8>> {
    without(picture, true, &[])
}

/// A TIFF structure with an artist and a place: 1°17′24.972″ N (or S), 103°51′7.01″ E.
fn tiff(little: bool, latitude_ref: u8) -> Vec<u8> {
    let half = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let word = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&half(tag)[..], &half(kind), &word(count), &value].concat()
    };
    let mut out = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
    out.extend(word(8));
    // The main directory at 8: 2 + 2 × 12 + 4 bytes.
    out.extend(half(2));
    out.extend(entry(0x013B, 2, 8, word(38)));
    out.extend(entry(0x8825, 4, 1, word(46)));
    out.extend(word(0));
    out.extend(b"Mei Tan\0");
    // The directory of the place at 46: 2 + 4 × 12 + 4 bytes.
    out.extend(half(4));
    out.extend(entry(1, 2, 2, [latitude_ref, 0, 0, 0]));
    out.extend(entry(2, 5, 3, word(100)));
    out.extend(entry(3, 2, 2, *b"E\0\0\0"));
    out.extend(entry(4, 5, 3, word(124)));
    out.extend(word(0));
    for (numerator, denominator) in [(1, 1), (17, 1), (24_972, 1000), (103, 1), (51, 1), (701, 100)]
    {
        out.extend(word(numerator));
        out.extend(word(denominator));
    }
    out
}

const XMP: &[u8] = b"<?xpacket begin='' id='x'?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='r'>\
    <rdf:Description xmlns:exif='e' exif:GPSLatitude='1,17.4162N'><exif:GPSLongitude>103,51.1E</exif:GPSLongitude>\
    <dc:creator xmlns:dc='d'>Mei</dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>  <?xpacket end='w'?>";

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).expect("a short segment");
    [&[0xFF, marker][..], &length.to_be_bytes(), data].concat()
}

/// A picture as far as its markers go: blocks, a scan with a stuffed byte and a restart, the end.
fn jpeg_of(blocks: &[Vec<u8>]) -> Vec<u8> {
    let scan = segment(0xDA, &[1, 1, 0, 0, 63, 0]);
    let pixels = [1, 2, 0xFF, 0, 3, 0xFF, 0xD0, 4, 0xFF, 0xD9];
    [&[0xFF, 0xD8][..], &blocks.concat(), &scan, &pixels].concat()
}

fn exif_segment(tiff: &[u8]) -> Vec<u8> {
    segment(0xE1, &[b"Exif\0\0", tiff].concat())
}

fn xmp_segment() -> Vec<u8> {
    segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", XMP].concat())
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    let length = u32::try_from(data.len()).expect("a short chunk");
    [&length.to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
}

fn png_of(chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 6, 8, 0, 0, 0, 0]);
    [b"\x89PNG\r\n\x1a\n", &header[..], &chunks.concat(), &chunk(b"IEND", &[])].concat()
}

/// The six lines of one dot that `png_of` says the picture has.
fn png_pixels() -> Vec<u8> {
    deflated(b"\0p\0i\0x\0e\0l\0s")
}

/// A profile of colours with one tag.
fn profile_of(tag: &[u8]) -> Vec<u8> {
    let word = |number: usize| u32::try_from(number).expect("short").to_be_bytes();
    let mut out = vec![0; 128];
    out[36..40].copy_from_slice(b"acsp");
    out.extend([word(1), *b"desc", word(144), word(tag.len())].concat());
    out.extend(tag);
    let length = word(out.len());
    out[..4].copy_from_slice(&length);
    out
}

/// A description in two languages (ICC.1:2022 §10.15).
fn described(text: &str) -> Vec<u8> {
    let text: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let length = u8::try_from(text.len()).expect("a short text");
    let record = |country: &[u8]| [b"en", country, &[0, 0, 0, length, 0, 0, 0, 40]].concat();
    [b"mluc\0\0\0\0\0\0\0\x02\0\0\0\x0c", &record(b"US")[..], &record(b"GB"), &text].concat()
}

fn webp_of(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut data = b"WEBP".to_vec();
    for (kind, content) in chunks {
        data.extend(*kind);
        data.extend(u32::try_from(content.len()).expect("a short chunk").to_le_bytes());
        data.extend(*content);
        data.extend(vec![0; content.len() % 2]);
    }
    [b"RIFF", &u32::try_from(data.len()).expect("short").to_le_bytes()[..], &data].concat()
}

/// A frame of an animation with one chunk behind its place.
fn framed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&[0; 16], webp_of(&[(kind, content)]).get(12..).expect("a chunk")].concat()
}

fn icc_segment(profile: &[u8]) -> Vec<u8> {
    segment(0xE2, &[b"ICC_PROFILE\0\x01\x01", profile].concat())
}

fn boxed(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len() + 8).expect("a short box");
    [&length.to_be_bytes()[..], kind, data].concat()
}

/// A file whose items 1 and 2 are EXIF and XMP, and 3 the picture.
fn heif_of(tiff: &[u8], xmp: &[u8]) -> Vec<u8> {
    let info = |id: u8, rest: &[u8]| boxed(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], rest].concat());
    let items = boxed(
        b"iinf",
        &[
            &[0, 0, 0, 0, 0, 3][..],
            &info(3, b"hvc1\0"),
            &info(1, b"Exif\0"),
            &info(2, b"mime\0application/rdf+xml\0"),
        ]
        .concat(),
    );
    let exif = [&6u32.to_be_bytes()[..], b"Exif\0\0", tiff].concat();
    let head = boxed(b"ftyp", b"heic\0\0\0\0mif1");
    let file = |offset: usize| {
        let place = |id: u8, start: usize, length: usize| {
            let word = |number: usize| u32::try_from(number).expect("a short file").to_be_bytes();
            [&[0, id, 0, 0, 0, 0, 0, 1][..], &word(start), &word(length)].concat()
        };
        let places = boxed(
            b"iloc",
            &[
                &[1, 0, 0, 0, 0x44, 0, 0, 3][..],
                &place(3, offset, 6),
                &place(1, offset + 6, exif.len()),
                &place(2, offset + 6 + exif.len(), xmp.len()),
            ]
            .concat(),
        );
        let meta = boxed(b"meta", &[&[0; 4][..], &items, &places].concat());
        let data = boxed(b"mdat", &[b"pixels", &exif[..], xmp].concat());
        ([&head[..], &meta, &data].concat(), head.len() + meta.len() + 8)
    };
    let (_, offset) = file(0);
    file(offset).0
}

fn notes(picture: &[u8]) -> Vec<String> {
    let (notes, read) = Notes::of(Format::Image, picture);
    assert_eq!(read, Ok(()));
    notes
}

const EXIF_LINES: [&str; 6] = [
    "/exif {",
    "/exif/Artist string Mei Tan",
    "/exif/GPSLatitudeRef string N",
    "/exif/GPSLatitude binary 1.290270",
    "/exif/GPSLongitudeRef string E",
    "/exif/GPSLongitude binary 103.851947",
];

#[test]
fn the_place_of_a_picture_is_told_in_degrees() {
    for little in [true, false] {
        let tiff = tiff(little, b'N');
        for picture in [
            jpeg_of(&[exif_segment(&tiff)]),
            png_of(&[chunk(b"eXIf", &tiff)]),
            webp_of(&[(b"VP8X", &[0; 10]), (b"EXIF", &tiff)]),
            webp_of(&[(b"EXIF", &[b"Exif\0\0", &tiff[..]].concat())]),
            heif_of(&tiff, b""),
        ] {
            let notes = notes(&picture);
            assert_eq!(notes[0], " {");
            assert_eq!(notes[1..], EXIF_LINES);
        }
        let south = notes(&jpeg_of(&[exif_segment(&self::tiff(little, b'S'))]));
        assert!(south.contains(&"/exif/GPSLatitude binary -1.290270".to_owned()));
    }
}

#[test]
fn xmp_comments_and_keywords_are_told() {
    let has = |picture: &[u8], line: &str| {
        assert!(notes(picture).iter().any(|note| note == line), "{:?}", notes(picture));
    };
    for picture in [
        jpeg_of(&[xmp_segment()]),
        png_of(&[chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", XMP].concat())]),
        webp_of(&[(b"XMP ", XMP)]),
        heif_of(&tiff(true, b'N'), XMP),
    ] {
        has(&picture, "/xmp/xmpmeta/RDF/Description/GPSLatitude string 1,17.4162N");
        has(&picture, "/xmp/xmpmeta/RDF/Description/GPSLongitude string 103,51.1E");
    }
    has(&jpeg_of(&[segment(0xFE, b"by Mei")]), "/comment string by Mei");
    has(&png_of(&[chunk(b"tEXt", b"Author\0Mei")]), "/Author string Mei");
    has(&png_of(&[chunk(b"iTXt", b"Author\0\0\0en\0Author\0Mei")]), "/Author string Mei");
    let zlib = deflated(b"Mei");
    let png = png_of(&[chunk(b"zTXt", &[b"Author\0\0", &zlib[..]].concat())]);
    has(&png, "/Author binary Mei");
    let png = png_of(&[chunk(b"iTXt", &[b"Author\0\x01\0\0\0", &zlib[..]].concat())]);
    has(&png, "/Author binary Mei");
    has(&gif_of(&[&b"!\xFE\x06by Mei\0"[..]]), "/comment string by Mei");
    has(&gif_of(&[&b"!\xFE\x03by \x03Mei\0"[..]]), "/comment binary by Mei");
    has(&gif_of(&[&gif_xmp()]), "/xmp/xmpmeta/RDF/Description/GPSLongitude string 103,51.1E");
}

#[test]
fn parts_that_nobody_knows_are_read_as_texts_or_are_gaps() {
    let box_of = b"JP\0\x01\0\0\0\x01jumb\x01sana.k@example.pk";
    let netscape = b"!\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0";
    for (picture, line) in [
        (jpeg_of(&[segment(0xE1, b"x\0sana")]), Some("/comment string x\0sana")),
        (jpeg_of(&[segment(0xEB, box_of)]), None),
        (jpeg_of(&[segment(0xE1, b"x\xFF")]), None),
        (jpeg_of(&[segment(0xEE, b"Adobe\0d\0\0\0\0\x01sana")]), None),
        (png_of(&[chunk(b"caBX", box_of)]), None),
        (png_of(&[chunk(b"sPLT", b"sana\0\0x")]), Some("/comment string sana")),
        (png_of(&[chunk(b"iTXt", b"a\0\0\0en\0sana\0b")]), Some("/comment string sana")),
        (webp_of(&[(b"MINE", b"sana")]), Some("/comment string sana")),
        (webp_of(&[(b"MINE", box_of)]), None),
        (
            gif_of(&[&b"!\xFF\x0BMINEMINE1.0\x04sana\0"[..]]),
            Some("/comment binary MINEMINE1.0sana"),
        ),
        (gif_of(&[&b"!\xFF\x0BMINEMINE1.0\x04\x01ana\0"[..]]), None),
        (gif_of(&[&b"!\xF9\x05sana.\0"[..], netscape]), Some("/comment string sana.")),
    ] {
        let (notes, read) = Notes::of(Format::Image, &picture);
        match line {
            Some(line) => {
                assert_eq!(read, Ok(()), "{picture:?}");
                assert!(notes.iter().any(|note| note == line), "{notes:?}");
            }
            None => {
                let stop = read.expect_err("a part that is not read");
                assert!(stop.cause == GapCause::UnknownMediaType && stop.offset > 0);
            }
        }
    }
    for known in [
        jpeg_of(&[segment(0xE2, b"MPF\0\x01"), segment(0xEE, b"Adobe\0d\0\0\0\0\x01")]),
        jpeg_of(&[segment(0xE5, &[0; 9])]),
        png_of(&[chunk(b"iDOT", &[0, 1]), chunk(b"pHYs", &[1; 9])]),
        gif_of(&[&b"!\xF9\x04\x04\x01\0\0\0"[..], netscape]),
    ] {
        assert_eq!(notes(&known), [" {"]);
    }
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// One dot of one colour, behind extensions.
fn gif_of(extensions: &[&[u8]]) -> Vec<u8> {
    let screen = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF";
    let image = b",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;";
    [&screen[..], &extensions.concat(), image].concat()
}

/// XMP Specification Part 3, §1.1.2: the packet, and 258 bytes that lead to its end.
fn gif_xmp() -> Vec<u8> {
    let ramp: Vec<u8> = (0..=255).rev().collect();
    [b"!\xFF\x0BXMP DataXMP", XMP, b"\x01", &ramp, b"\0"].concat()
}

/// XMP Specification Part 3, §1.1.3.1: the packet in pieces, not in order.
fn extension_segments() -> Vec<Vec<u8>> {
    let piece = |start: usize, end: usize| {
        let word = |number: usize| u32::try_from(number).expect("short").to_be_bytes();
        let head = b"http://ns.adobe.com/xmp/extension/\x000123456789ABCDEF0123456789ABCDEF";
        segment(0xE1, &[&head[..], &word(XMP.len()), &word(start), &XMP[start..end]].concat())
    };
    // The second cut is in the middle of a coordinate.
    let cut = memchr::memmem::find(XMP, b"17.4162N").expect("a place") + 3;
    vec![piece(cut, XMP.len()), piece(0, cut)]
}

/// What ImageMagick writes.
fn raw_profile(name: &str, data: &[u8]) -> Vec<u8> {
    let digits: Vec<String> = data
        .chunks(36)
        .map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    format!("\n{name}\n{:8}\n{}\n", data.len(), digits.join("\n")).into_bytes()
}

#[test]
fn what_is_written_as_other_bytes_is_read_and_goes_as_a_whole() {
    let exif = [b"Exif\0\0", &tiff(false, b'N')[..]].concat();
    let profile = raw_profile("exif", &exif);
    let chunk_of = |kind: &[u8; 4], head: &[u8], data: &[u8]| chunk(kind, &[head, data].concat());
    for (picture, line) in [
        (
            jpeg_of(&extension_segments()),
            "/xmp/xmpmeta/RDF/Description/GPSLatitude binary 1,17.4162N",
        ),
        (
            png_of(&[chunk_of(b"zTXt", b"Raw profile type exif\0\0", &deflated(&profile))]),
            "/exif/GPSLatitude binary 1.290270",
        ),
        (
            png_of(&[chunk_of(b"tEXt", b"Raw profile type APP1\0", &profile)]),
            "/exif/GPSLatitude binary 1.290270",
        ),
        (
            png_of(&[chunk_of(b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0", &deflated(XMP))]),
            "/xmp/xmpmeta/RDF/Description/GPSLatitude binary 1,17.4162N",
        ),
    ] {
        assert!(notes(&picture).iter().any(|note| note == line), "{:?}", notes(&picture));
        let clean = without_place(&picture).expect("a place to take out");
        let left = notes(&clean);
        assert!(!left.iter().any(|note| note.contains("GPS")), "{left:?}");
        assert_eq!(without_place(&clean), None);
        match sniff(&picture) {
            Some(Kind::Png) => assert_eq!(clean, png_of(&[])),
            _ => assert_eq!(clean.len(), picture.len()),
        }
    }
    let (second, first) = (extension_segments().remove(0), extension_segments().remove(1));
    let read = Notes::of(Format::Image, &jpeg_of(&[second])).1;
    assert_eq!(read.expect_err("a hole").cause, GapCause::Malformed);
    let read = Notes::of(Format::Image, &jpeg_of(&[first.clone(), first])).1;
    assert_eq!(read.expect_err("an overlap").cause, GapCause::Malformed);
}

#[test]
fn single_values_go_and_the_place_stays() {
    let tiff = tiff(true, b'N');
    let comment = segment(0xFE, b"by Mei, Pune");
    let picture = jpeg_of(&[exif_segment(&tiff), comment]);
    let place_of = |text: &[u8]| {
        let start = memchr::memmem::find(&picture, text).expect("it stands there");
        Span::new(start, start + text.len())
    };
    let clean =
        without(&picture, false, &[place_of(b"Mei Tan"), place_of(b"Mei, ")]).expect("values");
    assert_eq!(clean.len(), picture.len());
    let left = notes(&clean);
    assert!(left.contains(&"/comment string by      Pune".to_owned()), "{left:?}");
    assert!(left.contains(&"/exif/GPSLatitude binary 1.290270".to_owned()), "{left:?}");
    assert!(!left.iter().any(|note| note.contains("Mei")), "{left:?}");
    // Pixels are no metadata.
    assert_eq!(without(&picture, false, &[Span::new(picture.len() - 4, picture.len())]), None);
    assert_eq!(without(&picture, false, &[]), None);
}

#[test]
fn texts_of_cameras_and_of_windows_are_told() {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let (author, comment) = (wide("Mei\0"), [b"UNICODE\0", &wide("Pune")[..]].concat());
    let entry = |tag: u16, kind: u16, count: usize, at: usize| {
        let word = |number: usize| u32::try_from(number).expect("short").to_le_bytes();
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &word(count), &word(at)].concat()
    };
    let tiff = [
        b"II*\0\x08\0\0\0\x02\0",
        &entry(0x9C9D, 1, author.len(), 38)[..],
        &entry(0x9286, 7, comment.len(), 38 + author.len()),
        &[0; 4],
        &author,
        &comment,
    ]
    .concat();
    let notes = notes(&jpeg_of(&[exif_segment(&tiff)]));
    assert_eq!(
        notes[1..],
        ["/exif {", "/exif/XPAuthor binary Mei", "/exif/UserComment binary Pune"]
    );
}

#[test]
fn taking_the_place_out_leaves_the_picture() {
    for little in [true, false] {
        let tiff = tiff(little, b'N');
        let xmp = [b"XML:com.adobe.xmp\0\0\0\0\0", XMP].concat();
        for picture in [
            jpeg_of(&[exif_segment(&tiff), xmp_segment(), segment(0xFE, b"by Mei")]),
            png_of(&[chunk(b"eXIf", &tiff), chunk(b"iTXt", &xmp), chunk(b"IDAT", &png_pixels())]),
            webp_of(&[(b"VP8 ", b"pixels"), (b"EXIF", &tiff), (b"XMP ", XMP)]),
            heif_of(&tiff, XMP),
        ] {
            let clean = without_place(&picture).expect("a place to take out");
            assert_eq!(clean.len(), picture.len());
            let notes = notes(&clean);
            assert!(notes.iter().any(|note| note == "/exif/Artist string Mei Tan"), "{notes:?}");
            assert!(notes.iter().any(|note| note.ends_with("/creator string Mei")), "{notes:?}");
            assert!(!notes.iter().any(|note| note.contains("GPS")), "{notes:?}");
            for trace in [&b"17.4162"[..], b"103,51"] {
                assert!(memchr::memmem::find(&clean, trace).is_none());
            }
            assert_eq!(without_place(&clean), None);
            let changed = picture.iter().zip(&clean).filter(|(old, new)| old != new).count();
            assert!(changed < 54 + 48 + 120 + 8, "{changed} bytes changed");
        }
    }
    // Checksums are right again.
    let png = without_place(&png_of(&[chunk(b"eXIf", &tiff(true, b'N'))])).expect("a place");
    let (kind, span) = png::chunk(&png, 8 + 25).expect("the second chunk");
    assert_eq!(chunk(&kind, span.of(&png)), png[33..span.range().end + 4]);
    // Nothing to take out.
    assert_eq!(without_place(&jpeg_of(&[segment(0xFE, b"by Mei")])), None);
    assert_eq!(without_place(b"GIF89a"), None);
    assert_eq!(without_place(b""), None);
    let padded = [&b"<a b='c'/>"[..], b" \0\n\0\0"].concat();
    assert_eq!(without_place(&webp_of(&[(b"XMP ", &padded), (b"XMP ", b"  \0")])), None);
    // XMP that cannot be read goes as a whole.
    let broken = webp_of(&[(b"XMP ", b"<a GPSLatitude='1,17N'>")]);
    let blank = webp_of(&[(b"XMP ", &[b' '; 23])]);
    assert_eq!(without_place(&broken), Some(blank));
}

#[test]
fn what_is_not_read_of_a_picture_is_a_gap() {
    let jpeg = jpeg_of(&[]);
    let png = png_of(&[]);
    let webp = webp_of(&[]);
    for (picture, cause, offset) in [
        (b"GIF89a".to_vec(), GapCause::Malformed, 6),
        ([&gif_of(&[])[..], b"x"].concat(), GapCause::UnknownMediaType, gif_of(&[]).len()),
        (gif_of(&[])[..20].to_vec(), GapCause::Malformed, 20),
        (b"\0\0\0\x18ftypheic".to_vec(), GapCause::Malformed, 0),
        (
            [heif_of(&tiff(true, b'N'), b""), boxed(b"moov", b"film")].concat(),
            GapCause::UnknownMediaType,
            heif_of(&tiff(true, b'N'), b"").len() + 8,
        ),
        ([&jpeg[..], b"ftypmp42"].concat(), GapCause::UnknownMediaType, jpeg.len()),
        ([&png[..], b"x"].concat(), GapCause::UnknownMediaType, png.len()),
        ([&webp[..], b"x"].concat(), GapCause::UnknownMediaType, webp.len()),
        (jpeg_of(&[exif_segment(b"XX*\0")]), GapCause::Malformed, 12),
        (jpeg_of(&[vec![0xFF, 0xE1, 0, 1]]), GapCause::Malformed, 4),
    ] {
        let read = Notes::of(Format::Image, &picture).1;
        assert_eq!(read, Err(Stop { cause, offset }), "{picture:?}");
    }
    // Zeros behind the end are padding; another picture is read too.
    notes(&[&jpeg[..], &[0; 8]].concat());
    let two = [jpeg_of(&[]), jpeg_of(&[exif_segment(&tiff(true, b'N'))])].concat();
    assert_eq!(notes(&two)[1..], EXIF_LINES);
}

/// Wherever a picture is cut, it is read as far as it goes; but not inside what may hold a text.
#[test]
fn a_picture_that_ends_early_is_read_unless_its_metadata_are_cut() {
    let jfif = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    let (jpeg, png) = (
        jpeg_of(&[jfif, exif_segment(&tiff(true, b'N')), xmp_segment()]),
        png_of(&[chunk(b"tEXt", b"Author\0Mei Tan"), chunk(b"IDAT", &png_pixels())]),
    );
    let webp = webp_of(&[(b"VP8 ", &[7; 9]), (b"EXIF", &tiff(true, b'N')), (b"ALPH", &[7; 4])]);
    let starts = |picture: &[u8], mark: &[u8]| memchr::memmem::find(picture, mark).expect("a mark");
    // Where what may hold a text begins and ends.
    let (exif, scan) = (starts(&jpeg, b"Exif\0\0"), starts(&jpeg, b"\xFF\xDA"));
    let xmp = starts(&jpeg, b"http://ns.adobe.com");
    let (text, pixels) = (starts(&png, b"Author"), starts(&png, b"IDAT") - 4);
    let (place, alpha) = (starts(&webp, b"EXIF") + 8, starts(&webp, b"ALPH"));
    let parts = [(exif, xmp - 4), (xmp, scan)];
    for (picture, least, parts) in
        [(&jpeg, 3, &parts[..]), (&png, 8, &[(text, pixels)]), (&webp, 12, &[(place, alpha)])]
    {
        for end in least..=picture.len() {
            let is_inside = parts.iter().any(|(from, to)| (from + 1..*to).contains(&end));
            let read = Notes::of(Format::Image, &picture[..end]).1;
            assert_eq!(read.is_err(), is_inside, "cut at {end} of {picture:?}: {read:?}");
        }
    }
    // What is broken is not cut: a length that is none, and a part that is longer than all that has to come.
    let broken = [&webp[..place - 4], &[0xFF, 0xFF, 0, 0], &webp[place..]].concat();
    for broken in [&b"\xFF\xD8\xFF\xE0\0\x01"[..], b"\xFF\xD8\xFF\xDB\0\x03\0Mei", &broken] {
        assert!(Notes::of(Format::Image, broken).1.is_err(), "{broken:?}");
    }
}

#[test]
fn entries_that_share_their_data_do_not_multiply_the_work() {
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    tiff.extend(2000u16.to_le_bytes());
    for _ in 0..2000 {
        tiff.extend([0x3B, 1, 2, 0]);
        tiff.extend(20_000u32.to_le_bytes());
        tiff.extend(24_100u32.to_le_bytes());
    }
    tiff.resize(50_000, b'a');
    let (notes, read) = Notes::of(Format::Image, &jpeg_of(&[exif_segment(&tiff)]));
    assert!(notes.len() <= 6);
    assert_eq!(read.expect_err("too much").cause, GapCause::Malformed);
}

proptest! {
    #[test]
    fn damaged_pictures_never_break_the_reading(
        which in 0usize..4,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end: prop::sample::Index,
    ) {
        let tiff = tiff(which == 0, b'N');
        let mut picture = [
            jpeg_of(&[exif_segment(&tiff), xmp_segment()]),
            png_of(&[chunk(b"eXIf", &tiff), chunk(b"iTXt", b"a\0\0\0\0\0b")]),
            webp_of(&[(b"EXIF", &tiff), (b"XMP ", XMP)]),
            heif_of(&tiff, XMP),
        ][which].clone();
        for (at, byte) in changes {
            let at = at.index(picture.len());
            picture[at] = byte;
            let _ = Notes::of(Format::Image, &picture);
            if let Some(clean) = without_place(&picture) {
                prop_assert!(clean.len() <= picture.len());
            }
        }
        picture.truncate(end.index(picture.len()));
        let _ = Notes::of(Format::Image, &picture);
        let _ = without_place(&picture);
        let _ = without(&picture, true, &[Span::new(0, 40), Span::new(20, 60)]);
    }
}

/// A structure with an artist, and how the picture is to be turned.
fn turned_tiff(little: bool) -> Vec<u8> {
    let half = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let word = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let mut out = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
    out.extend(word(8));
    out.extend(half(2));
    out.extend([&half(0x0112)[..], &half(3), &word(1), &half(6), &half(0)].concat());
    out.extend([&half(0x013B)[..], &half(2), &word(8), &word(38)].concat());
    out.extend(word(0));
    out.extend(b"Mei Tan\0");
    out
}

#[test]
fn everything_told_beside_the_pixels_is_stripped_and_they_stay() {
    for little in [true, false] {
        let exif = turned_tiff(little);
        let profile = profile_of(&described("Mei's screen"));
        let jpeg = jpeg_of(&[
            segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"),
            exif_segment(&exif),
            xmp_segment(),
            icc_segment(&profile),
            segment(0xE2, b"FPXR\0by Mei"),
            segment(0xE5, b"maker's own, by Mei"),
            segment(0xED, b"Photoshop 3.0\0by Mei Tan"),
            segment(0xEE, b"Adobe\0d\0\0\0\0\x01"),
            segment(0xDB, &[1; 65]),
            segment(0xFE, b"by Mei Tan"),
        ]);
        let xmp = [XMP, b"  "].concat();
        let png = png_of(&[
            chunk(b"gAMA", &[0; 4]),
            chunk(b"iCCP", &[b"Mei Tan\0\0", &deflated(&profile)[..]].concat()),
            chunk(b"eXIf", &exif),
            chunk(b"tEXt", b"Author\0Mei Tan"),
            chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", XMP].concat()),
            chunk(b"tIME", &[7, 234, 11, 26, 1, 1, 1]),
            chunk(b"prVt", b"by Mei Tan"),
            chunk(b"IDAT", &png_pixels()),
        ]);
        let webp = webp_of(&[
            (b"VP8X", &[0; 10]),
            (b"ICCP", &profile),
            (b"ANMF", &framed(b"EXIF", &exif)),
            (b"VP8 ", b"pixels"),
            (b"EXIF", &exif),
            (b"XMP ", &xmp),
            (b"MINE", b"by Mei Tan"),
        ]);
        for (picture, kept) in [
            (
                jpeg,
                &[
                    &b"JFIF\0"[..],
                    b"ICC_PROFILE\0\x01\x01",
                    b"Adobe\0d",
                    &[1; 65],
                    &[1, 2, 0xFF, 0, 3, 0xFF, 0xD0, 4, 0xFF, 0xD9],
                ][..],
            ),
            (png, &[b"gAMA", b"iCCP", &png_pixels(), b"IEND"]),
            (webp, &[b"VP8 \x06\0\0\0pixels"]),
            (heif_of(&exif, XMP), &[b"pixels"]),
        ] {
            assert!(!notes(&picture).is_empty());
            let stripped = without_metadata(&picture).expect("a picture");
            let told = notes(&stripped).join("\n");
            assert!(!told.contains("Mei") && !told.contains("GPS"), "{told}");
            let contains = |part: &[u8]| stripped.windows(part.len()).any(|window| window == part);
            assert!(!contains(b"Mei") && !contains(b"GPSLatitude"));
            for part in kept {
                assert!(contains(part), "{}", String::from_utf8_lossy(part));
            }
            // Sixth of the eight ways to turn it, in the byte order it was in.
            let entry: &[u8] = if little {
                &[0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0]
            } else {
                &[1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6]
            };
            assert!(contains(entry));
            assert_eq!(
                without_metadata(&stripped).as_ref(),
                Some(&stripped),
                "nothing is left to strip"
            );
        }
    }
    for broken in [
        &b""[..],
        b"GIF89a",
        b"\xff\xd8\xff\xe1\0\x10",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\xff\0\0\0WEBP",
    ] {
        assert_eq!(without_metadata(broken), None);
    }
    let trailing = [&jpeg_of(&[])[..], b"Mei"].concat();
    assert_eq!(without_metadata(&trailing), None, "what stands behind the end is not known");
}

proptest! {
    #[test]
    fn stripping_never_panics_and_never_grows(
        seed in prop::collection::vec(any::<u8>(), 0..200),
        which in 0usize..5,
    ) {
        let start: &[u8] = [b"\xff\xd8\xff".as_slice(), b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBP", b"\0\0\0\x10ftypheic\0\0\0\0mif1", b"GIF89a"][which];
        let picture = [start, &seed].concat();
        if let Some(stripped) = without_metadata(&picture) {
            prop_assert!(stripped.len() <= picture.len());
        }
    }
}
