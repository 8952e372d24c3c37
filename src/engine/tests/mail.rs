//! Mail, and headers of HTTP that are read as what they are.

use proptest::prelude::*;

use super::*;
use crate::{domain::Encoding, format, redact};

const MAIL: &[(&str, &[u8])] = &[("content-type", b"message/rfc822")];

fn found(engine: &Engine, verdict: &Verdict) -> Vec<String> {
    let items = verdict.findings.items.iter();
    items.map(|finding| engine.taxonomy().key(finding.tag).to_owned()).collect()
}

/// The encodings of mail (RFC 2045 §6, RFC 2047) come off; what is redacted inside goes out in them again, and every
/// other byte is as it was.
#[test]
fn what_is_encoded_in_a_mail_is_read_and_the_rest_of_it_stays() {
    let engine = shipped();
    for (mail, expected) in [
        (
            "Subject: hi\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe, j=C3=BCrgen.k=40web.de, bis=\r\n dann\r\n",
            "Subject: hi\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe, , bis dann\r\n",
        ),
        (
            "Subject: hi\r\nContent-Type: text/plain;\r\n charset=iso-8859-1\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\nGr=FC=DFe von sana.k=40example.pk\r\n",
            "Subject: hi\r\nContent-Type: text/plain;\r\n charset=iso-8859-1\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\nGr=FC=DFe von=20\r\n",
        ),
        (
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nc2FuYS5rQGV4YW1wbGUucGs=\r\n--b\r\nCONTENT-TRANSFER-ENCODING: 7BIT\r\n\r\n1=2\r\n--b\r\nCONTENT-TRANSFER-ENCODING: QUOTED-PRINTABLE\r\n\r\na=3D=\r\nb\r\n--b--\r\n",
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n\r\n--b\r\nCONTENT-TRANSFER-ENCODING: 7BIT\r\n\r\n1=2\r\n--b\r\nCONTENT-TRANSFER-ENCODING: QUOTED-PRINTABLE\r\n\r\na=3D=\r\nb\r\n--b--\r\n",
        ),
        (
            "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_von_sana.k=40example.pk?=\r\nX-Number: 1\r\nX-Length: of no less than all\r\n\r\nhi\r\n",
            "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_von_?=\r\nX-Number: 1\r\nX-Length: of no less than all\r\n\r\nhi\r\n",
        ),
    ] {
        let verdict = inspect(&engine, &message(MAIL, mail.as_bytes()), "");
        assert_eq!(verdict.coverage, Coverage::Full, "{mail} {:?}", verdict.gaps);
        let names = found(&engine, &verdict);
        assert_eq!(names, ["user.contact.email"], "{mail}");
        let sent = verdict.redacted.and_then(|it| it.body).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&sent), expected, "{mail}");
        let again = inspect(&engine, &message(MAIL, &sent), "");
        assert_eq!(again.decision.effect, Effect::Allow, "{:?}", again.findings);
    }
}

#[test]
fn encoded_words_before_a_mailbox_say_whose_it_is() {
    let engine = shipped();
    for (mail, expected) in [
        (
            "From: =?UTF-8?B?SsO8cmdlbiBLw7ZobGVy?= <a@web.de>\r\nSubject: =?UTF-8*de?Q?Ruf_+49_171_2345678?=\r\n\r\nhi\r\n",
            &["user.contact.email", "user.contact.phone_number", "user.name"][..],
        ),
        (
            "To: =?iso-8859-1?q?J=FCrgen_K=F6hler?= <a@web.de>\r\nX-Length: of no less than all\r\n\r\nhi\r\n",
            &["user.contact.email", "user.name"],
        ),
        // A firm's, and a subject.
        (
            "From: =?UTF-8?Q?M=C3=BCller_Vertriebs_GmbH?= <a@web.de>\r\nSubject: =?UTF-8?Q?Neue_Preise?=\r\n\r\nhi\r\n",
            &["user.contact.email"],
        ),
    ] {
        let verdict = inspect(&engine, &message(MAIL, mail.as_bytes()), "");
        assert_eq!(verdict.coverage, Coverage::Full, "{mail} {:?}", verdict.gaps);
        let mut names = found(&engine, &verdict);
        names.sort_unstable();
        assert_eq!(names, expected, "{mail}");
    }
}

#[test]
fn a_mail_whose_encoding_cannot_be_taken_off_does_not_count_as_read() {
    let engine = shipped();
    for mail in [
        "Subject: a text of some length\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n",
        "Subject: a text of some length\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=ZZ\r\n",
        "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjcK\r\n",
        "Content-Transfer-Encoding: base64\r\n\r\nYUBiLmRl\r\n",
    ] {
        let verdict = inspect(&engine, &message(MAIL, mail.as_bytes()), "");
        assert_eq!(verdict.coverage, Coverage::Partial, "{mail}");
    }
}

#[test]
fn headers_of_answers_are_read_by_what_they_are_for() {
    let engine = shipped();
    let names_in = |name: &str, value: &str| {
        let headers = [(name, value.as_bytes())];
        let verdict = inspect(&engine, &message(&headers, b""), "");
        assert_eq!(verdict.coverage, Coverage::Full, "{name}: {value}");
        let headers = verdict.redacted.as_ref().map(|it| it.headers.clone()).unwrap_or_default();
        let sent = headers.into_iter().find_map(|(_, value)| value);
        let sent = sent.map(|value| String::from_utf8(value).unwrap());
        (found(&engine, &verdict), sent)
    };
    let (names, sent) =
        names_in("set-cookie", "session=f8a1b2c3d4e5f60718293a4b; Path=/; HttpOnly");
    assert_eq!(names, ["user.device.cookie_id"]);
    assert_eq!(sent.as_deref(), Some("session=; Path=/; HttpOnly"));
    assert_eq!(names_in("set-cookie", "theme=dark; Path=/; Domain=shop.example").0, [""; 0]);
    assert_eq!(names_in("location", "/c?name=Burak%20Demir").0, ["user.name"]);
    // Neither is a name of a user, nor is the other its value.
    let (names, _) = names_in("authorization", "Basic dXNlcjpwYXNzd29yZA==");
    assert_eq!(names, ["user.authorization.credentials"]);
    let (names, _) = names_in("authorization", "Basic c2FuYS5rQGV4YW1wbGUucGs6czNjcmV0");
    assert!(names.contains(&"user.contact.email".to_owned()), "{names:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A mailbox goes out of an encoded part or word; what stands around that is as it was, and all of it reads.
    #[test]
    fn redaction_leaves_the_rest_of_a_mail_as_it_was(
        before in "[^\\p{C}@]{0,40}",
        behind in "[^\\p{C}@]{0,40}",
        rest in "[ -~]{0,40}",
        which in 0usize..4,
    ) {
        static ENGINE: std::sync::OnceLock<Engine> = std::sync::OnceLock::new();
        let engine = ENGINE.get_or_init(shipped);
        let text = format!("{before} sana.k@example.pk {behind}");
        let (encoding, name) = [
            (Encoding::QuotedPrintable, "quoted-printable"),
            (Encoding::Base64Lines, "base64"),
            (Encoding::QWord, "Q"),
            (Encoding::Base64, "B"),
        ][which];
        let encoded = String::from_utf8(redact::encode(encoding, text.as_bytes()).unwrap()).unwrap();
        let (head, tail) = if which < 2 {
            (
                format!(
                    "X-Text: {rest}\r\n\r\n--b\r\nContent-Transfer-Encoding: {name}\r\n\
                     Content-Type: text/plain; charset=utf-8\r\n\r\n"
                ),
                format!("\r\n--b\r\n\r\n{rest}\r\n--b--\r\n"),
            )
        } else {
            prop_assume!(encoded.len() < 500);
            (format!("Subject: =?utf-8?{name}?"), format!("?=\r\nX-Text: {rest}\r\n\r\n{rest}\r\n"))
        };
        let mail = format!("{head}{encoded}{tail}");
        let verdict = inspect(engine, &message(MAIL, mail.as_bytes()), "");
        prop_assert_eq!(verdict.coverage, Coverage::Full, "{}", mail);
        prop_assert_eq!(verdict.decision.effect, Effect::Redact, "{}", mail);
        // What is made up may say something of somebody by chance.
        prop_assume!(found(engine, &verdict) == ["user.contact.email"]);
        let sent = String::from_utf8(verdict.redacted.and_then(|it| it.body).unwrap()).unwrap();
        let inside = sent.strip_prefix(&head).and_then(|it| it.strip_suffix(&tail));
        prop_assert!(inside.is_some(), "{} became {}", mail, sent);
        let left = format::decode(encoding, inside.unwrap().as_bytes(), &Limits::default()).unwrap();
        prop_assert_eq!(String::from_utf8(left).unwrap(), format!("{before}  {behind}"));
        let again = inspect(engine, &message(MAIL, sent.as_bytes()), "");
        prop_assert_eq!(again.coverage, Coverage::Full, "{}", sent);
    }
}
