//! A day of an electronics company's egress, in a few dozen calls. Everybody in them is invented.
//!
//! Each call says what it is expected to come to, so that a test holds the demonstration to its word.

use serde_json::{Value, json};

use crate::domain::Effect::{self, Allow, Block, Redact};

/// The three places of the demonstration: id, city, country.
pub(super) const CENTRES: [(&str, &str, &str); 3] = [
    ("mi-dc-beijing", "Beijing", "CN"),
    ("mi-dc-us", "Ashburn", "US"),
    ("mi-dc-singapore", "Singapore", "SG"),
];

const BEIJING: usize = 0;
const US: usize = 1;
const SINGAPORE: usize = 2;

/// One call on its way out.
pub(super) struct Call {
    pub(super) title: &'static str,
    /// Whose data it is.
    pub(super) origin: &'static str,
    /// Index into [`CENTRES`].
    pub(super) centre: usize,
    pub(super) purpose: &'static str,
    /// What else the calling service knows, in the shape of a decision request.
    pub(super) facts: Value,
    pub(super) target: &'static str,
    pub(super) payload: Payload,
    pub(super) expected: Effect,
}

pub(super) enum Payload {
    None,
    Json(Value),
    /// Sent with `Content-Encoding: gzip`.
    Gzip(Value),
    /// As it stands, with its media type.
    Raw(&'static str, &'static [u8]),
}

impl Call {
    fn new(
        title: &'static str,
        (origin, centre): (&'static str, usize),
        purpose: &'static str,
        payload: Payload,
        expected: Effect,
    ) -> Self {
        Self { title, origin, centre, purpose, facts: json!({}), target: "/", payload, expected }
    }

    fn knowing(mut self, facts: Value) -> Self {
        self.facts = facts;
        self
    }

    fn at(mut self, target: &'static str) -> Self {
        self.target = target;
        self
    }
}

/// A subject who agreed to the service, and to whatever else is given.
fn subject(consents: &[Value], more: Value) -> Value {
    let service = json!({"scope": "service", "type": "explicit", "policy_version": "2019-03-18", "given_at": "2020-01-10T08:00:00Z"});
    let mut consents = consents.to_vec();
    consents.insert(0, service);
    let mut subject = json!({"age": 29, "minor": false, "verified": true, "consents": consents});
    merge(&mut subject, more);
    json!({ "subject": subject })
}

fn consent(scope: &str) -> Value {
    json!({"scope": scope, "type": "separate_explicit", "policy_version": "2019-03-18", "given_at": "2026-02-01T08:00:00Z"})
}

fn courier(valid_from: &str) -> Value {
    provider("courier-x", "delivery", valid_from)
}

/// A provider with a contract on file.
fn provider(id: &str, kind: &str, valid_from: &str) -> Value {
    json!({
        "recipient": {"class": "service_provider", "kind": kind, "id": id},
        "mechanisms": [{"type": "processor_contract", "id": format!("DPA-{id}"), "recipients": [id],
            "valid_from": valid_from, "valid_until": "2027-12-31", "confidentiality": true}],
    })
}

/// `more` wins over `base`; objects are merged one level deep.
pub(super) fn merge(base: &mut Value, more: Value) {
    if let (Value::Object(base), Value::Object(more)) = (base, more) {
        base.extend(more);
    }
}

fn with(mut base: Value, more: Value) -> Value {
    merge(&mut base, more);
    base
}

#[expect(clippy::too_many_lines, reason = "a list, one entry after the other")]
pub(super) fn calls() -> Vec<Call> {
    use Payload::{Gzip, Json, None as Nothing, Raw};
    let courier_parcel = json!({"order_no": "MI-PK-20261109-0012", "name": "Sana Khan", "phone": "+923001234567",
        "address": "House 12, Street 4, Gulshan", "postal_code": "75300"});
    let marketing = json!({"name": "Sana Khan", "email": "sana.k@example.pk", "purchase_history": [{"sku": "band-7"}]});
    vec![
        // --- Devices and accounts
        Call::new(
            "Phone activation",
            ("PK", SINGAPORE),
            "service_activation",
            Json(json!({"device": {"imei": "867619040000019", "mac": "64:CC:2E:AA:BB:01"}, "mobile": "+923451112233"})),
            Allow,
        )
        .at("/v1/activate"),
        Call::new(
            "Activation with birthday and e-mail slipped in",
            ("PK", SINGAPORE),
            "service_activation",
            Json(json!({"device": {"imei": "867619040000019"}, "user": {"birthday": "1996-04-12", "email": "sana.k@example.pk", "mobile": "+923451112233"}})),
            Redact,
        )
        .at("/v1/activate"),
        Call::new(
            "The same, gzip-compressed",
            ("PK", BEIJING),
            "service_activation",
            Gzip(json!({"device": {"imei": "867619040000019"}, "user": {"birthday": "1996-04-12", "mobile": "+923451112233"}})),
            Redact,
        )
        .at("/v1/activate"),
        Call::new(
            "SIM activation failure, to the operator",
            ("PK", SINGAPORE),
            "activation_failure_diagnosis",
            Json(json!({"mcc": "410", "mnc": "03", "lac": 4021, "cell_id": 118822, "network_operator": "Ufone"})),
            Allow,
        )
        .knowing(json!({"recipient": {"class": "network_operator", "id": "roaming-operator-sg"}})),
        Call::new(
            "Cloud sync of a call log",
            ("PK", US),
            "cloud_sync",
            Json(json!({"mi_id": "1802345671", "call_log": [{"number": "+923009998888", "duration": 12}]})),
            Allow,
        )
        .at("/v2/sync"),
        Call::new(
            "Cloud sync, SMS permission revoked on the phone",
            ("PK", US),
            "cloud_sync",
            Json(json!({"mi_id": "1802345671", "sms": [{"address": "+923005554444", "body": "salam"}], "call_log": [{"number": "+923009998888", "duration": 12}]})),
            Redact,
        )
        .knowing(subject(&[], json!({"settings": {"permission.sms": false, "permission.call_log": true}})))
        .at("/v2/sync"),
        Call::new(
            "Cloud sync that the user has switched off",
            ("PK", US),
            "cloud_sync",
            Json(json!({"mi_id": "1802345671", "contacts": [{"name": "Bilal", "phone": "+923331112222"}]})),
            Block,
        )
        .knowing(subject(&[], json!({"settings": {"cloud_sync": false}})))
        .at("/v2/sync"),
        Call::new(
            "Cloud sync from India",
            ("IN", BEIJING),
            "cloud_sync",
            Json(json!({"mi_id": "1802345999", "contacts": [{"name": "Arjun", "phone": "+919812345678"}]})),
            Allow,
        )
        .at("/v2/sync"),
        Call::new(
            "Find my device, with its exact position",
            ("PK", BEIJING),
            "find_device",
            Json(json!({"imei": "867619040000019", "latitude": 24.860735, "longitude": 67.001137})),
            Allow,
        ),
        Call::new(
            "Message routing",
            ("PK", BEIJING),
            "messaging",
            Json(json!({"sender_phone": "+923451112233", "recipient_phone": "+923009998888", "message_id": "m-20261123-77"})),
            Allow,
        ),
        // --- Shop
        Call::new(
            "Order",
            ("PK", SINGAPORE),
            "order_fulfilment",
            Json(json!({"order_no": "MI-PK-20261123-0107", "name": "Sana Khan", "email": "sana.k@example.pk", "phone": "+923001234567",
                "address": "House 12, Street 4, Gulshan", "items": [{"sku": "band-7", "quantity": 1}]})),
            Allow,
        )
        .at("/shop/orders"),
        Call::new(
            "Parcel to the courier",
            ("PK", SINGAPORE),
            "order_delivery",
            Json(courier_parcel.clone()),
            Allow,
        )
        .knowing(courier("2025-01-01"))
        .at("/courier/parcels"),
        Call::new(
            "Parcel with IMEI and birthday",
            ("PK", SINGAPORE),
            "order_delivery",
            Json(with(courier_parcel.clone(), json!({"imei": "352099001761481", "birthday": "1996-04-12"}))),
            Redact,
        )
        .knowing(courier("2025-01-01"))
        .at("/courier/parcels"),
        Call::new(
            "Parcel to a courier whose contract starts next year",
            ("PK", SINGAPORE),
            "order_delivery",
            Json(courier_parcel),
            Block,
        )
        .knowing(courier("2027-12-01"))
        .at("/courier/parcels"),
        Call::new(
            "Tracking link that carries an IMEI in its query",
            ("PK", SINGAPORE),
            "parcel_tracking",
            Nothing,
            Redact,
        )
        .at("/track?order_no=MI-PK-20261109-0012&imei=352099001761481"),
        // --- Push and marketing
        Call::new(
            "Push registration",
            ("PK", SINGAPORE),
            "push_service",
            Json(json!({"mi_id": "1802345671", "imei": "867619040000019", "language": "ur-PK"})),
            Allow,
        ),
        Call::new(
            "Push after the user opted out",
            ("PK", SINGAPORE),
            "push_service",
            Json(json!({"mi_id": "1802345671", "imei": "867619040000019"})),
            Block,
        )
        .knowing(subject(&[], json!({"opt_outs": ["push"]}))),
        Call::new(
            "Marketing without consent",
            ("PK", SINGAPORE),
            "direct_marketing",
            Json(marketing.clone()),
            Block,
        )
        .at("/campaigns/eid"),
        Call::new(
            "Marketing with consent",
            ("PK", SINGAPORE),
            "direct_marketing",
            Json(marketing.clone()),
            Allow,
        )
        .knowing(subject(&[consent("direct_marketing")], json!({})))
        .at("/campaigns/eid"),
        Call::new(
            "Marketing with consent, e-mail unsubscribed",
            ("PK", SINGAPORE),
            "direct_marketing",
            Json(marketing.clone()),
            Redact,
        )
        .knowing(subject(&[consent("direct_marketing")], json!({"opt_outs": ["email_marketing"]})))
        .at("/campaigns/eid"),
        Call::new(
            "Marketing to a child",
            ("PK", SINGAPORE),
            "direct_marketing",
            Json(marketing.clone()),
            Block,
        )
        .knowing(subject(&[consent("direct_marketing"), consent("guardian")], json!({"age": 12, "minor": true})))
        .at("/campaigns/eid"),
        Call::new(
            "A partner's own marketing",
            ("PK", US),
            "partner_marketing",
            Json(marketing.clone()),
            Block,
        )
        .knowing(with(subject(&[consent("direct_marketing")], json!({})), json!({"recipient": {"class": "business_partner", "id": "partner-7"}}))),
        Call::new(
            "Sale of personal data, with consent",
            ("PK", US),
            "data_sale",
            Json(marketing),
            Block,
        )
        .knowing(with(subject(&[consent("new_purpose:data_sale")], json!({})), json!({"recipient": {"class": "third_party", "id": "data-buyer"}}))),
        // --- Analytics
        Call::new(
            "Crash report of the experience programme, joined",
            ("PK", SINGAPORE),
            "user_experience_program",
            Json(json!({"device_id": "d3b0c442-98fc-4c14-9afb-0000f3a1c7e2", "app_usage": [{"app": "gallery", "minutes": 14}]})),
            Allow,
        )
        .knowing(subject(&[consent("user_experience_program")], json!({"settings": {"user_experience_program": true}}))),
        Call::new(
            "The same without joining",
            ("PK", SINGAPORE),
            "user_experience_program",
            Json(json!({"device_id": "d3b0c442-98fc-4c14-9afb-0000f3a1c7e2", "app_usage": [{"app": "gallery", "minutes": 14}]})),
            Block,
        )
        .knowing(subject(&[], json!({"settings": {"user_experience_program": false}}))),
        Call::new(
            "Web analytics with a customer's e-mail attached",
            ("PK", US),
            "web_analytics",
            Json(json!({"cookie_id": "ck-77ab10", "referrer": "https://www.example.pk/phones", "email": "sana.k@example.pk"})),
            Redact,
        )
        .knowing(with(provider("analytics-1", "analytics", "2025-01-01"), json!({"source_host": "www.mi.com"}))),
        Call::new(
            "Aggregate statistics to an advertiser",
            ("PK", US),
            "statistics",
            Json(json!({"month": "2026-10", "phones_sold": 48210, "by_city": {"Karachi": 17920, "Lahore": 12044}})),
            Allow,
        )
        .knowing(json!({"recipient": {"class": "third_party", "id": "advertiser-1"}})),
        // --- Other jurisdictions
        Call::new(
            "Support case from Ireland, no transfer instrument",
            ("IE", BEIJING),
            "customer_support",
            Json(json!({"name": "Aoife Byrne", "email": "aoife.byrne@example.ie", "feedback": "screen flickers"})),
            Block,
        )
        .knowing(json!({"recipient": {"class": "affiliate", "id": "xiaomi-cn"}})),
        Call::new(
            "The same with clauses, assessment and safeguards",
            ("IE", BEIJING),
            "customer_support",
            Json(json!({"name": "Aoife Byrne", "email": "aoife.byrne@example.ie", "feedback": "screen flickers"})),
            Allow,
        )
        .knowing(json!({"recipient": {"class": "affiliate", "id": "xiaomi-cn"}, "mechanisms": [
            {"type": "eu_scc", "id": "SCC-M1-CN", "valid_from": "2025-01-01", "valid_until": "2027-12-31", "destinations": ["CN"]},
            {"type": "eu_tia", "id": "TIA-CN", "valid_from": "2025-01-01", "valid_until": "2027-12-31", "destinations": ["CN"], "supplementary_measures": true}]})),
        Call::new(
            "Support case from Singapore to a certified affiliate",
            ("SG", US),
            "customer_support",
            Json(json!({"name": "Tan Wei Ling", "email": "weiling.tan@example.sg"})),
            Allow,
        )
        .knowing(json!({"recipient": {"class": "affiliate", "id": "xiaomi-us"}, "mechanisms": [
            {"type": "global_cbpr", "id": "CBPR-88", "valid_from": "2026-03-02", "valid_until": "2027-03-01", "destinations": ["US"], "recipients": ["xiaomi-us"]}]})),
        Call::new(
            "Backup of the 100,001st American's device to Beijing",
            ("US", BEIJING),
            "backup",
            Json(json!({"imei": "352099001761481", "mi_id": "2200011"})),
            Block,
        )
        .knowing(json!({"recipient": {"class": "first_party_facility", "id": "mi-dc-beijing", "covered_person": true},
            "counters": {"us_bulk": {"identifiers": 100_001}}})),
        Call::new(
            "Chinese customers' data abroad, nothing filed",
            ("CN", SINGAPORE),
            "customer_support",
            Json(json!({"name": "王小明", "phone": "+8613800138000"})),
            Block,
        )
        .knowing(json!({"recipient": {"class": "affiliate", "id": "xiaomi-affiliate-cloud"}, "counters": {"cn_ytd_ordinary": 400_000}})),
        // --- What nobody can read, and tricks
        Call::new(
            "An encrypted blob",
            ("PK", SINGAPORE),
            "cloud_sync",
            Raw("application/octet-stream", b"\x8f\x13\xd1\x00\x9c\xb7\xfe\x01\x44\x90\xa2\xee\x3b\xc8\x05\x71"),
            Block,
        ),
        Call::new(
            "JSON that stops half-way",
            ("PK", SINGAPORE),
            "service_activation",
            Raw("application/json", br#"{"imei": "867619040000019", "user": {"ema"#),
            Block,
        ),
        Call::new(
            "A second e-mail behind the same key",
            ("PK", SINGAPORE),
            "service_activation",
            Raw("application/json", br#"{"imei": "867619040000019", "note": "ok", "note": "sana.k@example.pk"}"#),
            Redact,
        ),
        Call::new(
            "A MAC address behind a meaningless key",
            ("PK", SINGAPORE),
            "order_delivery",
            Json(json!({"order_no": "MI-PK-20261109-0012", "name": "Sana Khan", "hw": "64:CC:2E:AA:BB:01"})),
            Redact,
        )
        .knowing(courier("2025-01-01")),
        Call::new(
            "A purpose nobody registered",
            ("PK", SINGAPORE),
            "because_we_can",
            Json(json!({"email": "sana.k@example.pk"})),
            Block,
        ),
    ]
}
