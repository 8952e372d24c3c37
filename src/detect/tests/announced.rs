//! What words in a text announce, where it begins and where it ends.

use super::Bench;

#[track_caller]
fn reads(rows: &[(&str, &[&str])]) {
    let mut bench = Bench::new();
    for (text, expected) in rows {
        let mut found = bench.prose(text);
        found.sort();
        let mut expected: Vec<&str> = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn numbers_written_as_their_country_writes_them_need_no_word() {
    reads(&[
        ("min sambo 070-635 95 53.", &["phone=070-635 95 53"]),
        ("oder 079 818 92 25. Auftrag", &["phone=079 818 92 25"]),
        ("sahibinden 0 (212) 317 78 36", &["phone=0 (212) 317 78 36"]),
        ("| Tour 7 | 030 / 278 62 23 | 184 |", &["phone=030 / 278 62 23"]),
        ("ma fille +33 (0)4 22 96 26 93", &["phone=+33 (0)4 22 96 26 93"]),
        // What has nothing dialled before it is one where another is of the same country.
        (
            "Pueden ir al 91 467 82 63 o al +34 93 282 44 55",
            &["phone=91 467 82 63", "phone=+34 93 282 44 55"],
        ),
        ("Pueden ir al 91 467 82 63 o al +45 21 19 13 82", &["phone=+45 21 19 13 82"]),
        // A word says that it is another number; and some are too short, or of no country.
        ("Order 0722 816849 shipped", &[]),
        ("Artikelnummer 06-12345678 niet op voorraad", &[]),
        ("Référence produit : 06 12 34 56 78 (lot de 6)", &[]),
        ("WhatsApp 071 128 0256. Stock code 082-776-1300", &["phone=071 128 0256"]),
        ("lines 0100 200300 of it", &[]),
        ("between 0 256 128 128 and so on", &[]),
        ("alias 05460-5104", &[]),
    ]);
}

#[test]
fn numbers_of_any_length_and_form_are_some_behind_words_that_ask_for_a_call() {
    reads(&[
        // One cue may begin inside another.
        ("Hi, please call me on 441624756272 after 6pm", &["phone=441624756272"]),
        ("sms sent to 981 2739 in 231 ms", &["phone=981 2739"]),
        ("you can reach us under (022) 221683 any time", &["phone=(022) 221683"]),
        ("Her mobile 71234818 is off", &["phone=71234818"]),
        ("Customer asked for a call back at 99312345119", &["phone=99312345119"]),
        ("İletişim: 05332080628", &["phone=05332080628"]),
        ("call me on 23/11/2026 or on 2026-11-24", &[]),
        // A word behind it may begin with two hexadecimal digits; bytes are written out in pairs.
        ("Call me on 01 95 12 38 49 after six", &["phone=01 95 12 38 49"]),
        ("tél. 01 95 12 38 49 de la maison", &["phone=01 95 12 38 49"]),
        ("tel dump 3f 01 95 12 38 49 af 00", &[]),
        ("tel dump af 00 01 95 12 38 49", &[]),
        // Some write the zero where their country has none.
        ("WhatsApp +298 (0)21 17 17 for details", &["phone=+298 (0)21 17 17"]),
    ]);
}

#[test]
fn a_number_may_stand_behind_a_name_or_before_what_is_said_of_it() {
    reads(&[
        ("Call Jane at 51277541", &["first_name=Jane", "phone=51277541"]),
        ("01023540426로 전화 주세요", &["phone=01023540426"]),
        ("05321234567 numarasını arayın", &["phone=05321234567"]),
        ("با 09189382902 تماس بگیرید", &["phone=09189382902"]),
        ("折り返しは09089792171へ", &["phone=09089792171"]),
        ("SMS to 918142142848: see below", &["phone=918142142848"]),
        // Letters beyond ASCII are longer, and no further away.
        ("Зателефонуйте, будь ласка, пізніше на 0501234567", &["phone=0501234567"]),
        ("call 20240115 and mobile 12345678 bytes", &[]),
        ("01023540426 items", &[]),
    ]);
}

#[test]
fn names_of_chinese_and_korean_end_inside_a_sentence() {
    reads(&[
        ("客户王志强反映系统问题", &["name=王志强"]),
        ("转账给黄俊杰5000元", &["name=黄俊杰"]),
        ("客户李娜女士", &["name=李娜"]),
        ("고객 류서연, 배송 문의", &["name=류서연"]),
        ("박지훈입니다", &[]),
        // What a name could begin is a word more often.
        ("客户安全性要求", &[]),
        ("客户管理员，您好", &[]),
        ("客户于昨日来电", &[]),
        ("用户高峰期较多", &[]),
        ("联系方式如下", &[]),
        ("고객 정보를 확인", &[]),
        ("고객 서비스", &[]),
        ("안녕하세요 고객님", &[]),
        ("Mrs Bakery called, Attn: Reception", &[]),
    ]);
}

#[test]
fn behind_a_label_stands_more_than_it_says() {
    reads(&[
        (
            "Диагноз: бронхиальная астма. Тел. родственника +7 916 997-95-09.",
            &[
                "health=бронхиальная астма. Тел. родственника +7 916 997-95-09",
                "phone=+7 916 997-95-09",
            ],
        ),
        ("IBAN: DE89 3704 0044 0532 0130 00", &["iban=DE89 3704 0044 0532 0130 00"]),
    ]);
}

#[test]
fn an_address_ends_where_a_person_or_a_number_follows() {
    reads(&[
        (
            "vivo en Calle Mayor 17, 48001 Bilbao, móvil 638 42 27 16.",
            &["address=Calle Mayor 17, 48001 Bilbao", "phone=638 42 27 16"],
        ),
        (
            "Send it to 14 Adeola Odeku Street, Victoria Island, Lagos c/o Ngozi Eze.",
            &["address=14 Adeola Odeku Street, Victoria Island, Lagos", "name=Ngozi Eze"],
        ),
        (
            "liefern an Annegret Schlösser, Lindenallee 48, 33602 Bielefeld.",
            &["address=Lindenallee 48, 33602 Bielefeld", "name=Annegret Schlösser"],
        ),
        (
            "contact Mr. Khalid Al Mazrouei on 050 418 7732, Villa 14, Al Wasl Road, Jumeirah 1, Dubai.",
            &[
                "address=Villa 14, Al Wasl Road, Jumeirah 1, Dubai",
                "name=Khalid Al Mazrouei",
                "phone=050 418 7732",
            ],
        ),
        (
            "Please courier to No. 41, 2nd Main Road, Jayanagar, Bengaluru 560011.",
            &["address=No. 41, 2nd Main Road, Jayanagar, Bengaluru 560011"],
        ),
        (
            "Mail: 2284 Larkspur Court\nSacramento, CA 95825\nThanks",
            &["address=2284 Larkspur Court\nSacramento, CA 95825"],
        ),
        (
            "We met at 14 Dauphin Street, Mobile, AL 36602.",
            &["address=14 Dauphin Street, Mobile, AL 36602"],
        ),
        ("Flat C is free, Tower 2 is not", &[]),
    ]);
}

#[test]
fn a_name_ends_where_the_next_label_begins() {
    reads(&[
        ("ดิฉันชื่อ กานดา ศรีสุข เบอร์โทร 081 453 2278", &["name=กานดา ศรีสุข", "phone=081 453 2278"]),
        ("اسمي نورة القحطاني ورقم جوالي 0554318927", &["name=نورة القحطاني", "phone=0554318927"]),
        ("kirim ke Ibu Dewi Kusumawati di Jl Merdeka", &["name=Dewi Kusumawati"]),
        ("Мене звати Оксана Шевчук, дякую", &["name=Оксана Шевчук"]),
        ("The package was signed for by Otis Fairbanks.", &["name=Otis Fairbanks"]),
        ("You are speaking with Customer Support today", &[]),
    ]);
}

#[test]
fn a_mailbox_begins_and_ends_with_its_script() {
    reads(&[
        ("メールはmayumi.w@docomo.ne.jpです。", &["email=mayumi.w@docomo.ne.jp"]),
        ("我的邮箱linwq@example.cn，谢谢", &["email=linwq@example.cn"]),
        ("пишите почта.ивана@пример.рф", &["email=почта.ивана@пример.рф"]),
        ("用户@例子.中国", &["email=用户@例子.中国"]),
    ]);
}

#[test]
fn a_word_speaks_for_the_value_that_comes_next() {
    reads(&[
        (
            "my NIN is 44173829105 and phone 0803 417 2298.",
            &["ng_nin=44173829105", "phone=0803 417 2298"],
        ),
        ("Cep: 0532 418 77 26", &["phone=0532 418 77 26"]),
        ("ИНН 774417382931 физлица", &["ru_inn=774417382931"]),
        ("Паспорт 4510 441738 выдан", &["ru_passport=4510 441738"]),
        ("заказ 4510 441738 выдан", &[]),
        ("DOB: 04/17/1989  Dx: hypertension", &["date_of_birth=04/17/1989", "health=hypertension"]),
        (
            "card number 5 1 2 3 4 5 6 8 7 9 3 4 1 4 1 5 today",
            &["card=5 1 2 3 4 5 6 8 7 9 3 4 1 4 1 5"],
        ),
        (
            "card number 5.1.2.3.4.5.6.8.7.9.3.4.1.4.1.5 today",
            &["card=5.1.2.3.4.5.6.8.7.9.3.4.1.4.1.5"],
        ),
        ("levels 5 1 2 3 4 5 6 8 7 9 3 4 1 4 1 5 today", &[]),
        ("pay 4024\u{2009}0071\u{2009}7012\u{2009}3450", &[]),
        ("mi celular es 55 4182 7736", &["phone=55 4182 7736"]),
        ("Otto (415-530-9127) wants a callback", &["phone=415-530-9127"]),
    ]);
}

#[test]
fn an_empty_cell_keeps_its_place() {
    reads(&[
        (
            "| Name | Phone | Code |\n|---|---|---|\n|  | 03001234567 | 75300 |\n| Amina Malik |  | 75500 |",
            &["name=Amina Malik", "phone=03001234567"],
        ),
        ("a | city\n---|---\n | Karachi", &["city=Karachi"]),
    ]);
}

#[test]
fn closings_and_roles_of_many_languages_announce_names() {
    reads(&[
        ("Med vänlig hälsning\nLinnéa Hägglund", &["name=Linnéa Hägglund"]),
        ("Z poważaniem,\nAgnieszka Wróblewska", &["name=Agnieszka Wróblewska"]),
        ("З повагою,\nОксана Ткаченко", &["name=Оксана Ткаченко"]),
        ("Paciente Jussara Tavares", &["name=Jussara Tavares"]),
        ("Klant Marijke van der Veen", &["name=Marijke van der Veen"]),
        ("Zovem se Domagoj Perković", &["name=Domagoj Perković"]),
        ("감사합니다.\n서지훈 드림", &["name=서지훈"]),
        ("Sehr geehrter Kunde, Ihre Bestellung", &[]),
        ("Madame, Monsieur,\nnous", &[]),
        ("Rühren mit Dr. Oetker Backin", &[]),
    ]);
}

#[test]
fn births_are_told_in_many_languages() {
    reads(&[
        ("född 14 juni 1978, bor i Umeå", &["date_of_birth=14 juni 1978"]),
        ("ur. 7 listopada 1988", &["date_of_birth=7 listopada 1988"]),
        ("született 1988. november 7.", &["date_of_birth=1988. november 7"]),
        ("γεννημένη στις 14 Μαρτίου 1983", &["date_of_birth=14 Μαρτίου 1983"]),
        ("出生日期：1988年11月7日，回电", &["date_of_birth=1988年11月7日"]),
        ("생년월일: 1988년 11월 7일, 메모", &["date_of_birth=1988년 11월 7일"]),
        ("born in Leeds", &[]),
    ]);
}

#[test]
fn words_announce_number_plates() {
    reads(&[
        ("mein Wagen, Kennzeichen K-AK 482, steht", &["vehicle_registration=K-AK 482"]),
        ("targa FK 482 LM", &["vehicle_registration=FK 482 LM"]),
        ("registration CK63 WPL was seen", &["vehicle_registration=CK63 WPL"]),
        ("차량번호: 48가 2057", &["vehicle_registration=48가 2057"]),
        ("автомобиль с госномером К482ЛМ96", &["vehicle_registration=К482ЛМ96"]),
        ("plate no. 2 is loose", &[]),
        ("the registration of 2024", &[]),
    ]);
}

#[test]
fn words_announce_what_people_are_known_by() {
    reads(&[
        ("Customer no. KD-4820573 called", &["account_id=KD-4820573"]),
        ("Kundennummer 4820573", &["account_id=4820573"]),
        ("su DNI 31.482.907 vence", &["national_id=31.482.907"]),
        ("Accepted password for sindrek from the bastion", &["username=sindrek"]),
        ("Failed password for root", &[]),
        ("the customer 7 times", &[]),
    ]);
}

#[test]
fn an_address_ends_at_its_line_and_before_what_the_sentence_goes_on_with() {
    reads(&[
        (
            "Kungsgatan 48, 903 25 Umeå\nMobil: 070-482 05 73",
            &["address=Kungsgatan 48, 903 25 Umeå", "phone=070-482 05 73"],
        ),
        (
            "I live at 12 Elm Street, Leeds LS1 4AP and you can ring me on 0113 496 0123",
            &["address=12 Elm Street, Leeds LS1 4AP", "phone=0113 496 0123"],
        ),
        ("BTC block 482057", &[]),
        // A British code is written like nothing else.
        (
            "Signed,\n22 Heriot Row, Edinburgh EH3 6EN\nhome",
            &["address=22 Heriot Row, Edinburgh EH3 6EN"],
        ),
        ("Batch 22 Row, Column EH3 6E", &[]),
    ]);
}

#[test]
fn an_address_ends_where_the_sentence_goes_on() {
    reads(&[
        (
            "resident of House 45-B, Street 12, DHA, Karachi, hereby request closure",
            &["address=House 45-B, Street 12, DHA, Karachi"],
        ),
        (
            "ghar ka pata Flat 302, Gulberg Heights, Lahore hai. Parcel kal bhej dein",
            &["address=Flat 302, Gulberg Heights, Lahore"],
        ),
        (
            "मेरा पता फ्लैट 304, गोमती नगर, लखनऊ 226010 है।",
            &["address=फ्लैट 304, गोमती नगर, लखनऊ 226010"],
        ),
        ("住所は東京都渋谷区神南1-19-11です。", &["address=東京都渋谷区神南1-19-11"]),
        (
            "주소는 서울특별시 강남구 테헤란로 152, 803호입니다.",
            &["address=서울특별시 강남구 테헤란로 152, 803호"],
        ),
        (
            "delivery address 7 Deansgate Mews, Manchester M3 4EN. Her old one",
            &["address=7 Deansgate Mews, Manchester M3 4EN"],
        ),
    ]);
}

#[test]
fn before_an_address_stands_who_lives_there() {
    reads(&[
        (
            "Tolong kirim ke Bapak Hendra Gunawan di Jl. Merdeka No. 5, Bogor 16122",
            &["address=Jl. Merdeka No. 5, Bogor 16122", "name=Hendra Gunawan"],
        ),
        (
            "お届け先は伊藤さくら様、神奈川県横浜市西区みなとみらい2-3-5",
            &["address=神奈川県横浜市西区みなとみらい2-3-5", "name=伊藤さくら"],
        ),
    ]);
}

#[test]
fn a_mailbox_may_be_told_in_words() {
    reads(&[
        ("mail me: sana.k AT gmail DOT com please", &["email=sana.k AT gmail DOT com"]),
        ("meet me at gmail headquarters", &[]),
        ("diagnosed with bipolar disorder in 2019.", &["health=bipolar disorder"]),
    ]);
}

#[test]
fn marks_of_a_page_are_no_part_of_a_value() {
    reads(&[
        ("<p>aadhaar number: <b>4341 7397 0717</b></p>", &["in_aadhaar=4341 7397 0717"]),
        ("<p>imei: 867619048273154</p><p>x</p>", &["imei=867619048273154"]),
    ]);
}

#[test]
fn who_says_what_stands_behind_the_colon() {
    reads(&[
        ("[10:22] Maryam Khan: on my way", &["name=Maryam Khan"]),
        ("Maryam Khan: on my way", &["name=Maryam Khan"]),
        ("failed to charge Hina Raza: card declined", &[]),
        ("Last login: Mon Nov 30 09:12:04", &[]),
        (
            "11/03/2024, 18:02 - Bushra Ansari: ok\n11/03/24, 6:03 PM - Maryam Khan: fine",
            &["name=Bushra Ansari", "name=Maryam Khan"],
        ),
        ("[10:22] Thread Pool: full", &[]),
        ("10:22 worker - Cache Manager: started", &[]),
    ]);
}

#[test]
fn who_does_or_has_something_stands_before_it() {
    reads(&[
        ("Priya Sharma called this morning about her order.", &["name=Priya Sharma"]),
        ("Jessica Hernandez has been assigned to this ticket.", &["name=Jessica Hernandez"]),
        ("Our new customer Priya Sharma has paid for the lamp", &["name=Priya Sharma"]),
        ("Ayesha Khan (customer) waits for a callback", &["name=Ayesha Khan"]),
        ("Please update Jessica Hernandez's order", &["name=Jessica Hernandez"]),
        ("Jürgen Müller hat angerufen.", &["name=Jürgen Müller"]),
        ("Build Server called this morning's hook", &[]),
        ("The Payment Service has been assigned to us", &[]),
    ]);
}

#[test]
fn labels_of_forms_and_of_programs_say_what_stands_behind_them() {
    reads(&[
        ("Blood Group: B+\nDevice Model: Redmi 10C", &["health=B+", "device_model=Redmi 10C"]),
        ("shippingpassword: Mango171!785", &["password=Mango171!785"]),
        ("ok, userimsi: 404458333327541, done", &["imsi=404458333327541"]),
        ("The device model: what we know of it so far", &[]),
    ]);
}

#[test]
fn forms_have_dots_between_a_label_and_its_value() {
    reads(&[
        (
            "PATIENT INTAKE FORM\nName ............ Zanele Dlamini\nNext of kin ..... Ada Okoro (071 109 8052)\n\
             Blood group ..... O+\nAllergies ....... penicillin",
            &[
                "name=Zanele Dlamini",
                "name=Ada Okoro",
                "phone=071 109 8052",
                "health=O+",
                "health=penicillin",
            ],
        ),
        ("[ro.serialno]: [c331c66a]", &["serial=c331c66a"]),
        ("1. Introduction ........ 3\n2. Name resolution .... 17", &[]),
    ]);
}

#[test]
fn an_address_ends_before_a_telephone_number_and_what_announces_it() {
    reads(&[
        (
            "Deliver to 15 Awolowo Way, Ikeja, Kano. Call +2348020332567 first",
            &["address=15 Awolowo Way, Ikeja, Kano", "phone=+2348020332567"],
        ),
        (
            "deliver to 12 Mall Road, Lahore. Router is in the bag",
            &["address=12 Mall Road, Lahore"],
        ),
        ("live at 5 Elm St. Leeds LS1 4AP", &["address=5 Elm St. Leeds LS1 4AP"]),
        (
            "Adres: Moda Caddesi No: 259 D: 4, 34710 Kadıköy/İstanbul",
            &["address=Moda Caddesi No: 259 D: 4, 34710 Kadıköy/İstanbul"],
        ),
        (
            "Address: 5 Elm Street, Leeds. Order No: 55123456",
            &["address=5 Elm Street, Leeds", "order_number=55123456"],
        ),
        (
            "Адреса: вул. Хрещатик, буд. 22, Львів, 79032, телефон +380 50 296 5467.",
            &["address=вул. Хрещатик, буд. 22, Львів, 79032", "phone=+380 50 296 5467"],
        ),
    ]);
}

#[test]
fn a_name_that_has_its_line_to_itself_needs_less_beside_it() {
    reads(&[
        (
            "CURRICULUM VITAE\n\nMeenakshi Thistlebury\nMobile: +92 300 4412387",
            &["name=Meenakshi Thistlebury", "phone=+92 300 4412387"],
        ),
        ("Meenakshi Mills Ltd +92 300 4412387", &["phone=+92 300 4412387"]),
    ]);
}

#[test]
fn what_is_written_like_a_mailbox_and_is_none() {
    reads(&[
        ("From: <sip:+923004412387@ims.example>", &["phone=+923004412387"]),
        // Accounts of messengers are kept by numbers.
        ("60123456789@c.us wrote", &["phone=60123456789"]),
        ("from 923004412387:12@s.whatsapp.net at noon", &["phone=923004412387"]),
        ("join #help@irc.example.org", &[]),
        ("git@git.example.org:shop/web.git deploy@web.example.org:22", &[]),
        ("sana@example.pk:hunter2", &["email=sana@example.pk"]),
    ]);
}

#[test]
fn in_a_note_stands_more() {
    reads(&[
        (
            "Agent notes: spoke to Ananya Yadav on +918123118043",
            &[
                "name=Ananya Yadav",
                "notes=spoke to Ananya Yadav on +918123118043",
                "phone=+918123118043",
            ],
        ),
        ("usage: git merge [options] <branch>", &[]),
    ]);
}

#[test]
fn a_cue_ends_where_its_word_does() {
    reads(&[
        ("took 12ms Ana Lopez", &[]),
        ("PASS: config.guess checks (136 tests)", &[]),
        ("phone ports 64010-64016, 60000-64999", &[]),
        ("Before: Trying 2606:4700:4700::1111:443...", &["ip_address=2606:4700:4700::1111:443"]),
        ("Ms Ana Lopez called", &["name=Ana Lopez"]),
        (
            "Anwesend waren Uwe Brückner und Svenja Brückner.",
            &["name=Uwe Brückner", "name=Svenja Brückner"],
        ),
        (
            "Caller: Travessa do Ouvidor, 18, Curitiba - PR, 80376-562",
            &["address=Travessa do Ouvidor, 18, Curitiba - PR, 80376-562"],
        ),
        ("ياسمين الشناوي", &[]),
    ]);
}

#[test]
fn waybills_name_whom_a_mobile_number_is_of() {
    reads(&[
        (
            "王伟 13847361528 浙江省杭州市西湖区文三路477号",
            &["name=王伟", "phone=13847361528", "address=浙江省杭州市西湖区文三路477号"],
        ),
        ("欧阳娜娜：13847361528", &["name=欧阳娜娜", "phone=13847361528"]),
        ("余额 13847361528", &[]),
        ("单号 13847361528", &[]),
        ("联系方式 a.k@example.cn", &["email=a.k@example.cn"]),
    ]);
}

#[test]
fn a_line_of_properties_is_an_address_to_its_end() {
    reads(&[
        ("port=8080\naddress.street=7 avenue Parmentier\nx=1", &["street=7 avenue Parmentier"]),
        ("contact.street=Lindenstraße 17a\n", &["street=Lindenstraße 17a"]),
        ("[c]\nstreet = 7 avenue Parmentier\n", &["street=7 avenue Parmentier"]),
        ("level=info street=7 avenue ok=1", &[]),
    ]);
}

#[test]
fn of_two_cues_the_one_counts_that_ends_where_a_word_does() {
    reads(&[("Preciso falar com Ana Souza", &["name=Ana Souza"])]);
}

#[test]
fn whose_number_it_is_may_stand_before_it() {
    reads(&[
        (
            "Prévenir le destinataire Geneviève Moreau au 5148494924.",
            &["name=Geneviève Moreau", "phone=5148494924"],
        ),
        (
            "te paso el contacto de mi viejo: Carlos Ruiz, 1153108661",
            &["name=Carlos Ruiz", "phone=1153108661"],
        ),
        (
            "left with neighbour Anna Svobodová (605 086 841), Suite 42",
            &["name=Anna Svobodová", "phone=605 086 841"],
        ),
        ("Contatto: 347 7523906.", &["phone=347 7523906"]),
        ("Suite à votre appel, M. Moreau confirme", &["name=Moreau"]),
        ("Oi, aqui é Ana Albuquerque, CPF", &["name=Ana Albuquerque"]),
        ("please call Siriporn Chaiyasit today", &["name=Siriporn Chaiyasit"]),
        ("at 5 p.m. London time", &[]),
    ]);
}
