//! Parts of pictures that say how long they are, and what stands in and behind them.

use super::*;

/// A description as profiles of version 2 have it, with the same in a script of its own.
#[test]
fn descriptions_of_old_profiles_are_read_in_all_their_spellings() {
    let tag = |mac: &[u8]| {
        let head = b"desc\0\0\0\0\0\0\0\x05sRGB\0\0\0\0\0\0\0\0\x03\0M\0e\0i\0\0\x12";
        [&head[..], mac, &[0; 30]].concat()
    };
    let lines = notes(&jpeg_of(&[icc_segment(&profile_of(&tag(b"by Mei")))]));
    assert_eq!(lines[1], "/comment string sRGB\0");
    assert_eq!(lines[2], "/comment binary Mei");
    assert!(lines[3].starts_with("/comment string by Mei"), "{lines:?}");
}

/// Nothing hides behind what a part says of its own length, nor in a picture inside.
#[test]
fn what_is_longer_than_its_grammar_is_read_or_a_gap() {
    let text = b"sana.k@example.pk";
    let behind = |head: &[u8]| [head, text].concat();
    let jfif = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
    let table = [&[0][..], &[1; 64]].concat();
    let codes = [&[0x10, 1][..], &[0; 15], &[7]].concat();
    let wide = profile_of(&described("sana.k@example.pk"));
    let inner = jpeg_of(&[segment(0xFE, text)]);
    let ihdr = png_of(&[]).get(16..29).expect("a header").to_vec();
    let icc = |data: &[u8]| chunk(b"iCCP", &[b"x\0\0", &deflated(data)[..]].concat());
    let pixels = png_pixels();
    for (name, picture) in [
        ("JFIF", jpeg_of(&[segment(0xE0, &behind(jfif))])),
        ("JFXX", jpeg_of(&[segment(0xE0, &[b"JFXX\0\x10", &inner[..]].concat())])),
        ("JFXX of no picture", jpeg_of(&[segment(0xE0, &behind(b"JFXX\0\x10"))])),
        ("APP2", jpeg_of(&[segment(0xE2, &behind(b"MPF\0MM\0*"))])),
        ("DQT", jpeg_of(&[segment(0xDB, &behind(&table))])),
        ("DHT", jpeg_of(&[segment(0xC4, &behind(&codes))])),
        ("DRI", jpeg_of(&[segment(0xDD, &behind(&[0, 0]))])),
        ("DAC", jpeg_of(&[segment(0xCC, text)])),
        ("EXP", jpeg_of(&[segment(0xDF, text)])),
        ("DHP", jpeg_of(&[segment(0xDE, text)])),
        ("JPG", jpeg_of(&[segment(0xC8, text)])),
        ("DNL", jpeg_of(&[segment(0xDC, text)])),
        ("profile", jpeg_of(&[icc_segment(&wide)])),
        ("no profile", jpeg_of(&[icc_segment(&behind(&[0; 128]))])),
        ("behind a profile", jpeg_of(&[icc_segment(&behind(&profile_of(b"sig \0\0\0\0mntr")))])),
        ("IEND", png_of(&[chunk(b"IEND", text)])),
        ("IHDR", png_of(&[chunk(b"IHDR", &behind(&ihdr))])),
        ("gAMA", png_of(&[chunk(b"gAMA", text)])),
        ("tRNS", png_of(&[chunk(b"tRNS", text)])),
        ("pHYs", png_of(&[chunk(b"pHYs", text)])),
        ("hIST", png_of(&[chunk(b"hIST", text)])),
        ("PLTE", png_of(&[chunk(b"PLTE", text)])),
        ("iCCP", png_of(&[icc(&wide)])),
        ("no iCCP", png_of(&[icc(&behind(&[0; 128]))])),
        ("IDAT", png_of(&[chunk(b"IDAT", &behind(&pixels))])),
        ("IDAT behind", png_of(&[chunk(b"IDAT", &pixels), chunk(b"IDAT", text)])),
        ("more lines", png_of(&[chunk(b"IDAT", &deflated(&behind(&[0; 12])))])),
        ("no pixels", png_of(&[chunk(b"IDAT", text)])),
        ("ANMF", webp_of(&[(b"ANMF", &framed(b"zzzz", text))])),
        ("ANMF of nothing", webp_of(&[(b"ANMF", &text[..9])])),
        ("VP8X", webp_of(&[(b"VP8X", text)])),
        ("ICCP", webp_of(&[(b"ICCP", &wide)])),
    ] {
        let (notes, read) = Notes::of(Format::Image, &picture);
        let is_told = notes.iter().any(|note| note.contains("sana.k@ex"));
        let gap = read.as_ref().is_err_and(|stop| stop.cause == GapCause::UnknownMediaType);
        assert!(
            is_told || gap || name.ends_with("of nothing") && read.is_err(),
            "{name}: {notes:?}"
        );
        if let Some(stripped) = without_metadata(&picture) {
            let told = Notes::of(Format::Image, &stripped);
            assert_eq!(told.1, Ok(()), "{name}");
            assert!(!told.0.join("").contains("sana"), "{name}: {told:?}");
        }
    }
    let place = webp_of(&[(b"ANMF", &framed(b"EXIF", &tiff(true, b'N'))), (b"VP8 ", b"pixels")]);
    assert_eq!(notes(&place)[1..], EXIF_LINES);
    let inner = jpeg_of(&[exif_segment(&tiff(true, b'N'))]);
    let inside = jpeg_of(&[segment(0xE0, &[b"JFXX\0\x10", &inner[..]].concat())]);
    assert_eq!(notes(&inside)[1..], EXIF_LINES);
    // A profile in two segments, which divide a letter.
    let (one, two) = wide.split_at(wide.len() - 9);
    let part = |number: u8, data: &[u8]| {
        segment(0xE2, &[b"ICC_PROFILE\0", &[number, 2][..], data].concat())
    };
    let lines = notes(&jpeg_of(&[part(2, two), part(1, one)]));
    assert_eq!(lines[1..], ["/comment binary sana.k@example.pk"]);
}

/// What cameras and programs write has no more than its grammar.
#[test]
fn tables_and_profiles_without_words_are_no_texts() {
    let numbers = profile_of(b"XYZ \0\0\0\0\0\0\xF3\x51\0\x01\0\0\0\x01\x16\xCC");
    let frame = |number: u8| [&[0, 0, 0, number, 0, 0, 0, 1, 0, 0, 0, 6][..], &[0; 14]].concat();
    let further = [&[0, 0, 0, 2][..], &png_pixels()].concat();
    let pixels = png_pixels();
    for picture in [
        jpeg_of(&[
            segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01abc"),
            icc_segment(&numbers),
            segment(0xDB, &[1; 130]),
            segment(0xC4, &[&[0, 1][..], &[0; 15], &[7], &[0x11, 2], &[0; 15], &[7, 8]].concat()),
            segment(0xDD, &[0, 4]),
            segment(0xC0, &[8, 0, 6, 0, 1, 1, 1, 0x11, 0]),
        ]),
        png_of(&[
            chunk(b"tRNS", &[0, 1]),
            chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]),
            chunk(b"fcTL", &frame(0)),
            chunk(b"IDAT", &pixels[..5]),
            chunk(b"IDAT", &pixels[5..]),
            chunk(b"fcTL", &frame(1)),
            chunk(b"fdAT", &further),
        ]),
        webp_of(&[
            (b"VP8X", &[0; 10]),
            (b"ICCP", &numbers),
            (b"ANIM", &[0; 6]),
            (b"ANMF", &framed(b"VP8L", b"pixel")),
            (b"ANMF", &framed(b"VP8 ", b"pixels")),
        ]),
    ] {
        assert_eq!(notes(&picture), [" {"]);
        assert_eq!(without_metadata(&picture).as_ref(), Some(&picture));
    }
}
