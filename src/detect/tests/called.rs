//! Who is called so, and what is.

use super::check;

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
fn short_names_say_what_they_mean_where_the_value_fits() {
    check(&[
        (r#"{"cn":"Amina Malik","sn":"Malik"}"#, &["/cn name", "/sn last_name"]),
        (r#"{"sn":"Sensor","o":{"sn":"RF8N12345AB"}}"#, &["/o/sn serial"]),
        (r#"{"doc":{"type":"D","number":"AB7654321"},"p":"AB7654321"}"#, &[]),
        (r#"{"addr1":"customer.address.street","street":"7 Mill Lane"}"#, &["/street street"]),
    ]);
}
