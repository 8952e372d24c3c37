//! The way to a value: nodes are made of the open objects and arrays once a finding inside needs them.

use super::{Sink, name};
use crate::domain::{Findings, Key, PathNode, Step};

/// One open object or array.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Frame {
    pub(super) step: FrameStep,
    /// Set once a finding inside needed it.
    pub(super) node: Option<u32>,
    /// Where this frame's name begins in `names`.
    pub(super) names_start: usize,
    pub(super) finding: Option<u32>,
    pub(super) enclosing_before: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum FrameStep {
    Root,
    Name,
    Index(u32),
}

impl Sink<'_, '_, '_> {
    /// The node of the innermost open frame, made together with those around it when it is missing.
    pub(super) fn frame_node(&mut self, personal: bool) -> u32 {
        let mut parent = self.place.base;
        let count = self.walk.frames.len();
        for number in 0..count {
            let Some(frame) = self.walk.frames.get(number).copied() else { break };
            let is_innermost = number + 1 == count;
            let node = match (frame.node, frame.step) {
                (Some(node), _) => Some(node),
                (None, FrameStep::Root) => parent,
                (None, FrameStep::Index(index)) => {
                    Some(self.add_node(parent, Step::Index(index), personal && is_innermost))
                }
                (None, FrameStep::Name) => {
                    let next = self.walk.frames.get(number + 1);
                    let end = next.map_or(self.walk.names.len(), |next| next.names_start);
                    let name = self.walk.names.get(frame.names_start..end).unwrap_or_default();
                    let step = Step::named(name);
                    Some(self.add_node(parent, step, personal && is_innermost))
                }
            };
            if let Some(frame) = self.walk.frames.get_mut(number) {
                frame.node = node;
            }
            parent = node;
        }
        parent.unwrap_or(Findings::ROOT)
    }

    /// The node of a value under `key` in the innermost open frame.
    pub(super) fn node(&mut self, key: Key<'_>, personal: bool) -> u32 {
        let parent = match self.walk.frames.last().and_then(|frame| frame.node) {
            Some(node) => Some(node),
            None => Some(self.frame_node(false)).filter(|node| *node != Findings::ROOT),
        };
        let step = match key {
            Key::Root => match self.place.name {
                Some(name) if self.place.name_is_step => Step::named(name),
                Some(_) | None => return parent.unwrap_or(Findings::ROOT),
            },
            Key::Index(index) => Step::Index(index),
            Key::Name { text, span, escape } => {
                Step::named(name(self.place.text, text, span, escape, self.walk.key))
            }
        };
        self.add_node(parent, step, personal)
    }

    fn add_node(&mut self, parent: Option<u32>, step: Step, personal: bool) -> u32 {
        let personal =
            personal || matches!(&step, Step::Name(name) if self.walk.scanner.is_personal(name));
        self.findings.nodes.push(PathNode { parent, step, personal });
        u32::try_from(self.findings.nodes.len() - 1).unwrap_or(Findings::ROOT)
    }
}
