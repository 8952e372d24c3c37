//! Texts: values by their form, and what the labels in them say.

use super::Bench;

/// Of more cells than are kept each is judged, by what all columns show.
#[test]
fn a_long_table_in_a_text_is_read_to_its_end() {
    let text = format!("sku,dob,qty\n{}", "x,1996-04-12,1\n".repeat(2000));
    assert_eq!(Bench::new().prose(&text), ["date_of_birth=1996-04-12"; 2000]);
}

#[test]
fn values_inside_prose() {
    let mut bench = Bench::new();
    for (text, expected) in [
        (
            "Write to ali.r@example.pk or call +92 333 1234567.",
            &["email=ali.r@example.pk", "phone=+92 333 1234567"][..],
        ),
        ("Call me at 0333-1234567 tomorrow", &["phone=0333-1234567"]),
        ("visitor: 0092 333 1234567", &["phone=0092 333 1234567"]),
        ("batch 0011 222 333444", &[]),
        ("call (415) 555-0132 now", &["phone=(415) 555-0132"]),
        ("my number is 9876500001", &["phone=9876500001"]),
        ("我的手机13800138111", &["phone=13800138111"]),
        ("card 4111 1111 1111 1111 exp 12/27", &["card=4111 1111 1111 1111", "card_expiry=12/27"]),
        ("IBAN PK36 SCBL 0000 0011 2345 6702 please", &["iban=PK36 SCBL 0000 0011 2345 6702"]),
        ("login from 39.40.12.199:443", &["ip_address=39.40.12.199"]),
        ("from ip 8.8.8.8 again", &["ip_address=8.8.8.8"]),
        ("peer 2001:db8::8a2e:370:7334 up", &["ip_address=2001:db8::8a2e:370:7334"]),
        ("wlan0 64:cc:2e:12:34:57 associated", &["mac=64:cc:2e:12:34:57"]),
        ("my cnic is 42201-1234568-1.", &["pk_cnic=42201-1234568-1"]),
        ("seen at 24.8607, 67.0011 today", &["precise_location=24.8607, 67.0011"]),
        ("imei: 356938035643809", &["imei=356938035643809"]),
        ("2024-05-12 10:11:12 INFO took 123456 us", &[]),
        ("ticket 9876500001 closed", &[]),
        ("version 10.4.2.1 of build 20241105", &[]),
        ("remote 91.8.44.61:443", &["ip_address=91.8.44.61"]),
        ("GET /mobile/cart HTTP/1.1 200 2326", &[]),
        ("POST /api/sms/send 201 3345 0.012", &[]),
        ("started m=+118.777986380 on the phone", &[]),
        ("Dear Hiring Manager, hello", &[]),
        ("signed by Mr. Max Weber today", &["name=Max Weber"]),
        ("Sehr geehrte Frau Schuster, danke", &["name=Schuster"]),
        ("Меня зовут Ольга Смирнова", &["name=Ольга Смирнова"]),
        ("passport no AB1234567 seen", &["passport=AB1234567"]),
        ("bitte an Lindenstr. 5, 10969 Berlin", &["address=Lindenstr. 5, 10969 Berlin"]),
        ("always 5, 10969 times", &[]),
        ("https://example.org/i/4111111111111111", &[]),
        ("ratio 0.4111111111111111", &[]),
        ("See you there. Thanks, Travis", &["first_name=Travis"]),
        ("Hello Deepika, we land at nine", &["first_name=Deepika"]),
        ("Hello World, we land at nine", &[]),
        ("the traveller Farhan Abbasi has left", &["name=Farhan Abbasi"]),
        ("the traveller Night Train has left", &[]),
        ("Заявитель Елена Лебедева просит", &["name=Елена Лебедева"]),
        (
            "| Field | Value |\n|---|---|\n| Phone | 0333 1234567 |\n| Order | 9876500001 |",
            &["phone=0333 1234567"],
        ),
        (
            "203.0.113.9 - ana7 [14/Jan/2026:08:12:44 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"Dalvik/2.1.0 (Linux)\"\n\
             203.0.113.9 - - [14/Jan/2026:08:12:44 -0500] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"\n\
             203.0.113.9 - omar [14/Jan/2026:08:12:44 +0000] \"GET / HTTP/1.1\" 200 5",
            &[
                "ip_address=203.0.113.9",
                "username=ana7",
                "user_agent=Dalvik/2.1.0 (Linux)",
                "ip_address=203.0.113.9",
                "ip_address=203.0.113.9",
                "username=omar",
            ],
        ),
        ("a - ana7 [14.01.2026 08:12] \"GET /\"", &[]),
        (
            "203.0.113.9 - - [14/Jan/2026:08:12:44 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"okhttp/4.12.0\"\n\
             203.0.113.9 - - [14/Jan/2026:08:12:44 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl/8.4.0\"",
            &["ip_address=203.0.113.9", "user_agent=okhttp/4.12.0", "ip_address=203.0.113.9"],
        ),
        (
            "POST /v2/users/40001234/profile?user=7 HTTP/1.1\nHost: api.example.net",
            &["account_id=40001234"],
        ),
        ("GET /v2/orders/40001234/items HTTP/1.1 200 5 in users/40001234", &[]),
        (
            "write to ana.prado [at] mail [dot] example please",
            &["email=ana.prado [at] mail [dot] example"],
        ),
        ("write to ana(at)mail.example.", &["email=ana(at)mail.example"]),
        ("we meet [at] noon, the end", &[]),
        (
            "Пациент Елена Лебедева, 14.02.1979 г.р.",
            &["name=Елена Лебедева", "date_of_birth=14.02.1979"],
        ),
        ("Jó napot, Kiss Zsófia vagyok.", &["name=Kiss Zsófia"]),
        ("مرحبا ورقم الهوية 1012345672، شكرا", &["national_id=1012345672"]),
        (
            "nata il 13/11/1996 e residente in Via Garibaldi 77, Bergamo, 24122, riferisce",
            &["date_of_birth=13/11/1996", "address=Via Garibaldi 77, Bergamo, 24122"],
        ),
        (
            "Woont op Keizersgracht 512, Amsterdam, 1017 EJ, geboren 23.10.1975.",
            &["address=Keizersgracht 512, Amsterdam, 1017 EJ", "date_of_birth=23.10.1975"],
        ),
        (
            "Present: Farhan Abbasi, Kirsten Aagaard and Tomasz Wilk. Away: Night Train",
            &["name=Farhan Abbasi", "name=Kirsten Aagaard", "name=Tomasz Wilk"],
        ),
        ("otp sent to 0333 1234567 again", &["phone=0333 1234567"]),
        ("Cell. 2004;119(7):1425-1436 and Mobile 991–1002.", &[]),
        ("call 8421-2253 again", &["phone=8421-2253"]),
        ("her insta is @noor.bakes now", &["social_handle=@noor.bakes"]),
        (
            "Reset your password: we received a request from 91.8.44.61 for ali.r@example.pk",
            &["ip_address=91.8.44.61", "email=ali.r@example.pk"],
        ),
    ] {
        assert_eq!(bench.prose(text), expected, "{text}");
    }
}

#[test]
fn names_inside_a_text_say_what_follows_them() {
    let mut bench = Bench::new();
    for (text, expected) in [
        (
            "INFO request user_id=5967583440 first_name=Amina dob=1997-06-16 tier=gold",
            &["account_id=5967583440", "first_name=Amina", "date_of_birth=1997-06-16"][..],
        ),
        (
            "Kind regards\nName: Amina Malik\nCNIC: 42201-1234568-1",
            &["name=Amina Malik", "pk_cnic=42201-1234568-1"],
        ),
        (
            "card-number=4111111111111111 cvv=850",
            &["card=4111111111111111", "card_security_code=850"],
        ),
        (
            "imei=356938035643809 imsi=410011234567890",
            &["imei=356938035643809", "imsi=410011234567890"],
        ),
        ("status: active, version: 1.2.3.4, note: none", &[]),
        ("otp: 482913 phone: 03331234567", &["otp=482913", "phone=03331234567"]),
        ("password: correct horse battery staple", &["password=correct horse battery staple"]),
        ("username: ali_r password: Zx!88kd", &["username=ali_r", "password=Zx!88kd"]),
        ("password: None, port: None", &[]),
        (
            "full_name=Amina Malik city=New York zip=10118",
            &["name=Amina Malik", "city=New York", "postal_code=10118"],
        ),
        (
            r#"rejected payload={"heartRate":"88","receiverFirstName":"Amina","n":1} after 3 ms"#,
            &["health=88", "first_name=Amina"],
        ),
        ("User(id=8812, name=Amina Malik)", &["name=Amina Malik"]),
        ("full_name = \"Amina Malik\"\nport = \"5432\"", &["name=Amina Malik"]),
        ("city=Lahore request handled", &["city=Lahore"]),
        ("x=1 y=2 name==value order_no=1", &[]),
        (
            "miuiVersion: V14.0.6.0.TKFMIXM\nmiui-version: V12.5",
            &["rom_version=V14.0.6.0.TKFMIXM", "rom_version=V12.5"],
        ),
        ("voice-template: VfzNNDoJbLCS73\n血型：AB", &["voiceprint=VfzNNDoJbLCS73", "health=AB"]),
        (
            "| Field | Value |\n|---|---|\n| Os Version | Android 14 |\n| 运营商 | Airtel |",
            &["os=Android 14", "operator=Airtel"],
        ),
        ("Customer Epic No: JPH2798004", &["in_voter=JPH2798004"]),
        ("password: hash(req.body.password)", &[]),
        ("[web]\nFull Name = Amina Malik\nPort = 5432", &["name=Amina Malik"]),
        ("const user = await find(1)", &[]),
        ("[11/03/2026, 08:14:22] Fatima: wait. [main] Rose: started", &["first_name=Fatima"]),
        ("11/03/2026, 18:02 - Fatima: wait", &["first_name=Fatima"]),
        ("my order no. OD042824655 and order no later", &["order_number=OD042824655"]),
        ("Patient Body Weight - Measured", &[]),
        ("password: Summer(2024)", &["password=Summer(2024)"]),
        (
            "D Cell: mcc=410 mnc=03 lac=4021 cid=41873\nD Task: cid=41874",
            &["mcc=410", "mnc=03", "lac=4021", "cell_id=41873"],
        ),
        (
            "blood_type: \"AB-\"\ndiagnosis: \"type 2 diabetes\"\nvoiceprint: \"VfzNNDoJbLCS73+x\"\n",
            &["health=AB-", "health=type 2 diabetes", "voiceprint=VfzNNDoJbLCS73+x"],
        ),
        ("He said \"one more try\" and left", &[]),
        ("back pain (diagnosis: asthma). She is out", &["health=asthma"]),
    ] {
        assert_eq!(bench.prose(text), expected, "{text}");
    }
}
