//! Who calls, by certificate: shown to us in a handshake, or told by a trusted hop.

use http::{HeaderMap, HeaderName};
use rustls_pki_types::CertificateDer;

use super::tls;
use crate::config::is_spiffe_id;

/// What Envoy and the meshes built on it say of the certificate they were shown.
pub(super) const FORWARDED_CLIENT_CERT: HeaderName =
    HeaderName::from_static("x-forwarded-client-cert");

/// The SPIFFE id a verified certificate bears: its one URI (X509-SVID §2); with none or several it is
/// nobody's.
pub(super) fn of_certificate(certificate: &CertificateDer<'_>) -> Option<String> {
    only(tls::uris(certificate).into_iter())
}

/// The SPIFFE id that the nearest hop was shown: it writes the last element. What stands before that was
/// told to it by others.
pub(super) fn forwarded(headers: &HeaderMap) -> Option<String> {
    let line = headers.get_all(&FORWARDED_CLIENT_CERT).iter().next_back()?.to_str().ok()?;
    let pairs = last_element(line)?.into_iter();
    let uris = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case("URI"));
    only(uris.map(|(_, value)| value.trim().to_owned()))
}

fn only(mut uris: impl Iterator<Item = String>) -> Option<String> {
    let id = uris.next()?;
    (uris.next().is_none() && is_spiffe_id(&id)).then_some(id)
}

/// The pairs of a line's last element; `None` where the line is not written as Envoy's manual says: a value is in quotes
/// as a whole or not at all. What a caller sent stands before what the hop added, and a quote it left open would make
/// the hop's own words part of a value of the caller's.
fn last_element(line: &str) -> Option<Vec<(&str, &str)>> {
    let mut pairs = Vec::new();
    let mut rest = line;
    loop {
        let (key, behind) = rest.split_at(rest.find(['=', ',', ';', '"']).unwrap_or(rest.len()));
        let value = behind.strip_prefix('=')?;
        let (value, behind) = match value.strip_prefix('"') {
            Some(quoted) => {
                let (value, behind) = quoted.split_at(end_of_quoted(quoted)?);
                (value, behind.strip_prefix('"')?)
            }
            None => value.split_at(value.find([',', ';', '"']).unwrap_or(value.len())),
        };
        pairs.push((key, value));
        let behind = behind.trim_ascii_start();
        rest = match behind.split_at_checked(1) {
            None => return Some(pairs),
            Some((";", next)) => next,
            Some((",", next)) => {
                pairs.clear();
                next
            }
            Some(_) => return None,
        };
    }
}

/// Where the closing quote stands; a backslash takes the next sign's meaning.
fn end_of_quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn told(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_CLIENT_CERT, HeaderValue::from_str(line).unwrap());
        }
        forwarded(&headers)
    }

    /// Lines as Envoy's manual gives them.
    #[test]
    fn the_nearest_hop_s_word_counts() {
        let by = "By=http://frontend.lyft.com;Hash=468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688";
        let subject = "Subject=\"/C=US/ST=CA/L=San Francisco/OU=Lyft/CN=Test Client\"";
        for (lines, expected) in [
            (&[][..], None),
            (
                &[&*format!("{by};{subject};URI=spiffe://mesh.example/client")],
                Some("spiffe://mesh.example/client"),
            ),
            (
                &["Hash=1;URI=spiffe://a/first,Hash=2;URI=spiffe://b/second"],
                Some("spiffe://b/second"),
            ),
            (
                &["Hash=1;URI=spiffe://a/first", "Hash=2;URI=\"spiffe://b/second\""],
                Some("spiffe://b/second"),
            ),
            // A subject may hold whatever its bearer likes.
            (&["Subject=\"x,URI=spiffe://b/forged\";URI=spiffe://a/true"], Some("spiffe://a/true")),
            (
                &["URI=spiffe://a/true;Subject=\"\\\";URI=spiffe://b/forged\""],
                Some("spiffe://a/true"),
            ),
            (&["Hash=1;URI=spiffe://a/first,Hash=2"], None),
            (&["URI=spiffe://a/one;URI=spiffe://a/two"], None),
            (&["URI=http://testclient.lyft.com;DNS=lyft.com"], None),
            (&["URI="], None),
            // A quote that a caller left open takes in what the hop adds.
            (&["URI=spiffe://a/forged;Subject=\",By=x;URI=spiffe://b/true"], None),
            (&["URI=spiffe://a/forged;Subject=\",By=x;Subject=\"\";URI=spiffe://b/true"], None),
            (
                &["URI=spiffe://a/forged;Subject=\"\\,By=x;Subject=\"CN=c\";URI=spiffe://b/true"],
                None,
            ),
            (
                &["URI=spiffe://a/forged;Subject=\",By=x;Subject=\"CN=\\\"c\";URI=spiffe://b/true"],
                None,
            ),
            (&["By=x;URI=spiffe://a/forged;Subject=\"a\"b,URI=spiffe://b/true"], None),
            (
                &["URI=spiffe://a/first;Subject=\"CN=c\", By=x;URI=spiffe://b/true"],
                Some("spiffe://b/true"),
            ),
            (&["URI=spiffe://a/true;"], None),
            (&["rubbish"], None),
        ] {
            assert_eq!(told(lines).as_deref(), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_certificate_names_its_bearer_by_its_one_uri() {
        let bearing = |uris: &[&str]| {
            let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
            for uri in uris {
                let uri = rcgen::string::Ia5String::try_from(*uri).unwrap();
                params.subject_alt_names.push(rcgen::SanType::URI(uri));
            }
            let key = rcgen::KeyPair::generate().unwrap();
            of_certificate(params.self_signed(&key).unwrap().der())
        };
        assert_eq!(bearing(&["spiffe://mesh/a"]).as_deref(), Some("spiffe://mesh/a"));
        assert_eq!(bearing(&[]), None);
        assert_eq!(bearing(&["spiffe://mesh/a", "https://a.example"]), None);
        assert_eq!(bearing(&["https://a.example"]), None);
        assert_eq!(of_certificate(&CertificateDer::from_slice(b"rubbish")), None);
    }

    proptest::proptest! {
        #[test]
        fn no_line_panics(line in "[ -~]{0,80}") {
            told(&[&line]);
        }
    }
}
