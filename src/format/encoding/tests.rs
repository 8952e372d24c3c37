use std::io::Write as _;

use flate2::{Compression, GzBuilder, write};
use proptest::prelude::*;

use super::*;
use crate::domain::{Charset, Escape};

const TEXT: &[u8] =
    br#"{"imei":"490154203237518"}{"imei":"490154203237518"}{"imei":"490154203237518"}"#;

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = write::GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    zlib_at(bytes, Compression::default().level())
}

fn zlib_at(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn raw_deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = write::DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn hexadecimal(digits: &str) -> Vec<u8> {
    let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16).expect("a digit")).unwrap();
    digits.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// `TEXT` under RFC 7932.
fn brotli_text() -> Vec<u8> {
    hexadecimal("1b4d00f8c5d423f203ea9bcfbc501850b3f02a52481ff6cda26145ec26a4a2e19cf807")
}

/// `TEXT` under RFC 8878, with a checksum.
fn zstd_text() -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(TEXT, ruzstd::encoding::CompressionLevel::Fastest)
}

fn take(encoding: Encoding, bytes: &[u8]) -> Result<Vec<u8>, Stop> {
    decode(encoding, bytes, &Limits::default())
}

#[test]
fn content_encodings_are_named_in_order() {
    for (value, expected) in [
        ("gzip", Ok(vec![Encoding::Gzip])),
        ("GZIP", Ok(vec![Encoding::Gzip])),
        ("x-gzip", Ok(vec![Encoding::Gzip])),
        ("deflate, br", Ok(vec![Encoding::Deflate, Encoding::Brotli])),
        (" ,zstd\t,, identity", Ok(vec![Encoding::Zstd])),
        ("", Ok(vec![])),
        ("identity", Ok(vec![])),
        ("gzip;q=1", Err(GapCause::UnknownContentEncoding)),
        ("compress", Err(GapCause::UnknownContentEncoding)),
        ("gzip br", Err(GapCause::UnknownContentEncoding)),
        ("aes128gcm", Err(GapCause::UnknownContentEncoding)),
    ] {
        assert_eq!(content_encodings(value), expected, "{value}");
    }
}

#[test]
fn marks_tell_an_encoding_that_was_not_declared() {
    for (bytes, expected) in [
        (gzipped(TEXT), Some(Encoding::Gzip)),
        (zlib(TEXT), Some(Encoding::Deflate)),
        (zstd_text(), Some(Encoding::Zstd)),
        (zlib_at(TEXT, 4), Some(Encoding::Deflate)),
        (zlib_at(&TEXT.repeat(1000), 4), Some(Encoding::Deflate)),
        (b"x^2".to_vec(), None),
        (b"x^2 + y^2 = z^2, for all that are looked at".to_vec(), None),
        (b"HG of the district".to_vec(), None),
        (TEXT.to_vec(), None),
        (Vec::new(), None),
    ] {
        assert_eq!(sniff_encoding(&bytes), expected);
    }
}

#[test]
fn each_encoding_is_taken_off() {
    for (encoding, bytes) in [
        (Encoding::Identity, TEXT.to_vec()),
        (Encoding::Gzip, gzipped(TEXT)),
        (Encoding::Gzip, [gzipped(&TEXT[..20]), gzipped(b""), gzipped(&TEXT[20..])].concat()),
        (Encoding::Gzip, [gzipped(TEXT), vec![0; 9]].concat()),
        (Encoding::Deflate, zlib(TEXT)),
        (Encoding::Deflate, raw_deflated(TEXT)),
        (Encoding::Brotli, brotli_text()),
        (Encoding::Zstd, zstd_text()),
        (
            Encoding::Zstd,
            hexadecimal(
                "28b52ffd244e0d0100d07b22696d6569223a22343930313534323033323337353138227d0100a6cf390646d902a1",
            ),
        ),
        (
            Encoding::Zstd,
            hexadecimal(
                "28b52ffd204e0d0100d07b22696d6569223a22343930313534323033323337353138227d0100a6cf3906",
            ),
        ),
    ] {
        assert_eq!(take(encoding, &bytes), Ok(TEXT.to_vec()), "{encoding:?}");
    }
    let two = [zstd_text(), zstd_text()].concat();
    assert_eq!(take(Encoding::Zstd, &two), Ok(TEXT.repeat(2)));
    for (encoding, text, expected) in [
        (Encoding::Base64, "SGk/Pz4+", "Hi??>>"),
        (Encoding::Base64, "SGk/\r\n Pz4+\n", "Hi??>>"),
        (Encoding::Base64, "SA==", "H"),
        (Encoding::Base64, "SA", "H"),
        (Encoding::Base64Url, "SGk_Pz4-", "Hi??>>"),
        (Encoding::Base64UrlPadded, "SA==", "H"),
        // RFC 2045 §6.7, its rules in order.
        (Encoding::QuotedPrintable, "=0C=3d=C3=A9", "\u{c}=é"),
        (Encoding::QuotedPrintable, "a b\tc", "a b\tc"),
        (Encoding::QuotedPrintable, "a \t\r\nb", "a\r\nb"),
        (Encoding::QuotedPrintable, "a=20\r\nb", "a \r\nb"),
        (
            Encoding::QuotedPrintable,
            "Now's the time =\r\nfor all=  \r\n folk=",
            "Now's the time for all folk",
        ),
        (Encoding::QuotedPrintable, "a\nb=\nc\n", "a\nbc\n"),
        (Encoding::Charset(Charset("GBK")), "a", "a"),
        (Encoding::Escaped(Escape::Json), r"a\nb", "a\nb"),
        (Encoding::Escaped(Escape::Form), "a+%3D", "a ="),
    ] {
        assert_eq!(take(encoding, text.as_bytes()), Ok(expected.as_bytes().to_vec()), "{text}");
    }
}

#[test]
fn gzip_headers_may_carry_a_name_and_a_checksum_and_no_more() {
    let with = |builder: GzBuilder| {
        let mut encoder = builder.write(Vec::new(), Compression::fast());
        encoder.write_all(TEXT).expect("memory");
        encoder.finish().expect("memory")
    };
    assert_eq!(take(Encoding::Gzip, &with(GzBuilder::new().filename("a.json"))), Ok(TEXT.to_vec()));
    for hidden in [GzBuilder::new().comment("490154203237518"), GzBuilder::new().extra("4901542")] {
        assert_eq!(take(Encoding::Gzip, &with(hidden)), Err(corrupt(3)));
    }
    for known in [&b""[..], b"BC\x02\0\x1b\0"] {
        let gzip = with(GzBuilder::new().extra(known).filename("a.json"));
        assert_eq!(take(Encoding::Gzip, &gzip), Ok(TEXT.to_vec()));
        assert_eq!(name_beside(&gzip), Some(&b"a.json"[..]));
    }
    let (first, named) = (gzipped(TEXT), with(GzBuilder::new().filename("a.json")));
    assert_eq!(name_beside(&first), None);
    let second = take(Encoding::Gzip, &[&first[..], &named].concat());
    assert_eq!(second, Err(corrupt(first.len() + 3)), "a name that nobody tells");
    // FHCRC, over the ten bytes before it.
    let mut header = vec![0x1F, 0x8B, 8, 2, 0, 0, 0, 0, 0, 0xFF];
    let mut crc = Crc::new();
    crc.update(&header);
    header.extend(&crc.sum().to_le_bytes()[..2]);
    let body = gzipped(TEXT)[10..].to_vec();
    assert_eq!(take(Encoding::Gzip, &[&header[..], &body].concat()), Ok(TEXT.to_vec()));
    header[11] ^= 1;
    assert_eq!(take(Encoding::Gzip, &[&header[..], &body].concat()), Err(corrupt(10)));
}

#[test]
fn what_is_not_wholly_the_encoding_is_corrupt() {
    for (encoding, bytes) in [
        (Encoding::Gzip, gzipped(TEXT)),
        (Encoding::Deflate, zlib(TEXT)),
        (Encoding::Brotli, brotli_text()),
        (Encoding::Zstd, zstd_text()),
    ] {
        for end in 0..bytes.len() {
            let cause = take(encoding, &bytes[..end]).err().map(|stop| stop.cause);
            assert_eq!(cause, Some(GapCause::CorruptEncoding), "{encoding:?} {end}");
        }
        for trailing in [&b"x"[..], b"\0x", TEXT] {
            let bytes = [&bytes, trailing].concat();
            let cause = take(encoding, &bytes).err().map(|stop| stop.cause);
            assert_eq!(cause, Some(GapCause::CorruptEncoding), "{encoding:?} {trailing:?}");
        }
        assert!(take(encoding, TEXT).is_err());
    }
    // A wrong checksum.
    for (encoding, mut bytes, from_end) in [
        (Encoding::Gzip, gzipped(TEXT), 5),
        (Encoding::Gzip, gzipped(TEXT), 1),
        (Encoding::Deflate, zlib(TEXT), 1),
        (Encoding::Zstd, zstd_text(), 1),
    ] {
        let at = bytes.len() - from_end;
        bytes[at] ^= 1;
        assert!(take(encoding, &bytes).is_err(), "{encoding:?}");
    }
    // zstd's skippable frames are data that nobody reads.
    let skippable = [&[0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, b'x'][..], &zstd_text()].concat();
    assert!(take(Encoding::Zstd, &skippable).is_err());
    for (encoding, text) in [
        (Encoding::Base64, "SGk_"),
        (Encoding::Base64Url, "SGk/"),
        (Encoding::Base64, "S"),
        (Encoding::Base64, "S=A="),
        (Encoding::QuotedPrintable, "a=g0"),
        (Encoding::QuotedPrintable, "a=4"),
        (Encoding::QuotedPrintable, "a= b"),
        (Encoding::OneWay, "a"),
    ] {
        assert!(take(encoding, text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn bombs_end_at_the_limit() {
    let zeros = vec![0; 4 << 20];
    // Three million times the letter a.
    let brotli = hexadecimal("9bffff2ff825c2e2b14020f7fe05");
    let zstd =
        ruzstd::encoding::compress_to_vec(&zeros[..], ruzstd::encoding::CompressionLevel::Fastest);
    for (encoding, bytes) in [
        (Encoding::Gzip, gzipped(&zeros)),
        (Encoding::Deflate, zlib(&zeros)),
        (Encoding::Deflate, raw_deflated(&zeros)),
        (Encoding::Brotli, brotli),
        (Encoding::Zstd, zstd),
    ] {
        let limits = Limits { decoded_bytes_max: 100_000, ..Limits::default() };
        let stop = decode(encoding, &bytes, &limits).expect_err("a bomb");
        assert_eq!(stop.cause, GapCause::DecodedTooLarge, "{encoding:?}");
        let limits = Limits { decoded_ratio_max: 200, ..Limits::default() };
        let stop = decode(encoding, &bytes, &limits).expect_err("a bomb");
        assert_eq!(stop.cause, GapCause::DecodedRatio, "{encoding:?}");
        let limits = Limits { decoded_ratio_max: usize::MAX, ..Limits::default() };
        let length = decode(encoding, &bytes, &limits).map(|decoded| decoded.len());
        assert!(length == Ok(4 << 20) || length == Ok(3 << 20), "{encoding:?} {length:?}");
    }
    // A megabyte may be any ratio.
    let zeros = vec![0; RATIO_FREE_BYTES];
    assert_eq!(take(Encoding::Gzip, &gzipped(&zeros)), Ok(zeros));
    // Exactly the limit is within it.
    let limits = Limits { decoded_bytes_max: TEXT.len(), ..Limits::default() };
    assert!(decode(Encoding::Gzip, &gzipped(TEXT), &limits).is_ok());
    let limits = Limits { decoded_bytes_max: TEXT.len() - 1, ..Limits::default() };
    assert!(decode(Encoding::Gzip, &gzipped(TEXT), &limits).is_err());
}

#[test]
fn many_small_members_and_frames_are_read_in_one_pass() {
    let gzip = gzipped(b"a").repeat(20_000);
    assert_eq!(take(Encoding::Gzip, &gzip).map(|bytes| bytes.len()), Ok(20_000));
    let zstd = zstd_text().repeat(2_000);
    assert_eq!(take(Encoding::Zstd, &zstd).map(|bytes| bytes.len()), Ok(2_000 * TEXT.len()));
}

proptest! {
    #[test]
    fn what_was_encoded_comes_back(bytes: Vec<u8>, repeat in 1usize..200) {
        let bytes = bytes.repeat(repeat);
        prop_assert_eq!(take(Encoding::Gzip, &gzipped(&bytes)), Ok(bytes.clone()));
        prop_assert_eq!(take(Encoding::Deflate, &zlib(&bytes)), Ok(bytes.clone()));
        prop_assert_eq!(take(Encoding::Deflate, &raw_deflated(&bytes)), Ok(bytes.clone()));
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        let zstd = ruzstd::encoding::compress_to_vec(&bytes[..], level);
        prop_assert_eq!(take(Encoding::Zstd, &zstd), Ok(bytes.clone()));
    }

    #[test]
    fn damaged_streams_are_refused_or_read_but_never_a_panic(
        index in 0usize..4, at: prop::sample::Index, byte: u8, cut: prop::sample::Index,
    ) {
        let limits = Limits { decoded_bytes_max: 1 << 20, ..Limits::default() };
        let (encoding, mut bytes) = [
            (Encoding::Gzip, gzipped(TEXT)),
            (Encoding::Deflate, zlib(TEXT)),
            (Encoding::Brotli, brotli_text()),
            (Encoding::Zstd, zstd_text()),
        ][index].clone();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = decode(encoding, &bytes, &limits);
        bytes.truncate(cut.index(bytes.len()));
        if let Ok(decoded) = decode(encoding, &bytes, &limits) {
            prop_assert!(decoded.len() <= 1 << 20);
        }
    }

    #[test]
    fn arbitrary_bytes_never_break_a_decoder(bytes: Vec<u8>) {
        let limits = Limits { decoded_bytes_max: 1 << 20, ..Limits::default() };
        for encoding in [
            Encoding::Gzip, Encoding::Deflate, Encoding::Brotli, Encoding::Zstd,
            Encoding::Base64, Encoding::Base64Url,
        ] {
            if let Err(stop) = decode(encoding, &bytes, &limits) {
                prop_assert!(stop.offset <= bytes.len());
            }
        }
    }
}

#[test]
fn a_decoder_that_has_read_before_reads_the_same() {
    let mut decoder = Decoder::default();
    let limits = Limits { decoded_bytes_max: 1 << 20, ..Limits::default() };
    let bomb = vec![0; 2 << 20];
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    for _ in 0..3 {
        for (encoding, bytes) in [
            (Encoding::Gzip, gzipped(TEXT)),
            (Encoding::Deflate, raw_deflated(TEXT)),
            (Encoding::Gzip, gzipped(TEXT)[..20].to_vec()),
            (Encoding::Deflate, zlib(TEXT)),
            (Encoding::Gzip, gzipped(&bomb)),
            (Encoding::Zstd, zstd_text()),
            (Encoding::Zstd, zstd_text()[..20].to_vec()),
            (Encoding::Zstd, ruzstd::encoding::compress_to_vec(&bomb[..], level)),
            (Encoding::Brotli, brotli_text()),
            (Encoding::Brotli, brotli_text()[..20].to_vec()),
        ] {
            let read = decoder.decode(encoding, &bytes, &limits);
            assert_eq!(read, decode(encoding, &bytes, &limits), "{encoding:?}");
        }
    }
}

#[test]
fn metadata_of_brotli_are_refused_wherever_they_stand() {
    // A block as it is, and metadata (RFC 7932 §9.2), both from the beginning of a byte.
    let block = |text: &[u8]| {
        let length = u32::try_from(text.len() - 1).expect("short");
        [&(length << 3 | 1 << 19).to_le_bytes()[..3], text].concat()
    };
    let metadata = |text: &[u8]| {
        let length = u16::try_from(text.len() - 1).expect("short");
        [&(length << 6 | 0x16).to_le_bytes()[..], text].concat()
    };
    // A window of 64 KiB, and metadata of no length, which flush a stream.
    let stream = |parts: &[Vec<u8>]| [&[0x0C][..], &parts.concat(), &[3]].concat();
    let short = block(br#"{"x":"hello"}"#);
    let long = block(&[b'a'; 60_000]);
    for text in [b"1".to_vec(), vec![b'm'; 200]] {
        let hidden = metadata(&text);
        for parts in [
            vec![hidden.clone(), short.clone()],
            vec![short.clone(), hidden.clone()],
            vec![long.clone(), hidden.clone(), long.clone()],
            vec![long.clone(), short.clone(), hidden.clone()],
        ] {
            let read = take(Encoding::Brotli, &stream(&parts));
            assert_eq!(read.expect_err("metadata").cause, GapCause::CorruptEncoding);
        }
    }
    for parts in [vec![short.clone()], vec![long.clone(), vec![6], short, vec![6], long]] {
        assert!(take(Encoding::Brotli, &stream(&parts)).is_ok());
    }
}
