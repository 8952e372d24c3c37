//! Entries as rows of CSV: the other way of [`Lines`](super::Lines).

use serde_json::{Map, Value};

use super::text::COLUMNS;

/// The row of column names, without its line end.
pub fn head() -> String {
    COLUMNS.join(",")
}

/// The rows of an entry of an export, each with its line end.
pub fn of(entry: &Value) -> String {
    let mut rows = String::new();
    if let Some(Value::Object(mechanism)) = entry.get("mechanism") {
        row(&mut rows, "mechanism", None, mechanism.clone());
        return rows;
    }
    let subject = entry.get("subject");
    let lists = [("consents", "consent"), ("withdrawn", "withdrawal"), ("counted", "counted")];
    for (member, record) in lists {
        for item in entry.get(member).and_then(Value::as_array).into_iter().flatten() {
            row(&mut rows, record, subject, item.as_object().cloned().unwrap_or_default());
        }
    }
    for name in entry.get("opt_outs").and_then(Value::as_array).into_iter().flatten() {
        row(&mut rows, "opt_out", subject, cells([("name", name)]));
    }
    for (name, value) in entry.get("settings").and_then(Value::as_object).into_iter().flatten() {
        let name = Value::from(name.as_str());
        row(&mut rows, "setting", subject, cells([("name", &name), ("value", value)]));
    }
    for name in ["age", "minor", "verified"] {
        let Some(value) = entry.get(name) else { continue };
        let mut told = cells([("name", &Value::from(name)), ("value", value)]);
        // An age is told with its day.
        if let Value::Object(age) = value {
            told.extend(age.get("years").map(|years| ("value".to_owned(), years.clone())));
            told.extend(age.get("on").map(|on| ("on".to_owned(), on.clone())));
        }
        row(&mut rows, "attribute", subject, told);
    }
    if rows.is_empty() {
        row(&mut rows, "identifiers", subject, Map::new());
    }
    rows
}

fn cells<'c>(cells: impl IntoIterator<Item = (&'c str, &'c Value)>) -> Map<String, Value> {
    cells.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

fn row(rows: &mut String, record: &str, subject: Option<&Value>, mut told: Map<String, Value>) {
    told.insert("record".to_owned(), record.into());
    if let Some(Value::Object(subject)) = subject {
        told.extend(subject.clone());
    }
    for (number, column) in COLUMNS.iter().enumerate() {
        if number > 0 {
            rows.push(',');
        }
        let cell = match told.get(*column) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(items)) => {
                let items: Vec<String> = items
                    .iter()
                    .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                    .collect();
                items.join(";")
            }
            Some(other) => other.to_string(),
        };
        // RFC 4180 §2.
        if cell.contains([',', '"', '\n', '\r']) {
            rows.push('"');
            rows.push_str(&cell.replace('"', "\"\""));
            rows.push('"');
        } else {
            rows.push_str(&cell);
        }
    }
    rows.push('\n');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::facts::{EntryReader, Format, Lines, SubjectKey};

    /// What is written as rows reads back as the same changes.
    #[test]
    fn rows_read_back() {
        let who = json!({"pseudonym": "000102030405060708090a0b0c0d0e0f"});
        let other = json!({"pseudonym": ["000102030405060708090a0b0c0d0e0f", "f0000000000000000000000000000000"]});
        let entries = [
            json!({"mechanism": {"type": "eu_scc", "id": "scc-1", "destinations": ["SG", "US"]}}),
            json!({"subject": who, "consents": [{"scope": "service", "type": "explicit",
                "purposes": ["a", "b"], "given_at": "2026-02-01T00:00:00Z", "evidence_ref": "x,\"y"}]}),
            json!({"subject": who, "withdrawn": [{"scope": "all", "at": "2026-02-01T00:00:00Z"}]}),
            json!({"subject": who, "opt_outs": ["push"]}),
            json!({"subject": who, "settings": {"cloud_sync": false}}),
            json!({"subject": who, "age": {"years": 12, "on": "2026-02-01T00:00:00Z"}}),
            json!({"subject": who, "counted": [{"counter": "c", "exporter": "own", "on": "2026-02-01"}]}),
            json!({"subject": other}),
        ];
        let mut text = format!("{}\n", head());
        for entry in &entries {
            text.push_str(&of(entry));
        }
        let reader = EntryReader::new(SubjectKey::new(&[7; 32]), "2026-11-26".parse().unwrap());
        let read: Vec<_> = Lines::new(Format::Csv, Box::new(text.as_bytes()))
            .unwrap()
            .map(|line| reader.change(&line.unwrap().1).unwrap())
            .collect();
        let given: Vec<_> = entries.iter().map(|entry| reader.change(entry).unwrap()).collect();
        assert_eq!(read, given);
    }
}
