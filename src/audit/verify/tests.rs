use std::{fs, path::Path, sync::Arc, time::Duration};

use super::*;
use crate::{
    audit::{AuditSettings, AuditSink, AuditTarget, SealSettings, record::tests::record},
    signing::{
        SigningKey,
        tests::{PRIVATE, PUBLIC},
    },
    telemetry::Metrics,
};

fn settings(path: &Path, lines_max: Option<usize>) -> AuditSettings {
    let key = Arc::new(SigningKey::from_pem(PRIVATE.as_bytes()).unwrap());
    AuditSettings {
        target: AuditTarget::File(path.to_owned()),
        seal: lines_max.map(|lines_max| SealSettings {
            key,
            lines_max,
            age_max: Duration::from_secs(3600),
        }),
        ..AuditSettings::default()
    }
}

fn write(path: &Path, lines_max: Option<usize>, records: u64) {
    let metrics = Metrics::new().unwrap();
    let sink = AuditSink::open(settings(path, lines_max), metrics.audit()).unwrap();
    (0..records).for_each(|number| sink.record(&record(number)));
    sink.close();
}

/// The lines of an audit of twenty records, sealed by tens or not at all.
fn audit(sealed: bool) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    write(&path, sealed.then_some(10), 20);
    fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect()
}

fn verify(lines: &[String], with_key: bool) -> Verified {
    let keys = if with_key {
        vec![VerifyingKey::from_pem(PUBLIC.as_bytes()).unwrap()]
    } else {
        Vec::new()
    };
    let mut verifier = Verifier::new(keys, None);
    for (line, number) in lines.iter().zip(1..) {
        verifier.line(LinePlace { file: 0, line: number }, line.as_bytes());
    }
    verifier.finish(true)
}

fn found(lines: &[String], with_key: bool) -> Vec<(u64, What)> {
    let verified = verify(lines, with_key);
    verified.found.into_iter().map(|found| (found.place.line, found.what)).collect()
}

/// Ends the lines from `at` on anew, as somebody without the key can.
fn mend(lines: &mut [String], at: usize) {
    let before = Link::read(lines[at - 1].as_bytes()).unwrap();
    let mut head = chain::Head { seq: before.seq, hash: before.hash };
    for line in &mut lines[at..] {
        let (object, rest) = line.split_once(",\"seq\":").unwrap();
        let link = Link::read(line.as_bytes()).unwrap();
        let kept = link.signature;
        assert_eq!(kept.is_some(), rest.contains("signature"));
        let sign = move |_: &Hash| kept.unwrap_or([0; 64]);
        let sign: Option<chain::Sign<'_>> = if kept.is_some() { Some(&sign) } else { None };
        let mut out = Vec::new();
        head.append(format!("{object}}}").as_bytes(), &mut out, sign);
        *line = String::from_utf8(out).unwrap().trim_end().to_owned();
    }
}

#[test]
fn what_nobody_touched_is_intact_and_sealed_to_its_end() {
    let lines = audit(true);
    // Opening, records and seals: 1 + 20, and a seal for each ten lines and one at the end.
    let verified = verify(&lines, true);
    assert_eq!(verified.found, []);
    assert_eq!((verified.records, verified.lines, verified.first), (20, 24, 1));
    assert_eq!((verified.last, verified.sealed), (24, 24));
    assert_eq!(verify(&lines, false).unchecked_seals, 3);
    assert_eq!(found(&audit(false), false), []);
}

/// Who can write the file can give a line any number, so that none could follow.
#[test]
fn a_line_with_the_last_number_there_is_was_inserted() {
    let mut forged = Vec::new();
    let mut head = chain::Head { seq: u64::MAX - 1, ..chain::Head::default() };
    head.append(br#"{"effect":"allow"}"#, &mut forged, None);
    let forged = String::from_utf8(forged).unwrap();
    let line = forged.trim_end().to_owned();
    let inserted = What::Inserted { seq: Some(u64::MAX) };
    let alone = [(1, What::BeginsAt { seq: u64::MAX }), (1, inserted.clone())];
    assert_eq!(found(std::slice::from_ref(&line), false), alone);
    for sealed in [true, false] {
        let mut lines = audit(sealed);
        lines.insert(6, line.clone());
        assert_eq!(found(&lines, sealed), [(7, inserted.clone())]);
    }
    // A gateway that finds it there goes on writing, and hides nothing by that.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    fs::write(&path, &forged).unwrap();
    write(&path, Some(2), 5);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!(lines.iter().filter(|line| !line.starts_with("{\"audit\"")).count(), 6);
    assert!(!verify(&lines, true).is_intact());
}

#[test]
fn each_tampering_is_named_with_and_without_seals() {
    use What::{Edited, Inserted, Missing, Moved};
    for sealed in [true, false] {
        let original = audit(sealed);
        let told = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines = original.clone();
            change(&mut lines);
            assert_ne!(lines, original);
            found(&lines, sealed)
        };
        let edit = |line: &mut String| *line = line.replace("\"SG\"", "\"US\"");
        assert_eq!(told(&|lines| edit(&mut lines[6])), [(7, Edited { seq: 7 })]);
        assert_eq!(told(&|lines| drop(lines.remove(6))), [(7, Missing { from: 7, to: 7 })]);
        assert_eq!(
            told(&|lines| drop(lines.drain(3..8))),
            [(4, Missing { from: 4, to: 8 })],
            "several"
        );
        assert_eq!(told(&|lines| lines.swap(5, 6)), [(7, Moved { seq: 6 })]);
        assert_eq!(
            told(&|lines| lines.insert(8, lines[3].clone())),
            [(9, Inserted { seq: Some(4) })],
            "a copy"
        );
        assert_eq!(
            told(&|lines| lines.insert(8, "{\"effect\":\"allow\"}".to_owned())),
            [(9, Inserted { seq: None })]
        );
        assert_eq!(
            told(&|lines| lines[6] = lines[6].replace("seq", "sequence")),
            [(7, Edited { seq: 7 })],
            "changed beyond reading"
        );
        // Changed, and its hash with it: the line after it tells.
        assert_eq!(
            told(&|lines| {
                edit(&mut lines[6]);
                mend(&mut lines[..7], 6);
            }),
            [(7, Edited { seq: 7 })]
        );
    }
}

#[test]
fn mending_every_line_after_it_does_not_help_against_a_seal() {
    let mut lines = audit(true);
    lines[3] = lines[3].replace("\"SG\"", "\"US\"");
    mend(&mut lines, 3);
    let all = found(&lines, true);
    assert!(all.contains(&(11, What::SealBroken { seq: 11 })), "{all:?}");
    // Had the forger put the seal back as it was, the digests would name the line.
    let original = audit(true);
    let mut lines = original.clone();
    lines[3] = lines[3].replace("\"SG\"", "\"US\"");
    mend(&mut lines[..4], 3);
    assert_eq!(found(&lines, true), [(4, What::Edited { seq: 4 })]);
    // A whole stretch mended up to the seal: the seal is not theirs to mend.
    let mut lines = original;
    lines[3] = lines[3].replace("\"SG\"", "\"US\"");
    mend(&mut lines[..10], 3);
    let named: Vec<u64> = found(&lines, true).iter().map(|(line, _)| *line).collect();
    assert_eq!(named, [4, 5, 6, 7, 8, 9, 10], "each line that is not what was sealed");
}

#[test]
fn an_end_that_was_cut_off_shows_against_what_was_kept_elsewhere() {
    let lines = audit(true);
    let last = verify(&lines, true);
    let anchor: Anchor = format!("{}:{}", last.last, last.head).parse().unwrap();
    let check = |lines: &[String]| {
        let mut verifier = Verifier::new(Vec::new(), Some(anchor));
        for (line, number) in lines.iter().zip(1..) {
            verifier.line(LinePlace { file: 0, line: number }, line.as_bytes());
        }
        verifier.finish(true).found.into_iter().map(|found| found.what).collect::<Vec<_>>()
    };
    assert_eq!(check(&lines), []);
    assert_eq!(check(&lines[..20]), [What::AnchorMissing { seq: 24 }]);
    for bad in ["", "12", "x:y", "1:AAAA"] {
        assert!(bad.parse::<Anchor>().is_err(), "{bad}");
    }
}

#[test]
fn a_killed_process_leaves_an_end_that_is_named_and_the_next_goes_on_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    write(&path, Some(10), 20);
    // As a kill leaves it: without the closing seal, and in the middle of a line.
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.pop();
    let (half, _) = lines[22].split_at(100);
    lines[22] = half;
    fs::write(&path, lines.join("\n")).unwrap();
    write(&path, Some(10), 3);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!(found(&lines, true), [(23, What::CutOff { bytes: 100 })]);
    assert_eq!(verify(&lines, true).sealed, 27, "what the next process wrote is sealed by it");
    let mut verifier = Verifier::new(Vec::new(), None);
    let mut lines = lines;
    lines.truncate(22);
    lines.push("{\"time\":\"20".to_owned());
    for (line, number) in lines.iter().zip(1..) {
        verifier.line(LinePlace { file: 0, line: number }, line.as_bytes());
    }
    let what: Vec<What> = verifier.finish(false).found.into_iter().map(|it| it.what).collect();
    assert_eq!(what, [What::CutOff { bytes: 11 }]);
}

#[test]
fn lines_without_a_chain_and_chains_one_after_the_other_are_told_apart() {
    let mut lines = vec!["{\"effect\":\"allow\"}".to_owned(); 3];
    lines.extend(audit(false));
    lines.extend(audit(false));
    assert_eq!(found(&lines, false), [(3, What::Unchained { lines: 3 }), (26, What::BeginsAnew)]);
    assert_eq!(found(&audit(false)[4..], false), [(1, What::BeginsAt { seq: 5 })]);
    assert!(verify(&lines, false).is_intact());
    let other = VerifyingKey::from_pem(
        // RFC 8032 §7.1, test 1.
        b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n",
    )
    .unwrap();
    let mut verifier = Verifier::new(vec![other], None);
    for (line, number) in audit(true).iter().zip(1..) {
        verifier.line(LinePlace { file: 0, line: number }, line.as_bytes());
    }
    let verified = verifier.finish(true);
    // All its seals in one line; nothing was changed, and nothing is proven.
    let last = audit(true).len() as u64;
    let what: Vec<&What> = verified.found.iter().map(|found| &found.what).collect();
    assert!(
        matches!(what[..], [What::KeyUnknown { from: 1, to, .. }] if *to == last),
        "{verified:?}"
    );
    assert!(verified.is_intact() && !verified.is_vouched_for());
}

#[test]
fn an_end_that_should_have_been_sealed_long_ago_is_anybodys() {
    let original = audit(true);
    let seal = original.iter().position(|line| line.contains("\"sealed\"")).unwrap();
    // Everything behind the first seal, written anew without another.
    let forged = |lines: usize, is_late: bool| {
        let filler = original[seal + 1].replace("\"SG\"", "\"US\"");
        let mut all = original[..=seal].to_vec();
        all.extend(std::iter::repeat_n(filler, lines));
        if is_late {
            let last = all.last_mut().unwrap();
            *last = last.replace("1970-01-01T00:00:00Z", "1970-01-01T09:00:00Z");
        }
        mend(&mut all, seal + 1);
        all
    };
    let (first, seal) = (seal as u64 + 2, seal as u64 + 1);
    let few = verify(&forged(9, false), true);
    assert!(few.is_vouched_for() && few.sealed == seal, "{few:?}");
    for (lines, is_late) in [(13, false), (9, true)] {
        let verified = verify(&forged(lines, is_late), true);
        assert!(verified.is_intact() && !verified.is_vouched_for(), "{verified:?}");
        let to = seal + lines as u64;
        let overdue = What::Overdue { from: first, to };
        assert!(verified.found.iter().any(|found| found.what == overdue), "{verified:?}");
    }
}

#[test]
fn what_no_chain_has_and_what_is_empty_is_proven_by_nothing() {
    // The numbers, hashes and seals taken off, which leaves nothing that could contradict.
    let sealed = audit(true);
    let bare = |line: &String| match line.split_once(",\"seq\":") {
        Some((object, _)) => format!("{object}}}"),
        None => line.clone(),
    };
    let stripped: Vec<String> = sealed.iter().map(bare).collect();
    let forged = stripped[1].clone();
    let before: Vec<String> = std::iter::once(forged).chain(sealed.clone()).collect();
    for lines in [&stripped[..], &[], &["hello".to_owned()], &before] {
        assert!(!verify(lines, true).is_vouched_for(), "{lines:?}");
        // Who asks for no seal is told of the lines, and of no more; unless there is none.
        let verified = verify(lines, false);
        assert_eq!(verified.is_vouched_for(), !verified.is_empty(), "{lines:?}");
        assert_eq!(verified.is_empty(), lines.len() != before.len(), "{lines:?}");
        assert!(verified.is_intact());
    }
    assert!(verify(&sealed, true).is_vouched_for());
}

/// Seals hold in a copy of what they seal as well.
#[test]
fn a_copy_of_sealed_lines_before_or_behind_them_is_known_again() {
    let original = audit(true);
    let seal = original.iter().position(|line| line.contains("\"sealed\"")).unwrap();
    let second = original.iter().rposition(|line| line.contains("\"sealed\"")).unwrap();
    let joined = |before: &[String], after: &[String]| [before, after].concat();
    for (what, lines, line, seq) in [
        ("the beginning in front", joined(&original[..=seal], &original), seal + 2, 1),
        ("a stretch in front", joined(&original[4..=second], &original), second + 2, 5),
        ("the beginning behind", joined(&original, &original[..=seal]), original.len() + 1, 1),
        ("all of it twice", joined(&original, &original), original.len() + 1, 1),
    ] {
        for with_key in [true, false] {
            let verified = verify(&lines, with_key);
            let repeated: Vec<_> = verified
                .found
                .iter()
                .filter(|found| matches!(found.what, What::Repeated { .. }))
                .map(|found| (found.place.line, found.what.clone()))
                .collect();
            assert_eq!(repeated, [(line as u64, What::Repeated { seq })], "{what}");
            assert!(!verified.is_intact(), "{what}");
        }
    }
}
