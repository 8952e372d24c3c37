//! Turns of conversations, what is sold under the name of somebody, and what stands about names and numbers.

use super::{check, sentences::reads};

#[test]
fn a_turn_of_a_conversation_is_no_name() {
    reads(&[
        ("[10:02] visitor: 谢谢", &[]),
        ("[12:02] visitor: 麻烦放门卫,到了打13812345678", &["phone=13812345678"]),
        ("visitor: 携帯番号は 090-1234-5678", &["phone=090-1234-5678"]),
        ("visitor: はい", &[]),
        ("visitor: 안녕하세요", &[]),
        ("visitor: 明日です", &[]),
        ("客户: 谢谢", &[]),
        ("客户：麻烦快点", &[]),
        ("司机: 马上到", &[]),
        ("customer: Muchas Gracias", &[]),
        ("Cliente: Buenos Días", &[]),
        ("Kunde: Vielen Dank", &[]),
        ("client: Merci Beaucoup", &[]),
        ("Klant: Goede Middag", &[]),
        ("Klient: Dzień Dobry", &[]),
        ("customer: Bom Dia", &[]),
        ("customer: Terima Kasih", &[]),
        ("customer: İyi Günler", &[]),
        ("Khách hàng: Cảm Ơn", &[]),
        ("клиент: Добрый День", &[]),
        ("visitor: السلام عليكم", &[]),
        ("گاہک: شکریہ جناب", &[]),
        ("ग्राहक: धन्यवाद जी", &[]),
        ("ลูกค้า: ขอบคุณครับ", &[]),
        ("customer: No Problem", &[]),
        ("customer: Got It", &[]),
        // Behind a time somebody speaks whatever is said, but for a name.
        ("[10:02] customer: Hotel Lobby", &[]),
        ("[10:02] customer: Qwx Zpy", &[]),
        ("[10:02] customer: Sana Khan", &["name=Sana Khan"]),
        ("[10:02] visitor: 王芳", &["name=王芳"]),
        ("[10:02:11] Name: Qwx Zpy", &["name=Qwx Zpy"]),
        // In a form the same words name somebody.
        ("Customer: Qwx Zpy", &["name=Qwx Zpy"]),
        ("Customer: Grace Kelly", &["name=Grace Kelly"]),
        ("Passenger: Xin Li", &["name=Xin Li"]),
        ("客户: 张伟", &["name=张伟"]),
        ("客户：李小龙", &["name=李小龙"]),
        ("고객: 김철수", &["name=김철수"]),
        ("用户: 欧阳娜娜", &["name=欧阳娜娜"]),
    ]);
}

#[test]
fn who_speaks_is_named_before_what_is_said() {
    reads(&[
        ("[14:01:33] Rizky: sudah di jalan", &["first_name=Rizky"]),
        ("[9:05] Amina: hello", &["first_name=Amina"]),
        ("[14:01] Sana Khan: hello", &["name=Sana Khan"]),
        ("[14:01:33] Jenkins: build done", &[]),
        ("[1:2] Amina: hello", &[]),
        ("[core] Amina: hello", &[]),
    ]);
}

#[test]
fn what_is_called_after_somebody_is_nobody() {
    reads(&[
        ("Dr. Martens 1460", &[]),
        ("Mr. Bean marathon", &[]),
        ("Ms. Marvel", &[]),
        ("Mrs. Meyer's soap", &[]),
        ("Signor Rossi DVD", &[]),
        ("Herr Lehmann Hörbuch", &[]),
        ("Dr. Martensen called", &["name=Martensen"]),
        ("Mr. Beanland called", &["name=Beanland"]),
        ("Signor Rossi", &["name=Rossi"]),
        ("Gentile Sig. Ferrari", &["name=Ferrari"]),
        ("Geachte heer van den Berg,", &["name=van den Berg"]),
        ("Geachte heer/mevrouw,", &[]),
        ("Beste heer Jansen", &["name=Jansen"]),
    ]);
    check(&[
        (r#"{"name":"Scuderia Ferrari"}"#, &[]),
        (r#"{"name":"Sebastian Ferrari"}"#, &["/name name"]),
    ]);
}

#[test]
fn names_begin_and_end_as_their_languages_write_them() {
    reads(&[
        ("My name is Juan dela Cruz", &["name=Juan dela Cruz"]),
        ("seen by Dr P. Haverstock", &["name=P. Haverstock"]),
        ("12 Maple Dr P. Haverstock", &[]),
        ("the new dr S. Lakewood", &[]),
        ("客服王芳为您服务", &["name=王芳"]),
        ("客服王小明", &["name=王小明"]),
        ("客服常见问题", &[]),
        ("客服安排发货", &[]),
        ("客服高效率", &[]),
        ("이름은 김서연이 아니라", &["name=김서연"]),
        ("이름은 김민준입니다", &["name=김민준"]),
        ("ติดต่อ สมชาย ใจดี ที่เบอร์ 0812345678", &["name=สมชาย ใจดี", "phone=0812345678"]),
    ]);
}

#[test]
fn a_number_under_a_name_is_theirs() {
    reads(&[
        ("Regards,\nSana Khan\n03001234567", &["name=Sana Khan", "phone=03001234567"]),
        ("Thanks,\r\nSana\r\n03001234567\r\nx", &["first_name=Sana", "phone=03001234567"]),
        ("Regards,\nSana Khan\n3001234567", &["name=Sana Khan"]),
        ("Regards,\nSana Khan\n0012345678", &["name=Sana Khan"]),
        ("Regards,\nSana Khan\n03001234567 items", &["name=Sana Khan"]),
        ("Regards,\nSana Khan\nOrder\n03001234567", &["name=Sana Khan"]),
    ]);
}

#[test]
fn numbers_of_articles_and_of_columns_are_no_telephone_numbers() {
    reads(&[
        ("Artikel 0176-23456789 ist nicht lieferbar", &[]),
        ("Ersatzteil 0176-23456789", &[]),
        ("Interesse am Artikel. 0176-23456789", &["phone=0176-23456789"]),
        ("Frage zum Artikel, Tel 0176-23456789", &["phone=0176-23456789"]),
        ("Artikel +49 176 23456789", &["phone=+49 176 23456789"]),
        ("root 20 0 068089 29775", &[]),
        ("Flat 12 0300 1234567", &["phone=0300 1234567"]),
        ("beni ara 5321234567", &["phone=5321234567"]),
        ("Bana ulaşmak için: 5321234567", &["phone=5321234567"]),
        ("bana ulaşan 5321234567 kayıt", &[]),
        ("My passport no is AB1234567", &["passport=AB1234567"]),
    ]);
}

#[test]
fn programs_write_names_and_values_in_many_ways() {
    reads(&[
        (
            r#"level=info criminal_history="none since 2003; DUI 2003""#,
            &["criminal_history=none since 2003; DUI 2003"],
        ),
        (r#"level=info criminal_history="none""#, &[]),
        (r#"level=info criminal_history=none status=ok"#, &[]),
        (
            r#"Parameters: {"user"=>{"name"=>"Madison Boyd", "password"=>"hunter2!x"}}"#,
            &["name=Madison Boyd", "password=hunter2!x"],
        ),
        (r#"{"name"=>"json", "version"=>"2.1"}"#, &[]),
        (r#"items.map(name=>"Madison Boyd")"#, &[]),
    ]);
    check(&[
        (r#"{"address":"reg 0x4441"}"#, &[]),
        (r#"{"address":"Lot 45, Jalan Expo 3"}"#, &["/address address"]),
    ]);
}
