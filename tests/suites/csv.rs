//! csv-spectrum: tables with quotes, line ends and empty cells in every place, and what they say.

use std::{collections::BTreeMap, fs};

use bordergate::{
    domain::{Container, FieldSink, Format, Key, Limits, Value},
    format::{self, Unescaped},
};

use crate::path;

#[test]
fn every_table_says_what_it_says_to_others() {
    let mut tables = 0;
    for entry in fs::read_dir(path("csv-spectrum")).expect("`make data` fetches the tables") {
        let file = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let expected = fs::read_to_string(path("csv-spectrum-json").join(format!("{name}.json")));
        // One of them holds its only record as it is.
        let expected = expected.unwrap();
        let expected: Vec<BTreeMap<String, String>> = serde_json::from_str(&expected)
            .or_else(|_| serde_json::from_str(&expected).map(|record| vec![record]))
            .unwrap();
        let mut bytes = fs::read(&file).unwrap();
        if name == "location_coordinates" {
            // The number was replaced in what the table says, and forgotten in the table.
            let text = String::from_utf8(bytes).unwrap();
            bytes = text.replace("2095257564", "1234567890").into_bytes();
        }
        let mut table = Table::default();
        let walked = format::walk(Format::Csv, &bytes, &Limits::default(), &mut table);
        assert_eq!(walked, Ok(()), "{name}");
        // Its own objects, and the heading is told as a record of its own.
        let records: Vec<_> = table.records.into_iter().skip(1).collect();
        assert_eq!(records, expected, "{name}");
        tables += 1;
    }
    assert!(tables >= 10, "{tables}");
}

#[derive(Default)]
struct Table {
    records: Vec<BTreeMap<String, String>>,
    depth: usize,
    buffer: Unescaped,
}

impl FieldSink for Table {
    fn open(&mut self, _: Key<'_>, _: Container, _: usize, _: usize) {
        self.depth += 1;
        if self.depth == 2 {
            self.records.push(BTreeMap::new());
        }
    }

    fn close(&mut self, _: usize, _: usize) {
        self.depth -= 1;
    }

    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        let name = match key {
            Key::Name { text, escape, .. } => {
                format::unescape(escape, text, &mut self.buffer).as_str().to_owned()
            }
            Key::Index(index) => index.to_string(),
            Key::Root => String::new(),
        };
        let text = format::unescape(value.escape, value.text, &mut self.buffer).as_str().to_owned();
        self.records.last_mut().unwrap().insert(name, text);
    }
}
