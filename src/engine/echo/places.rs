//! Where values that are taken out may stand once more: by their bytes, outside of every finding.

use std::ops::Range;

use crate::{
    detect::{Mask, Sought},
    domain::{Format, LayerId, Span},
    engine::reading::{Reading, Root},
};

/// Places to look at, in the order of their layers.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Each with the value that may stand there.
    items: Vec<(LayerId, u32, Mask)>,
    judged: Judged,
}

/// Places that are looked at.
const PLACES_MAX: usize = 1 << 17;

impl Places {
    /// `None` where there are too many.
    pub(super) fn find(reading: &Reading<'_>, sought: &Sought) -> Option<Self> {
        let mut search = Search { reading, items: Vec::new(), judged: None };
        let short = Short::of(reading);
        sought.each_in(&short.bytes, |mask, span| match short.place(span) {
            Some((layer, span)) => search.add(layer, span, mask),
            None => true,
        });
        for (number, layer) in reading.layers.iter().enumerate() {
            let id = LayerId::new(number);
            if layer.bytes.len() > Short::BYTES_MAX && is_looked_at(reading, id) {
                sought.each_in(&layer.bytes, |mask, span| search.add(id, span, mask));
            }
        }
        let Search { mut items, judged, .. } = search;
        items.sort_unstable();
        (items.len() <= PLACES_MAX).then(|| Self { items, judged: judged.unwrap_or_default() })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn layers(&self) -> impl Iterator<Item = LayerId> {
        let first = |chunk: &[(LayerId, u32, Mask)]| chunk.first().map(|(layer, ..)| *layer);
        self.items.chunk_by(|one, next| one.0 == next.0).filter_map(first)
    }

    /// The values that may stand in `span`.
    pub(super) fn within(&self, layer: LayerId, span: Span) -> Mask {
        let first =
            self.items.partition_point(|(id, start, _)| (*id, *start) < (layer, span.start));
        let items = self.items.iter().skip(first);
        let inside = items.take_while(|(id, start, _)| *id == layer && *start < span.end);
        inside.fold(0, |all, (.., mask)| all | mask)
    }

    pub(super) fn is_judged(&self, layer: LayerId, span: Span) -> bool {
        self.judged.touches(layer, span)
    }
}

/// What has a finding of its own, or was read as a layer of its own: in order, apart.
#[derive(Debug, Default)]
struct Judged(Vec<(LayerId, Span)>);

impl Judged {
    fn of(reading: &Reading<'_>) -> Self {
        let findings = reading.findings.items.iter().map(|finding| {
            // What stands under a name that is a finding was judged with it.
            (finding.layer, if finding.marks.in_key { finding.member } else { finding.span })
        });
        let mut all: Vec<_> =
            findings.chain(reading.layers.iter().filter_map(|it| it.parent)).collect();
        all.sort_unstable();
        let mut apart: Vec<(LayerId, Span)> = Vec::with_capacity(all.len());
        for (layer, span) in all {
            match apart.last_mut() {
                Some((last, around)) if *last == layer && span.start < around.end => {
                    around.end = around.end.max(span.end);
                }
                Some(_) | None => apart.push((layer, span)),
            }
        }
        Self(apart)
    }

    fn touches(&self, layer: LayerId, span: Span) -> bool {
        let first = self.0.partition_point(|(id, it)| (*id, it.end) <= (layer, span.start));
        self.0.get(first).is_some_and(|(id, it)| *id == layer && it.start < span.end)
    }
}

struct Search<'r, 'm> {
    reading: &'r Reading<'m>,
    items: Vec<(LayerId, u32, Mask)>,
    judged: Option<Judged>,
}

impl Search<'_, '_> {
    /// Adds a place that nobody has judged; whether there is room for another.
    fn add(&mut self, layer: LayerId, span: Span, mask: Mask) -> bool {
        // Most are the values themselves, and most messages have few findings.
        const FINDINGS_FEW: usize = 32;
        let few = self.reading.findings.items.iter().take(FINDINGS_FEW);
        let mut own = few.filter(|it| it.layer == layer && it.span.contains(span));
        if own.next().is_none() {
            let judged = self.judged.get_or_insert_with(|| Judged::of(self.reading));
            if !judged.touches(layer, span) {
                self.items.push((layer, span.start, mask));
            }
        }
        self.items.len() <= PLACES_MAX
    }
}

/// Layers that are short, such as headers, one after the other: one search for all of them.
struct Short {
    bytes: Vec<u8>,
    /// Each with where it ends.
    ends: Vec<(usize, LayerId)>,
}

impl Short {
    const BYTES_MAX: usize = 4 << 10;

    fn of(reading: &Reading<'_>) -> Self {
        let is_short = |bytes: &[u8]| bytes.len() <= Self::BYTES_MAX;
        let lengths = reading.layers.iter().map(|layer| layer.bytes.len());
        let length = lengths.filter(|it| *it <= Self::BYTES_MAX).map(|it| it + 1).sum();
        let mut short = Self {
            bytes: Vec::with_capacity(length),
            ends: Vec::with_capacity(reading.layers.len()),
        };
        for (number, layer) in reading.layers.iter().enumerate() {
            let id = LayerId::new(number);
            if is_short(&layer.bytes) && is_looked_at(reading, id) {
                short.bytes.extend_from_slice(&layer.bytes);
                short.bytes.push(b'\n');
                short.ends.push((short.bytes.len(), id));
            }
        }
        short
    }

    /// The layer that has `span`, and where; `None` if it goes over the end of one.
    fn place(&self, span: Span) -> Option<(LayerId, Span)> {
        let Range { start, end } = span.range();
        let number = self.ends.partition_point(|(last, _)| *last <= start);
        let (last, layer) = *self.ends.get(number)?;
        let first = number.checked_sub(1).and_then(|it| self.ends.get(it)).map_or(0, |it| it.0);
        (end < last).then(|| (layer, Span::new(start - first, end - first)))
    }
}

/// What may hold a text that is somebody's: not what says where the message goes, who sends it or how it is to be read.
fn is_looked_at(reading: &Reading<'_>, id: LayerId) -> bool {
    let Some(layer) = reading.layers.get(id.index()) else { return false };
    if matches!(layer.format, Format::Image | Format::Opaque) || layer.bytes.is_empty() {
        return false;
    }
    if layer.parent.is_some() {
        return true;
    }
    match reading.root_of(id) {
        Some(Root::Body | Root::Target) => true,
        Some(Root::Header(number)) => {
            let header = reading.message.and_then(|message| message.headers.get(number));
            header.is_some_and(|(name, _)| {
                let is_of_the_way = matches!(
                    *name,
                    "host" | "authorization" | "proxy-authorization" | "transfer-encoding"
                );
                !is_of_the_way && !name.starts_with("content-")
            })
        }
        Some(Root::HeaderName(_) | Root::Beside) | None => false,
    }
}
