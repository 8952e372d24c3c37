//! Request head to route.
//!
//! A table compiled once from what the configuration says; selecting takes a hash look-up for the host
//! and a walk over that host's prefixes, longest first. Nothing here fails and nothing allocates for a
//! host in lower case. The room deals in numbers: what a route leads to is its owner's affair.

use std::{borrow::Cow, collections::HashMap, net::IpAddr};

use ipnet::IpNet;

/// The number of a route, in the order the table was compiled from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub u16);

/// Which requests a route takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// A name, `*.` and a name, or any host.
    pub host: Option<String>,
    /// Whole segments; empty or `/` for every path.
    pub path_prefix: String,
    /// Empty for every method.
    pub methods: Vec<String>,
    /// Numbers of workloads; empty for every caller.
    pub workloads: Vec<u16>,
    /// Whom the caller wanted to reach before it was sent here; empty for whomever.
    pub destinations: Vec<IpNet>,
}

/// How a request came, beside its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Arrival {
    /// Number of the workload that calls.
    pub workload: Option<u16>,
    /// Whom it wanted to reach; `None` where it meant us.
    pub original_destination: Option<IpAddr>,
}

/// What a request head leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection<'t> {
    Route(RouteId),
    /// A route takes this host and path, and none of them this method; these would do.
    Method(Vec<&'t str>),
    /// Routes take this host, path and method, and none of them this caller.
    Caller,
    /// Routes take this host and path and name no methods, and nobody registered this one.
    UnknownMethod,
    /// No route takes this host and path.
    Nowhere,
}

/// All routes. The most exact host wins, then the longest path prefix, then the route that names
/// destinations, then methods, then workloads; a host whose routes do not take the path leaves it to the less exact ones.
#[derive(Debug, Clone, Default)]
pub struct RouteTable {
    exact: HashMap<String, Vec<Entry>>,
    /// `.example.org` for `*.example.org`, longest first.
    wildcard: Vec<(String, Vec<Entry>)>,
    any: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// Without a slash at its end.
    prefix: String,
    methods: Vec<String>,
    workloads: Vec<u16>,
    destinations: Vec<IpNet>,
    id: RouteId,
}

impl RouteTable {
    pub fn compile(selectors: impl IntoIterator<Item = Selector>) -> Self {
        let mut table = Self::default();
        for (number, selector) in (0..).zip(selectors) {
            let entry = Entry {
                prefix: selector.path_prefix.trim_end_matches('/').to_owned(),
                methods: selector.methods,
                workloads: selector.workloads,
                destinations: selector.destinations,
                id: RouteId(number),
            };
            table.entries(selector.host.as_deref()).push(entry);
        }
        table.wildcard.sort_by_key(|(suffix, _)| std::cmp::Reverse(suffix.len()));
        let all = table.exact.values_mut();
        let all = all.chain(table.wildcard.iter_mut().map(|(_, entries)| entries));
        for entries in all.chain([&mut table.any]) {
            entries.sort_by_key(|entry| {
                let Entry { prefix, methods, workloads, destinations, id } = entry;
                let names_none =
                    [destinations.is_empty(), methods.is_empty(), workloads.is_empty()];
                (std::cmp::Reverse(prefix.len()), names_none, *id)
            });
        }
        table
    }

    fn entries(&mut self, host: Option<&str>) -> &mut Vec<Entry> {
        let Some(host) = host.map(str::to_ascii_lowercase) else { return &mut self.any };
        let Some(suffix) = host.strip_prefix('*').map(str::to_owned) else {
            return self.exact.entry(host).or_default();
        };
        let known = self.wildcard.iter().position(|(known, _)| *known == suffix);
        let at = known.unwrap_or(self.wildcard.len());
        if known.is_none() {
            self.wildcard.push((suffix, Vec::new()));
        }
        match self.wildcard.get_mut(at) {
            Some((_, entries)) => entries,
            None => &mut self.any,
        }
    }

    /// `host` as in `Host` or `:authority`, with or without port; `path` without query.
    pub fn select(&self, method: &str, host: &str, path: &str, arrival: Arrival) -> Selection<'_> {
        let host = host_name(host);
        let exact = self.exact.get(&*host).map(Vec::as_slice).unwrap_or_default();
        let wildcard = self.wildcard.iter().filter(|(suffix, _)| is_below(&host, suffix));
        let entries = exact.iter();
        let entries = entries.chain(wildcard.flat_map(|(_, entries)| entries)).chain(&self.any);
        let mut allowed: Vec<&str> = Vec::new();
        let (mut is_stranger, mut is_unknown) = (false, false);
        for entry in entries.filter(|entry| takes(&entry.prefix, path)) {
            let knows = |number| entry.workloads.contains(&number);
            if !entry.is_for(arrival.original_destination) {
                continue;
            }
            if !entry.methods.is_empty() && entry.methods.iter().all(|known| known != method) {
                allowed.extend(entry.methods.iter().map(String::as_str));
            } else if entry.methods.is_empty() && !is_registered(method) {
                is_unknown = true;
            } else if entry.workloads.is_empty() || arrival.workload.is_some_and(knows) {
                return Selection::Route(entry.id);
            } else {
                is_stranger = true;
            }
        }
        if is_stranger {
            return Selection::Caller;
        }
        if is_unknown {
            return Selection::UnknownMethod;
        }
        if allowed.is_empty() {
            return Selection::Nowhere;
        }
        allowed.sort_unstable();
        allowed.dedup();
        Selection::Method(allowed)
    }
}

impl Entry {
    fn is_for(&self, destination: Option<IpAddr>) -> bool {
        let is_within = |address: IpAddr| {
            let address = address.to_canonical();
            self.destinations.iter().any(|network| network.contains(&address))
        };
        self.destinations.is_empty() || destination.is_some_and(is_within)
    }
}

/// True when upstream may read the path differently from us: a dot segment (spelled out or
/// percent-encoded, RFC 3986 §5.2.4), a backslash, a control character, or more encodings on top of each other than
/// anybody needs. Such a path has no certain route.
pub fn is_ambiguous(path: &str) -> bool {
    let climbs = |path: &str| {
        path.split('/').any(is_dot_segment) || path.contains(|c: char| c == '\\' || c.is_control())
    };
    climbs(path)
        || other_readings(path)
            .enumerate()
            .any(|(number, reading)| number + 1 == READINGS_MAX || climbs(&reading))
}

/// The path as servers read it that decode before they split, take several slashes for one, and know parameters of a
/// segment (RFC 3986 §3.3) that are none of its name; and as those behind them do that decode again. Where it is
/// another path, its route has to be the same.
pub fn other_readings(path: &str) -> impl Iterator<Item = String> + use<> {
    std::iter::successors(other_reading(path), |reading| other_reading(reading)).take(READINGS_MAX)
}

const READINGS_MAX: usize = 4;

fn other_reading(path: &str) -> Option<String> {
    if !path.contains(['%', ';']) && !path.contains("//") {
        return None;
    }
    let mut reading = String::with_capacity(path.len());
    let mut is_parameter = false;
    for character in percent_encoding::percent_decode_str(path).decode_utf8_lossy().chars() {
        match character {
            '/' => is_parameter = false,
            ';' => is_parameter = true,
            _ => {}
        }
        if !is_parameter && (character != '/' || !reading.ends_with('/')) {
            reading.push(character);
        }
    }
    (reading != path).then_some(reading)
}

/// Whether a method is one of IANA's register (RFC 9110 §16.1.1) that may go through a proxy of requests. Another is a
/// word of the caller's own, which nobody reads, and `TRACE` sends back what only the data centre should see.
fn is_registered(method: &str) -> bool {
    const OTHERS: [&str; 30] = [
        "ACL",
        "BASELINE-CONTROL",
        "BIND",
        "CHECKIN",
        "CHECKOUT",
        "COPY",
        "LABEL",
        "LINK",
        "LOCK",
        "MERGE",
        "MKACTIVITY",
        "MKCALENDAR",
        "MKCOL",
        "MKREDIRECTREF",
        "MKWORKSPACE",
        "MOVE",
        "ORDERPATCH",
        "PROPFIND",
        "PROPPATCH",
        "QUERY",
        "REBIND",
        "REPORT",
        "SEARCH",
        "UNBIND",
        "UNCHECKOUT",
        "UNLINK",
        "UNLOCK",
        "UPDATE",
        "UPDATEREDIRECTREF",
        "VERSION-CONTROL",
    ];
    matches!(method, "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS")
        || OTHERS.contains(&method)
}

fn is_dot_segment(segment: &str) -> bool {
    // A parameter after the dots (`..;x`) is taken off by some servers before they resolve.
    let segment = segment.split(';').next().unwrap_or_default();
    let mut rest = segment.as_bytes();
    let mut dots = 0;
    loop {
        rest = match rest {
            [b'.', rest @ ..] | [b'%', b'2', b'e' | b'E', rest @ ..] => rest,
            [] => return dots == 1 || dots == 2,
            _ => return false,
        };
        dots += 1;
    }
}

/// Lower case, without port and without the dot of a fully qualified name.
fn host_name(authority: &str) -> Cow<'_, str> {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

/// `suffix` begins with its dot; the name itself is not below itself.
fn is_below(host: &str, suffix: &str) -> bool {
    host.strip_suffix(suffix).is_some_and(|rest| !rest.is_empty())
}

fn takes(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        // `*` of OPTIONS belongs to whoever takes everything.
        || prefix.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(host: &str, path_prefix: &str, methods: &[&str]) -> Selector {
        Selector {
            host: (host != "*").then(|| host.to_owned()),
            path_prefix: path_prefix.to_owned(),
            methods: methods.iter().map(|&method| method.to_owned()).collect(),
            workloads: Vec::new(),
            destinations: Vec::new(),
        }
    }

    #[test]
    fn the_most_exact_route_wins() {
        let table = RouteTable::compile([
            selector("*", "/", &[]),
            selector("a.example", "/", &[]),
            selector("a.example", "/v1", &[]),
            selector("a.example", "/v1/", &["POST"]),
            selector("a.example", "/v1/users", &["GET"]),
            selector("*.example", "/", &[]),
            selector("*.b.example", "/only", &[]),
            selector("B.Example", "/", &["PUT"]),
            selector("[::1]", "/", &[]),
        ]);
        for (method, host, path, expected) in [
            ("GET", "elsewhere.test", "/", 0),
            ("GET", "a.example", "/", 1),
            ("GET", "A.EXAMPLE:8080", "/x", 1),
            ("GET", "a.example.", "/v1", 2),
            ("GET", "a.example", "/v1/x", 2),
            ("GET", "a.example", "/v10", 1),
            ("POST", "a.example", "/v1/x", 3),
            ("POST", "a.example", "/v1", 3),
            ("GET", "a.example", "/v1/users", 4),
            ("GET", "a.example", "/v1/users/7", 4),
            ("GET", "a.example", "/v1/usersx", 2),
            // The method does not fit the longest prefix; the next one takes it.
            ("POST", "a.example", "/v1/users", 3),
            ("GET", "x.example", "/", 5),
            ("GET", "x.y.example", "/", 5),
            ("GET", "example", "/", 0),
            ("GET", "x.b.example", "/only/this", 6),
            // The longer wildcard does not take the path; the shorter one does.
            ("GET", "x.b.example", "/other", 5),
            ("PUT", "b.example:1", "/", 7),
            ("GET", "b.example", "/", 5),
            ("GET", "[::1]:8080", "/", 8),
            ("OPTIONS", "elsewhere.test", "*", 0),
            ("PROPFIND", "elsewhere.test", "/", 0),
        ] {
            assert_eq!(
                table.select(method, host, path, Arrival::default()),
                Selection::Route(RouteId(expected)),
                "{method} {host} {path}"
            );
        }
    }

    #[test]
    fn a_route_may_be_for_some_callers_only() {
        let of = |selector: Selector, workloads: &[u16]| Selector {
            workloads: workloads.to_vec(),
            ..selector
        };
        let table = RouteTable::compile([
            selector("a.example", "/open", &[]),
            of(selector("a.example", "/", &["POST"]), &[3, 5]),
            of(selector("a.example", "/open", &[]), &[7]),
        ]);
        for (method, path, workload, expected) in [
            ("POST", "/", Some(3), Selection::Route(RouteId(1))),
            ("POST", "/", Some(5), Selection::Route(RouteId(1))),
            ("POST", "/", Some(7), Selection::Caller),
            ("POST", "/", None, Selection::Caller),
            ("GET", "/", Some(3), Selection::Method(vec!["POST"])),
            // The route that names the caller goes before the one that takes everybody.
            ("GET", "/open", Some(7), Selection::Route(RouteId(2))),
            ("GET", "/open", Some(3), Selection::Route(RouteId(0))),
            ("GET", "/open", None, Selection::Route(RouteId(0))),
        ] {
            assert_eq!(
                table.select(
                    method,
                    "a.example",
                    path,
                    Arrival { workload, original_destination: None }
                ),
                expected,
                "{method} {path} {workload:?}"
            );
        }
    }

    #[test]
    fn a_route_may_be_for_those_who_wanted_to_reach_somebody() {
        let to = |networks: &[&str]| Selector {
            destinations: networks.iter().map(|network| network.parse().unwrap()).collect(),
            ..selector("*", "/", &[])
        };
        let table = RouteTable::compile([
            to(&["203.0.113.0/24", "2001:db8::/32"]),
            to(&["198.51.100.7/32"]),
            selector("a.example", "/", &[]),
        ]);
        for (host, destination, expected) in [
            ("x", Some("203.0.113.9"), Selection::Route(RouteId(0))),
            ("x", Some("::ffff:203.0.113.9"), Selection::Route(RouteId(0))),
            ("x", Some("2001:db8::1"), Selection::Route(RouteId(0))),
            ("x", Some("198.51.100.7"), Selection::Route(RouteId(1))),
            ("x", Some("198.51.100.8"), Selection::Nowhere),
            ("x", None, Selection::Nowhere),
            ("a.example", Some("203.0.113.9"), Selection::Route(RouteId(2))),
        ] {
            let destination = destination.map(|address: &str| address.parse().unwrap());
            let arrival = Arrival { workload: None, original_destination: destination };
            assert_eq!(table.select("GET", host, "/", arrival), expected, "{host} {destination:?}");
        }
    }

    #[test]
    fn a_method_nobody_registered_needs_a_route_that_names_it() {
        let table = RouteTable::compile([
            selector("*", "/", &[]),
            selector("a.example", "/", &["IMEI-867619040000019"]),
        ]);
        for (method, host, expected) in [
            ("IMEI-867619040000019", "b.example", Selection::UnknownMethod),
            ("get", "b.example", Selection::UnknownMethod),
            ("TRACE", "b.example", Selection::UnknownMethod),
            ("IMEI-867619040000019", "a.example", Selection::Route(RouteId(1))),
        ] {
            assert_eq!(table.select(method, host, "/", Arrival::default()), expected, "{method}");
        }
    }

    #[test]
    fn where_no_route_leads_is_told_apart_from_a_wrong_method() {
        let table = RouteTable::compile([
            selector("a.example", "/v1", &["POST", "PUT"]),
            selector("*.example", "/v1", &["POST", "PATCH"]),
        ]);
        for (host, path) in
            [("b.test", "/v1"), ("a.example", "/"), ("a.example", "/V1"), ("", "/v1")]
        {
            assert_eq!(
                table.select("POST", host, path, Arrival::default()),
                Selection::Nowhere,
                "{host} {path}"
            );
        }
        assert_eq!(
            table.select("GET", "a.example", "/v1", Arrival::default()),
            Selection::Method(vec!["PATCH", "POST", "PUT"])
        );
    }

    #[test]
    fn other_readings_are_told_where_there_are_any() {
        for (path, expected) in [
            ("/a/b", &[][..]),
            ("/a%20b", &["/a b"]),
            ("//a///b/", &["/a/b/"]),
            ("/a%2fb", &["/a/b"]),
            ("/a%2F/b", &["/a/b"]),
            ("/%61dmin", &["/admin"]),
            ("/%2561dmin", &["/%61dmin", "/admin"]),
            ("/a;x=1/b;y", &["/a/b"]),
            ("/a%3bx=1/b", &["/a/b"]),
            ("/a%zz", &[]),
        ] {
            assert_eq!(other_readings(path).collect::<Vec<_>>(), expected, "{path}");
        }
    }

    #[test]
    fn a_path_that_upstream_may_resolve_is_ambiguous() {
        for (path, expected) in [
            ("/a/../b", true),
            ("/a/./b", true),
            ("/a/%2e%2E/b", true),
            ("/a/.%2e", true),
            ("/..;x=1/b", true),
            ("/a\\..\\b", true),
            ("/a%5cb", true),
            ("/", false),
            ("/a/...", false),
            ("/a/..b", false),
            ("/.well-known/x", false),
            ("/a%2eb", false),
            ("/a//b", false),
            ("/a%2Fb", false),
            ("/a/..%2fb", true),
            ("/a%2f..", true),
            ("/a%2f%2e%2e/b", true),
            ("/a/%252e%252e/b", true),
            ("/x/a%00", true),
            ("/x/..%09/a", true),
            ("/a%7f", true),
            ("/a%252520b", false),
            ("/a%25252525252520b", true),
        ] {
            assert_eq!(is_ambiguous(path), expected, "{path}");
        }
    }
}
