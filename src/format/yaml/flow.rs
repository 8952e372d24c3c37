//! Collections in brackets (YAML 1.2.2 §7.4).

use super::{Kind, Level, Name, Pending, Reader, Stop};
use crate::domain::{Escape, FieldSink, Span};

impl Reader<'_> {
    /// The collection whose bracket is here, to its end.
    pub(super) fn flow<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let around = self.open.len();
        self.bracket(sink)?;
        // Whether there is something since the last comma.
        let mut is_filled = false;
        while self.open.len() > around {
            self.blank(sink)?;
            let byte = self.byte(self.at).ok_or(Stop::malformed(self.at))?;
            let Some(level) = self.open.last().copied() else { break };
            match byte {
                b',' | b']' | b'}' => {
                    if self.pending.is_some() {
                        self.nothing(sink)?;
                        is_filled = true;
                    }
                    if level.kind == Kind::Pair {
                        self.close(sink);
                        is_filled = true;
                    }
                    if byte == b',' {
                        if !is_filled {
                            return Err(Stop::malformed(self.at));
                        }
                        is_filled = false;
                        self.at += 1;
                        continue;
                    }
                    let expected = if byte == b']' { Kind::Brackets } else { Kind::Braces };
                    if self.open.last().is_none_or(|level| level.kind != expected) {
                        return Err(Stop::malformed(self.at));
                    }
                    self.at += 1;
                    self.end = self.at;
                    self.close(sink);
                    is_filled = true;
                }
                _ if is_filled => return Err(Stop::malformed(self.at)),
                b'?' if self.is_blank(self.at + 1) && self.pending.is_none() => self.at += 1,
                _ => is_filled = self.element(level, sink)?,
            }
        }
        Ok(())
    }

    fn bracket<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let kind = if self.byte(self.at) == Some(b'{') { Kind::Braces } else { Kind::Brackets };
        self.open(kind, None, self.at, sink)?;
        self.at += 1;
        self.end = self.at;
        Ok(())
    }

    /// A key, a value or an element; whether nothing of it is still to come.
    fn element<S: FieldSink>(&mut self, level: Level, sink: &mut S) -> Result<bool, Stop> {
        let member = self.at;
        let is_key = level.kind != Kind::Brackets && self.pending.is_none();
        if level.kind == Kind::Brackets
            && let Some(last) = self.open.last_mut()
        {
            let name = Name::Index(last.index);
            last.index = last.index.saturating_add(1);
            self.pending = Some(Pending { name, member, start: member, is_explicit: false });
        }
        self.properties()?;
        self.blank(sink)?;
        match self.byte(self.at) {
            Some(b',' | b']' | b'}') if !is_key => {
                self.nothing(sink)?;
                return Ok(true);
            }
            Some(b'{' | b'[') if !is_key => {
                self.bracket(sink)?;
                return Ok(false);
            }
            Some(b'*') if !is_key => {
                self.alias(sink)?;
                return Ok(true);
            }
            Some(b':') if is_key && self.ends_key(self.at, true) => {
                let nowhere = Span::new(self.at, self.at);
                let name = Name::Key { text: nowhere, span: nowhere, escape: Escape::None };
                self.at += 1;
                let start = self.at;
                self.pending = Some(Pending { name, member, start, is_explicit: false });
                return Ok(false);
            }
            _ => {}
        }
        let scalar = match self.byte(self.at) {
            Some(b'*') => self.key_at(self.at, true)?.ok_or(Stop::malformed(self.at))?.0,
            _ => self.scalar_at(self.at, None, true)?,
        };
        let end = scalar.span.range().end;
        let behind = self.spaces(end);
        let is_colon =
            self.byte(behind) == Some(b':') && (scalar.is_quoted() || self.ends_key(behind, true));
        let is_pair = is_colon && level.kind == Kind::Brackets;
        if !is_key && !is_pair {
            self.tell(scalar, sink)?;
            return Ok(true);
        }
        if !is_key {
            self.open(Kind::Pair, None, scalar.span.range().start, sink)?;
        }
        let name = Name::Key { text: scalar.text, span: scalar.span, escape: scalar.escape() };
        let member = if is_key { member } else { scalar.span.range().start };
        self.at = if is_colon { behind + 1 } else { end };
        self.end = self.at;
        self.pending = Some(Pending { name, member, start: self.at, is_explicit: false });
        if !is_colon {
            self.nothing(sink)?;
        }
        Ok(!is_colon)
    }
}
