//! TLS on both sides.

use super::*;

#[tokio::test]
async fn tls_is_spoken_on_both_sides_with_both_protocols() {
    let certificates = certificates();
    for (protocol, version) in [("http1", Version::HTTP_11), ("http2", Version::HTTP_2)] {
        let (address, log) = tls_upstream(&certificates, &["h2", "http/1.1"]).await;
        let setup = Setup::to(format!("https://{address}"))
            .listener("tls: { certificate: leaf.pem, key: leaf.key }")
            .data_centre(&format!(
                "protocol: {protocol}, tls: {{ roots: ca.pem, server_name: ingest.example, \
                 client_certificate: client.pem, client_key: client.key }}"
            ));
        setup.write("ca.pem", &certificates.ca);
        setup.write("leaf.pem", &certificates.leaf);
        setup.write("leaf.key", &certificates.leaf_key);
        setup.write("client.pem", &certificates.client);
        setup.write("client.key", &certificates.client_key);
        let gateway = setup.start().await;
        for (alpn, tls) in [
            ("h2", &rustls::version::TLS13),
            ("http/1.1", &rustls::version::TLS13),
            ("h2", &rustls::version::TLS12),
        ] {
            let mut config = rustls::ClientConfig::builder_with_provider(provider())
                .with_protocol_versions(&[tls])
                .unwrap()
                .with_root_certificates(roots(&certificates.ca))
                .with_no_client_auth();
            config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
            let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
            let stream = TcpStream::connect(gateway.address).await.unwrap();
            let name = ServerName::try_from("ingest.example").unwrap();
            let stream = TokioIo::new(connector.connect(name, stream).await.unwrap());
            let response = if alpn == "h2" {
                let (mut sender, connection) =
                    http2::handshake(TokioExecutor::new(), stream).await.unwrap();
                tokio::spawn(connection);
                let request = Request::post("https://shop.mesh.example/")
                    .body(Full::new(Bytes::from_static(b"{}")));
                sender.send_request(request.unwrap()).await
            } else {
                let (mut sender, connection) = http1::handshake(stream).await.unwrap();
                tokio::spawn(connection);
                sender.send_request(post("{}")).await
            };
            let got = Got::read(response.unwrap()).await;
            assert_eq!(got.status, StatusCode::OK, "{got:?}");
            assert_eq!(log.last().version, version);
        }
    }
}

#[tokio::test]
async fn a_data_centre_that_cannot_prove_its_name_gets_nothing() {
    let (ours, theirs) = (certificates(), certificates());
    let (address, log) = tls_upstream(&theirs, &["http/1.1"]).await;
    let setup = Setup::to(format!("https://{address}")).data_centre(
        "tls: { roots: ca.pem, server_name: ingest.example, client_certificate: client.pem, client_key: client.key }",
    );
    setup.write("ca.pem", &ours.ca);
    setup.write("client.pem", &ours.client);
    setup.write("client.key", &ours.client_key);
    let gateway = setup.start().await;
    let got = gateway.send(post("{}")).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (502, "handshake"));
    assert!(log.received().is_empty());
    assert_eq!(gateway.records(1).await[0]["error"], "handshake");
}

#[tokio::test]
async fn certificates_that_are_none_are_named_at_the_start() {
    let setup =
        Setup::to("http://127.0.0.1:9").listener("tls: { certificate: leaf.pem, key: leaf.key }");
    setup.write("leaf.pem", "not a certificate");
    setup.write("leaf.key", "not a key");
    let error = setup.try_start().map(|_| ()).unwrap_err().to_string();
    for part in ["bordergate.yaml:1:", "leaf.pem", "leaf.key", "help:"] {
        assert!(error.contains(part), "{error}");
    }
}
