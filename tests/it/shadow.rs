//! Rules to come: judged beside the ones that serve, put in service and taken back while transfers go on.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::Value;

use crate::harness::{
    ALLOW_ALL, Answer, Connection, NO_IMEI, Process, Upstream, eventually, eventually_found,
};

fn transfer(body: &'static str) -> Request<Full<Bytes>> {
    Request::post("/v1")
        .header("host", "dc.test")
        .header("content-type", "application/json")
        .header("bordergate-transfer", "origin=PK, purpose=service_activation")
        .body(Full::new(Bytes::from_static(body.as_bytes())))
        .unwrap()
}

async fn ask(admin: std::net::SocketAddr, method: &str, path: &str) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .body(Full::<Bytes>::default())
        .unwrap();
    let answer: Answer = Connection::open(admin).await.send(request).await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

/// Ten changes of the rules under load: every transfer is answered as one of the two rule-sets says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_are_promoted_and_taken_back_under_load() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for file in bordergate::control::RulesSource::Embedded
        .load(&mut bordergate::source::Diagnostics::default())
        .files
    {
        let states_rules =
            ["law/", "policy/", "organisation/"].iter().any(|top| file.name.starts_with(top));
        if !states_rules {
            for directory in ["rules", "next"] {
                let path = path(&format!("{directory}/{}", file.name));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, &file.text).unwrap();
            }
        }
    }
    for directory in ["rules", "next"] {
        fs::create_dir(path(&format!("{directory}/organisation"))).unwrap();
        fs::write(path(&format!("{directory}/organisation/allow.yaml")), ALLOW_ALL).unwrap();
    }
    fs::write(path("next/organisation/stricter.yaml"), NO_IMEI).unwrap();
    let address = upstream.address;
    let config = format!(
        "listeners: [{{ name: test, address: \"127.0.0.1:0\" }}]
admin: {{ address: \"127.0.0.1:0\" }}
trusted_hops: [127.0.0.0/8]
workers: 1
rules: {{ directory: rules, shadow: {{ directory: next }} }}
audit: {{ sink: file, path: audit.jsonl }}
data_centres: [{{ id: dc, jurisdiction: SG, endpoints: [\"http://{address}\"], transport: tls }}]
routes: [{{ id: all, data_centre: dc }}]
"
    );
    fs::write(path("bordergate.yaml"), config).unwrap();
    let mut gateway = Process::start(&path("bordergate.yaml"));
    let admin = gateway.admin;
    let (stop, blocked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let calls = {
        let (address, stop, blocked) = (gateway.address, Arc::clone(&stop), Arc::clone(&blocked));
        tokio::spawn(async move {
            let mut connection = Connection::open(address).await;
            let mut sent = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                let answer = connection.send(transfer("{\"imei\":\"867619040000019\"}")).await;
                match answer.status {
                    StatusCode::OK => {}
                    StatusCode::FORBIDDEN => {
                        assert!(answer.text().contains("T-NO-IMEI"), "{}", answer.text());
                        blocked.fetch_add(1, Ordering::Relaxed);
                    }
                    other => panic!("{other}: {}", answer.text()),
                }
                sent += 1;
            }
            sent
        })
    };
    // What the rules to come would do is counted, by rule and way, with examples and without values.
    let page = eventually_found("nothing differs", async || {
        let (status, page) = ask(admin, "GET", "/-/shadow").await;
        assert_eq!(status, StatusCode::OK);
        let differing = page["compared"]["differing"].as_u64();
        if differing.is_some_and(|count| count >= 5) { Ok(page) } else { Err(page) }
    })
    .await;
    let first = &page["compared"]["differences"][0];
    for (name, expected) in
        [("live", "allow"), ("shadow", "block"), ("origin", "PK"), ("destination", "SG")]
    {
        assert_eq!(first[name], expected, "{name} in {first:#}");
    }
    assert_eq!(first["rules"], serde_json::json!(["T-NO-IMEI"]));
    assert_eq!(first["examples"][0]["trace_id"].as_str().unwrap().len(), 32);
    assert!(!page.to_string().contains("867619040000019"));
    assert_eq!(blocked.load(Ordering::Relaxed), 0, "judged beside, never in place");

    for change in 0..10 {
        let (path, generation) =
            (["/-/rules/promote", "/-/rules/rollback"][change % 2], change + 2);
        let (status, told) = ask(admin, "POST", path).await;
        assert_eq!(status, StatusCode::OK, "{told}");
        assert_eq!(told["generation"], generation, "{told}");
        let is_promoted = change % 2 == 0;
        let (_, page) = ask(admin, "GET", "/-/status").await;
        assert_eq!(page["rules"]["stale"], false);
        // Going back to what the directory holds, it may be followed again.
        assert!(!is_promoted || page["rules"]["pinned"] == true, "{page:#}");
        if is_promoted {
            let before = blocked.load(Ordering::Relaxed);
            eventually("nothing is blocked", async || {
                blocked.load(Ordering::Relaxed) >= before + 2
            })
            .await;
        }
    }
    // Who asks again, since no answer came, does not bring back what was taken out.
    let (status, told) = ask(admin, "POST", "/-/rules/rollback").await;
    assert_eq!(status, StatusCode::CONFLICT, "{told}");
    assert!(told["detail"].as_str().unwrap().contains("already"), "{told}");
    let (_, page) = ask(admin, "GET", "/-/status").await;
    assert_eq!(page["rules"]["generation"], 11, "{page:#}");
    // The directory is not followed meanwhile; an operator's reload takes it.
    let (status, told) = ask(admin, "POST", "/-/reload").await;
    assert_eq!((status, &told["changed"]), (StatusCode::OK, &false.into()), "{told}");
    let (_, page) = ask(admin, "GET", "/-/status").await;
    assert!(page["rules"]["pinned"].is_null(), "{page:#}");
    stop.store(true, Ordering::Relaxed);
    assert!(calls.await.unwrap() > 100);
    assert!(blocked.load(Ordering::Relaxed) > 5);
    gateway.terminate();
    let audit = fs::read_to_string(path("audit.jsonl")).unwrap();
    for action in ["promote", "rollback", "reload"] {
        let line = format!("\"who\":\"local\",\"action\":\"{action}\",\"result\":\"done\"");
        assert!(audit.contains(&line), "{action}");
    }
}
