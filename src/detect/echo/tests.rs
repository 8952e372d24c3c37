use super::*;

const KEYS: [&str; 5] =
    ["user.name", "user.name.first", "user.contact.email", "user.government_id", "user.unique_id"];

fn sought(values: &[(&str, &str)]) -> Sought {
    let mut sought = Sought::default();
    let kinds = [Kind::Name, Kind::NamePart, Kind::Mailbox, Kind::Id, Kind::Id].map(Some).to_vec();
    let echoing = Echoing(kinds);
    for (number, (key, value)) in (0u32..).zip(values) {
        let tag = KEYS.iter().position(|known| known == key).unwrap();
        sought.add(&echoing, Tag(tag as u16), value, value.as_bytes(), number);
    }
    sought
}

/// The search for all values, and that of long bytes for few, tell the same places.
#[test]
fn every_place_is_told_whatever_the_length() {
    let all = [
        ("user.name.first", "Khan"),
        ("user.name", "Li Na"),
        ("user.contact.email", "a@b.de"),
        ("user.name", "王小明"),
        ("user.unique_id", "35202-1234567-1"),
        ("user.unique_id", "AB1234567"),
    ];
    for values in [&all[..1], &all[..2], &all[1..3], &all[3..], &all[..]] {
        let sought = sought(values);
        for length in [0, 20_000] {
            for offset in 0..9 {
                let mut text = vec![b'.'; length + offset];
                let mut expected = Vec::new();
                for (_, value) in values {
                    expected.push((text.len(), text.len() + value.len()));
                    text.extend_from_slice(value.as_bytes());
                    text.extend_from_slice(&b"...."[..offset % 4]);
                }
                let mut told = Vec::new();
                sought.each_in(&text, |_, span| {
                    told.push((span.range().start, span.range().end));
                    true
                });
                told.sort_unstable();
                assert_eq!(told, expected, "{values:?} {length} {offset}");
            }
        }
    }
}

#[test]
fn only_what_tells_somebody_apart_is_looked_for() {
    for (key, value, expected) in [
        ("user.name", "Ayesha Khan", 1),
        ("user.name.first", "Ayesha", 1),
        ("user.name", "Value", 0),
        ("user.name.first", "ayesha", 0),
        ("user.name.first", "Kim", 0),
        ("user.name", "王小明", 1),
        ("user.name", "王明", 0),
        ("user.name", "さくら", 0),
        ("user.name", "$1 $2 $3", 0),
        ("user.contact.email", "a@b.de", 1),
        ("user.unique_id", "customer", 0),
        ("user.unique_id", "00000000", 0),
        ("user.unique_id", "1234567", 0),
        ("user.unique_id", "12345678", 1),
        ("user.unique_id", "(\\d{2})(\\d{3})(\\d{3})", 0),
        // As written, and by its digits.
        ("user.government_id", "35202-1234567-1", 2),
    ] {
        assert_eq!(sought(&[(key, value)]).values.len(), expected, "{value}");
    }
}

#[test]
fn a_value_that_comes_again_is_looked_for_once() {
    let values: Vec<String> = (0..Sought::MAX).map(|it| format!("AB{:07}", it + 1)).collect();
    let twice = values.iter().chain(&values);
    let all: Vec<_> = twice.map(|it| ("user.unique_id", it.as_str())).collect();
    let known = sought(&all);
    assert_eq!((known.values.len(), known.left_out()), (Sought::MAX, 0));
    let more = [&all[..], &[("user.unique_id", "AB9999999")]].concat();
    assert_eq!(sought(&more).left_out(), 1);
}
