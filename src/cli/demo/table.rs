//! What was asked, decided and why, and what each data centre received: a table for a person.

use std::collections::BTreeMap;

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, TableStyle,
    Width, presets::UTF8_FULL,
};
use serde_json::Value;

use super::{
    calls::{Call, Payload},
    centre::Received,
};
use crate::{
    domain::{Effect, Encoding, Limits},
    format::decode,
};

pub(super) const STYLE: TableStyle = UTF8_FULL.with_rounded_corners();

/// One call from beginning to end.
pub(super) struct Row<'c> {
    pub(super) number: u64,
    pub(super) call: &'c Call,
    pub(super) status: u16,
    pub(super) effect: Option<Effect>,
    pub(super) rules: Vec<String>,
    pub(super) reason: String,
    pub(super) received: Option<Received>,
}

impl Row<'_> {
    pub(super) fn is_as_expected(&self) -> bool {
        let arrived = self.received.is_some();
        self.effect == Some(self.call.expected) && arrived == (self.call.expected != Effect::Block)
    }
}

pub(super) fn table(rows: &[Row<'_>], width: Option<u16>) -> Table {
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(
            ["#", "asked", "decided", "why", "what the data centre received"]
                .map(|title| Cell::new(title).add_attribute(Attribute::Bold)),
        )
        .set_constraints([
            ColumnConstraint::ContentWidth,
            ColumnConstraint::UpperBoundary(Width::Percentage(28)),
            ColumnConstraint::ContentWidth,
            ColumnConstraint::UpperBoundary(Width::Percentage(28)),
            ColumnConstraint::UpperBoundary(Width::Percentage(32)),
        ]);
    // A terminal's width is found by the table itself; a pipe has none.
    if let Some(width) = width {
        table.set_width(width);
    }
    for row in rows {
        table.add_row(cells(row));
    }
    table
}

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let call = row.call;
    let (_, city, _) = call.destination();
    let decided = match row.effect {
        Some(Effect::Allow) => Cell::new("✓ allow").fg(Color::Green),
        Some(Effect::Redact) => Cell::new("✂ redact").fg(Color::Yellow),
        Some(Effect::Block) => Cell::new(format!("✗ block\n{}", row.status)).fg(Color::Red),
        None => Cell::new(format!("? {}", row.status)).fg(Color::Magenta),
    };
    let decided =
        if row.is_as_expected() { decided } else { decided.add_attribute(Attribute::Reverse) };
    vec![
        Cell::new(row.number).set_alignment(CellAlignment::Right).fg(Color::DarkGrey),
        Cell::new(format!("{}\n{} → {city}, {}", call.title, call.origin, call.purpose)),
        decided.add_attribute(Attribute::Bold),
        Cell::new(format!("{}\n{}", row.reason, rules(row))),
        received(row),
    ]
}

/// Those that blocked or redacted; of those that agreed the law, and how many more there are.
fn rules(row: &Row<'_>) -> String {
    const SHOWN_MAX: usize = 4;
    if row.rules.len() <= SHOWN_MAX {
        return row.rules.join(" ");
    }
    let law: Vec<&str> =
        row.rules.iter().map(String::as_str).filter(|id| id.starts_with("JR-")).collect();
    format!("{} and {} more rules", law.join(" "), row.rules.len() - law.len())
}

/// Told from what arrived, not from what was decided.
fn received(row: &Row<'_>) -> Cell {
    let Some(received) = &row.received else {
        return Cell::new("nothing").fg(Color::Red);
    };
    let sent = row.call.payload.bytes();
    if received.body == sent && received.target == row.call.target {
        let cell = match sent.len() {
            0 => Cell::new("the request as it was"),
            length => Cell::new(format!("all {length} bytes as they were")),
        };
        return cell.fg(Color::Green);
    }
    let mut lines = Vec::new();
    if received.target != row.call.target {
        lines.push(received.target.clone());
    }
    if received.body != sent {
        lines.push(match &row.call.payload {
            Payload::Gzip(_) => gunzip(&received.body),
            Payload::None | Payload::Json(_) | Payload::Raw(..) => {
                String::from_utf8_lossy(&received.body).into_owned()
            }
        });
        let missing = missing(&row.call.payload, lines.last().map_or("", String::as_str));
        if !missing.is_empty() {
            lines.push(format!("without {}", missing.join(", ")));
        }
    }
    Cell::new(lines.join("\n")).fg(Color::Yellow)
}

/// It went out compressed; a data centre would look inside as well.
fn gunzip(body: &[u8]) -> String {
    let decoded = decode(Encoding::Gzip, body, &Limits::default());
    String::from_utf8_lossy(decoded.as_deref().unwrap_or(body)).into_owned()
}

/// Pointers to what was sent and did not arrive.
fn missing(payload: &Payload, arrived: &str) -> Vec<String> {
    let sent = match payload {
        Payload::Json(value) | Payload::Gzip(value) => value.clone(),
        Payload::None | Payload::Raw(..) => return Vec::new(),
    };
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    leaves(&sent, String::new(), &mut before);
    leaves(&serde_json::from_str(arrived).unwrap_or_default(), String::new(), &mut after);
    before
        .into_iter()
        .filter(|(at, value)| after.get(at) != Some(value))
        .map(|(at, _)| at)
        .collect()
}

fn leaves(value: &Value, at: String, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                leaves(member, format!("{at}/{name}"), found);
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            for (index, element) in elements.iter().enumerate() {
                leaves(element, format!("{at}/{index}"), found);
            }
        }
        leaf @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_)) => {
            found.insert(at, leaf.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_did_not_arrive_is_told_by_its_pointer() {
        let sent = Payload::Json(json!({"a": 1, "b": {"c": [1, 2]}, "d": {}}));
        for (arrived, expected) in [
            (r#"{"a":1,"b":{"c":[1,2]},"d":{}}"#, &[][..]),
            (r#"{"b":{"c":[1,2]},"d":{}}"#, &["/a"]),
            (r#"{"a":1,"b":{"c":[1,null]},"d":{}}"#, &["/b/c/1"]),
            (r#"{"a":2,"b":{"c":[1,2]}}"#, &["/a", "/d"]),
            ("", &["/a", "/b/c/0", "/b/c/1", "/d"]),
        ] {
            assert_eq!(missing(&sent, arrived), expected, "{arrived}");
        }
    }
}
