//! Words that announce something, in sentences that go on otherwise; and codes to sign in with.

use super::{Bench, check};

#[track_caller]
pub(super) fn reads(rows: &[(&str, &[&str])]) {
    let mut bench = Bench::new();
    let mut wrong = String::new();
    for (text, expected) in rows {
        let mut found = bench.prose(text);
        found.sort();
        let mut expected: Vec<&str> = expected.to_vec();
        expected.sort_unstable();
        if found != expected {
            wrong.push_str(&format!("{text}\n  found    {found:?}\n  expected {expected:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_word_of_thanks_or_of_whoever_reads_it_announces_nobody() {
    reads(&[
        ("เรียน คุณสมศรี วงศ์ทอง", &["name=สมศรี วงศ์ทอง"]),
        ("ติดต่อคุณสมชาย ใจดี", &["name=สมชาย ใจดี"]),
        ("ขอบคุณที่ใช้บริการ", &[]),
        ("ขอบคุณสำหรับการสั่งซื้อ ยอดรวม 250 บาท", &[]),
        ("บัญชีของคุณถูกระงับชั่วคราว", &[]),
        ("คุณสามารถติดต่อเราได้", &[]),
        ("คุณสอบถามรายละเอียดเพิ่มเติมได้ที่นี่", &[]),
    ]);
}

#[test]
fn what_is_said_of_a_name_is_none() {
    reads(&[
        ("मेरा नाम सुनीता शर्मा है", &["name=सुनीता शर्मा"]),
        ("मेरा नाम गलत छपा है", &[]),
        ("मेरा नाम सूची में नहीं है", &[]),
        ("میرا نام عائشہ صدیقی ہے", &["name=عائشہ صدیقی"]),
        ("میرا نام فہرست میں نہیں ہے", &[]),
        ("اسمي ليلى حداد", &["name=ليلى حداد"]),
        ("اسمي غير موجود في القائمة", &[]),
        ("اسمي مكتوب خطأ", &[]),
        ("お名前は中村様です。", &["name=中村"]),
        ("お名前は必須です。", &[]),
        ("Ich heiße Wiebke Petersen", &["name=Wiebke Petersen"]),
        ("Ich heiße Sie herzlich willkommen", &[]),
        ("I am Very Unhappy With This", &[]),
        ("김하은 고객님", &["name=김하은"]),
        ("문의는 고객센터로 해 주세요.", &[]),
        ("배송은 고객 센터에서", &[]),
    ]);
}

#[test]
fn names_behind_more_words_that_announce_one() {
    reads(&[
        ("Please change it to the name of Ngozi Balogun.", &["name=Ngozi Balogun"]),
        ("A la atención de D. Joaquín Peralta", &["name=Joaquín Peralta"]),
        ("Termin für Matthias Brückner", &["name=Matthias Brückner"]),
        ("Leila will call Pieter van Wyk", &["name=Pieter van Wyk"]),
        ("Договор заключён с Орловым Дмитрием Олеговичем", &["name=Орловым Дмитрием Олеговичем"]),
        ("Договор заключён с ООО Ромашка", &[]),
    ]);
}

#[test]
fn codes_are_found_in_the_words_that_they_are_sent_with() {
    reads(&[
        ("G-448213 is your Google verification code.", &["otp=448213"]),
        ("448213 is your OTP", &["otp=448213"]),
        ("448 213 is your Acme code", &["otp=448 213"]),
        ("OTP for txn of INR 1,500 at BREWLINE is 448213. Do not share.", &["otp=448213"]),
        ("Use 448213 to log in to Acme. Code expires in 5 minutes.", &["otp=448213"]),
        ("Enter 7714 to verify your number", &["otp=7714"]),
        ("448213 est votre code de vérification", &["otp=448213"]),
        ("448213 adalah kode OTP kamu", &["otp=448213"]),
        ("448213 — ваш код подтверждения", &["otp=448213"]),
        // Other numbers are somebody's too, and other things have a code.
        ("448213 is your order number", &[]),
        ("27601 is your ZIP code", &[]),
        ("INR 1500 is your balance after the OTP", &[]),
        ("We sent 2000 to verify your account", &[]),
        ("1,4482 is your OTP", &[]),
    ]);
}

#[test]
fn labels_with_something_impersonal_behind_them() {
    reads(&[
        ("Address: see packaging", &[]),
        ("Password: minimum 12 characters", &[]),
        ("Password: Tr0ub4dor&3x", &["password=Tr0ub4dor&3x"]),
        ("IMEI: press *#06#", &[]),
        ("City: select", &[]),
        ("age: 118 seconds", &[]),
        ("age: 41", &["age=41"]),
        ("User: please wait", &[]),
        ("User: amalik7", &["username=amalik7"]),
        ("User: amalik logged in", &["username=amalik"]),
        ("Phone: 1234567890", &[]),
        ("Convictions: theft in 2016", &["criminal_history=theft in 2016"]),
        ("Voiceprint id: vp_9082d022e98855e535596348", &["voiceprint=vp_9082d022e98855e535596348"]),
        ("INFO started pid=10231 uid=1000 gid=1000", &[]),
        ("login ok uid=1029384756", &["account_id=1029384756"]),
        ("ip route add 10.1.0.0/16 via 198.51.100.7 dev eth1", &[]),
        ("client 198.51.100.7 signed in", &["ip_address=198.51.100.7"]),
    ]);
}

#[test]
fn more_words_before_numbers() {
    reads(&[
        ("he gave his number as 9731204499", &["phone=9731204499"]),
        ("WA aja di 081388417722 ya kak", &["phone=081388417722"]),
        ("getSubscriberId -> 510108745089169", &["imsi=510108745089169"]),
        ("connected to SSID \"Malik House 2.4G\"", &["ssid=Malik House 2.4G"]),
        ("عمر 34 سال", &["age=34"]),
    ]);
}

#[test]
fn whoever_ordered_stands_beside_what_was_ordered() {
    check(&[
        (
            r#"{"name":"Amina Malik","phone":"07911482207","qty":2}"#,
            &["/name name", "/phone phone"],
        ),
        (r#"{"duration_ms":"790","manufacturer":"HUAWEI"}"#, &["/manufacturer manufacturer"]),
        (r#"{"price":12,"qty":2,"name":"Larry Lamp"}"#, &[]),
        (r#"{"race":"Monaco GP","laps":78}"#, &[]),
        (r#"{"sponsor":"Jack Daniel's"}"#, &[]),
    ]);
}

#[test]
fn names_of_columns_are_no_values() {
    check(&[
        (r#"{"columns":["diagnosis","status"]}"#, &[]),
        (r#"{"columns":["religion","status","amount"]}"#, &[]),
        (r#"[["phone","0333 1234567"]]"#, &["/0/1 phone"]),
    ]);
}

#[test]
fn more_names_of_fields() {
    check(&[
        (r#"{"login_pin":"906417"}"#, &["/login_pin password"]),
        (r#"{"transaction_pin":"5267"}"#, &["/transaction_pin password"]),
        (r#"{"cvc_code":"318"}"#, &["/cvc_code card_security_code"]),
        (r#"{"환불계좌":"신한 110-447-182907"}"#, &["/환불계좌 bank_account"]),
        (r#"{"환불계좌":"신한 은행"}"#, &[]),
        (
            r#"{"phone":{"countryCode":"+92","nationalNumber":"3334471829"}}"#,
            &["/phone/countryCode country@PK", "/phone/nationalNumber phone"],
        ),
        (r#"{"hw_serial":"R58M428CA2D2"}"#, &["/hw_serial serial"]),
        (r#"{"生年月日":"昭和55年3月4日"}"#, &["/生年月日 date_of_birth"]),
        (r#"{"device":{"make":"OPPO"}}"#, &["/device/make manufacturer"]),
        (r#"{"imei":"press *#06#","hotline":"1-800-000-0000"}"#, &[]),
    ]);
}

#[test]
fn a_name_with_a_space_in_it_is_read_whole() {
    reads(&[
        ("Customer 鈴木 太郎 says", &["name=鈴木 太郎"]),
        ("Customer 鈴木　太郎 says", &["name=鈴木　太郎"]),
        ("Customer 김 지훈 called", &["name=김 지훈"]),
        ("Dear 王 伟, thank you", &["name=王 伟"]),
        ("Dear 佐藤 さくら様", &["name=佐藤 さくら"]),
        ("고객 남궁 민수 님", &["name=남궁 민수"]),
        ("고객 김 지훈이 문의", &["name=김 지훈"]),
        ("고객 이 상품 문의", &[]),
        ("고객 이 제품을 반품", &[]),
        ("Dear 鈴木 様", &["name=鈴木"]),
        ("Customer 김 배송 called", &[]),
    ]);
}

#[test]
fn an_address_behind_a_label_ends_before_the_next_one() {
    reads(&[
        (
            "Delivery address - House 119, Street 18, Lahore 54910\nDate of birth - 2001-07-03",
            &["address=House 119, Street 18, Lahore 54910", "date_of_birth=2001-07-03"],
        ),
        (
            "Delivery address = House 119, Street 18, Lahore 54910\nDate of birth = 2001-07-03",
            &["address=House 119, Street 18, Lahore 54910", "date_of_birth=2001-07-03"],
        ),
        (
            "Delivery address - 14 Lavelle Road, Ashok Nagar\nBengaluru - 560001",
            &["address=14 Lavelle Road, Ashok Nagar\nBengaluru - 560001"],
        ),
    ]);
}

#[test]
fn whom_a_street_or_a_town_is_called_after_does_not_live_there() {
    reads(&[
        (
            "العنوان: شارع الشيخ زايد، مبنى 58، شقة 38، دبي 11195",
            &["address=شارع الشيخ زايد، مبنى 58، شقة 38، دبي 11195"],
        ),
        ("العنوان: شارع الملك فهد، مبنى 58، الرياض", &["address=شارع الملك فهد، مبنى 58، الرياض"]),
        (
            "Địa chỉ - Số 79, đường Lê Lợi, phường Bến Nghé, TP. Hồ Chí Minh 701419\nSố điện thoại - +84914583740",
            &[
                "address=Số 79, đường Lê Lợi, phường Bến Nghé, TP. Hồ Chí Minh 701419",
                "phone=+84914583740",
            ],
        ),
        (
            "العنوان: خالد العلي، شارع الملك فهد 58، الرياض",
            &["address=شارع الملك فهد 58، الرياض", "name=خالد العلي"],
        ),
    ]);
}

#[test]
fn who_signs_in_by_a_command_or_is_said_to() {
    reads(&[
        (
            "Login from 203.0.113.8 by user priya33; done",
            &["ip_address=203.0.113.8", "username=priya33"],
        ),
        ("Cancelled by user request", &[]),
        ("Stopped by user order_list", &[]),
        (
            "curl -X POST https://api.example/login -u jihoon_k:RjbgpsYaLl -d 'mobile=010-3361-1441'",
            &["username=jihoon_k", "password=RjbgpsYaLl", "phone=010-3361-1441"],
        ),
        (
            "curl \\\n  --user \"sana_k:Gh 7x\" https://api.example",
            &["username=sana_k", "password=Gh 7x"],
        ),
        ("curl -u user:password https://api.example", &[]),
        ("curl -u $USER:$PASSWORD https://api.example", &[]),
        ("curl https://api.example\nsort -u first:second", &[]),
    ]);
}

#[test]
fn a_path_says_whose_it_is_wherever_it_stands() {
    reads(&[
        ("/v2/users/2494356524/orders", &["account_id=2494356524"]),
        ("Location: https://api.example/accounts/2494356524", &["account_id=2494356524"]),
        ("moved to /customers/2494356524, thanks", &["account_id=2494356524"]),
        ("/v2/orders/2494356524/items", &[]),
        ("/users/2494356524.png", &[]),
        ("/users/sessions/2494356524", &[]),
        ("gid://shop/Customer/2494356524", &[]),
        ("users/2494356524", &[]),
    ]);
}

#[test]
fn what_a_field_is_called_is_nobody_and_what_a_call_is_no_mailbox() {
    reads(&[
        ("Consignee Contact No.", &[]),
        ("Consignee Sana Khan", &["name=Sana Khan"]),
        (
            "INVITE sip:+4915122012385@ims.example SIP/2.0\nCall-ID: 5453445625bb81de@ims.example",
            &["phone=+4915122012385"],
        ),
    ]);
}

#[test]
fn names_of_columns_and_of_several_words_written_as_one_need_no_proof() {
    reads(&[
        (
            "INSERT INTO t (id, dna, religion) VALUES (7, 'rs429358:CT', 'Hindu');",
            &["genetic=rs429358:CT", "religion=Hindu"],
        ),
        ("id: 7\nheartrate: 72\nok: true", &["health=72"]),
        ("| id | jixing |\n|---|---|\n| 7 | Xiaomi 13T |", &["device_model=Xiaomi 13T"]),
        ("| Error | Genome |\n|---|---|\n| 7 | GRCh38 |", &[]),
    ]);
}
