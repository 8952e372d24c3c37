use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::*;
use crate::signing::tests::{PRIVATE, PUBLIC};

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile { name: name.to_owned(), text: text.to_owned() }
}

fn files() -> Vec<SourceFile> {
    vec![file("law/eu.yaml", "a: 1\n"), file("policy/use.yaml", "b: 2\n")]
}

fn key() -> SigningKey {
    SigningKey::from_pem(PRIVATE.as_bytes()).unwrap()
}

fn public() -> Vec<VerifyingKey> {
    vec![VerifyingKey::from_pem(PUBLIC.as_bytes()).unwrap()]
}

fn built() -> Vec<u8> {
    Bundle::build(&files(), 7, jiff::Timestamp::UNIX_EPOCH, None, &[key()]).unwrap()
}

/// Entries as any tar of the world may have them: name, content, type.
fn packed(entries: &[(&[u8], &[u8], u8)]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    for (name, content, kind) in entries {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name);
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[136..147].copy_from_slice(b"00000000000");
        header[148..156].fill(b' ');
        header[156] = *kind;
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        packed.write_all(&header).unwrap();
        packed.write_all(content).unwrap();
        packed.write_all(&vec![0; (512 - content.len() % 512) % 512]).unwrap();
    }
    packed.write_all(&[0; 1024]).unwrap();
    packed.finish().unwrap()
}

/// A bundle whose manifest is signed as it stands, with whatever entries behind it.
fn signed(manifest: &[u8], entries: &[(&[u8], &[u8], u8)]) -> Vec<u8> {
    let signatures = [(key().id().to_owned(), signature(&key(), manifest))];
    let signatures = to_json(&Signatures { signatures: signatures.into() });
    let mut all: Vec<(&[u8], &[u8], u8)> =
        vec![(b"manifest.json", manifest, b'0'), (b"signatures.json", &signatures, b'0')];
    all.extend_from_slice(entries);
    packed(&all)
}

fn manifest_of(files: &[SourceFile]) -> Vec<u8> {
    to_json(&Manifest::new(files, 7, jiff::Timestamp::UNIX_EPOCH, None).unwrap())
}

#[test]
fn what_was_built_opens_and_says_what_is_in_it() {
    let bytes = built();
    assert_eq!(bytes, built(), "the same files make the same bundle");
    let bundle = Bundle::open(bytes.clone(), &public()).unwrap();
    assert_eq!(bundle.manifest.version, 7);
    assert_eq!(bundle.hash, hash(&files()));
    assert_eq!(bundle.signed_by, [key().id()]);
    assert_eq!(bundle.bytes(), bytes);
    // SHA-256 of `a: 1\n`, as sha256sum has it.
    assert_eq!(
        bundle.manifest.files[0].sha256,
        "37b128c59f1f5097f73f82691cb519f1f568667faab5ced1b4ab979d36837eae"
    );
}

#[test]
fn only_a_trusted_key_is_believed() {
    let (other, _, other_public) = SigningKey::generate().unwrap();
    let other_public = vec![VerifyingKey::from_pem(other_public.as_bytes()).unwrap()];
    assert_eq!(
        Bundle::open(built(), &other_public).unwrap_err(),
        BundleError::Unsigned(vec![key().id().to_owned()])
    );
    assert!(matches!(Bundle::open(built(), &[]), Err(BundleError::Unsigned(_))));
    // A change of keys: signed by both, either is enough.
    let both = Bundle::countersign(&built(), &other).unwrap();
    assert_eq!(Bundle::open(both.clone(), &other_public).unwrap().signed_by, [other.id()]);
    assert_eq!(Bundle::open(both.clone(), &public()).unwrap().signed_by, [key().id()]);
    let all = [public(), other_public].concat();
    assert_eq!(Bundle::open(both, &all).unwrap().signed_by.len(), 2);
}

/// A signature is of the manifest, the manifest of each file: whatever is exchanged shows.
#[test]
fn what_is_not_as_it_was_signed_is_refused() {
    let good = files();
    let manifest = manifest_of(&good);
    let eu = (&b"law/eu.yaml"[..], &b"a: 1\n"[..], b'0');
    let usage = (&b"policy/use.yaml"[..], &b"b: 2\n"[..], b'0');
    assert!(Bundle::open(signed(&manifest, &[eu, usage]), &public()).is_ok());
    let changed = |name: &str| BundleError::Changed(name.to_owned());
    let missing = |name: &str| BundleError::Missing(name.to_owned());
    let link = (&b"law/eu.yaml"[..], &b""[..], b'2');
    let hard_link = (&b"law/eu.yaml"[..], &b""[..], b'1');
    let device = (&b"law/eu.yaml"[..], &b""[..], b'3');
    let long_name = (&b"././@LongLink"[..], &b"law/eu.yaml"[..], b'L');
    let pax = (&b"pax"[..], &b"20 path=law/eu.yaml\n"[..], b'x');
    let climbs = (&b"../law/eu.yaml"[..], &b"a: 1\n"[..], b'0');
    for (entries, expected) in [
        (vec![(eu.0, &b"a: 2\n"[..], b'0'), usage], changed("law/eu.yaml")),
        (vec![(eu.0, &b"a: 1\n\n"[..], b'0'), usage], changed("law/eu.yaml")),
        (vec![eu], missing("policy/use.yaml")),
        (vec![usage, eu], missing("law/eu.yaml")),
        (vec![climbs, usage], missing("law/eu.yaml")),
        (vec![eu, usage, usage], BundleError::Unlisted("policy/use.yaml".to_owned())),
        (vec![link, usage], BundleError::Name("law/eu.yaml".to_owned())),
        (vec![hard_link, usage], BundleError::Name("law/eu.yaml".to_owned())),
        (vec![device, usage], BundleError::Name("law/eu.yaml".to_owned())),
        (vec![long_name, eu, usage], BundleError::Name("././@LongLink".to_owned())),
        (vec![pax, eu, usage], BundleError::Name("pax".to_owned())),
    ] {
        let opened = Bundle::open(signed(&manifest, &entries), &public());
        assert_eq!(opened.unwrap_err(), expected);
    }
    // A manifest that was changed after it was signed.
    let signatures = to_json(&Signatures {
        signatures: [(key().id().to_owned(), signature(&key(), &manifest))].into(),
    });
    let newer =
        String::from_utf8(manifest.clone()).unwrap().replace("\"version\": 7", "\"version\": 8");
    let forged = archive::write(newer.as_bytes(), &signatures, &good).unwrap();
    assert_eq!(
        Bundle::open(forged, &public()).unwrap_err(),
        BundleError::BadSignature(key().id().to_owned())
    );
}

#[test]
fn a_name_stays_below_the_rules() {
    for (name, is_right) in [
        ("purposes.yaml", true),
        ("law/eu.yaml", true),
        ("a/b/c/d/e/f/g/h/i.yaml", true),
        ("a/b/c/d/e/f/g/h/i/j.yaml", false),
        ("../law/eu.yaml", false),
        ("law/../../eu.yaml", false),
        ("/etc/eu.yaml", false),
        ("law//eu.yaml", false),
        ("./eu.yaml", false),
        (".hidden.yaml", false),
        ("law/.git/eu.yaml", false),
        ("law\\eu.yaml", false),
        ("c:eu.yaml", false),
        ("law/eu\u{0}.yaml", false),
        ("law/eu.yml", false),
        ("", false),
    ] {
        assert_eq!(is_name(name), is_right, "{name}");
        let built =
            Bundle::build(&[file(name, "a: 1")], 1, jiff::Timestamp::UNIX_EPOCH, None, &[key()]);
        assert_eq!(built.is_ok(), is_right, "{name}");
    }
}

/// RFC 1952: a gzip that ends early or whose checksum does not hold is no gzip.
#[test]
fn every_cut_and_every_flipped_byte_is_noticed() {
    let bytes = built();
    for end in 0..bytes.len() {
        assert!(Bundle::open(bytes[..end].to_vec(), &public()).is_err(), "cut at {end}");
    }
    // Bytes 4 to 9 of the header say when and where it was packed, which nobody reads.
    let mut harmless = 0;
    for at in (0..4).chain(10..bytes.len()) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        match Bundle::open(damaged, &public()) {
            Err(_) => {}
            // A bit that nothing is read from, such as those that fill up the last byte of the stream.
            Ok(bundle) => {
                assert_eq!(bundle.files, files(), "flipped at {at}");
                harmless += 1;
            }
        }
    }
    assert!(harmless < 3, "{harmless}");
    let trailing = [&bytes[..], b"more"].concat();
    assert!(matches!(Bundle::open(trailing, &public()), Err(BundleError::Damaged(_))));
}

#[test]
fn little_that_unpacks_to_much_is_left_alone() {
    let zeros = vec![0_u8; 16 << 20];
    // Before anybody has signed anything.
    let unsigned = packed(&[(b"manifest.json", &zeros, b'0')]);
    assert!(unsigned.len() < 200 << 10);
    assert_eq!(
        Bundle::open(unsigned, &public()).unwrap_err(),
        BundleError::TooLong { what: "its head", max: 2 << 20 }
    );
    let small = (&b"manifest.json"[..], &b"{}"[..], b'0');
    let bomb =
        packed(&[small, (b"signatures.json", b"{\"signatures\":{}}", b'0'), (b"x", &zeros, b'0')]);
    assert_eq!(Bundle::open(bomb, &public()).unwrap_err(), BundleError::Unsigned(Vec::new()));
    // And from one who has a key.
    let manifest = manifest_of(&files());
    let long = signed(&manifest, &[(b"law/eu.yaml", &zeros, b'0')]);
    assert!(matches!(Bundle::open(long, &public()).unwrap_err(), BundleError::TooLong { .. }));
}

#[test]
fn a_manifest_that_is_none_is_refused() {
    let good = String::from_utf8(manifest_of(&files())).unwrap();
    for (from, to) in [
        ("bordergate-bundle/1", "bordergate-bundle/2"),
        ("\"version\": 7", "\"version\": 0"),
        ("\"version\": 7", "\"version\": -1"),
        ("\"version\": 7", "\"version\": 7, \"run\": \"me\""),
        ("law/eu.yaml", "../eu.yaml"),
        ("law/eu.yaml", "policy/use.yaml"),
        ("law/eu.yaml", "zones/last.yaml"),
        ("\"bytes\": 5", "\"bytes\": 99999999"),
    ] {
        let manifest = good.replacen(from, to, 1);
        assert_ne!(manifest, good);
        let opened = Bundle::open(signed(manifest.as_bytes(), &[]), &public());
        assert!(
            matches!(
                opened,
                Err(BundleError::Manifest(_) | BundleError::Name(_) | BundleError::TooLong { .. })
            ),
            "{to}: {opened:?}"
        );
    }
}
