//! What texts, labels and neighbours say of a value beside them.

use super::{Bench, check};

#[test]
fn a_long_number_is_the_same_however_it_is_written() {
    check(&[
        (r#"{"card_number":4539578763621486.0}"#, &["/card_number card"]),
        (r#"{"card_number":4.539578763621486e15}"#, &["/card_number card"]),
        (r#"{"price":1999999999.25,"rate":4.5e2}"#, &[]),
        (r#"{"4539578763621486":1}"#, &["/4539578763621486 card^"]),
    ]);
}

#[test]
fn the_edge_of_an_area_is_nobodys_place() {
    check(&[
        (r#"{"type":"Polygon","coordinates":[[[67.001,24.861],[67.502,24.862]]]}"#, &[]),
        (
            r#"{"type":"Point","coordinates":[67.0011,24.8607]}"#,
            &["/coordinates/0 precise_location", "/coordinates/1 precise_location"],
        ),
    ]);
}

#[test]
fn what_stands_beside_a_value_says_what_it_is() {
    check(&[
        (
            r#"{"identity":{"docType":"CNIC","number":"3520278451239"}}"#,
            &["/identity/number pk_cnic@PK"],
        ),
        (
            r#"{"document":{"docType":"passport","number":"AB7654321"}}"#,
            &["/document/number passport"],
        ),
        (r#"{"field":{"name":"phone","param":"03214567890"}}"#, &["/field/param phone"]),
        (r#"{"fields":[{"name":"Newsletter"}],"username":"sanak"}"#, &["/username username"]),
        (r#"{"shipTo":{"line1":"88 Orchard Lane"}}"#, &["/shipTo/line1 address"]),
        (r#"{"payment":{"details":{"no":"4539148803436467"}}}"#, &["/payment/details/no card"]),
    ]);
}

/// What a text says of a value: before it, behind it, and where nothing does.
#[test]
fn what_a_text_says_of_a_value() {
    let mut bench = Bench::new();
    for (text, expected) in [
        ("3520278451239 is my CNIC", &["pk_cnic=3520278451239"][..]),
        ("490154203237518 is my IMEI", &["imei=490154203237518"]),
        ("Passport AB1234567 issued", &["passport=AB1234567"]),
        ("护照号E12345678", &["passport=E12345678"]),
        ("password is Hx88!lahore", &["password=Hx88!lahore"]),
        ("the password is incorrect", &[]),
        ("OTP 482913", &["otp=482913"]),
        ("user id 8847123", &["account_id=8847123"]),
        ("BSSID 3c:28:6d:1a:9f:02", &["bssid=3c:28:6d:1a:9f:02"]),
        ("She was born on 3 March 1991, in Lahore", &["date_of_birth=3 March 1991"]),
        ("DOB April 12, 1987", &["date_of_birth=April 12, 1987"]),
        ("nacido el 12 de abril de 1987", &["date_of_birth=12 de abril de 1987"]),
        ("生于1987年4月12日", &["date_of_birth=1987年4月12日"]),
        ("Aadhaar verification, phone +923129881849", &["phone=+923129881849"]),
        ("ticket from +923214567890", &["phone=+923214567890"]),
        ("HKID Y215683(9), renewed", &["hk_hkid=Y215683(9)"]),
        ("My name is Dr. Ana Prado and", &["name=Dr. Ana Prado"]),
        ("Je suis Jean Moreau", &["name=Jean Moreau"]),
        ("收件人王晓梅", &["name=王晓梅"]),
        ("尊敬的客户，您好", &[]),
        ("我是客服", &[]),
        ("loss=0.123456, 0.654321 acc=0.98", &[]),
        ("values 1.23456,2.34567,3.45678", &[]),
        ("at 24.8607,67.0011 now", &["precise_location=24.8607,67.0011"]),
        ("content |01 00 00 01 00 00 00 00 00 00|", &[]),
    ] {
        assert_eq!(bench.prose(text), expected, "{text}");
    }
}

#[test]
fn secrets_are_known_by_how_they_stand() {
    let mut bench = Bench::new();
    for (text, expected) in [
        ("postgres://sana:S3cr3tPw99@db.example.com/x", &["password=S3cr3tPw99"][..]),
        ("postgres://user:password@localhost/x", &[]),
        ("https://${USER}:${PASSWORD}@db.example.com/x", &[]),
        ("password: ${DB_PASSWORD}", &[]),
        ("pwd=/var/www", &[]),
        ("key AKIA2E7RTV4QX6PZL3WK", &["access_token=AKIA2E7RTV4QX6PZL3WK"]),
        (
            "use ghp_abcdefghij0123456789ABCDEFGHIJ012345.",
            &["access_token=ghp_abcdefghij0123456789ABCDEFGHIJ012345"],
        ),
        ("task_live_4eC39HqLyjWDarjtT1zdp7dc", &[]),
    ] {
        assert_eq!(bench.prose(text), expected, "{text}");
    }
}

/// The words of a comment's or a ticket's name say nothing of the numbers in its text.
#[test]
fn a_comment_is_read_whatever_it_is_called() {
    check(&[
        (r#"{"comment":"+923214567890"}"#, &["/comment phone@PK"]),
        (r#"{"comment":"35202-7845123-9"}"#, &["/comment pk_cnic@PK"]),
        (r#"{"post":"pay with 4539148803436467"}"#, &["/post card[4539148803436467]"]),
        (
            r#"{"ticket":{"body":"Name: Katharina Vogel, Age: 34"}}"#,
            &["/ticket/body name[Katharina Vogel]", "/ticket/body age[34]"],
        ),
    ]);
}

#[test]
fn a_table_in_a_text_says_what_its_cells_are() {
    check(&[
        (
            r#"{"body":"| Name | Phone |\n|---|---|\n| Amina Malik | 03001234567 |"}"#,
            &["/body name[Amina Malik]", "/body phone[03001234567]"],
        ),
        (
            r#"{"page":"<table><tr><th>Name</th><th>CNIC</th></tr><tr><td>Amina Malik</td><td>35202-1234567-1</td></tr></table>"}"#,
            &["/page name[Amina Malik]", "/page pk_cnic[35202-1234567-1]"],
        ),
        (
            r#"{"sql":"INSERT INTO people (full_name, dob) VALUES ('Amina Malik', '1987-04-12')"}"#,
            &["/sql name[Amina Malik]", "/sql date_of_birth[1987-04-12]"],
        ),
        (
            r#"{"text":"full_name,phone\nAmina Malik,03001234567\n"}"#,
            &["/text name[Amina Malik]", "/text phone[03001234567]"],
        ),
        (
            r#"{"sql":"INSERT INTO t (ref, religion) VALUES ('u', 'catholic')"}"#,
            &["/sql religion[catholic]"],
        ),
        (
            r#"{"body":"| ref | religion |\n|---|---|\n| u | catholic |"}"#,
            &["/body religion[catholic]"],
        ),
        (
            r#"{"raw":"--X\r\nContent-Disposition: form-data; name=\"diagnosis\"\r\n\r\ntype 2 diabetes\r\n--X--\r\n"}"#,
            &["/raw health[type 2 diabetes]"],
        ),
        (
            r#"{"q":"a:2:{s:2:\"id\";s:2:\"u1\";s:9:\"diagnosis\";s:6:\"asthma\";}"}"#,
            &["/q health[asthma]"],
        ),
        (r#"{"doc":"<id>u1</id><religion>catholic</religion>"}"#, &["/doc religion[catholic]"]),
        (r#"{"page":"<h1>Diagnosis</h1><title>asthma</title>"}"#, &[]),
        (
            r#"{"readme":"| Name | Type | Description |\n|---|---|---|\n| phone | string | The phone number of the user |"}"#,
            &[],
        ),
    ]);
}

#[test]
fn a_label_in_what_a_name_says_is_of_another() {
    check(&[
        (
            r#"{"street":"Hauptstr. 1 (diagnosis: type 2 diabetes)"}"#,
            &["/street health[type 2 diabetes]", "/street street"],
        ),
        (
            r#"{"address":[{"remark":"please note diagnosis: asthma"}]}"#,
            &["/address/0/remark address", "/address/0/remark health[asthma]"],
        ),
        (r#"{"diagnosis":"asthma, seen: 2 times"}"#, &["/diagnosis health"]),
    ]);
}

#[test]
fn labels_are_written_in_many_ways() {
    check(&[
        (
            r#"{"ini":"username = hina.r\npassword = tr0ub4dor&3"}"#,
            &["/ini username[hina.r]", "/ini password[tr0ub4dor&3]"],
        ),
        (r#"{"code":"password = get(\"x\")\nx = 1 + password"}"#, &[]),
        (r#"{"dump":"[phone] => 03004412387"}"#, &["/dump phone[03004412387]"]),
        (
            r#"{"t":"**Name:** Amina Malik\n*Phone*: 03004412387"}"#,
            &["/t name[Amina Malik]", "/t phone[03004412387]"],
        ),
        (r#"{"t":"password : hunter2x9"}"#, &["/t password[hunter2x9]"]),
        (r#"{"t":"联系电话：15983713820，现居住于广东"}"#, &["/t phone[15983713820]"]),
        (r#"{"form":{"密码":"请输入密码"}}"#, &[]),
    ]);
}

#[test]
fn numbers_in_a_text_are_telephones_where_words_say_so() {
    check(&[
        (r#"{"t":"call 00923004412387 now"}"#, &["/t phone[00923004412387]"]),
        (r#"{"t":"erreichen unter 0176 2991 5733"}"#, &["/t phone[0176 2991 5733]"]),
        (r#"{"t":"Nr telefonu: 602 713 953"}"#, &["/t phone[602 713 953]"]),
        (
            r#"{"t":"contact: 03004412387/03214412388"}"#,
            &["/t phone[03004412387]", "/t phone[03214412388]"],
        ),
        (r#"{"t":"order 602 713 953, 00923004412387"}"#, &[]),
    ]);
}

#[test]
fn addresses_end_where_they_end() {
    check(&[
        (
            r#"{"t":"Please deliver to 27 Acacia Gardens, Bristol BS6 5QP before noon."}"#,
            &["/t address[27 Acacia Gardens, Bristol BS6 5QP]"],
        ),
        (
            r#"{"t":"Ship to:\nHarriet Pemberton\n27 Acacia Gardens\nBristol, Avon BS6 5QP\n"}"#,
            &["/t name[Harriet Pemberton]", "/t address[27 Acacia Gardens\nBristol, Avon BS6 5QP]"],
        ),
        (
            r#"{"t":"Address:\n1600 Maple Street Apt 4B\nSpringfield, IL 62704"}"#,
            &["/t address[1600 Maple Street Apt 4B\nSpringfield, IL 62704]"],
        ),
        (r#"{"t":"PO Box 4521, Karachi 74200"}"#, &["/t address"]),
        (
            r#"{"t":"at ul. Długa 5/7, 31-147 Kraków today"}"#,
            &["/t address[ul. Długa 5/7, 31-147 Kraków]"],
        ),
        (r#"{"t":"see Urban et al. 1997, Paris 2001"}"#, &[]),
        (
            r#"{"t":"BEGIN:VEVENT\nUID:20090425-1@host.example\nORGANIZER:mailto:jane@host.example"}"#,
            &["/t email[jane@host.example]"],
        ),
    ]);
}

#[test]
fn lines_of_a_log_name_what_they_hold_in_every_style() {
    check(&[
        (r#"{"a":"saved customerPhone=03214490012, b=2"}"#, &["/a phone[03214490012]"]),
        (r#"{"a":"saved shipCity=Lahore retries=2"}"#, &["/a city[Lahore]"]),
        (r#"{"a":"saved usermeidhex=AE6E15DAB4DE48 x=1"}"#, &["/a meid[AE6E15DAB4DE48]"]),
        (r#"{"a":"device_model: Redmi Note 12"}"#, &["/a device_model[Redmi Note 12]"]),
        (
            r#"{"a":"\"… Chrome/110.0.0.0 Mobile Safari/537.36\"\n182.21.188.116 - amina"}"#,
            &["/a ip_address[182.21.188.116]"],
        ),
        (r#"{"a":"consignee_fingerprint_template=none"}"#, &[]),
        (r#"{"a":"bind address to 0.0.0.0 and the netmask to 255.255.0.0"}"#, &[]),
    ]);
}

#[test]
fn what_a_user_is_shown_beside_a_field_is_no_value_of_it() {
    check(&[
        (r#"{"password":"Forgot your password?"}"#, &[]),
        (
            r#"{"national_id":"{national_id}","email":"{0}","account_id":"{677bb9b7-473d}"}"#,
            &["/account_id account_id"],
        ),
        (r#"{"imei":"varchar(64)","address":"DECIMAL(10, 2)"}"#, &[]),
        (r#"{"address":"Address is required","city":"City can't be blank"}"#, &[]),
        (r#"{"message_text":"Garlic or tomato?"}"#, &["/message_text message_content"]),
    ]);
}

#[test]
fn versions_of_what_a_program_is_made_of_are_no_addresses() {
    check(&[
        (r#"{"libs":{"netty":"4.1.101.3"}}"#, &[]),
        (r#"{"modules":["4.1.101.3"]}"#, &[]),
        (r#"{"abi":"5.15.101.91"}"#, &[]),
        (r#"{"release_line":"5.15.0.91"}"#, &[]),
        (r#"{"modules":{"client_ip":"39.40.12.199"}}"#, &["/modules/client_ip ip_address"]),
        (r#"{"origin":"39.40.12.199"}"#, &["/origin ip_address"]),
    ]);
}

#[test]
fn a_key_is_one_in_lines_as_well() {
    let pem = r"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkg4Lc=\n-----END EC PRIVATE KEY-----\n";
    check(&[(&format!(r#"{{"private_key":"{pem}"}}"#), &["/private_key access_token"])]);
}

#[test]
fn a_date_of_birth_may_come_in_parts() {
    check(&[
        (
            r#"{"dob":{"day":17,"month":4,"year":1989}}"#,
            &["/dob/day date_of_birth", "/dob/month date_of_birth", "/dob/year date_of_birth"],
        ),
        (
            r#"{"birthDate":[1989,4,17]}"#,
            &[
                "/birthDate/0 date_of_birth",
                "/birthDate/1 date_of_birth",
                "/birthDate/2 date_of_birth",
            ],
        ),
        (r#"{"birthday":"--04-17"}"#, &["/birthday date_of_birth"]),
        (r#"{"birthday":{"label":"Birthday","required":true}}"#, &[]),
        (r#"{"due":{"day":17,"month":4,"year":1989}}"#, &[]),
    ]);
}

#[test]
fn devices_say_what_they_are_in_names_of_their_own() {
    check(&[
        (r#"{"userAgent":"okhttp/4.12.0"}"#, &["/userAgent user_agent"]),
        (r#"{"userAgent":"text/html","agent":"okhttp/4.12.0"}"#, &[]),
        (
            r#"{"os":{"name":"Android","version":"14"},"runtime":{"name":"node","version":"20"}}"#,
            &["/os/version os"],
        ),
        (
            r#"{"ProductType":"iPhone14,5","ProductVersion":"17.1.2"}"#,
            &["/ProductType device_model", "/ProductVersion os"],
        ),
        (r#"{"productType":"Bike","productVersion":"2.4.1"}"#, &[]),
        (r#"{"device":{"make":"samsung"},"car":{"make":"Ford"}}"#, &["/device/make manufacturer"]),
        (r#"{"tac":41873}"#, &["/tac lac"]),
        (r#"{"tac":35693803,"o":{"tac":"01326300"},"p":{"tac":1}}"#, &[]),
        (
            r#"{"message":{"token":"dQw4w9WgXcQ:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx"}}"#,
            &["/message/token push_token"],
        ),
        (r#"{"token":"8f14e45fceea167a5a36dedd4bea2543"}"#, &["/token access_token"]),
        (
            r#"{"entries":[{"attribute":"miui_version","value":"V14.0.2.0.TKFMIXM"}]}"#,
            &["/entries/0/value rom_version"],
        ),
    ]);
}

#[test]
fn a_form_of_a_web_page_says_what_is_filled_in() {
    check(&[
        (
            r#"{"page":"<form><input type='text' name='city' value='Lahore'><input name='wifi_bssid' value='3c:28:6d:1a:9f:02'><textarea name='address'>12 Mill Lane, Leeds, LS1 4AB</textarea></form>"}"#,
            &[
                "/page city[Lahore]",
                "/page bssid[3c:28:6d:1a:9f:02]",
                "/page address[12 Mill Lane, Leeds, LS1 4AB]",
            ],
        ),
        (
            r#"{"page":"<form><input name='city' placeholder='Lahore'><input name='q' value='Lahore'></form>"}"#,
            &[],
        ),
        (
            r#"{"page":"<table><tr><th>invoiceNumber</th><td>INV/102391</td></tr></table>"}"#,
            &["/page invoice[INV/102391]"],
        ),
    ]);
}

#[test]
fn what_stands_in_a_known_place_needs_no_name() {
    check(&[
        (
            r#"{"adt":"MSH|^~\\&|A|B|C|D\rPID|1||47110815^^^HOSP^MR||Malik^Amina||19870412|F\rDG1|1||E11.9^Type 2 diabetes"}"#,
            &[
                "/adt medical_record[47110815]",
                "/adt last_name[Malik]",
                "/adt first_name[Amina]",
                "/adt date_of_birth[19870412]",
                "/adt gender[F]",
                "/adt health[Type 2 diabetes]",
            ],
        ),
        (
            r#"{"pnr":"RP/LONBA2105\n 1.MALIK/AMINA MRS\n 2 SSR DOCS BA HK1 P/PK/AB1234567/PK/12APR87/F/01JAN31/MALIK/AMINA\n"}"#,
            &[
                "/pnr last_name[MALIK]",
                "/pnr first_name[AMINA]",
                "/pnr passport[AB1234567]",
                "/pnr date_of_birth[12APR87]",
                "/pnr gender[F]",
                "/pnr last_name[MALIK]",
                "/pnr first_name[AMINA]",
            ],
        ),
    ]);
}
