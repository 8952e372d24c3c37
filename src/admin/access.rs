//! Who may do what on the admin address.
//!
//! Without a file of operators everybody on this machine may look at everything, and change it with the token
//! of `admin.token_file` or, where there is none, without; nobody else may do more than ask whether it lives and
//! read the metrics. With one, a bearer token names the operator, or a certificate that
//! was shown in the handshake; only probes need none. The file holds hashes of tokens, so that reading it
//! opens nothing, and is read anew when it changes; one that is wrong changes nothing, and since it may be a
//! token by mistake, complaints repeat nothing of it but the names of operators that are in order.

use std::{fmt, fs, net::SocketAddr, path::Path, sync::Arc};

use http::{StatusCode, request::Parts};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    reply::Problem,
    tls::Shown,
    token::{Token, bearer},
};
use crate::source::{self, At, Diagnostics, Latest, Place, SourceFile};

/// What an operator may do. Each but the first includes reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look: status, metrics, decisions, rules; ask what would happen.
    Read,
    /// Change what is on file about people, and reload.
    Operate,
    /// Change which rules serve.
    Rules,
}

/// What a path asks of whoever calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    /// Reading, but open to scrapers where there are no operators.
    Metrics,
    Role(Role),
    /// One of the two.
    OperateOrRules,
}

/// Who called.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) name: Arc<str>,
    roles: Roles,
    /// Proven by what the file of operators says of them.
    pub(super) is_listed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Roles {
    All,
    Some(Vec<Role>),
}

/// Decides who may.
#[derive(Debug, Clone, Default)]
pub struct Access {
    listed: Option<Arc<Latest<Arc<[Operator]>>>>,
    /// What changes something where nobody is listed.
    token: Option<Token>,
}

struct Operator {
    name: Arc<str>,
    roles: Vec<Role>,
    token: Option<[u8; 32]>,
    /// A name in their certificate.
    certificate: Option<String>,
}

/// The file of operators.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperatorsFile {
    operators: Vec<OperatorEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperatorEntry {
    name: At<String>,
    roles: At<Vec<Role>>,
    #[serde(default)]
    token_sha256: Option<At<String>>,
    #[serde(default)]
    certificate: Option<At<String>>,
}

impl Access {
    /// Reads the file of operators. Every problem is told with file and line.
    pub fn load(path: &Path) -> Result<Self, Diagnostics> {
        let file = path.to_owned();
        let again = move || read(&file);
        let listed =
            Latest::load("`admin.operators_file`", vec![path.to_owned()], || read(path), again)?;
        Ok(Self { listed: Some(Arc::new(listed)), token: None })
    }

    /// Everybody on this machine, who needs the token to change something if there is one.
    pub fn of_this_machine(token: Option<Token>) -> Self {
        Self { listed: None, token }
    }

    /// Why the file as it is now does not count, if it does not.
    pub(super) fn error(&self) -> Option<String> {
        self.listed.as_ref()?.error()
    }

    pub(super) fn is_listed(&self) -> bool {
        self.listed.is_some()
    }

    pub(super) fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Nobody is listed, and changes ask for a token.
    pub(super) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Some are known by what stands in a certificate.
    pub(super) fn knows_certificates(&self) -> bool {
        let list = self.listed.as_ref().map(|listed| listed.current());
        list.is_some_and(|list| list.iter().any(|operator| operator.certificate.is_some()))
    }

    /// Lets the caller pass, or says what is missing.
    pub(super) fn admit(
        &self,
        peer: SocketAddr,
        head: &Parts,
        needs: Needs,
    ) -> Result<Caller, Problem> {
        let is_here = peer.ip().to_canonical().is_loopback();
        let nobody = |roles| Caller { name: "local".into(), roles, is_listed: false };
        let Some(listed) = &self.listed else {
            return match needs {
                Needs::Nothing | Needs::Metrics => Ok(nobody(Roles::Some(Vec::new()))),
                Needs::Role(_) | Needs::OperateOrRules if is_here => {
                    is_meant_for_us(head)?;
                    self.open(head, needs)?;
                    Ok(nobody(Roles::All))
                }
                Needs::Role(_) | Needs::OperateOrRules => Err(Problem::new(
                    StatusCode::FORBIDDEN,
                    "forbidden",
                    "from other machines operators need a token; see `admin.operators_file`",
                )),
            };
        };
        if needs == Needs::Nothing {
            return Ok(nobody(Roles::Some(Vec::new())));
        }
        let list = listed.current();
        let operator = proven(&list, head)
            .map_err(|detail| Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail))?;
        let caller = Caller {
            name: Arc::clone(&operator.name),
            roles: Roles::Some(operator.roles.clone()),
            is_listed: true,
        };
        if caller.may(needs) {
            return Ok(caller);
        }
        let detail = format!("`{}` may not do this; the role it needs is {needs}", caller.name);
        Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail))
    }

    /// Whoever only looks needs no token, and whoever changes something shows the right one. A wrong one is told: what
    /// is answered without it may be less than its bearer takes it for.
    fn open(&self, head: &Parts, needs: Needs) -> Result<(), Problem> {
        let is_needed = needs != Needs::Role(Role::Read) || bearer(head).is_some();
        match &self.token {
            Some(token) if is_needed && !token.is_shown_in(head) => Err(Token::asked_for()),
            Some(_) | None => Ok(()),
        }
    }
}

/// Whoever is here is asked nothing, so that no page may speak for them: one whose own name leads here in the end has
/// that name in `Host`, and no address.
fn is_meant_for_us(head: &Parts) -> Result<(), Problem> {
    let stated = head.headers.get(http::header::HOST).map(http::HeaderValue::to_str);
    let authority = match stated {
        Some(Ok(host)) => host.parse::<http::uri::Authority>().ok(),
        Some(Err(_)) => None,
        None => match head.uri.authority() {
            Some(authority) => Some(authority.clone()),
            None => return Ok(()),
        },
    };
    let is_ours = authority.is_some_and(|authority| {
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok()
    });
    if is_ours {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "forbidden",
        "without operators only `localhost` and addresses are answered as `Host`; see `admin.operators_file`",
    ))
}

impl Caller {
    pub(super) fn may(&self, needs: Needs) -> bool {
        let Roles::Some(roles) = &self.roles else { return true };
        match needs {
            Needs::Nothing => true,
            // Whoever may change something may look at it.
            Needs::Metrics | Needs::Role(Role::Read) => !roles.is_empty(),
            Needs::Role(role) => roles.contains(&role),
            Needs::OperateOrRules => roles.contains(&Role::Operate) || roles.contains(&Role::Rules),
        }
    }

    /// As the page shows it.
    pub(super) fn roles(&self) -> Vec<Role> {
        match &self.roles {
            Roles::All => vec![Role::Read, Role::Operate, Role::Rules],
            Roles::Some(roles) => roles.clone(),
        }
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "none",
            Self::Metrics | Self::Role(Role::Read) => "`read`",
            Self::Role(Role::Operate) => "`operate`",
            Self::Role(Role::Rules) => "`rules`",
            Self::OperateOrRules => "`operate` or `rules`",
        })
    }
}

/// Whom a token names, or else the certificate of the connection.
fn proven<'l>(list: &'l [Operator], head: &Parts) -> Result<&'l Operator, &'static str> {
    let find = |is: &dyn Fn(&Operator) -> bool| list.iter().find(|operator| is(operator));
    if let Some(token) = bearer(head) {
        // Hashes are compared: the time it takes tells nothing of the token.
        let token: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        return find(&|it| it.token == Some(token)).ok_or("no operator has this token");
    }
    let Some(shown) = head.extensions.get::<Shown>() else {
        return Err("send the token of an operator as `Authorization: Bearer …`");
    };
    find(&|it| it.certificate.as_ref().is_some_and(|name| shown.bears(name))).ok_or(
        "no operator has a name of this certificate; or send a token as `Authorization: Bearer …`",
    )
}

fn read(path: &Path) -> Result<Arc<[Operator]>, Diagnostics> {
    let name = path.display().to_string();
    let mut diagnostics = Diagnostics::default();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let place = Place { file: name, line: 0, column: 0 };
            diagnostics
                .error(place, format!("the file cannot be read: {error}"))
                .remedy("correct `admin.operators_file`, or let the user that runs this read it");
            return Err(diagnostics);
        }
    };
    let file = SourceFile { name, text };
    let Some(entries) = source::read_secret::<OperatorsFile>(&file, &mut diagnostics) else {
        return Err(diagnostics);
    };
    let mut operators: Vec<Operator> = Vec::new();
    for entry in entries.operators {
        let token = entry.token_sha256.as_ref().map(|text| (text, hash(text)));
        if let Some((text, None)) = &token {
            diagnostics
                .error(text.place(&file.name), "this is not a SHA-256 in hex")
                .remedy("give the output of `printf %s \"$TOKEN\" | sha256sum`");
        }
        let token = token.and_then(|(_, hash)| hash);
        let certificate = entry.certificate.as_ref().map(|name| certificate_name(name));
        if let (Some(name), Some(None)) = (&entry.certificate, &certificate) {
            diagnostics
                .error(name.place(&file.name), "this is no name in a certificate")
                .remedy("give a URI, a mail address or a DNS name, without `*`");
        }
        let certificate = certificate.flatten();
        let is_name = (1..=64).contains(&entry.name.len())
            && entry.name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-@".contains(&b));
        if !is_name {
            diagnostics
                .error(entry.name.place(&file.name), "this is not a name")
                .remedy("use up to 64 letters, digits and `.`, `_`, `-`, `@`");
        }
        let name = if is_name { format!("`{}`", *entry.name) } else { "this one".to_owned() };
        if entry.token_sha256.is_none() && entry.certificate.is_none() {
            diagnostics
                .error(
                    entry.name.place(&file.name),
                    format!("nothing proves that somebody is {name}"),
                )
                .remedy("give `token_sha256:`, or `certificate:` with a name in theirs");
        }
        if entry.roles.is_empty() {
            let message = format!("{name} has no role, and may do nothing");
            diagnostics
                .error(entry.roles.place(&file.name), message)
                .remedy("give some of `read`, `operate`, `rules`");
        }
        let is_taken = |other: &Operator| {
            *other.name == **entry.name
                || (token.is_some() && other.token == token)
                || (certificate.is_some() && other.certificate == certificate)
        };
        if operators.iter().any(is_taken) {
            let message = format!("the name, token or certificate of {name} is another's too");
            diagnostics
                .error(entry.name.place(&file.name), message)
                .remedy("give each operator a name and a token or certificate of their own");
        }
        operators.push(Operator {
            name: entry.name.as_str().into(),
            roles: entry.roles.value,
            token,
            certificate,
        });
    }
    if diagnostics.has_errors() { Err(diagnostics) } else { Ok(operators.into()) }
}

/// As it stands among the alternative names; `None` where it could not.
fn certificate_name(text: &str) -> Option<String> {
    let is_graphic = |byte: u8| byte.is_ascii_graphic() && byte != b'*';
    if text.is_empty() || text.len() > 253 || !text.bytes().all(is_graphic) {
        return None;
    }
    let is_host = !text.contains([':', '@']);
    Some(if is_host { text.to_ascii_lowercase() } else { text.to_owned() })
}

fn hash(hex: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (to, pair) in hash.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *to = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn head(authorization: Option<&str>) -> Parts {
        let mut request = Request::builder().uri("/-/status");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn sha256(text: &str) -> String {
        crate::signing::hex(&Sha256::digest(text))
    }

    fn here() -> SocketAddr {
        "127.0.0.1:50000".parse().unwrap()
    }

    fn elsewhere() -> SocketAddr {
        "192.0.2.7:50000".parse().unwrap()
    }

    #[test]
    fn without_a_list_only_this_machine_may_do_more_than_probe() {
        let access = Access::default();
        for (peer, needs, passes) in [
            (here(), Needs::Role(Role::Rules), true),
            ("[::ffff:127.0.0.1]:1".parse().unwrap(), Needs::Role(Role::Read), true),
            (elsewhere(), Needs::Nothing, true),
            (elsewhere(), Needs::Metrics, true),
            (elsewhere(), Needs::Role(Role::Read), false),
            (elsewhere(), Needs::OperateOrRules, false),
        ] {
            let admitted = access.admit(peer, &head(None), needs);
            assert_eq!(admitted.is_ok(), passes, "{peer} {needs:?}");
        }
        assert_eq!(&*access.admit(here(), &head(None), Needs::Nothing).unwrap().name, "local");
    }

    #[test]
    fn a_token_that_was_changed_opens_nothing_any_more() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("admin.token");
        let write = |text: &str| {
            fs::write(directory.path().join("next"), text).unwrap();
            fs::rename(directory.path().join("next"), &path).unwrap();
        };
        write("a token of sixteen\n");
        let access = Access::of_this_machine(Some(Token::load(&path).unwrap()));
        let opens = |token: &str| {
            let shown = format!("Bearer {token}");
            access.admit(here(), &head(Some(&shown)), Needs::OperateOrRules).is_ok()
        };
        assert!(opens("a token of sixteen") && !opens("another token of it"));
        write("another token of it\n");
        assert!(!opens("a token of sixteen") && opens("another token of it"));
        // One that is wrong changes nothing, and is told.
        write("short\n");
        assert!(opens("another token of it") && !opens("short"));
        let error = access.token().and_then(Token::error).unwrap();
        assert!(error.contains("shorter than 16") && !error.contains("short\n"), "{error}");
        write("a third of sixteen\n");
        assert!(opens("a third of sixteen") && access.token().and_then(Token::error).is_none());
    }

    #[test]
    fn with_a_token_for_this_machine_only_who_shows_it_changes_something() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "a token of sixteen\n").unwrap();
        let access = Access::of_this_machine(Some(Token::load(file.path()).unwrap()));
        let (right, wrong) =
            (Some("Bearer a token of sixteen"), Some("Bearer another token of it"));
        let changes = [Needs::Role(Role::Operate), Needs::Role(Role::Rules), Needs::OperateOrRules];
        for needs in changes {
            assert!(access.admit(here(), &head(right), needs).is_ok(), "{needs:?}");
            for shown in [None, wrong, Some("Basic a token of sixteen"), Some("a token of sixteen")]
            {
                assert!(access.admit(here(), &head(shown), needs).is_err(), "{shown:?}");
            }
            assert!(access.admit(elsewhere(), &head(right), needs).is_err(), "{needs:?}");
        }
        let read = Needs::Role(Role::Read);
        for shown in [None, right, wrong] {
            // Whoever shows a wrong one takes the answer for more than it is.
            assert_eq!(
                access.admit(here(), &head(shown), read).is_ok(),
                shown != wrong,
                "{shown:?}"
            );
            assert!(access.admit(here(), &head(shown), Needs::Metrics).is_ok(), "{shown:?}");
        }
    }

    #[test]
    fn a_token_names_an_operator_and_a_role_is_what_it_may() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operators.yaml");
        let list = |rita: &str| {
            format!(
                "operators:\n  - {{ name: rita, roles: [read], token_sha256: {} }}\n  - {{ name: olga, roles: [operate], token_sha256: {} }}\n",
                sha256(rita),
                sha256("olga's token")
            )
        };
        fs::write(&path, list("rita's token")).unwrap();
        let access = Access::load(&path).unwrap();
        let read = Needs::Role(Role::Read);
        for (token, needs, name) in [
            (Some("Bearer rita's token"), read, Some("rita")),
            (Some("bearer rita's token"), Needs::Metrics, Some("rita")),
            (Some("Bearer rita's token"), Needs::OperateOrRules, None),
            (Some("Bearer olga's token"), read, Some("olga")),
            (Some("Bearer olga's token"), Needs::OperateOrRules, Some("olga")),
            (Some("Bearer olga's token"), Needs::Role(Role::Rules), None),
            (Some("Bearer nobody's"), read, None),
            (Some("Basic rita's token"), read, None),
            (None, read, None),
            (None, Needs::Metrics, None),
            (None, Needs::Nothing, Some("local")),
        ] {
            let caller = access.admit(here(), &head(token), needs).ok();
            assert_eq!(caller.as_ref().map(|it| &*it.name), name, "{token:?} {needs:?}");
        }
        // A new token counts at once; a file that is wrong does not.
        fs::write(&path, list("another token")).unwrap();
        assert!(access.admit(here(), &head(Some("Bearer rita's token")), read).is_err());
        assert!(access.admit(here(), &head(Some("Bearer another token")), read).is_ok());
        fs::write(&path, "operators: [{ name: rita }]").unwrap();
        assert!(access.admit(here(), &head(Some("Bearer another token")), read).is_ok());
        assert!(access.error().unwrap().contains("operators.yaml:1"), "{:?}", access.error());
        let shown = format!("{access:?}");
        assert!(shown.contains("operators.yaml") && !shown.contains("rita"), "{shown}");
    }

    #[test]
    fn a_certificate_names_an_operator_where_no_token_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operators.yaml");
        let list = format!(
            "operators:\n  - {{ name: rita, roles: [read], certificate: Rita.Ops.example }}\n  - {{ name: olga, roles: [operate], certificate: olga@ops.example, token_sha256: {} }}\n",
            sha256("olga's token")
        );
        fs::write(&path, list).unwrap();
        let access = Access::load(&path).unwrap();
        assert!(access.knows_certificates());
        let read = Needs::Role(Role::Read);
        for (names, token, name) in [
            (&["rita.ops.example"][..], None, Some("rita")),
            (&["spiffe://x", "olga@ops.example"], None, Some("olga")),
            (&["Olga@ops.example"], None, None),
            (&["ops.example", "a.rita.ops.example"], None, None),
            (&[], None, None),
            (&["rita.ops.example"], Some("Bearer olga's token"), Some("olga")),
            (&["rita.ops.example"], Some("Bearer made up"), None),
        ] {
            let mut head = head(token);
            head.extensions.insert(Shown::with(names));
            let caller = access.admit(elsewhere(), &head, read).ok();
            assert_eq!(caller.as_ref().map(|it| &*it.name), name, "{names:?} {token:?}");
        }
    }

    #[test]
    fn a_file_that_is_wrong_is_told_line_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operators.yaml");
        let text = format!(
            "operators:\n  - {{ name: a b, roles: [read], token_sha256: {0} }}\n  - {{ name: c, roles: [], token_sha256: {0} }}\n  - {{ name: d, roles: [read], token_sha256: abc }}\n",
            sha256("x")
        );
        fs::write(&path, text).unwrap();
        let told = Access::load(&path).unwrap_err().to_string();
        for words in
            ["2:13: error: this is not a name", "`c` has no role", "another's too", "not a SHA-256"]
        {
            assert!(told.contains(words), "{words} in {told}");
        }
        assert!(Access::load(&folder.path().join("none.yaml")).is_err());
        for text in ["s3cret-token-of-somebody\n", "operators: [{ name: s3cret of somebody }]\n"] {
            fs::write(&path, text).unwrap();
            let told = Access::load(&path).unwrap_err().to_string();
            assert!(told.contains("operators.yaml:1:") && !told.contains("s3cret"), "{told}");
        }
    }
}
