//! Who calls: certificates asked for and shown, workloads by SPIFFE id, and their bounds.

use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};

use super::*;

/// An authority that signs for names and SPIFFE ids.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// Certificate and key.
    fn sign(&self, dns: &[&str], uris: &[&str]) -> (String, String) {
        self.sign_for(dns, uris, Duration::from_secs(86_400))
    }

    /// Runs out after so long.
    fn sign_for(&self, dns: &[&str], uris: &[&str], time: Duration) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = dns.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_after = (std::time::SystemTime::from(jiff::Timestamp::now()) + time).into();
        params
            .subject_alt_names
            .extend(uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())));
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }
}

/// A connection over TLS that asks for `name`, and the certificate it was shown.
async fn connect(
    gateway: &Running,
    roots_pem: &str,
    name: &str,
    identity: Option<&(String, String)>,
) -> std::io::Result<(http1::SendRequest<Full<Bytes>>, Vec<u8>)> {
    let stream = handshake(gateway, roots_pem, name, identity, b"http/1.1").await?;
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    Ok((sender, shown))
}

async fn handshake(
    gateway: &Running,
    roots_pem: &str,
    name: &str,
    identity: Option<&(String, String)>,
    protocol: &[u8],
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let builder = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots(roots_pem));
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap(),
    };
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(gateway.address).await?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from(name.to_owned()).unwrap();
    connector.connect(name, stream).await
}

const SHOP: &str = "spiffe://mesh.example/ns/shop/sa/checkout";

#[tokio::test]
async fn a_workload_is_known_by_its_certificate() {
    let (address, log) = upstream().await;
    let (authority, stranger) = (Authority::new(), Authority::new());
    let leaf = authority.sign(&["ingest.example"], &[]);
    let setup = Setup::to(format!("http://{address}"))
        .listener("tls: { certificate: leaf.pem, key: leaf.key, client_roots: ca.pem }")
        .route("match: { workloads: [shop] }")
        .config(
            "workloads: [{ id: shop, spiffe: 'spiffe://mesh.example/ns/shop/*', exchanges_max: 10, \
             rate: { per_second: 1, burst: 2 } }]",
        );
    setup.write("ca.pem", authority.pem());
    setup.write("leaf.pem", &leaf.0);
    setup.write("leaf.key", &leaf.1);
    let gateway = setup.start().await;

    // Nobody without a certificate, nor with one of somebody else's.
    let forged = stranger.sign(&[], &[SHOP]);
    for identity in [None, Some(&forged)] {
        // TLS 1.3 tells the client after its own handshake is done.
        if let Ok((mut sender, _)) =
            connect(&gateway, &authority.pem(), "ingest.example", identity).await
        {
            assert!(sender.send_request(post("{}")).await.is_err());
        }
    }
    assert!(log.received().is_empty());

    // Of the mesh, and not the one the route is for.
    let other = authority.sign(&[], &["spiffe://mesh.example/ns/games/sa/x"]);
    let (mut sender, _) =
        connect(&gateway, &authority.pem(), "ingest.example", Some(&other)).await.unwrap();
    let got = Got::read(sender.send_request(post("{}")).await.unwrap()).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (403, "caller-not-admitted"));
    assert!(log.received().is_empty());

    let shop = authority.sign(&[], &[SHOP]);
    let (mut sender, _) =
        connect(&gateway, &authority.pem(), "ingest.example", Some(&shop)).await.unwrap();
    for _ in 0..2 {
        sender.ready().await.unwrap();
        let got = Got::read(sender.send_request(post("{}")).await.unwrap()).await;
        assert_eq!(got.status, StatusCode::OK);
    }
    // More than it may in a second, and told when to come again.
    sender.ready().await.unwrap();
    let got = Got::read(sender.send_request(post("{}")).await.unwrap()).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (429, "too-many-requests"));
    assert_eq!(got.headers["retry-after"], "1");
    assert_eq!(log.received().len(), 2);

    let records = gateway.records(4).await;
    let told: Vec<_> = records
        .iter()
        .map(|record| {
            (record["peer"]["workload"].as_str().unwrap(), record["status"].as_u64().unwrap())
        })
        .collect();
    let other = "spiffe://mesh.example/ns/games/sa/x";
    assert_eq!(told, [(other, 403), (SHOP, 200), (SHOP, 200), (SHOP, 429)]);
}

#[tokio::test]
async fn a_trusted_hop_says_whom_it_was_shown_and_nobody_else_does() {
    let (address, log) = upstream().await;
    for (hops, expected) in [("[127.0.0.0/8]", 200), ("[]", 403)] {
        let gateway = Setup::to(format!("http://{address}"))
            .route("match: { workloads: [checkout] }")
            .config(&format!(
                "workloads: [{{ id: checkout, spiffe: {SHOP} }}]\ntrusted_hops: {hops}"
            ))
            .start()
            .await;
        let mut request = post("{}");
        let told =
            format!("Hash=1;URI=spiffe://mesh.example/other,By=x;Subject=\"CN=a\";URI={SHOP}");
        request.headers_mut().insert("x-forwarded-client-cert", told.parse().unwrap());
        assert_eq!(gateway.send(request).await.status.as_u16(), expected, "{hops}");
    }
    assert!(!log.last().headers.contains_key("x-forwarded-client-cert"));
    assert_eq!(log.received().len(), 1);
}

/// An address that is trusted is not enough to be somebody else than one's certificate says.
#[tokio::test]
async fn whoever_shows_a_certificate_speaks_for_itself_unless_it_is_a_hop() {
    let (address, log) = upstream().await;
    let authority = Authority::new();
    let leaf = authority.sign(&["ingest.example"], &[]);
    let (gate, other) =
        ("spiffe://mesh.example/ns/edge/sa/gate", "spiffe://mesh.example/ns/x/sa/y");
    let setup = Setup::to(format!("http://{address}"))
        .listener("tls: { certificate: leaf.pem, key: leaf.key, client_roots: ca.pem }")
        .route("match: { workloads: [checkout] }")
        .config(&format!(
            "trusted_hops: [127.0.0.0/8]\nworkloads:\n  - {{ id: checkout, spiffe: {SHOP} }}\n  \
             - {{ id: gate, spiffe: {gate}, trusted_hop: true }}"
        ));
    setup.write("ca.pem", authority.pem());
    setup.write("leaf.pem", &leaf.0);
    setup.write("leaf.key", &leaf.1);
    let gateway = setup.start().await;
    for (own, status) in [(other, 403), (gate, 200)] {
        let shown = authority.sign(&[], &[own]);
        let (mut sender, _) =
            connect(&gateway, &authority.pem(), "ingest.example", Some(&shown)).await.unwrap();
        let mut request = post("{}");
        let told = format!("URI={SHOP}").parse().unwrap();
        request.headers_mut().insert("x-forwarded-client-cert", told);
        let got = Got::read(sender.send_request(request).await.unwrap()).await;
        assert_eq!(got.status.as_u16(), status, "{own}");
    }
    assert_eq!(log.received().len(), 1);
    let told: Vec<_> = gateway
        .records(2)
        .await
        .iter()
        .map(|record| record["peer"]["workload"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, [other, SHOP]);
}

#[tokio::test]
async fn rules_name_workloads_and_a_workload_brings_its_facts() {
    let (address, log) = upstream().await;
    let setup = Setup::to(format!("http://{address}")).config("inspection: { enabled: true }");
    let rules = setup.folder.path().join("rules");
    for folder in ["taxonomy", "detectors", "organisation"] {
        std::fs::create_dir_all(rules.join(folder)).unwrap();
    }
    for file in bordergate::control::RulesSource::Embedded.load(&mut Default::default()).files {
        if !["law/", "policy/", "organisation/", "tests/"]
            .iter()
            .any(|top| file.name.starts_with(top))
        {
            let path = rules.join(&file.name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file.text).unwrap();
        }
    }
    std::fs::write(
        rules.join("organisation/test.yaml"),
        "layer: organisation
title: Test
rules:
  - id: T-ALLOW
    title: Everything may go
    statute: this test
    when: { data: any }
    effect: allow
    reason: Everything may go.
  - id: T-GAMES
    title: Games send nothing
    statute: this test
    when: { exporter: { flag: 'workload:games' }, data: any }
    effect: block
    reason: Games send nothing.
",
    )
    .unwrap();
    let setup = Setup { more: String::new(), ..setup };
    let gateway = setup
        .config(&format!(
            "trusted_hops: [127.0.0.0/8]
rules: {{ directory: {} }}
workloads:
  - {{ id: games, spiffe: 'spiffe://mesh.example/ns/games/*' }}
  - {{ id: shop, spiffe: 'spiffe://mesh.example/ns/shop/*', context: {{ purpose: backup, origin: PK }} }}",
            rules.display()
        ))
        .start()
        .await;
    let body = "{\"email\":\"sana.k@example.pk\"}";
    for (spiffe, status) in [(SHOP, 200), ("spiffe://mesh.example/ns/games/sa/x", 403)] {
        let mut request = post(body);
        let told = format!("URI={spiffe}");
        request.headers_mut().insert("x-forwarded-client-cert", told.parse().unwrap());
        let got = gateway.send(request).await;
        assert_eq!(got.status.as_u16(), status, "{spiffe}: {got:?}");
    }
    assert_eq!(log.received().len(), 1);
    // Two workers: the one that is told last may have ended first.
    let mut records = gateway.records(2).await;
    records.sort_by_key(|record| record["effect"] == "block");
    assert_eq!((&records[0]["purpose"], &records[0]["origin"]), (&"backup".into(), &"PK".into()));
    assert_eq!(records[1]["blocked_by"], serde_json::json!(["T-GAMES"]));
}

#[tokio::test]
async fn certificates_go_by_the_name_asked_for_and_are_read_again_when_they_change() {
    let (address, _) = upstream().await;
    let authority = Authority::new();
    let setup = Setup::to(format!("http://{address}")).listener(
        "tls: { certificate: one.pem, key: one.key, certificates: [{ certificate: two.pem, key: two.key }] }",
    );
    let write = |folder: &Path, name: &str, (certificate, key): &(String, String)| {
        std::fs::write(folder.join(format!("{name}.pem")), certificate).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key).unwrap();
    };
    let folder = setup.folder.path().to_owned();
    write(&folder, "one", &authority.sign(&["one.example"], &[]));
    write(&folder, "two", &authority.sign(&["two.example", "*.two.example"], &[]));
    let gateway = setup.start().await;
    let shown = async |name: &str| {
        connect(&gateway, &authority.pem(), name, None).await.map(|(_, shown)| shown)
    };
    let one = shown("one.example").await.unwrap();
    let two = shown("two.example").await.unwrap();
    assert_ne!(one, two);
    assert_eq!(shown("x.two.example").await.unwrap(), two);
    // Neither bears this name: the first is shown, and whoever asked does not believe it.
    assert!(shown("x.y.two.example").await.is_err());

    // Half of a pair cannot be used: what was there before still is.
    let renewed = authority.sign(&["one.example"], &[]);
    std::fs::write(folder.join("one.pem"), &renewed.0).unwrap();
    gateway.gateway.reload_certificates();
    assert_eq!(shown("one.example").await.unwrap(), one);
    write(&folder, "one", &renewed);
    eventually("the renewed certificate is not shown", async || {
        gateway.gateway.reload_certificates();
        shown("one.example").await.unwrap() != one
    })
    .await;
    let expected = CertificateDer::from_pem_slice(renewed.0.as_bytes()).unwrap().to_vec();
    assert_eq!(shown("one.example").await.unwrap(), expected);
    assert_eq!(shown("two.example").await.unwrap(), two);
}

/// One that keeps a connection open as a workload and asks on it again and again, over this protocol, until it ends.
fn keeps_asking(
    stream: tokio_rustls::client::TlsStream<TcpStream>,
    is_http2: bool,
) -> (tokio::task::JoinHandle<()>, Arc<AtomicUsize>) {
    let answered = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&answered);
    let asking = tokio::spawn(async move {
        if is_http2 {
            let (mut sender, connection) =
                http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let body = || Full::new(Bytes::from_static(b"{}"));
            let request = || Request::post("http://ingest.example/").body(body()).unwrap();
            while sender.ready().await.is_ok() && sender.send_request(request()).await.is_ok() {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        } else {
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            while sender.ready().await.is_ok()
                && let Ok(answer) = sender.send_request(post("{}")).await
            {
                Got::read(answer).await;
                count.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    (asking, answered)
}

/// What a handshake established holds no longer than it would be agreed to again.
#[tokio::test]
async fn a_kept_connection_ends_when_its_certificate_is_no_longer_accepted() {
    let (address, _) = upstream().await;
    let (authority, next) = (Authority::new(), Authority::new());
    let leaf = authority.sign(&["ingest.example"], &[]);
    let setup = Setup::to(format!("http://{address}"))
        .listener("tls: { certificate: leaf.pem, key: leaf.key, client_roots: ca.pem }");
    setup.write("ca.pem", authority.pem());
    setup.write("leaf.pem", &leaf.0);
    setup.write("leaf.key", &leaf.1);
    let folder = setup.folder.path().to_owned();
    let gateway = setup.start().await;
    let shop = authority.sign(&[], &[SHOP]);
    let brief = authority.sign_for(&[], &[SHOP], Duration::from_secs(6));
    let keep = async |identity: &(String, String), is_http2: bool| {
        let protocol: &[u8] = if is_http2 { b"h2" } else { b"http/1.1" };
        let stream =
            handshake(&gateway, &authority.pem(), "ingest.example", Some(identity), protocol).await;
        keeps_asking(stream.unwrap(), is_http2)
    };
    let lasting = [keep(&shop, false).await, keep(&shop, true).await];
    let expiring = [keep(&brief, false).await, keep(&brief, true).await];
    for (asking, answered) in expiring {
        tokio::time::timeout(PATIENCE, asking).await.expect("it outlives its certificate").unwrap();
        assert!(answered.load(Ordering::Relaxed) > 0);
    }
    // Other files that change are no reason, nor is another authority beside the one there was.
    let both = format!("{}{}", authority.pem(), next.pem());
    std::fs::write(folder.join("ca.pem"), both).unwrap();
    gateway.gateway.reload_certificates();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(lasting.iter().all(|(asking, _)| !asking.is_finished()));

    std::fs::write(folder.join("ca.pem"), next.pem()).unwrap();
    gateway.gateway.reload_certificates();
    for (asking, answered) in lasting {
        tokio::time::timeout(PATIENCE, asking).await.expect("it outlives its authority").unwrap();
        assert!(answered.load(Ordering::Relaxed) > 0);
    }
    let renewed = next.sign(&[], &[SHOP]);
    let (mut sender, _) =
        connect(&gateway, &authority.pem(), "ingest.example", Some(&renewed)).await.unwrap();
    assert!(sender.send_request(post("{}")).await.is_ok());
}
