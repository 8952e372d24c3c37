use super::*;

pub(super) fn table() -> KeyTable {
    let mut table = KeyTable::default();
    for (name, rule) in
        [("email", 1), ("email address", 1), ("phone", 2), ("手机号", 2), ("imei", 3)]
    {
        table.entry(name).rules.push(rule);
        table.entry(name).ending_rules.push(rule);
    }
    table.entry("name").rules.push(4);
    table.entry("aid").exact_rules.push(5);
    for prefix in ["user", "customer", "收件人"] {
        table.word(prefix).prefix = true;
    }
    for suffix in ["no", "number", "码"] {
        table.word(suffix).suffix = true;
    }
    table.word("md5").hashed = true;
    table.word("sha256").hashed = true;
    table.word("hashed").hashed = true;
    table.word("is").statement = true;
    table.word("verified").attribute = true;
    table
}

#[test]
fn a_name_is_found_in_every_style_and_no_other_is() {
    let table = table();
    for (name, expected) in [
        ("email", &[1u16][..]),
        ("EMAIL_ADDRESS", &[1]),
        ("emails", &[1]),
        ("customerEmailAddress", &[1]),
        ("customeremail", &[1]),
        ("projectOwnerEmail", &[1]),
        ("user_phone_no", &[2]),
        ("userphonenumber", &[2]),
        ("phone2", &[2]),
        ("收件人手机号", &[2]),
        ("手机号码", &[2]),
        ("IMEI1", &[3]),
        ("userName", &[4]),
        ("aid", &[5]),
        ("user_aid", &[]),
        ("productName", &[]),
        ("microphone", &[]),
        ("isEmail", &[]),
        ("email_verified", &[]),
        ("", &[]),
    ] {
        assert_eq!(table.analyse(name).rules(), expected, "{name}");
    }
}

#[test]
fn a_hash_keeps_its_category_and_says_so() {
    let table = table();
    for (name, rules, hashed) in [
        ("imei_md5", &[3u16][..], true),
        ("emailSha256", &[1], true),
        ("hashed_email", &[1], true),
        ("md5", &[], false),
        ("file_md5", &[], false),
    ] {
        let facts = table.analyse(name);
        assert_eq!((facts.rules(), facts.hashed), (rules, hashed), "{name}");
    }
}
