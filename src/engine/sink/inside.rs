//! The search for documents inside the value at hand.

use crate::{
    domain::{Escape, Limits, Span},
    engine::embedded::{self, Inner, Look, Room},
    format::{self, Decoder, Text, Unescaped},
};

/// What looking inside values needs, and what is found there.
pub(in crate::engine) struct Inside<'w> {
    /// The documents inside the value at hand.
    pub(in crate::engine) found: &'w mut Vec<Inner>,
    pub(in crate::engine) deeper: &'w mut Vec<Inner>,
    pub(in crate::engine) decoder: &'w mut Decoder,
    pub(in crate::engine) room: Room,
    pub(in crate::engine) limits: &'w Limits,
}

impl Inside<'_> {
    pub(super) fn give_back(&mut self, documents: usize) {
        self.found.shrink_to(documents);
        self.deeper.shrink_to(documents);
    }

    /// Finds the documents inside `text`.
    #[inline]
    pub(super) fn find(&mut self, text: &str, is_body: bool, is_among_tokens: bool) {
        let Self { found, decoder, room, limits, .. } = self;
        embedded::find(text, &mut Look { limits, decoder, is_body, is_among_tokens, room, found });
    }

    /// A text that is escaped once more and holds no document is the text of this field all the same: that text, with
    /// nothing inside.
    #[inline]
    pub(super) fn further<'b>(
        &mut self,
        text: &'b str,
        is_among_tokens: bool,
        buffer: &'b mut Unescaped,
    ) -> Option<Text<'b>> {
        let escape = embedded::further(text, self.found)?;
        let further = format::unescape(escape, text.as_bytes(), buffer);
        // They are found again where they are read.
        let mut room = self.room;
        embedded::find(
            further.as_str(),
            &mut Look {
                limits: self.limits,
                decoder: self.decoder,
                is_body: false,
                is_among_tokens,
                room: &mut room,
                found: self.deeper,
            },
        );
        self.room.is_exceeded |= room.is_exceeded;
        if !self.deeper.is_empty() {
            self.deeper.clear();
            return None;
        }
        self.found.clear();
        Some(further)
    }

    /// Puts what was found in a text where it stands in `raw`, its value as it is escaped.
    #[inline]
    pub(super) fn put_in_place(&mut self, text: &Text<'_>, raw: &[u8], escape: Escape) {
        // What ends a scalar of YAML may be no escape of what stands in it.
        let is_scalar = matches!(escape, Escape::Scalar(_));
        for document in self.found.iter_mut() {
            let whole = document.span.of(text.as_str().as_bytes());
            document.span = text.raw_span(document.span);
            document.is_escaped = is_scalar || document.span.of(raw) != whole;
        }
    }

    /// Whether `span` lies in one of the documents, or laps over its edge. They stand in order and apart; one that lies
    /// in the span as a whole is part of the value.
    pub(super) fn has_a_part(&self, span: Span) -> bool {
        let first = self.found.partition_point(|document| document.span.end <= span.start);
        let mut around = self.found.iter().skip(first).take_while(|it| it.span.start < span.end);
        around.any(|document| !span.contains(document.span))
    }
}
