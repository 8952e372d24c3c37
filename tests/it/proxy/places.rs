//! Where addresses are.

use bordergate::{app::StartError, geo::GeoDb};

use super::*;

#[tokio::test]
async fn a_data_centre_that_is_elsewhere_gets_nothing_unless_that_is_wanted() {
    let (address, log) = upstream().await;
    for (layout, config, expected) in [
        (Layout::Nested, "geoip: { database: c.mmdb }", 403),
        (Layout::FlatCode, "geoip: { database: c.mmdb, on_mismatch: annotate }", 200),
        (Layout::FlatCountry, "geoip: { database: c.mmdb, client_origin: false }", 403),
    ] {
        let setup = Setup::to(format!("http://{address}")).config(config);
        setup.write("c.mmdb", mmdb::write(&[("127.0.0.0/8", "US")], layout));
        let gateway = setup.start().await;
        let got = gateway.send(post("{}")).await;
        assert_eq!(got.status.as_u16(), expected, "{config}");
        let record = gateway.records(1).await.remove(0);
        if expected == 403 {
            assert_eq!(got.problem(), "misplaced");
            assert_eq!(record["effect"], "block");
        } else {
            let note = &record["annotations"][0];
            assert_eq!((&note["name"], &note["value"]), (&"geoip-mismatch".into(), &"US".into()));
        }
    }
    assert_eq!(log.received().len(), 1);
    // Where it is declared to be, nothing is said.
    let setup = Setup::to(format!("http://{address}")).config("geoip: { database: c.mmdb }");
    setup.write("c.mmdb", mmdb::write(&[("127.0.0.0/8", "SG")], Layout::Nested));
    assert_eq!(setup.start().await.send(post("{}")).await.status, StatusCode::OK);
}

/// Connections that lie idle, and the one that exchanges share, are asked where they lead once the database says
/// something else.
#[tokio::test]
async fn a_data_centre_that_turns_out_to_be_elsewhere_gets_nothing_more() {
    for protocol in ["http1", "http2"] {
        for (mismatch, expected) in [("block", 403), ("annotate", 200)] {
            let (address, log) = upstream().await;
            let setup = Setup::to(format!("http://{address}"))
                .data_centre(&format!("protocol: {protocol}"))
                .config(&format!("geoip: {{ database: c.mmdb, on_mismatch: {mismatch} }}"));
            let countries = |code| mmdb::write(&[("127.0.0.0/8", code)], Layout::Nested);
            setup.write("c.mmdb", countries("SG"));
            let gateway = setup.start().await;
            // So many that each worker has a connection.
            for _ in 0..20 {
                assert_eq!(gateway.send(post("{}")).await.status, StatusCode::OK);
            }
            let folder = gateway.folder.path();
            std::fs::write(folder.join("next"), countries("US")).unwrap();
            std::fs::rename(folder.join("next"), folder.join("c.mmdb")).unwrap();
            let is_known = async || {
                let got = gateway.send(post("{}")).await;
                match expected {
                    403 => got.status == StatusCode::FORBIDDEN && got.problem() == "misplaced",
                    _ => {
                        let records = gateway.records(log.received().len()).await;
                        let notes = &records[records.len() - 1]["annotations"];
                        notes[0]["name"] == "geoip-mismatch" && notes[0]["value"] == "US"
                    }
                }
            };
            eventually(&format!("{protocol}, {mismatch}: nobody asks again"), is_known).await;
            let before = log.received().len();
            for _ in 0..10 {
                assert!(is_known().await, "{protocol}, {mismatch}");
            }
            let sent = if expected == 403 { 0 } else { 10 };
            assert_eq!(log.received().len() - before, sent, "{protocol}, {mismatch}");
        }
    }
}

#[tokio::test]
async fn a_database_that_is_none_is_named_at_the_start() {
    let setup = Setup::to("http://127.0.0.1:9").config("geoip: { database: c.mmdb }");
    setup.write("c.mmdb", "<html>");
    let error = setup.try_start().map(|_| ()).unwrap_err();
    assert!(matches!(&error, StartError::Invalid(_)), "{error}");
    assert!(error.to_string().contains("c.mmdb"), "{error}");
}

/// `make data` fetches it: a public-domain country database.
#[test]
fn a_real_country_database_places_well_known_addresses() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-data/country.mmdb");
    let geo = GeoDb::load(&path).unwrap_or_else(|error| panic!("{error}; run `make data`"));
    for (address, expected) in [
        ("8.8.8.8", Some("US")),
        ("2001:4860:4860::8888", Some("US")),
        ("114.114.114.114", Some("CN")),
        ("202.12.29.0", Some("AU")),
        ("127.0.0.1", None),
        ("10.1.2.3", None),
        ("::ffff:8.8.8.8", Some("US")),
    ] {
        let region = geo.region(address.parse().unwrap()).map(|region| region.to_string());
        assert_eq!(region.as_deref(), expected, "{address}");
    }
}
