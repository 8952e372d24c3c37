//! Who is called so and what is, and what texts say of a value beside it.

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
fn whoever_it_is_a_known_name_is_a_persons() {
    check(&[
        (r#"{"caregiver_name":"Amina Malik"}"#, &["/caregiver_name name"]),
        (r#"{"notary":"Dr. Amina Malik"}"#, &["/notary name"]),
        (r#"{"line_manager":"Oliver Unheardof"}"#, &["/line_manager name"]),
        (r#"{"经办人":"王芳","担当者名":"佐藤美咲"}"#, &["/经办人 name", "/担当者名 name"]),
        // Who bears no such name, or the name of a thing, may be anything.
        (r#"{"caregiver_name":"Zzyx Unheardof"}"#, &["/caregiver_name name"]),
        (r#"{"zone_name":"Zzyx Unheardof"}"#, &[]),
        (r#"{"manager":"npm","holder":"Amina Holdings Ltd","agent":"Mozilla"}"#, &[]),
        (r#"{"project_name":"Max Power Supply","theme_name":"Amber Light"}"#, &[]),
    ]);
}

#[test]
fn names_are_known_by_what_is_added_to_them() {
    check(&[
        (r#"{"cc_exp_date":"11/2028"}"#, &["/cc_exp_date card_expiry"]),
        (r#"{"chronic_disease":"Type 1 diabetes"}"#, &["/chronic_disease health"]),
        (r#"{"vehicle_reg_no":"7ABC489"}"#, &["/vehicle_reg_no vehicle_registration"]),
        (r#"{"mr_no":"MR-495375"}"#, &["/mr_no medical_record"]),
        (r#"{"name_as_per_nric":"Muthu Krishnan"}"#, &["/name_as_per_nric name"]),
        (r#"{"subscriber":"03314452210"}"#, &["/subscriber phone"]),
        (r#"{"PatientName":"ABBASI^FARAH"}"#, &["/PatientName name"]),
        (r#"{"shipper_name":"Bright Traders"}"#, &[]),
        (r#"{"fin":"2026Q3"}"#, &[]),
        (
            r#"{"email":"sana@example.pk","uid":"962784903","sku":"SKU-33695"}"#,
            &["/email email", "/uid account_id"],
        ),
    ]);
}

#[test]
fn names_of_things_are_nobodys() {
    check(&[
        (r#"{"product":{"name":"Redmi Note 10 Pro"}}"#, &[]),
        (r#"{"product":{"name":"Galaxy Blue"}}"#, &[]),
        (r#"{"app":{"name":"Mi Home","version":"5.2.1.3"}}"#, &[]),
        (r#"{"repository":{"name":"hello-world","full_name":"octo/hello-world"}}"#, &[]),
        (r#"{"user":{"name":"Amina","id":88123}}"#, &["/user/name name", "/user/id account_id"]),
        (
            r#"{"name":{"first":"Amina","last":"Malik"}}"#,
            &["/name/first first_name", "/name/last last_name"],
        ),
        (r#"{"file_name":"Amina Malik.pdf","hostname":"db-01","class_name":"User Service"}"#, &[]),
        (r#"{"customer_name":"Amina Malik"}"#, &["/customer_name name"]),
        (r#"{"name":"Amina Malik"}"#, &["/name name"]),
        (r#"{"name":"Gold Plan"}"#, &[]),
        (r#"{"firstName":"Prénom","lastName":"Nom de famille","password":"Contraseña"}"#, &[]),
        (r#"{"street_address":"street_address"}"#, &[]),
        (r#"{"lastName":"Фамилия","address":"Адрес"}"#, &[]),
        (r#"{"steps":[{"name":"Install Dependencies","run":"make"}]}"#, &[]),
        (r#"{"cwes":[{"cwe_id":"CWE-400","name":"Uncontrolled Usage"}]}"#, &[]),
        (r#"{"receiver":"webhook","status":"firing"}"#, &[]),
        (r#"{"author":"Amina Malik","maintainer":"qa"}"#, &["/author name"]),
        (
            r#"{"versions":[{"published_by":{"login":"amina","name":"Amina Malik"}}]}"#,
            &["/versions/0/published_by/login username", "/versions/0/published_by/name name"],
        ),
        (
            r#"{"data":{"type":"users","attributes":{"name":"Amina Malik"}}}"#,
            &["/data/attributes/name name"],
        ),
        (
            r#"{"user.name":"Amina Malik","user[name]":"Ali Raza"}"#,
            &["/user.name name", "/user[name] name"],
        ),
    ]);
}

#[test]
fn a_path_says_what_the_member_at_its_end_says_there() {
    check(&[
        (r#"{"data.age":34,"rows[0][age]":"41"}"#, &["/data.age age", "/rows[0][age] age"]),
        (
            r#"{"loan.debtor.name":"Declan Hill","loan.debtor.religion":"Islam"}"#,
            &["/loan.debtor.name name", "/loan.debtor.religion religion"],
        ),
        (
            r#"{"changes.0.payload.ap_mac":"a4:83:e7:12:34:56"}"#,
            &["/changes.0.payload.ap_mac bssid"],
        ),
        (
            r#"{"product.name":"Redmi Note 10 Pro","app[name]":"Mi Home","file.name":"Ali Raza.pdf"}"#,
            &[],
        ),
        (r#"{"k8s.pod.name":"web-1","e.g. name":"Gold Plan","data.2.0":"34"}"#, &[]),
    ]);
}

#[test]
fn members_show_what_an_object_is_only_with_others_of_their_kind() {
    check(&[
        (
            r#"{"from":"+923331234567","msg_id":"a-1029384756","text":"see you there"}"#,
            &["/from phone@PK", "/msg_id message_id!", "/text message_content!"],
        ),
        // Of a page, not of a name or a message.
        (r#"{"first":1,"from":"draft","text":"see you there"}"#, &[]),
        (r#"{"object":"customer","name":"Amina Malik"}"#, &["/name name"]),
        (r#"{"sms":{"conditions":[{"argument":"US"}]}}"#, &[]),
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
fn a_bare_name_is_a_persons_where_people_are_called_so() {
    check(&[
        (r#"{"id":1,"name":"Zubaida Khanum"}"#, &["/name name"]),
        (r#"{"id":1,"name":"Khan, Sana"}"#, &["/name name"]),
        (r#"{"id":1,"name":"Larry Page"}"#, &["/name name"]),
        (r#"{"id":1,"name":"sana khan"}"#, &["/name name"]),
        (r#"{"id":1,"name":"王晓梅"}"#, &["/name name"]),
        (r#"{"id":1,"name":"佐藤美咲"}"#, &["/name name"]),
        (r#"{"display_name":"John Smith"}"#, &["/display_name name"]),
        (r#"{"id":1,"name":"Meadow Lake"}"#, &[]),
        (r#"{"id":1,"name":"Justice League"}"#, &[]),
        (r#"{"id":1,"name":"Full name"}"#, &[]),
        (r#"{"id":1,"name":"人民币"}"#, &[]),
        (r#"{"姓名":"客服部"}"#, &[]),
        (r#"{"姓名":"五味太郎"}"#, &["/姓名 name"]),
        (r#"{"user":{"name":"sana.khan"}}"#, &["/user/name name"]),
        (r#"{"received":{"by":{"name":"mail.host.example"}}}"#, &[]),
        (r#"{"姓名":"请输入姓名"}"#, &[]),
        (r#"{"committer":{"name":"GitHub"}}"#, &[]),
        (r#"{"author":{"name":"Oxide Computer Company"}}"#, &[]),
        (r#"{"GraphDriver":{"Name":"aufs","Data":null}}"#, &[]),
        (r#"{"IamInstanceProfile":{"Name":"my-iam-role"}}"#, &[]),
        (r#"{"parent_name":"linux"}"#, &[]),
        (r#"{"client_name":"Chrome"}"#, &[]),
        (r#"{"methodResponse":{"struct":{"member":{"name":"faultCode"}}}}"#, &[]),
    ]);
}

#[test]
fn what_shows_a_person_says_so_of_its_own_object() {
    check(&[
        (
            r#"{"username":"sanak","uuid":"38400000-8cf0-11bd-b23e-10b96e40000d","work":[{"id":"CA00","name":"Cardiology"}]}"#,
            &["/username username", "/uuid account_id"],
        ),
        (r#"{"pools":[{"members":[{"id":"692e8358-f8fd-4b92-bbca-6e4b97c75571"}]}]}"#, &[]),
        (r#"{"_links":{"profile":[{"id":"112233","name":"profile"}]}}"#, &[]),
    ]);
}

#[test]
fn names_may_mislead() {
    check(&[
        (r#"{"last_login":"2014-02-23T22:36:52+00:00"}"#, &[]),
        (r#"{"login_at":"1553946472000"}"#, &[]),
        (r#"{"os_id":446}"#, &[]),
        (r#"{"credentialsId":"d42411ac011ad6f3dd2e1fa34eaa5d87f910eb2e"}"#, &[]),
        (r#"{"zone":"example.com","serial":2016041501}"#, &[]),
        (r#"{"fingerprint":"ed:17:56:d0:03:66:39:f6:3c:03:c5:e6:ec:ac:42:c6"}"#, &[]),
        (r#"{"ServiceToken":"arn:aws:lambda:eu-west-2:123456789012:function:custom"}"#, &[]),
        (r#"{"scopes":["urn:openid:params:grant-type:ciba"]}"#, &[]),
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
            r#"{"readme":"| Name | Type | Description |\n|---|---|---|\n| phone | string | The phone number of the user |"}"#,
            &[],
        ),
    ]);
}

/// No cue announces it, but whom the number belongs to is said beside it.
#[test]
fn a_known_name_beside_a_value_is_a_name() {
    check(&[
        (
            r#"{"log":"pls call Usman Qureshi at +923004412387"}"#,
            &["/log name[Usman Qureshi]", "/log phone[+923004412387]@PK"],
        ),
        (r#"{"log":"pls call Usman Qureshi"}"#, &["/log name[Usman Qureshi]"]),
        (r#"{"log":"we saw Usman Qureshi there"}"#, &[]),
        (r#"{"log":"Redmi Note sold, ask at +923004412387"}"#, &["/log phone[+923004412387]@PK"]),
        (r#"{"text":"佐藤 美咲様、ご注文"}"#, &["/text name[佐藤 美咲]"]),
        (
            r#"{"chat":"[10:21] Usman Qureshi: salam\n[INFO] Apache Cassandra: up"}"#,
            &["/chat name[Usman Qureshi]"],
        ),
        (r#"{"text":"您好王建国先生"}"#, &["/text name[王建国]"]),
        (r#"{"text":"김민준 고객님 안녕하세요"}"#, &["/text name[김민준]"]),
        (r#"{"text":"お客様、皆様"}"#, &[]),
        (r#"{"fullName":"พิมพ์ชนก วงศ์ทอง"}"#, &["/fullName name"]),
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

/// What looked like somebody's and is a thing's.
#[test]
fn what_things_have_is_nobodys() {
    check(&[
        (r#"{"tenantId":"tenant-test","payee_id":"acme-supplies"}"#, &[]),
        (r#"{"payee":"Amina Malik"}"#, &["/payee name"]),
        (r#"{"id":"243523459665626"}"#, &[]),
        (r#"{"age":"3 days","other":{"age":"3m 3d"}}"#, &[]),
        (r#"{"age":"34 years"}"#, &["/age age"]),
        (r#"{"region":"us-mia","other":{"region":"eu-west-2"}}"#, &[]),
        (r#"{"ipv6":{"address":"auto-config"}}"#, &[]),
        (r#"{"memory_stats":{"usage":179314688}}"#, &[]),
        (r#"{"pin":"A4"}"#, &[]),
        (r#"{"pin":"4471"}"#, &["/pin password"]),
        (r#"{"ssh-rsa-cert-v01@openssh.com":"x","Ports@odata.count":3}"#, &[]),
        (r#"{"issuer":"did:velocity:0x74a3b3f254a021f014531e0240f0aff9"}"#, &[]),
        (r#"{"msg":"GET /a 404 19 2167"}"#, &[]),
        (r#"{"BlockDeviceMappings":[{"DeviceName":"/dev/sda1"}]}"#, &[]),
        (r#"{"name":"Demo Company (NZ)"}"#, &[]),
    ]);
}

#[test]
fn what_people_have_is_theirs_beside_goods() {
    check(&[
        (r#"{"price":"45999.00","age":"57"}"#, &["/age age"]),
        (r#"{"sku":"band-7","username":"amina.m"}"#, &["/username username"]),
        (r#"{"ean":"6917002264290","jaati":"Rajput"}"#, &["/jaati ethnicity"]),
        (r#"{"assignee":"Amina Malik"}"#, &["/assignee name"]),
        (r#"{"emergency_contact":{"name":"Amina Malik"}}"#, &["/emergency_contact/name name"]),
        (r#"{"x-imeimd5":"f90014910e9b3851b60868131f57fe11"}"#, &["/x-imeimd5 imei#"]),
        (r#"{"card_no":"3782-8224-6310-005"}"#, &["/card_no card"]),
        (r#"{"phone":"0301_4941_686"}"#, &["/phone phone"]),
        (r#"{"wkt":"POINT(67.00112 24.86071)"}"#, &["/wkt precise_location"]),
        (r#"{"login":"/auth/login"}"#, &[]),
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
fn tables_of_countries_and_vocabularies_are_nobodys() {
    check(&[
        (r#"{"AFN":{"name":"Afghan Afghani","symbol":"؋","decimals":2}}"#, &[]),
        (r#"{"name":"Burkina Faso","capital":"Ouagadougou"}"#, &[]),
        (r#"{"countries":{"AD":"Andorra","GA":"Gabon","UA":"Ukraine"}}"#, &[]),
        (r#"{"provinces":[{"nameEn":"Prince Albert"}],"holidays":[{"nameEn":"Boxing Day"}]}"#, &[]),
        (r#"{"track":{"name":"Fitter Happier"},"location":{"name":"Larry Page"}}"#, &[]),
        (r#"{"code":"64572001","code_system_name":"SNOMED","name":"Ali Condition"}"#, &[]),
        (r#"{"@context":{"city":"s:addressLocality","password":"sec:password"}}"#, &[]),
        (
            r#"{"@context":{"chatMessage":"litepub:chatMessage","preferences":"ps:preferences"}}"#,
            &[],
        ),
        (r#"{"parameters":{"alt":{"type":"string","location":"query"}}}"#, &[]),
        (r#"{"ProfileID":"urn:www.cenbii.eu:profile:bii04:ver1.0"}"#, &[]),
        (r#"{"Advanced@Core.Description":"Options"}"#, &[]),
        (r#"{"addresses":[{"use":"primary home"}]}"#, &[]),
        (r#"{"query":{"where":[{"attribute":"policyServerId","comparator":"regex"}]}}"#, &[]),
        (r#"{"user":{"ad":"Ayşe"}}"#, &["/user/ad first_name"]),
        (r#"{"nameEn":"Amina Malik"}"#, &["/nameEn name"]),
        (
            r#"{"build":{"authorUsername":"amina.m"},"dc:creator":"Amina Malik"}"#,
            &["/build/authorUsername username", "/dc:creator name"],
        ),
        (
            r#"{"author":"blog@example.pk (Amina Malik)"}"#,
            &["/author email[blog@example.pk]", "/author name[Amina Malik]"],
        ),
    ]);
}

#[test]
fn what_people_are_called_where_they_pay_and_get() {
    check(&[
        (
            r#"{"rcptName":"Amina Malik","emp_name":"Ali Raza"}"#,
            &["/rcptName name", "/emp_name name"],
        ),
        (r#"{"signed_by":"Amina Malik","开户名":"王晓梅"}"#, &["/signed_by name", "/开户名 name"]),
        (r#"{"first":1,"last":20}"#, &[]),
        (
            r#"{"shipping_state":"CA","customer_state":"active","billing_state":"Sindh"}"#,
            &["/shipping_state state", "/billing_state state"],
        ),
        (r#"{"contact_dob":"1989-04-17"}"#, &["/contact_dob date_of_birth"]),
        (r#"{"cep":"01305-100"}"#, &["/cep postal_code"]),
        (r#"{"cell":"55 4182 7736"}"#, &["/cell phone"]),
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
fn one_given_name_is_a_persons_where_they_can_be_reached() {
    check(&[
        (r#"{"name":"Ayesha","email":"a.k@example.pk"}"#, &["/name name", "/email email"]),
        (r#"{"email":"a.k@example.pk","name":"Ayesha"}"#, &["/email email", "/name name"]),
        (r#"{"name":"Сергей","dob":"1988-03-05"}"#, &["/name name", "/dob date_of_birth"]),
        // A shop can be called as well, and what is no given name is anything.
        (r#"{"store":{"name":"Ayesha","email":"shop@example.pk"}}"#, &["/store/email email"]),
        (r#"{"name":"Zzyx","phone":"+923001234567"}"#, &["/phone phone@PK"]),
        (r#"{"name":"Ruby","version":"3.1"}"#, &[]),
        // Nothing else is there, and nothing else is called so.
        (r#"{"name":"Ayesha","locale":"ur"}"#, &["/name name", "/locale language"]),
        (r#"{"naam":"Lena"}"#, &["/naam name"]),
        (r#"{"name":"Luna"}"#, &[]),
    ]);
}

#[test]
fn rows_without_names_have_people_in_them() {
    check(&[
        (
            r#"[["Ayesha Khan","03008473615",3],["Oliver Smith","a.k@example.pk"]]"#,
            &["/0/0 name", "/0/1 phone", "/1/0 name", "/1/1 email"],
        ),
        (
            r#"[["a","b","c"],["","AB 12 34 56 C",2522325271],[67.0011432,24.8607343]]"#,
            &["/1/1 gb_nino@GB", "/1/2 phone"],
        ),
        // Digits beside nobody are nobody's, and a name of things is none.
        (r#"[["Running Shoes","03008473615"],["Amber Light",12]]"#, &[]),
        (r#"["Ayesha Khan"]"#, &[]),
    ]);
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
fn short_names_say_what_they_mean_where_the_value_fits() {
    check(&[
        (r#"{"cn":"Amina Malik","sn":"Malik"}"#, &["/cn name", "/sn last_name"]),
        (r#"{"sn":"Sensor","o":{"sn":"RF8N12345AB"}}"#, &["/o/sn serial"]),
        (r#"{"doc":{"type":"D","number":"AB7654321"},"p":"AB7654321"}"#, &[]),
        (r#"{"addr1":"customer.address.street","street":"7 Mill Lane"}"#, &["/street street"]),
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
