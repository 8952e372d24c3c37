//! Whole payloads: what they yield, what is easily missed, and what has to stay clean.

use super::*;

#[test]
fn payloads_of_the_named_transfers() {
    check(&[
        (
            r#"{"device":{"imei":"356938035643809","macAddress":"64:CC:2E:10:20:30"},
                "user":{"birthday":"1994-02-03","email":"ali.r@example.pk","mobile":"+923331234567"}}"#,
            &[
                "/device/imei imei",
                "/device/macAddress mac",
                "/user/birthday date_of_birth",
                "/user/email email",
                "/user/mobile phone@PK",
            ],
        ),
        (
            r#"{"mi_id":"1700345671","sms":[{"address":"+923005550001","body":"kal milte hain"}],
                "call_log":[{"number":"+923005550002","duration":12}]}"#,
            &[
                "/mi_id account_id",
                "/sms sms{}!",
                "/sms/0/address phone!@PK",
                "/sms/0/body message_content!",
                "/call_log call_log{}!",
                "/call_log/0/number phone!@PK",
            ],
        ),
        (
            r#"{"mcc":"410","mnc":"03","lac":4021,"cell_id":118822,"network_operator":"Ufone"}"#,
            &[
                "/mcc mcc@PK",
                "/mnc mnc",
                "/lac lac",
                "/cell_id cell_id",
                "/network_operator operator",
            ],
        ),
        (
            r#"{"order_no":"MI-PK-20261109-0013","name":"Bilal Ahmed","phone":"+923001234000",
                "address":"House 7, Street 9, Johar","postal_code":"75290"}"#,
            &[
                "/order_no order_number",
                "/name name",
                "/phone phone@PK",
                "/address address",
                "/postal_code postal_code",
            ],
        ),
        (r#"{"name":"Bilal Ahmed","order_no":"52012"}"#, &["/name name", "/order_no order_number"]),
        (
            r#"{"device_id":"9774d56d682e549d","app_usage":14}"#,
            &["/device_id device_id", "/app_usage usage"],
        ),
        (
            r#"{"device_id":"9774d56d682e549d","crash_log":"ANR in com.miui.home"}"#,
            &["/device_id device_id", "/crash_log crash_log"],
        ),
        (r#"{"segment":"18-24 urban","bought_count":18230,"share":0.31}"#, &[]),
        (
            r#"{"mi_id":"1700345671","download_history":["theme-1","theme-2"]}"#,
            &["/mi_id account_id", "/download_history download_history{}"],
        ),
        (
            r#"{"latitude":24.86073,"longitude":67.00114}"#,
            &["/latitude precise_location", "/longitude precise_location"],
        ),
        (
            r#"{"sender_phone":"+923001234000","recipient_phone":"+923219876000","mi_message_id":"mm-88120032"}"#,
            &["/sender_phone phone@PK", "/recipient_phone phone@PK", "/mi_message_id message_id"],
        ),
        (
            r#"{"nickname":"bilalA","forum_post":"Battery drains fast","email":"ali.r@example.pk"}"#,
            &["/nickname username", "/forum_post forum_post", "/email email"],
        ),
        (
            r#"{"mi_id":"1700345671","msg_body":"turn on the lamp"}"#,
            &["/mi_id account_id", "/msg_body message_content"],
        ),
        (
            r#"{"name":"Bilal Ahmed","imei":"356938035643809","gender":"M"}"#,
            &["/name name", "/imei imei", "/gender gender"],
        ),
        (
            r#"{"imei":"356938035643809","sim_serial":"8992541123456789029","msisdn":"923331234567"}"#,
            &["/imei imei", "/sim_serial iccid@PK", "/msisdn phone@PK"],
        ),
        (
            r#"{"mi_id":"2209981000","notes":"chai lana hai"}"#,
            &["/mi_id account_id", "/notes notes"],
        ),
        (
            r#"{"imsi":"404451234500000","phone":"+919876500000"}"#,
            &["/imsi imsi@IN", "/phone phone@IN"],
        ),
        (
            r#"{"mi_id":"310022000","name":"李娜","phone":"+8613800138111"}"#,
            &["/mi_id account_id", "/name name", "/phone phone@CN"],
        ),
        (
            r#"{"mi_id":"310022000","track":[{"lat":39.90403,"lng":116.40753,"ts":1763880000}]}"#,
            &[
                "/mi_id account_id",
                "/track track{}",
                "/track/0/lat precise_location",
                "/track/0/lng precise_location",
            ],
        ),
        (
            r#"{"name":"Jordan Lee","account_no":"000123456000"}"#,
            &["/name name", "/account_no bank_account"],
        ),
        (r#"{"name":"佐藤 花","email":"hana@example.jp"}"#, &["/name name", "/email email"]),
        (
            r#"{"order_no":"52011999","name":"Bilal Ahmed","hw":"64:CC:2E:12:34:57"}"#,
            &["/order_no order_number", "/name name", "/hw mac"],
        ),
        (
            r#"{"email":"ali.r@example.pk","feedback_text":"camera crashes","contacts":[{"name":"Amma","phone":"+923009990001"}]}"#,
            &[
                "/email email",
                "/feedback_text feedback_text",
                "/contacts contacts{}!",
                "/contacts/0/name name!",
                "/contacts/0/phone phone!@PK",
            ],
        ),
        (r#"{"name":"민지","birthday":"2015-03-03"}"#, &["/name name", "/birthday date_of_birth"]),
    ]);
}

#[test]
fn pitfalls() {
    check(&[
        // Luhn-valid fifteen digits are not always an IMEI.
        (r#"{"order_no":"356938035643809"}"#, &["/order_no order_number"]),
        (r#"{"timestamp":"356938035643809"}"#, &[]),
        (r#"{"x":"356938035643809"}"#, &["/x imei"]),
        (r#"{"x":"123456789012347"}"#, &[]),
        // IMSI needs an assigned country code, IMEI its check digit.
        (r#"{"imsi":"410011234567890"}"#, &["/imsi imsi@PK"]),
        // Epochs, mobile numbers and order numbers against national numbers.
        (r#"{"created":1700000000000,"t":1700000000000,"at_ms":"1700000000000"}"#, &[]),
        (r#"{"v":"234123412346"}"#, &[]),
        (r#"{"v":"2341 2341 2346"}"#, &["/v in_aadhaar@IN"]),
        (r#"{"v":"42201-1234568-1"}"#, &["/v pk_cnic@PK"]),
        // Coordinates in their forms.
        (
            r#"{"lat":"24.8607","lng":"67.0011"}"#,
            &["/lat precise_location", "/lng precise_location"],
        ),
        (r#"{"where":"24.8607,67.0011"}"#, &["/where precise_location"]),
        (r#"{"lat":24860700,"lng":67001100}"#, &["/lat precise_location", "/lng precise_location"]),
        (
            r#"{"geometry":{"type":"Point","coordinates":[67.00114,24.86073]}}"#,
            &[
                "/geometry/coordinates/0 precise_location",
                "/geometry/coordinates/1 precise_location",
            ],
        ),
        (r#"{"gps":"24°51'38.6\"N 67°00'04.1\"E"}"#, &["/gps precise_location"]),
        (r#"{"lat":24.8,"lng":67.0}"#, &["/lat imprecise_location", "/lng imprecise_location"]),
        // Hashes keep their category.
        (r#"{"imei_md5":"d41d8cd98f00b204e9800998ecf8427e"}"#, &["/imei_md5 imei#"]),
        (
            r#"{"email_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#,
            &["/email_sha256 email#"],
        ),
        (r#"{"phone":"d41d8cd98f00b204e9800998ecf8427e"}"#, &["/phone phone#"]),
        (r#"{"md5":"d41d8cd98f00b204e9800998ecf8427e"}"#, &[]),
        // Abbreviations count only inside an envelope of the SDK.
        (r#"{"ie":"356938035643809x","ma":"n","at":24.86073,"lt":67.00114}"#, &[]),
        (
            r#"{"mz_push":{"ie":"356938035643809","at":24.86073,"lt":67.00114,"phn":"03001234567"}}"#,
            &[
                "/mz_push/ie imei",
                "/mz_push/at precise_location",
                "/mz_push/lt precise_location",
                "/mz_push/phn phone",
            ],
        ),
        // Names in other scripts, digits in other scripts.
        (r#"{"手机号":"13800138111"}"#, &["/手机号 phone"]),
        (r#"{"फ़ोन":"९८७६५००००१"}"#, &["/फ़ोन phone"]),
        (r#"{"phone":"۰۳۰۰۱۲۳۴۰۰۰"}"#, &["/phone phone"]),
        (r#"{"imei":"３５６９３８０３５６４３８０９"}"#, &["/imei imei"]),
        // Placeholders.
        (
            r#"{"imei":"000000000000000","mac":"02:00:00:00:00:00","name":"unknown","phone":"N/A",
                "idfa":"00000000-0000-0000-0000-000000000000","email":null,"ip":"0.0.0.0","ssid":"<unknown ssid>"}"#,
            &[],
        ),
    ]);
}

#[test]
fn hard_negatives_stay_clean() {
    check(&[
        (
            r#"{"version":"12.5.3.0","build":"20241105123456","sha":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}"#,
            &[],
        ),
        (
            r#"{"id":"38400000-8cf0-11bd-b23e-10b96e40000d","ean":"4006381333931","isbn":"9780306406157"}"#,
            &[],
        ),
        (r#"{"price":129999,"amount":"4111111111111111","total":1234567890}"#, &[]),
        (r#"{"created_at":"2024-05-12T10:11:12.123456Z","expires":1763880000}"#, &[]),
        (r#"{"host":"api-01.example.org","url":"https://example.org/a/123456789012"}"#, &[]),
        (
            r#"{"email_verified":true,"phone_type":"mobile","email_template":"welcome","isPhone":"yes"}"#,
            &[],
        ),
        (r#"{"text":"Order 1234567890 shipped on 2024-05-12, version 1.2.3.4"}"#, &[]),
        (r#"{"ssh_url":"git@code.example.org:octo/hello.git","logo":"logo@2x.png"}"#, &[]),
        (r#"{"card":"4111111111111112"}"#, &[]),
        (r#"{"status":"active","state":"open","type":"User","operator":">="}"#, &[]),
        (r#"{"ip":"10.0.0.1","gateway":"192.168.1.1"}"#, &[]),
        (r#"{"size":"24.8607","ratio":0.123456,"x":"1,234.56"}"#, &[]),
        (r#"{"dependencies":{"passport":"^0.6.0","uid":"2.0.2"}}"#, &[]),
        (
            r#"{"password":"${DB_PASSWORD}","pwd":"{{ .Values.password }}","pass":"[FILTERED]"}"#,
            &[],
        ),
        (
            r#"{"packageVerificationCode":{"value":"d6a770ba38583ed4bb4525bd96e50461655d2758"}}"#,
            &[],
        ),
        (r#"{"cert":"AKFeTjy7U9rvPX2PrrzoSeJLoxKq+GwuyCZ5LhXRN0p1a+NAirTAmY+c"}"#, &[]),
        (r#"{"id":"12:34:56:80:00:12:ac:f2","oid":"2.5.29.32"}"#, &[]),
        (r#"{"addresses":[{"type":"Hostname","address":"kubernetes-node-6jst"}]}"#, &[]),
        (r#"{"viewport":{"northeast":{"lat":37.4239627802915,"lng":-122.0829089197085}}}"#, &[]),
        (r#"{"customer":{"state":"disabled"},"languages":["python"],"language":"go"}"#, &[]),
        (r#"{"certificate":{"fingerprint":"mBkP2lqX9wRz4tYv8sNc"}}"#, &[]),
        (r#"{"build-id":"arn:aws:codebuild:us-west-2:123456789012:build/project"}"#, &[]),
    ]);
}
