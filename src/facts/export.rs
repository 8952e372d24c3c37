//! Everything on file, as entries that can be imported again under the same key.

use serde_json::{Map, Value, json};

use super::{CountScope, FactsStore, Pseudonym, SubjectRecord, Unavailable};

impl FactsStore {
    /// Each entry in turn until `each` returns false: mechanisms, subjects, further identifiers, and with
    /// `counted` who was counted when. Subjects go by their pseudonyms.
    pub fn export(
        &self,
        counted: bool,
        each: &mut dyn FnMut(Value) -> bool,
    ) -> Result<(), Unavailable> {
        for mechanism in self.mechanisms()?.iter() {
            if !each(json!({ "mechanism": mechanism })) {
                return Ok(());
            }
        }
        let mut goes_on = true;
        self.each_subject(&mut |who, record| {
            goes_on = each(subject(who, &record));
            goes_on
        })?;
        if goes_on {
            self.each_alias(&mut |from, to| {
                goes_on = each(json!({
                    "subject": { "pseudonym": [to.to_string(), from.to_string()] }
                }));
                goes_on
            })?;
        }
        // Told of each in turn, what stands for a circle joins all of them again.
        if goes_on {
            self.each_in_circle(&mut |who, circle| {
                goes_on = each(json!({
                    "subject": { "pseudonym": [who.to_string(), circle.to_string()] }
                }));
                goes_on
            })?;
        }
        if goes_on && counted {
            self.each_counted(&mut |CountScope { counter, exporter, recipient }, who, day| {
                let mut count = json!({
                    "counter": counter, "exporter": exporter, "on": day.date().to_string(),
                });
                if let (Some(recipient), Value::Object(count)) = (recipient, &mut count) {
                    count.insert("recipient".to_owned(), json!(recipient));
                }
                let who = json!({ "pseudonym": who.to_string() });
                each(json!({ "subject": who, "counted": [count] }))
            })?;
        }
        Ok(())
    }
}

/// What is on file about a subject, as an entry.
fn subject(who: Pseudonym, record: &SubjectRecord) -> Value {
    let mut entry = Map::new();
    entry.insert("subject".to_owned(), json!({ "pseudonym": who.to_string() }));
    if let Value::Object(members) = json!(record) {
        entry.extend(members);
    }
    Value::Object(entry)
}
