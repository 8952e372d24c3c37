//! Where values that are taken out may stand once more: by their bytes, outside of every finding.

#[cfg(test)]
mod tests;

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
        let judged = Judged::of(reading);
        let mut items = Vec::new();
        for (number, layer) in reading.layers.iter().enumerate() {
            let id = LayerId::new(number);
            if !is_looked_at(reading, id) {
                continue;
            }
            for part in judged.others(id, layer.bytes.len()) {
                sought.each_in(part.of(&layer.bytes), |mask, span| {
                    items.push((id, part.start + span.start, mask));
                    items.len() <= PLACES_MAX
                });
            }
            if items.len() > PLACES_MAX {
                return None;
            }
        }
        items.sort_unstable();
        Some(Self { items, judged })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn layers(&self) -> impl Iterator<Item = LayerId> {
        let first = |chunk: &[(LayerId, u32, Mask)]| chunk.first().map(|(layer, ..)| *layer);
        self.items.chunk_by(|one, next| one.0 == next.0).filter_map(first)
    }

    /// The values that may stand in `span`, and where the first behind it begins.
    pub(super) fn within(&self, layer: LayerId, span: Span) -> (Mask, u32) {
        let first =
            self.items.partition_point(|(id, start, _)| (*id, *start) < (layer, span.start));
        let mut items = self.items.iter().skip(first).take_while(|(id, ..)| *id == layer);
        let mut all = 0;
        let behind = items.by_ref().find(|(_, start, mask)| {
            let is_inside = *start < span.end;
            all |= if is_inside { *mask } else { 0 };
            !is_inside
        });
        (all, behind.map_or(u32::MAX, |(_, start, _)| *start))
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
        Self::new(findings.chain(reading.layers.iter().filter_map(|it| it.parent)).collect())
    }

    fn new(mut all: Vec<(LayerId, Span)>) -> Self {
        all.sort_unstable();
        all.dedup_by(|(layer, span), (last, around)| {
            let is_joined = last == layer && span.start < around.end;
            if is_joined {
                around.end = around.end.max(span.end);
            }
            is_joined
        });
        Self(all)
    }

    /// What of a layer of `length` bytes nobody has judged, in order.
    fn others(&self, layer: LayerId, length: usize) -> impl Iterator<Item = Span> {
        let first = self.0.partition_point(|(id, _)| *id < layer);
        let own = self.0.iter().skip(first).take_while(move |(id, _)| *id == layer);
        let ends = own.map(|(_, span)| span.range()).chain(std::iter::once(length..length));
        let parts = ends.scan(0, |end, next| {
            let part = *end..next.start;
            *end = next.end;
            Some(part)
        });
        parts.filter(|part| !part.is_empty()).map(|part| Span::new(part.start, part.end))
    }

    fn touches(&self, layer: LayerId, span: Span) -> bool {
        let first = self.0.partition_point(|(id, it)| (*id, it.end) <= (layer, span.start));
        self.0.get(first).is_some_and(|(id, it)| *id == layer && it.start < span.end)
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
