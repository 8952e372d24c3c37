use super::*;

const MINIMAL: &str = "\
listeners:
  - { name: egress, address: 127.0.0.1:0 }
data_centres:
  - { id: sg, jurisdiction: SG, endpoints: ['http://127.0.0.1:9003'] }
routes:
  - { id: all, data_centre: sg }
";

fn check_text(text: &str) -> (Option<Config>, Vec<String>) {
    let mut diagnostics = Diagnostics::default();
    let file = SourceFile { name: "bordergate.yaml".into(), text: text.into() };
    let config = Config::check(&file, &mut diagnostics);
    (config, diagnostics.iter().map(ToString::to_string).collect())
}

#[test]
fn the_embedded_and_the_shipped_example_are_right() {
    let (config, complaints) = check_text(&Config::embedded().text);
    assert_eq!(complaints, Vec::<String>::new());
    let config = config.unwrap();
    assert_eq!(config.listeners[0].address.to_string(), "127.0.0.1:8080");
    assert_eq!(config.admin.address.0.to_string(), "127.0.0.1:9901");
    let (config, complaints) = check_text(include_str!("../../deploy/bordergate.yaml"));
    // Only files that are mounted when it is deployed may be missing here.
    let other: Vec<_> = complaints
        .iter()
        .filter(|text| !text.contains("no such file") && !text.contains("no such directory"))
        .collect();
    assert!(other.is_empty() && (config.is_some() || !complaints.is_empty()), "{other:?}");
}

#[test]
fn what_is_not_given_has_its_default() {
    let (config, complaints) = check_text(MINIMAL);
    assert_eq!(complaints, Vec::<String>::new());
    let config = config.unwrap();
    assert_eq!(config.limits, LimitsSection::default());
    assert_eq!(config.limits.head_bytes_max, ByteSize(64 << 10));
    assert_eq!(config.deadlines.connect.0, std::time::Duration::from_secs(5));
    assert_eq!(config.data_centres[0].protocol, Protocol::Http1);
    assert_eq!(config.audit.sink, AuditSinkKind::Stdout);
    assert!(config.rules.watch && config.inspection.enabled && config.geoip.client_origin);
}

/// One row per mistake: what is put in, what is taken out for it, and what must be said.
#[test]
fn each_mistake_is_named_with_its_line_and_a_remedy() {
    let rows: &[(&str, &str, &[&str])] = &[
        ("data_centre: sg }", "data_centre: sgp }", &["yaml:6:", "`sgp`", "help", "`sg`"]),
        ("jurisdiction: SG", "jurisdiction: UK", &["yaml:4:", "`UK`", "`GB`"]),
        ("jurisdiction: SG", "jurisdiction: Singapore", &["yaml:4:", "ISO 3166-1"]),
        ("127.0.0.1:0", "localhost", &["yaml:2:", "`localhost`", "127.0.0.1:8080"]),
        ("127.0.0.1:0", "0.0.0.0:9901", &["yaml:2:", "clashes", "`admin`"]),
        ("['http://127.0.0.1:9003']", "[]", &["yaml:4:", "no endpoint"]),
        ("http://127.0.0.1:9003", "127.0.0.1:9003", &["yaml:4:", "no scheme"]),
        ("http://127.0.0.1:9003", "http://a:70000", &["yaml:4:", "65535"]),
        ("http://127.0.0.1:9003", "http://a:1/x", &["yaml:4:", "more than host and port"]),
        (
            "endpoints: ['http://127.0.0.1:9003']",
            "endpoints: ['http://a:1', 'https://a:2']",
            &["partly `https`"],
        ),
        ("id: all,", "id: all, match: { host: 'a b' },", &["yaml:6:", "`a b`", "host name"]),
        ("id: all,", "id: all, match: { host: 'a.*' },", &["yaml:6:", "host name"]),
        ("id: all,", "id: all, match: { path_prefix: v1 },", &["yaml:6:", "begin with `/`"]),
        ("id: all,", "id: all, match: { methods: [post] },", &["yaml:6:", "capitals"]),
        ("id: all,", "id: all, match: { methods: [CONNECT] },", &["yaml:6:", "tunnel"]),
        ("id: all,", "id: all, purpos: x,", &["yaml:6:", "did you mean `purpose`?"]),
        ("routes:", "trusted_hops: [10.0.0.0/40]\nroutes:", &["yaml:5:", "`10.0.0.0/40`"]),
        (
            "routes:",
            "geoip: { database: /nowhere/c.mmdb }\nroutes:",
            &["yaml:5:", "no such file", "/nowhere/c.mmdb"],
        ),
        ("routes:", "rules: { directory: /nowhere }\nroutes:", &["yaml:5:", "no such directory"]),
        ("routes:", "audit: { sink: file }\nroutes:", &["yaml:5:", "`audit.path`"]),
        ("routes:", "limits:\n  depth_max: 0\nroutes:", &["yaml:6:", "limits.depth_max"]),
        ("routes:", "limits:\n  body_bytes_max: 1GB\nroutes:", &["yaml:6:", "`1GB`"]),
        ("routes:", "deadlines:\n  head: 0s\nroutes:", &["yaml:6:", "deadlines.head"]),
        // One fault a complaint, each in its own line.
        (
            "routes:",
            "rules:\n  bundle:\n    cache: src\n    keys: [Cargo.toml]\n    interval: 1ms\nroutes:",
            &["yaml:9:5:", "`rules.bundle.interval` is below 100ms"],
        ),
        (
            "routes:",
            "rules:\n  bundle:\n    cache: src\n    keys: [Cargo.toml]\n    stale_after: 30s\nroutes:",
            &["yaml:9:5:", "`rules.bundle.stale_after` (30s) is below", "(1m)"],
        ),
        (
            "routes:",
            "telemetry:\n  otlp:\n    endpoint: https://c.example\n    sample_percent: 101\n    interval: 0s\nroutes:",
            &["yaml:8:5:", "sample_percent` is above 100", "yaml:9:5:", "interval` is 0"],
        ),
        (
            "routes:",
            "audit: { sink: none }\ntelemetry:\n  otlp:\n    endpoint: https://c.example\n    logs: true\nroutes:",
            &["yaml:9:5:", "there is none"],
        ),
        (
            "routes:",
            "audit:\n  sink: file\n  path: a\n  rotate:\n    bytes: 1KiB\n    age: 1ms\nroutes:",
            &["yaml:9:5:", "`audit.rotate.bytes`", "yaml:10:5:", "`audit.rotate.age`"],
        ),
        ("routes:", "dns:\n  ttl_min: 0s\nroutes:", &["yaml:6:3:", "`dns.ttl_min` is 0"]),
        (
            "routes:",
            "dns:\n  ttl_min: 2s\n  ttl_max: 1s\nroutes:",
            &["yaml:7:3:", "`dns.ttl_max` (1s) is below `dns.ttl_min` (2s)"],
        ),
        (
            "name: egress,",
            "name: egress, tls: { certificate: /nowhere/c.pem, key: /nowhere/k.pem },",
            &["yaml:2:", "/nowhere/c.pem", "`certificate:`"],
        ),
        (
            "id: sg,",
            "id: sg, tls: { client_key: /nowhere/k.pem },",
            &["yaml:4:", "a client key without its certificate"],
        ),
    ];
    for (from, to, parts) in rows {
        let (config, complaints) = check_text(&MINIMAL.replacen(from, to, 1));
        assert!(config.is_none(), "{to} was taken");
        let text = complaints.join("\n");
        for part in *parts {
            assert!(text.contains(part), "{to}: `{part}` is not in\n{text}");
        }
        // A value of the wrong shape is shown the right one in the complaint itself.
        let remedies = ["help: ", " such as ", " reads "];
        let has_remedy = |text: &String| remedies.iter().any(|remedy| text.contains(remedy));
        assert!(complaints.iter().all(has_remedy), "no remedy in\n{text}");
    }
}

#[test]
fn what_is_unwise_is_taken_with_a_warning() {
    for (line, part) in [
        ("trusted_hops: [0.0.0.0/0]", "every address"),
        ("inspection: { enabled: false }", "unread and undecided"),
        ("audit: { sink: none, path: x }", "`audit.path` is not used"),
    ] {
        let (config, complaints) = check_text(&format!("{MINIMAL}{line}\n"));
        assert!(config.is_some(), "{complaints:?}");
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        let text = &complaints[0];
        assert!(text.contains("yaml:7:") && text.contains("warning"), "{text}");
        assert!(text.contains(part) && text.contains("help:"), "{text}");
    }
}

#[test]
fn all_mistakes_are_reported_in_one_pass() {
    let (config, complaints) = check_text(
        "\
listeners:
  - { name: a, address: 127.0.0.1:8080 }
  - { name: a, address: 127.0.0.1:8080 }
data_centres:
  - { id: sg, jurisdiction: ZZ, endpoints: ['http://h:1'] }
  - { id: sg, jurisdiction: SG, endpoints: ['http://h:1'] }
routes:
  - { id: r, data_centre: sg }
  - { id: r, data_centre: cn }
",
    );
    assert!(config.is_none());
    let text = complaints.join("\n");
    for part in [
        "listener `a` is given twice",
        "clashes with",
        "data centre `sg` is given twice; it is first given on line 5",
        "`ZZ`",
        "route `r` is given twice",
        "unknown data centre `cn`",
        "takes the same requests",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    assert_eq!(complaints.len(), 7, "{text}");
}

#[test]
fn paths_are_relative_to_the_file() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("c.mmdb"), "x").unwrap();
    let file = directory.path().join("bordergate.yaml");
    std::fs::write(&file, format!("{MINIMAL}geoip: {{ database: c.mmdb }}\n")).unwrap();
    let config = Config::load(&file).unwrap();
    assert_eq!(config.geoip.database.unwrap().value, directory.path().join("c.mmdb"));
    let missing = Config::load(&directory.path().join("none.yaml")).unwrap_err();
    assert!(missing.to_string().contains("cannot be read"), "{missing}");
}

#[test]
fn an_endpoint_reads_back() {
    for (text, expected) in [
        ("http://a.example", Some("http://a.example:80")),
        ("https://a.example/", Some("https://a.example:443")),
        ("https://[2001:db8::1]:8443", Some("https://[2001:db8::1]:8443")),
        ("http://[a.example]:1", None),
        ("http://:80", None),
        ("http://a:0", None),
        ("http://u@a:1", None),
        ("ftp://a", None),
        ("http://2001:db8::1", None),
    ] {
        let read = text.parse::<Endpoint>().ok().map(|endpoint| endpoint.to_string());
        assert_eq!(read.as_deref(), expected, "{text}");
    }
}

#[test]
fn the_schema_documents_every_key() {
    let schema = schema();
    assert_eq!(schema["required"], serde_json::json!(["listeners", "data_centres", "routes"]));
    let mut bare = Vec::new();
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        for (key, property) in definition["properties"].as_object().into_iter().flatten() {
            let is_section = property.get("$ref").is_some() || property.get("allOf").is_some();
            let described =
                property.get("description").is_some() || definition.get("description").is_some();
            if !described && !is_section {
                bare.push(format!("{name}.{key}"));
            }
        }
    }
    assert_eq!(bare, Vec::<String>::new());
    let limits = &schema["$defs"]["LimitsSection"]["properties"];
    assert_eq!(limits["head_bytes_max"]["default"], "64KiB");
    assert_eq!(schema["$defs"]["DeadlinesSection"]["properties"]["connect"]["default"], "5s");
}

#[test]
fn routes_change_without_a_restart_and_the_rest_is_told() {
    let read = |text: &str| check_text(text).0.unwrap_or_else(|| panic!("{text}"));
    let started = read(MINIMAL);
    let same = started.rerouted(read(&format!("# moved down\n\n{MINIMAL}")));
    assert_eq!((&same.config, same.restart_needed.as_slice()), (&started, &[][..]));
    let text = MINIMAL.replace("127.0.0.1:9003", "127.0.0.1:9004").replace("id: all", "id: some");
    let text =
        text.replace("127.0.0.1:0", "127.0.0.1:8088") + "workers: 3\ncontext: { mechanisms: [] }\n";
    let changed = started.rerouted(read(&text));
    assert_eq!(changed.restart_needed, ["listeners", "workers"]);
    assert_eq!(changed.config.routes[0].id.value, "some");
    assert_eq!(changed.config.data_centres[0].endpoints[0].port, 9004);
    assert!(changed.config.context.is_some());
    assert_eq!(changed.config.listeners, started.listeners);
    assert_eq!(changed.config.workers, started.workers);
}
