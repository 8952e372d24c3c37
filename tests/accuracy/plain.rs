//! Personal data in plain sight: every category under its names, every record in every format, values in
//! running text.

use super::{
    body::{self, BOUNDARY, Flat, Node, field},
    document::{Document, Group, mark},
    kind::{self, KINDS, Kind, Style},
    national::national_id,
    person::{Person, countries},
    random::Random,
    record::Record,
};

pub(crate) fn documents() -> Vec<Document> {
    let mut all = Vec::new();
    for kind in KINDS {
        if !kind.names.is_empty() {
            all.push(styles(kind));
        }
        if !kind.native.is_empty() {
            all.push(named(&format!("plain/native/{}", kind.tag), kind, kind.native));
        }
        if kind.prefixed {
            all.push(prefixes(kind));
        }
    }
    for (number, record) in Record::ALL.into_iter().enumerate() {
        for (place, format) in FORMATS.iter().enumerate() {
            for turn in 0..2 {
                all.push(recorded(record, format, number * 5 + place * 2 + turn * 9));
            }
        }
    }
    all.extend((0..18).map(heads));
    all.extend((0..40).map(prose));
    all.extend((0..6).flat_map(structures));
    all.extend([hashed(), dual_sim(), numbers()]);
    all.extend((0..3).map(envelope));
    all
}

fn json(id: &str, node: &Node) -> Document {
    let mut document = Document::new(id, Group::Plain);
    document.body("application/json", body::json(node));
    document
}

/// Each name in three of the six styles.
fn styles(kind: &Kind) -> Document {
    let id = format!("plain/styles/{}", kind.tag);
    let mut random = Random::named(&id);
    let mut items = Vec::new();
    for (number, name) in kind.names.iter().enumerate() {
        for turn in 0..3 {
            let key = Style::ALL[(number + turn * 2) % 6].write(name);
            let value = Node::text(mark(kind.tag, (kind.make)(&mut random)));
            items.push(Node::object([(key, value), ("ok".into(), Node::Bare("true".into()))]));
        }
    }
    json(&id, &Node::object([("items", Node::Array(items))]))
}

fn named(id: &str, kind: &Kind, names: &[&str]) -> Document {
    let mut random = Random::named(id);
    let fields =
        names.iter().map(|name| (*name, Node::text(mark(kind.tag, (kind.make)(&mut random)))));
    json(id, &Node::object(fields))
}

fn prefixes(kind: &Kind) -> Document {
    let mut names = Vec::new();
    for (number, prefix) in
        ["user", "customer", "cust", "sender", "billing", "shipping", "consignee", "receiver"]
            .iter()
            .enumerate()
    {
        let name = format!("{prefix}_{}", kind.names[number % kind.names.len()]);
        names.push(Style::ALL[number % 6].write(&name));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    named(&format!("plain/prefixes/{}", kind.tag), kind, &names)
}

const FORMATS: [&str; 12] = [
    "json",
    "nested",
    "batch",
    "ndjson",
    "form",
    "query",
    "csv",
    "tsv",
    "xml",
    "attributes",
    "multipart",
    "log",
];

fn recorded(record: Record, format: &str, seed: usize) -> Document {
    let country = countries().nth(seed % countries().count()).unwrap();
    let id = format!("plain/{format}/{}/{}", record.as_str(), country.to_lowercase());
    let mut random = Random::named(&id);
    // Element names and column names are written in a few styles only.
    let style = match format {
        "xml" | "attributes" => [Style::Camel, Style::Snake, Style::Pascal][seed % 3],
        _ => Style::ALL[seed % 6],
    };
    let mut next = || {
        let person = Person::living_in(country, &mut random);
        record.of(&person, style, &mut random)
    };
    let mut document = Document::new(id, Group::Plain);
    match format {
        "json" => document.body("application/json", body::json(&body::object_of(&next()))),
        "nested" => {
            let inner = Node::object([
                ("version", Node::Bare("2".into())),
                ("data", body::object_of(&next())),
            ]);
            document.body(
                "application/json; charset=utf-8",
                body::json(&Node::object([("event", inner)])),
            );
        }
        "batch" => {
            let items = (0..4).map(|_| body::object_of(&next())).collect();
            document.body("application/json", body::json(&Node::Array(items)));
        }
        "ndjson" => document.body("application/x-ndjson", body::ndjson(&[next(), next(), next()])),
        "form" => document.body("application/x-www-form-urlencoded", body::form(&next())),
        "query" => document.target(&format!("/v2/collect?{}", body::query(&next()))),
        "csv" => document.body("text/csv", body::csv(&[next(), next(), next()])),
        "tsv" => document.body("text/tab-separated-values", tabbed(&[next(), next()])),
        "xml" => document.body("application/xml", body::xml("request", &next())),
        "attributes" => document.body("text/xml", body::xml_attributes("request", &next())),
        "multipart" => {
            document.body(
                &format!("multipart/form-data; boundary={BOUNDARY}"),
                body::multipart(&next()),
            );
        }
        "log" => document.body("text/plain", body::log_line(&next())),
        other => panic!("no format {other}"),
    }
    document
}

fn tabbed(records: &[Flat]) -> super::document::Marked {
    let mut out = super::document::Marked::default();
    let header: Vec<&str> = records[0].iter().map(|(name, _)| name.as_str()).collect();
    out.raw(&format!("{}\n", header.join("\t")));
    for record in records {
        for (number, (_, value)) in record.iter().enumerate() {
            out.raw(if number == 0 { "" } else { "\t" });
            out.push(value, str::to_owned);
        }
        out.raw("\n");
    }
    out
}

/// Personal data in front of the body.
fn heads(seed: usize) -> Document {
    let id = format!("plain/head/{seed}");
    let mut random = Random::named(&id);
    let person = Person::anyone(&mut random);
    let mut document = Document::new(id, Group::Plain);
    let mut make = |tag: &str| mark(tag, (Kind::of(tag).make)(&mut random));
    document.target("/v1/status");
    document.header("accept", "application/json");
    match seed % 6 {
        0 => {
            document.header(
                "x-forwarded-for",
                &format!("{}, {}", make("ip_address"), make("ip_address")),
            );
            document.header("x-request-id", "7f3c2a90-54de-4b1a-9c0e-2f6f0c1d8e42");
        }
        1 => {
            document.header(
                "authorization",
                &format!("Bearer ⟦access_token|{}⟧", kind::jwt(&mut random)),
            );
            document.header("x-real-ip", &mark("ip_address", kind::ipv4(&mut random)));
        }
        2 => document.header(
            "cookie",
            &format!("theme=dark; JSESSIONID={}; lang=⟦language|en⟧", make("cookie_id")),
        ),
        3 => {
            document.header("x-device-id", &make("device_id"));
            document.header("x-user-id", &make("account_id"));
        }
        4 => {
            document.header("x-user-email", &mark("email", &person.email));
            document.header("user-agent", &make("user_agent"));
        }
        _ => {
            document.target(&format!("/v1/users/{}/orders?page=2", mark("email", &person.email)));
            document.header("x-imei", &make("imei"));
        }
    }
    document
}

/// Sentences and log lines, where only the value speaks.
fn prose(seed: usize) -> Document {
    let id = format!("plain/prose/{seed}");
    let mut random = Random::named(&id);
    let person = Person::anyone(&mut random);
    let make = |tag: &str, random: &mut Random| mark(tag, (Kind::of(tag).make)(random));
    let phone = mark("phone", &person.phone);
    let email = mark("email", &person.email);
    let r = &mut random;
    let text = match seed % 20 {
        0 => format!("Please call me back on {phone} after six, thanks."),
        1 => format!("Forwarded to {email}; no answer since Monday."),
        2 => format!(
            "2026-11-23 09:14:02 WARN login failed from {} after 3 attempts\n",
            make("ip_address", r)
        ),
        3 => format!("The card {} was declined twice (code 51).", make("card", r)),
        4 => format!("Refund to {} within 5 working days.", make("iban", r)),
        5 => {
            format!("CNIC {} belongs to the applicant.", mark("pk_cnic", national_id("pk_cnic", r)))
        }
        6 => {
            format!("Customer's SSN is {}, see file 12.", mark("us_ssn", national_id("us_ssn", r)))
        }
        7 => format!("ID {} checked at the counter.", mark("cn_ric", national_id("cn_ric", r))),
        8 => format!("associated wlan0 with {} (signal -61)", make("mac", r)),
        9 => format!("Contact: {email} or {phone}."),
        10 => format!("Token {} expired", mark("access_token", kind::jwt(r))),
        11 => format!("NRIC {} is on the list.", mark("sg_nric", national_id("sg_nric", r))),
        12 => format!("Der Kunde ist unter {phone} oder {email} erreichbar."),
        13 => format!("请联系 {phone} 或发邮件到 {email}。"),
        14 => format!("IMEI {} reported as stolen", make("imei", r)),
        15 => format!("CPF {} já cadastrado.", mark("br_cpf", national_id("br_cpf", r))),
        16 => format!("Found at ⟦precise_location|{}⟧ near the gate.", r.fill("24.86%%, 67.00%%")),
        17 => format!("Écrivez à mailto:{email} pour vous désinscrire."),
        18 => format!("Aadhaar {} was verified.", mark("in_aadhaar", national_id("in_aadhaar", r))),
        _ => format!("connection from {}:51422 accepted", make("ip_address", r)),
    };
    if seed < 20 {
        let mut document = Document::new(id, Group::Plain);
        let mut body = super::document::Marked::default();
        body.push(&text, str::to_owned);
        document.body("text/plain; charset=utf-8", body);
        document
    } else {
        json(&id, &Node::object([("level", Node::text("info")), ("text", Node::text(text))]))
    }
}

/// Lists that are personal as a whole, with what stands inside them.
fn structures(seed: usize) -> Vec<Document> {
    let mut random = Random::named(&format!("structures/{seed}"));
    let style = Style::ALL[seed % 6];
    let mut items = |make: fn(&Person, &mut Random) -> Node| -> Node {
        let nodes = (0..3).map(|_| {
            let person = Person::anyone(&mut random);
            make(&person, &mut random)
        });
        Node::Array(nodes.collect())
    };
    let contacts = items(|person, _| {
        Node::object([
            ("name", Node::text(mark("name", person.name()))),
            ("phone", Node::text(mark("phone", &person.phone))),
        ])
    });
    let calls = items(|person, random| {
        Node::object([
            ("number", Node::text(mark("phone", &person.phone))),
            ("duration", Node::Bare(random.between(3, 900).to_string())),
            ("type", Node::text("outgoing")),
        ])
    });
    let sms = items(|person, _| {
        Node::object([
            ("address", Node::text(mark("phone", &person.phone))),
            ("body", Node::text(mark("message_content", "salam, kal milte hain"))),
        ])
    });
    let track = items(|_, random| {
        Node::object([
            ("lat", Node::Bare(mark("precise_location", random.fill("39.90%%")))),
            ("lng", Node::Bare(mark("precise_location", random.fill("116.40%%")))),
            ("ts", Node::Bare(format!("17638{}", random.fill("#####")))),
        ])
    });
    let networks = items(|_, random| {
        Node::object([
            ("bssid", Node::text(mark("bssid", kind::mac(random)))),
            ("rssi", Node::Bare("-61".into())),
        ])
    });
    let bought = items(|_, random| {
        Node::object([
            ("title", Node::text("Redmi Buds 4")),
            ("price", Node::Bare(random.fill("%###"))),
        ])
    });
    let names = [
        ("contacts", "contacts", contacts),
        ("call_log", "call_log", calls),
        ("sms", "sms", sms),
        ("track", "track", track),
        ("wifi_list", "wifi_scan", networks),
        ("purchase_list", "purchase_list", bought),
    ];
    let mut documents: Vec<Document> = names
        .into_iter()
        .map(|(name, tag, node)| {
            let id = format!("plain/structure/{name}/{seed}");
            let account = (style.write("mi_id"), Node::text(mark("account_id", "1802345671")));
            json(&id, &Node::object([account, (style.write(name), Node::whole(tag, node))]))
        })
        .collect();
    let (latitude, longitude) = (random.fill("24.86%%%"), random.fill("67.00%%%"));
    let position = |text: String| Node::text(mark("precise_location", text));
    let number = |text: &str| Node::Bare(mark("precise_location", text));
    let place = match seed {
        0 => ("location", Node::object([("lat", number(&latitude)), ("lng", number(&longitude))])),
        1 => ("gps", position(format!("{latitude},{longitude}"))),
        2 => ("coordinates", position(format!("{latitude}, {longitude}"))),
        3 => ("geo_point", position(format!("{latitude},{longitude}"))),
        4 => (
            "position",
            Node::object([("latitude", position(latitude)), ("longitude", position(longitude))]),
        ),
        _ => (
            "geometry",
            Node::object([
                ("type", Node::text("Point")),
                (
                    "coordinates",
                    Node::whole(
                        "precise_location",
                        Node::Array(vec![Node::Bare(longitude), Node::Bare(latitude)]),
                    ),
                ),
            ]),
        ),
    };
    documents.push(json(&format!("plain/structure/place/{seed}"), &Node::object([place])));
    documents
}

/// Hashes keep the category of what was hashed.
fn hashed() -> Document {
    let mut random = Random::named("hashed");
    let fields = [
        ("imei_md5", "imei", 32),
        ("email_sha256", "email", 64),
        ("phone_sha1", "phone", 40),
        ("mac_md5", "mac", 32),
        ("idfaMd5", "advertising_id", 32),
        ("androidIdSha1", "device_id", 40),
        ("mobile_no_md5", "phone", 32),
    ];
    json(
        "plain/hashed",
        &Node::object(
            fields.map(|(name, tag, length)| (name, Node::text(mark(tag, random.hex(length))))),
        ),
    )
}

fn dual_sim() -> Document {
    let mut random = Random::named("dual");
    let fields = [
        ("imei1", "imei"),
        ("imei2", "imei"),
        ("imsi1", "imsi"),
        ("imsi2", "imsi"),
        ("phone1", "phone"),
        ("phone2", "phone"),
    ];
    json(
        "plain/dual-sim",
        &Node::object(
            fields.map(|(name, tag)| {
                (name, Node::text(mark(tag, (Kind::of(tag).make)(&mut random))))
            }),
        ),
    )
}

/// Identifiers as JSON numbers.
fn numbers() -> Document {
    let mut random = Random::named("numbers");
    let fields = ["imei", "imsi", "account_id", "cell_id", "lac", "mcc", "age"];
    let fields = fields.map(|tag| {
        (Kind::of(tag).names[0], Node::Bare(mark(tag, (Kind::of(tag).make)(&mut random))))
    });
    json("plain/numbers", &Node::object(fields))
}

/// The short names of a push SDK, all of them together.
fn envelope(seed: usize) -> Document {
    let id = format!("plain/envelope/{seed}");
    let mut random = Random::named(&id);
    let fields = [
        ("ie", "imei"),
        ("ma", "mac"),
        ("wb", "bssid"),
        ("is1", "imsi"),
        ("phn", "phone"),
        ("op", "operator"),
        ("ll", "language"),
    ];
    let flat: Flat = fields
        .iter()
        .map(|(name, tag)| field(*name, tag, (Kind::of(tag).make)(&mut random)))
        .collect();
    match seed {
        0 => json(&id, &body::object_of(&flat)),
        1 => {
            let mut document = Document::new(id, Group::Plain);
            document.target(&format!("/push/register?{}", body::query(&flat)));
            document
        }
        _ => {
            let mut document = Document::new(id, Group::Plain);
            document.body("application/x-www-form-urlencoded", body::form(&flat));
            document
        }
    }
}
