//! Routes change while they serve: whole, or not at all, and no request fails of it.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use bordergate::control::Refused;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::harness::{
    ALLOW_ALL, Connection, Process, RunningGateway, TestGateway, Upstream, eventually,
    eventually_found,
};

const CONNECTIONS: usize = 8;
const CHANGES: usize = 20;

fn gateway() -> TestGateway {
    TestGateway::new()
        .without_shipped_rules()
        .rules("organisation/allow.yaml", ALLOW_ALL)
        .purpose("service_activation")
}

fn to(host: &str) -> Request<Full<bytes::Bytes>> {
    Request::post("/v1")
        .header("host", host)
        .header("content-type", "application/json")
        .header("bordergate-transfer", "origin=PK")
        .body(Full::from(r#"{"imei":"867619040000019"}"#))
        .unwrap()
}

async fn until(gateway: &RunningGateway, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    eventually_found(&format!("not {what}"), async || {
        let status = gateway.status().await;
        if is_so(&status["routes"]) { Ok(status) } else { Err(status) }
    })
    .await
}

/// Every other change is broken, each time in another way; whoever calls meanwhile is answered, by the
/// data centre of one edition or the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_changes_under_load_fail_no_request() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    let gateway = gateway().upstream(first.address).upstream(second.address).start().await;
    let gateway = Arc::new(gateway);
    let (sent, loading) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(true)));
    let callers: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (gateway, sent, loading) =
                (Arc::clone(&gateway), Arc::clone(&sent), Arc::clone(&loading));
            tokio::spawn(async move {
                let mut connection = Connection::open(gateway.address).await;
                let mut failed = Vec::new();
                while loading.load(Ordering::Relaxed) {
                    match connection.try_send(to("dc-singapore.test")).await {
                        Ok(answer) if answer.status == StatusCode::OK => {}
                        Ok(answer) => failed.push(answer.text()),
                        Err(error) => failed.push(error.to_string()),
                    }
                    sent.fetch_add(1, Ordering::Relaxed);
                }
                failed
            })
        })
        .collect();

    let status = until(&gateway, "followed", Value::is_object).await;
    assert_eq!(status["routes"]["generation"], 1);
    std::fs::write(gateway.folder().join("no.pem"), "nothing").unwrap();
    let (mut generation, mut centre) = (1_u64, "dc-singapore");
    let route = |centre: &str| format!("host: dc-singapore.test }}, data_centre: {centre}");
    for change in 0..CHANGES {
        let before = sent.load(Ordering::Relaxed);
        if change % 2 == 0 {
            let next = if centre == "dc-singapore" { "dc-beijing" } else { "dc-singapore" };
            gateway.swap_config(|text| {
                assert!(text.contains(&route(centre)), "{text}");
                text.replace(&route(centre), &route(next))
            });
            (generation, centre) = (generation + 1, next);
            let status = until(&gateway, "taken", |it| it["generation"] == generation).await;
            assert_eq!(status["routes"]["attempted_by"], "change");
            let (here, there) =
                if next == "dc-beijing" { (&second, &first) } else { (&first, &second) };
            // Connections go on; what comes in from here on goes where the new routes say.
            let arrived = here.received().len();
            let mut connection = Connection::open(gateway.address).await;
            assert_eq!(connection.send(to("dc-singapore.test")).await.status, StatusCode::OK);
            assert!(here.received().len() > arrived && there.address != here.address);
        } else {
            let good = std::fs::read_to_string(gateway.folder().join("bordergate.yaml")).unwrap();
            let (broken, complaint) = match change / 2 % 5 {
                0 => (good.replace(&route(centre), &route("dc-mars")), "`dc-mars`"),
                1 => (good.replace("role: controller", "role: emperor"), "`exporter`"),
                2 => (good.replace("routes:", "routs:"), "routs"),
                // It would serve, but for a client certificate that is none.
                3 => {
                    let tls =
                        "transport: tls, tls: { client_certificate: no.pem, client_key: no.pem } }";
                    let text = good.replace("http://", "https://").replace("transport: tls }", tls);
                    (text, "no.pem")
                }
                _ => ("listeners: [".to_owned(), ""),
            };
            gateway.swap_config(|_| broken);
            let status = until(&gateway, "refused", |it| it["stale"] == true).await;
            assert_eq!(status["routes"]["generation"], generation);
            let told = status["routes"]["last_failure"]["diagnostics"].to_string();
            assert!(told.contains(complaint) && told.contains("\"line\":"), "{change}: {told}");
            assert_eq!(gateway.metric("bordergate_routes_last_reload_successful").await, 0.0);
            let refused = gateway.reload().await.unwrap_err();
            assert!(matches!(refused, Refused::Routes(_)), "{refused}");
            gateway.swap_config(|_| good);
            until(&gateway, "whole again", |it| it["stale"] == false).await;
            assert_eq!(gateway.metric("bordergate_routes_last_reload_successful").await, 1.0);
        }
        while sent.load(Ordering::Relaxed) < before + 50 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
    loading.store(false, Ordering::Relaxed);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), Vec::<String>::new());
    }
    assert_eq!(gateway.metric("bordergate_routes_generation").await, 11.0);
    let sent = sent.load(Ordering::Relaxed) + CHANGES / 2;
    assert_eq!(first.received().len() + second.received().len(), sent);
    // What the record says of the way is what was gone.
    for record in gateway.records(sent).await {
        let way = (&record["data_centre"], &record["destination"]);
        let ways = [(&json!("dc-singapore"), &json!("SG")), (&json!("dc-beijing"), &json!("CN"))];
        assert!(ways.contains(&way), "{record}");
    }
    let history = gateway.admin(Method::GET, "/-/history").await.json();
    let of_routes: Vec<&Value> =
        history["reloads"].as_array().unwrap().iter().filter(|it| it["of"] == "routes").collect();
    assert!(of_routes.iter().any(|it| it["errors"] != 0 && it["files"][0]["lines"][0].is_string()));
    assert!(of_routes.iter().any(|it| it["generation"] == 11 && it["errors"] == 0));
}

/// Connections to a data centre that stays as it was are kept, whatever changes beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_data_centres_that_stay_are_kept() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    let gateway = gateway().upstream(first.address).upstream(second.address).start().await;
    let changes = 12_u64;
    for change in 1..=changes {
        gateway.swap_config(|text| {
            let beijing = "id: dc-beijing, jurisdiction: CN,";
            let text = text.replace(beijing, &format!("{beijing} exchanges_max: {change},"));
            let before = format!("exchanges_max: {change}, exchanges_max: {},", change - 1);
            // And lines above it move.
            format!("# {change}\n{}", text.replace(&before, &format!("exchanges_max: {change},")))
        });
        let reloaded = gateway.reload().await.unwrap();
        assert_eq!(reloaded.routes.unwrap().generation.0, change + 1);
        for host in ["dc-singapore.test", "dc-beijing.test"] {
            let answer = gateway.send(to(host)).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        }
    }
    // Each of two workers has one of its own.
    assert!(first.connections.load(Ordering::Relaxed) <= 2, "{:?}", first.connections);
    assert_eq!(second.connections.load(Ordering::Relaxed), changes as usize);
}

/// An exchange under way ends with the data centre it began with, even where that is gone from the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_ends_on_the_routes_it_began_with() {
    let slow = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let second = Upstream::start().await;
    let gateway =
        gateway().upstream(slow.local_addr().unwrap()).upstream(second.address).start().await;
    let mut caller = Connection::open(gateway.address).await;
    let waiting = tokio::spawn(async move { caller.send(to("dc-singapore.test")).await });
    let (mut stream, _) = slow.accept().await.unwrap();
    let mut request = [0; 4096];
    assert!(stream.read(&mut request).await.unwrap() > 0);

    gateway.swap_config(|text| {
        let gone = |line: &&str| !line.contains("id: dc-singapore,");
        let text: Vec<&str> = text.lines().filter(gone).collect();
        text.join("\n").replace("data_centre: dc-singapore", "data_centre: dc-beijing") + "\n"
    });
    let reloaded = gateway.reload().await.unwrap();
    assert_eq!(reloaded.routes.unwrap().generation.0, 2);
    assert_eq!(gateway.status().await["routes"]["data_centres"], 1);
    let about = gateway.admin(Method::GET, "/-/about").await.json();
    let stations: BTreeSet<&str> = about["data_centres"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(stations, BTreeSet::from(["dc-beijing"]));
    // What is asked by a route is judged by what leads there now.
    assert_eq!(about["routes"][0]["data_centre"], "dc-beijing", "{about}");
    let route = &about["routes"][0]["id"];
    let case =
        json!({ "route": route, "origin": "PK", "payload": { "email": "sana.k@example.pk" } });
    let request = Request::post("/-/explain")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Full::from(case.to_string()))
        .unwrap();
    let told = Connection::open(gateway.admin).await.send(request).await.json();
    assert_eq!(told["destination"], "CN", "{told}");
    assert_eq!(told["recipient"]["id"], "dc-beijing", "{told}");
    assert_eq!(gateway.send(to("dc-singapore.test")).await.text(), "stored\n");
    assert_eq!(second.received().len(), 1);

    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow").await.unwrap();
    let answer = waiting.await.unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (StatusCode::OK, "slow"));
    let centres: Vec<Value> =
        gateway.records(2).await.iter().map(|it| it["data_centre"].clone()).collect();
    assert_eq!(centres, ["dc-singapore", "dc-beijing"]);
}

/// What only a restart can change is said, and what can change beside it does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_a_restart_is_named() {
    let upstream = Upstream::start().await;
    let gateway = gateway().upstream(upstream.address).start().await;
    until(&gateway, "followed", Value::is_object).await;
    assert_eq!(gateway.metric("bordergate_restart_needed").await, 0.0);
    gateway.swap_config(|text| {
        text.replace("workers: 2", "workers: 1").replace("to-dc-singapore", "renamed")
    });
    let answer = gateway.admin(Method::POST, "/-/reload").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let routes = &answer.json()["routes"];
    assert_eq!(*routes, json!({ "generation": 2, "restart_needed": ["workers"] }));
    assert_eq!(gateway.metric("bordergate_restart_needed").await, 1.0);
    assert_eq!(gateway.send(to("dc-singapore.test")).await.status, StatusCode::OK);
    assert_eq!(gateway.records(1).await[0]["route"], "renamed");

    gateway.swap_config(|text| text.replace("data_centre: dc-singapore", "data_centre: nowhere"));
    let refused = gateway.admin(Method::POST, "/-/reload").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let refused = refused.json();
    assert_eq!(refused["title"], "routes refused", "{refused}");
    let told = &refused["diagnostics"][0];
    assert!(told["line"].as_u64().unwrap() > 0 && told["remedy"].is_string(), "{refused}");
    assert!(told["file"].as_str().unwrap().ends_with("bordergate.yaml"), "{refused}");

    gateway.swap_config(|text| {
        let text = text.replace("data_centre: nowhere", "data_centre: dc-singapore");
        text.replace("workers: 1", "workers: 2")
    });
    gateway.reload().await.unwrap();
    assert_eq!(gateway.status().await["routes"]["restart_needed"], json!([]));
    assert_eq!(gateway.metric("bordergate_restart_needed").await, 0.0);
}

/// A key that is read at the start alone: another in its file is named, so that nobody takes it for the one in use.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_was_changed_and_waits_for_a_restart_is_named() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("facts.key");
    std::fs::write(&path, [7; 32]).unwrap();
    let store = folder.path().join("facts.redb");
    let gateway = gateway()
        .config(&format!("facts: {{ path: {}, key_file: {} }}", store.display(), path.display()))
        .upstream(upstream.address)
        .start()
        .await;
    until(&gateway, "followed", Value::is_object).await;
    let waiting = async || gateway.status().await["routes"]["restart_needed"].clone();
    assert_eq!(waiting().await, json!([]));
    std::fs::write(&path, [8; 32]).unwrap();
    let answer = gateway.admin(Method::POST, "/-/reload").await;
    assert_eq!(answer.json()["routes"]["restart_needed"], json!(["facts.key_file"]));
    assert_eq!(waiting().await, json!(["facts.key_file"]));
    assert_eq!(gateway.metric("bordergate_restart_needed").await, 1.0);
    std::fs::write(&path, [7; 32]).unwrap();
    gateway.reload().await.unwrap();
    assert_eq!(waiting().await, json!([]));
}

/// SIGHUP to a process of its own, and workloads among what changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hangup_reads_the_routes_anew() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bordergate.yaml");
    let address = upstream.address;
    let text = |workloads: &str, matching: &str| {
        format!(
            "listeners: [{{ name: test, address: \"127.0.0.1:0\" }}]
admin: {{ address: \"127.0.0.1:0\" }}
trusted_hops: [127.0.0.0/8]
workers: 1
rules: {{ watch: false }}
inspection: {{ enabled: false }}
data_centres: [{{ id: dc, jurisdiction: SG, endpoints: [\"http://{address}\"] }}]
workloads: [{workloads}]
routes: [{{ id: all, data_centre: dc{matching} }}]
"
        )
    };
    let shop = "{ id: shop, spiffe: spiffe://mesh/shop }";
    std::fs::write(&path, text(shop, ", match: { workloads: [shop] }")).unwrap();
    let gateway = Process::start(&path);
    let mut connection = Connection::open(gateway.address).await;
    let as_caller = |name: &str| {
        let mut request = to("dc.test");
        let told = format!("URI=spiffe://mesh/{name}").parse().unwrap();
        request.headers_mut().insert("x-forwarded-client-cert", told);
        request
    };
    assert_eq!(connection.send(as_caller("shop")).await.status, StatusCode::OK);
    assert_eq!(connection.send(as_caller("till")).await.status, StatusCode::FORBIDDEN);
    let till =
        "{ id: first, spiffe: spiffe://mesh/first }, { id: till, spiffe: spiffe://mesh/till }";
    std::fs::write(&path, text(till, ", match: { workloads: [till] }")).unwrap();
    assert_eq!(
        connection.send(as_caller("till")).await.status,
        StatusCode::FORBIDDEN,
        "not watched"
    );
    gateway.hang_up();
    eventually_found("the signal is not heard", async || {
        let is_served = connection.send(as_caller("till")).await.status == StatusCode::OK;
        is_served.then_some(()).ok_or_else(|| gateway.log.lock().unwrap().clone())
    })
    .await;
    assert_eq!(connection.send(as_caller("shop")).await.status, StatusCode::FORBIDDEN);
    assert!(gateway.log.lock().unwrap().contains("routes reloaded"));
}

/// The configuration behind the link of a ConfigMap: its swap is noticed and is one change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_swap_of_a_config_map_is_one_change() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let address = upstream.address;
    let version = |name: &str, route: &str| {
        let text = format!(
            "listeners: [{{ name: test, address: \"127.0.0.1:0\" }}]
admin: {{ address: \"127.0.0.1:0\" }}
workers: 1
inspection: {{ enabled: false }}
data_centres: [{{ id: dc, jurisdiction: SG, endpoints: [\"http://{address}\"] }}]
routes: [{{ id: {route}, match: {{ host: {route}.test }}, data_centre: dc }}]
"
        );
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("bordergate.yaml"), text).unwrap();
        std::os::unix::fs::symlink(name, folder.path().join("..data_tmp")).unwrap();
        std::fs::rename(folder.path().join("..data_tmp"), folder.path().join("..data")).unwrap();
    };
    version("..first", "first");
    let path = folder.path().join("bordergate.yaml");
    std::os::unix::fs::symlink("..data/bordergate.yaml", &path).unwrap();
    let gateway = Process::start(&path);
    let mut connection = Connection::open(gateway.address).await;
    assert_eq!(connection.send(to("first.test")).await.status, StatusCode::OK);
    version("..second", "second");
    // Well before it would be looked at without a notice.
    let deadline = Instant::now() + std::time::Duration::from_secs(5);
    while connection.send(to("second.test")).await.status != StatusCode::OK {
        assert!(Instant::now() < deadline, "{}", gateway.log.lock().unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(connection.send(to("first.test")).await.status, StatusCode::NOT_FOUND);
    let told = || gateway.log.lock().unwrap().matches("routes reloaded").count();
    // The log comes by another way than the answers, and may be behind them.
    eventually("nothing is told", async || told() > 0).await;
    assert_eq!(told(), 1);
}

/// Nobody looks after an endpoint that is gone, and nothing tells of it any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_change_leaves_out_is_let_go_of() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    let gateway = gateway().upstream(first.address).start().await;
    let pem = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap().cert.pem();
    std::fs::write(gateway.folder().join("roots.pem"), pem).unwrap();
    let checked = "transport: tls, health_check: { path: /healthz, interval: 20ms } }";
    gateway.swap_config(|text| text.replace("transport: tls }", checked));
    gateway.reload().await.unwrap();
    let series = |upstream: &Upstream| {
        let endpoint = format!("http://{}", upstream.address);
        format!(
            "bordergate_endpoint_healthy{{data_centre=\"dc-singapore\",endpoint=\"{endpoint}\"}} 1"
        )
    };
    let told = async |line: String, is_there: bool| {
        eventually(&format!("{line}: not {is_there}"), async || {
            gateway.admin(Method::GET, "/metrics").await.text().contains(&line) == is_there
        })
        .await;
    };
    told(series(&first), true).await;

    let (before, after) = (first.address.to_string(), second.address.to_string());
    gateway.swap_config(|text| text.replace(&before, &after));
    gateway.reload().await.unwrap();
    told(series(&second), true).await;
    told(series(&first), false).await;
    // Both are checked as often, so that the checks of the one tell the time for the other.
    let checks = async |count: usize| {
        let before = second.received().len();
        eventually("nobody is checked", async || second.received().len() >= before + count).await;
    };
    // A check may have been on its way.
    checks(10).await;
    let idle = first.received().len();
    checks(20).await;
    assert_eq!(first.received().len(), idle, "it is checked no longer");
    told(series(&first), false).await;

    // What the way there is proved with comes and goes with it.
    let secure = format!("https://{after}\"], tls: {{ roots: roots.pem }}");
    let plain = format!("http://{after}\"]");
    gateway.swap_config(|text| text.replace(&plain, &secure));
    gateway.reload().await.unwrap();
    let status = gateway.status().await;
    assert_eq!(status["certificates"][0]["name"], "dc-singapore", "{}", status["certificates"]);
    assert_eq!(status["certificates"][0]["generation"], 1);
    gateway.swap_config(|text| text.replace(&secure, &plain));
    gateway.reload().await.unwrap();
    assert_eq!(gateway.status().await["certificates"], Value::Null);
    assert_eq!(gateway.send(to("dc-singapore.test")).await.status, StatusCode::OK);
}
