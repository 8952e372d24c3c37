//! Why a message is judged as it is, and what would make it lawful.

use super::{Engine, Message, Reading, Scratch, Verdict};
use crate::{
    domain::Limits,
    policy::{Bounds, Explainer, Explanation, Judged, People, Transfer},
};

impl Engine {
    /// Judges one message as [`Engine::inspect`] does, and explains the judgement. `go_on` bounds the
    /// search for what would make it lawful: false ends it.
    pub fn explain(
        &self,
        message: &Message<'_>,
        transfer: Transfer,
        limits: &Limits,
        scratch: &mut Scratch,
        go_on: &dyn Fn() -> bool,
    ) -> (Verdict, Explanation) {
        let reading = self.read(message, limits, scratch);
        let people = self.people(&reading, &transfer, message.client_region);
        self.explain_read(reading, &transfer, &people, go_on)
    }

    /// Like [`Engine::explain`], for a message that was read, by the facts of the transfer and of each of the people.
    pub fn explain_read(
        &self,
        reading: Reading<'_>,
        transfer: &Transfer,
        people: &People,
        go_on: &dyn Fn() -> bool,
    ) -> (Verdict, Explanation) {
        let people = &*self.with_children(&reading, transfer, people);
        let verdict = self.judge(reading, Box::new(transfer.clone()), people);
        let people = &*verdict.with_echoes(people);
        let judged = Judged {
            transfer,
            people,
            findings: &verdict.findings,
            coverage: verdict.coverage,
            gaps: &verdict.gaps,
        };
        let explanation = self.explainer().explain(
            &self.rules,
            &self.catalogue.taxonomy,
            &judged,
            Bounds::default(),
            go_on,
        );
        (verdict, explanation)
    }

    /// The rules as written; made when they are first asked for.
    pub fn explainer(&self) -> &Explainer {
        self.explainer
            .get_or_init(|| Explainer::new(&self.rules, &self.files, &self.catalogue.taxonomy))
    }
}
