//! What looks like personal data and is not. Every document must come out clean.

use super::{
    body::{self, BOUNDARY, Flat, Node, filler},
    checksum,
    document::{Document, Group},
    kind,
    national::with_luhn,
    random::Random,
};

pub(crate) fn documents() -> Vec<Document> {
    let mut all = Vec::new();
    for (name, key, make) in NEAR_MISSES {
        let mut random = Random::named(&format!("negative/{name}"));
        let values: Vec<String> = (0..6).map(|_| make(&mut random)).collect();
        let mut push = |form: &str, media_type: &str, body| {
            let mut document = Document::new(format!("negative/{name}/{form}"), Group::Negative);
            document.body(media_type, body);
            all.push(document);
        };
        let items = values
            .iter()
            .map(|value| Node::object([(*key, Node::text(value)), ("state", Node::text("done"))]));
        push(
            "json",
            "application/json",
            body::json(&Node::object([("items", Node::Array(items.collect()))])),
        );
        let flat: Flat =
            vec![filler("step", "3"), filler(key, values[0].clone()), filler("mode", "fast")];
        push("form", "application/x-www-form-urlencoded", body::form(&flat));
        push("log", "text/plain", body::log_line(&flat));
        let records: Vec<Flat> = values
            .iter()
            .map(|value| vec![filler("row", "1"), filler(key, value.clone())])
            .collect();
        push("csv", "text/csv", body::csv(&records));
        push("xml", "application/xml", body::xml("batch", &flat));
        if name.len() % 2 == 0 {
            push(
                "multipart",
                &format!("multipart/form-data; boundary={BOUNDARY}"),
                body::multipart(&flat),
            );
        }
    }
    all
}

/// One digit away from passing.
fn broken_luhn(text: String) -> String {
    let (body, last) = text.split_at(text.len() - 1);
    format!("{body}{}", (last.parse::<u32>().unwrap() + 1) % 10)
}

type Miss = (&'static str, &'static str, fn(&mut Random) -> String);

#[rustfmt::skip]
const NEAR_MISSES: &[Miss] = &[
    ("card-failing-luhn", "reference", |r| broken_luhn(kind::card(r))),
    ("luhn-valid-number", "batch", |r| with_luhn(&r.fill("19%###########"))),
    ("sequence-of-sixteen", "sequence", |r| broken_luhn(with_luhn(&r.fill("9%#############")))),
    ("epoch-milliseconds", "created_at", |r| r.fill("17638########").replace('\n', "")),
    ("epoch-seconds", "updated", |r| r.fill("17638#####")),
    ("epoch-microseconds", "ts", |r| r.fill("17638###########")),
    ("date-time", "finished", |r| r.fill("2026-11-2#T1#:3#:5#.###Z")),
    ("compact-date-time", "stamp", |r| r.fill("202611%#1%3#5#")),
    ("uuid", "request_id", Random::uuid),
    ("git-commit", "commit", |r| r.hex(40)),
    ("sha-256", "digest", |r| format!("sha256:{}", r.hex(64))),
    ("etag", "etag", |r| r.hex(32)),
    ("short-hash", "build", |r| r.hex(12)),
    ("version", "version", |r| r.fill("%.%#.#")),
    ("four-part-version", "firmware_build", |r| format!("{}.{}.{}.{}", r.between(1, 12), r.between(0, 20), r.between(300, 9999), r.between(0, 300))),
    ("dotted-version", "version", |r| format!("{}.{}.{}.{}", r.between(1, 12), r.between(0, 9), r.between(0, 20), r.between(0, 200))),
    ("price", "price", |r| r.fill("%#,%##.99")),
    ("amounts", "total", |r| r.fill("%######.##")),
    ("ean", "ean", |r| { let body = r.fill("40%#########"); let sum = checksum::weighted(&body, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]); format!("{body}{}", (10 - sum % 10) % 10) }),
    ("isbn", "isbn", |r| r.fill("978-3-16-%#####-#")),
    ("host", "host", |r| r.fill("cache-%#.eu-west-1.internal.example")),
    ("product", "product", |r| r.pick(&["Redmi Note 12 Pro", "Jordan Trail Shoe", "Galaxy Watch", "Madison Desk Lamp", "Victoria Sponge Tin"]).to_owned()),
    ("service", "service", |r| r.pick(&["nginx", "payments-api", "frank", "mercury", "grafana"]).to_owned()),
    ("image", "image", |r| r.fill("registry.example/team/app:1.%#.%")),
    ("private-address", "upstream", |r| format!("10.{}.{}.{}:8080", r.between(0, 255), r.between(0, 255), r.between(1, 254))),
    ("loopback", "listen", |r| format!("127.0.0.1:{}", r.between(8000, 9999))),
    ("ratio", "score", |r| r.fill("0.########")),
    ("metric", "p99", |r| r.fill("%##.######")),
    ("colour", "colour", |r| format!("#{}", r.hex(6))),
    ("decorator", "snippet", |r| r.pick(&["@Override public void run()", "@media (max-width: 600px)", "user@", "a @ b", "npm i @types/node@20.1.0"]).to_owned()),
    ("placeholder-imei", "imei", |_| "000000000000000".into()),
    ("placeholder-mac", "mac", |r| r.pick(&["02:00:00:00:00:00", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"]).to_owned()),
    ("placeholder-uuid", "gaid", |_| "00000000-0000-0000-0000-000000000000".into()),
    ("placeholder-words", "phone", |r| r.pick(&["unknown", "null", "N/A", "none", "-"]).to_owned()),
    ("placeholder-ssid", "ssid", |_| "<unknown ssid>".into()),
    ("ticket", "ticket", |r| r.fill("INC%######")),
    ("part-number", "part", |r| r.fill("@@-%###-@%")),
    ("tracking-of-builds", "job", |r| r.fill("job-%####-%####-%")),
    ("dimensions", "size", |r| r.fill("1%##x%##x%#")),
    ("cron", "schedule", |r| r.fill("*/%# * 1-5 * *")),
    ("file-path", "file", |r| r.fill("/srv/app/releases/202611%#1%3#5#/main.js")),
    ("year", "made_in_year", |r| r.between(1990, 2026).to_string()),
    ("invalid-calendar", "code", |r| r.fill("11010119991399###%")),
    ("temperature", "cpu_temp", |r| r.fill("%#.#")),
    ("bytes", "bytes_sent", |r| r.fill("%#########")),
    ("port-list", "ports", |_| "80,443,8080,9090".into()),
];
