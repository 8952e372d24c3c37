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
        ("DOB: 04/17/1989  Dx: hypertension", &["date_of_birth=04/17/1989"]),
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
