//! Sheets as spreadsheets write them in XML (SpreadsheetML 2003): `<Table><Row><Cell><Data>`. A row of names heads
//! those below, and each of their cells goes by the name above it, as in a table of any other kind.

use super::{FieldSink, Key, Open, Reader, Span};
use crate::domain::Escape;

/// The sheet at hand.
pub(super) struct Sheet {
    /// How many elements are open around its rows.
    depth: usize,
    /// Texts of the row that is the head, or may become it, by their columns.
    names: Vec<Option<(Span, Escape)>>,
    is_headed: bool,
    /// Rows that may yet be the head.
    rows_left: usize,
    /// Of the cell at hand, from 0.
    column: Option<usize>,
    /// A cell of the row at hand is no name.
    has_data: bool,
}

const COLUMNS_MAX: usize = 256;
/// A title and notes may stand before the names.
const ROWS_BEFORE_MAX: usize = 8;
const NAME_BYTES_MAX: usize = 64;

impl<'b> Reader<'b> {
    /// An element of this name begins in those that are open; its attributes begin at `attributes`.
    pub(super) fn sheet_goes_on<S: FieldSink>(
        &mut self,
        name: Span,
        attributes: usize,
        is_empty: bool,
        sink: &mut S,
    ) {
        let around = self.open.len();
        let local = self.local(name);
        if local == b"Table" && !is_empty {
            let names = Vec::new();
            let rows_left = ROWS_BEFORE_MAX;
            let (is_headed, column, has_data) = (false, None, false);
            let depth = around + 1;
            self.sheet = Some(Sheet { depth, names, is_headed, rows_left, column, has_data });
            sink.table();
            return;
        }
        let Some(depth) = self.sheet.as_ref().map(|sheet| sheet.depth) else { return };
        // The columns of cells that are left out are said by those behind them.
        let index =
            if local == b"Cell" && around == depth + 1 { self.index(attributes) } else { None };
        let Some(sheet) = &mut self.sheet else { return };
        if local == b"Row" && around == depth {
            (sheet.column, sheet.has_data) = (None, false);
            if !sheet.is_headed {
                sheet.names.clear();
            }
        } else if local == b"Cell" && around == depth + 1 {
            let next = sheet.column.map_or(0, |column| column.saturating_add(1));
            sheet.column = Some(index.unwrap_or(next));
        }
    }

    /// The number of a cell's column, from 0, where its attributes say it.
    fn index(&self, attributes: usize) -> Option<usize> {
        let mut at = attributes;
        while let Ok(Some((name, value))) = self.attribute(at) {
            at = value.range().end;
            if self.local(name) == b"Index" {
                let text = value.of(self.bytes);
                let number = std::str::from_utf8(text.get(1..text.len().checked_sub(1)?)?).ok()?;
                return number.trim().parse::<usize>().ok()?.checked_sub(1);
            }
        }
        None
    }

    /// What a text goes by that stands in an element of this name, around which so many are open.
    pub(super) fn key_in_sheet<S: FieldSink>(
        &mut self,
        name: Span,
        around: usize,
        (text, escape): (Span, Escape),
        sink: &mut S,
    ) -> Key<'b> {
        let own = self.key(name);
        let is_data = self.local(name) == b"Data";
        let of_text = text.of(self.bytes);
        let Some(sheet) = self.sheet.as_mut().filter(|sheet| is_data && around == sheet.depth + 2)
        else {
            return own;
        };
        let Some(column) = sheet.column.filter(|column| *column < COLUMNS_MAX) else { return own };
        if sheet.is_headed {
            sink.record();
            return match sheet.names.get(column).copied().flatten() {
                Some((span, escape)) => Key::Name { text: span.of(self.bytes), span, escape },
                None => own,
            };
        }
        if sheet.rows_left > 0 && !of_text.is_empty() {
            let digits = of_text.iter().filter(|byte| byte.is_ascii_digit()).count();
            sheet.has_data |=
                digits >= 5 || of_text.contains(&b'@') || of_text.len() > NAME_BYTES_MAX;
            if sheet.names.len() <= column {
                sheet.names.resize(column + 1, None);
            }
            if let Some(place) = sheet.names.get_mut(column) {
                *place = Some((text, escape));
            }
        }
        own
    }

    /// The innermost element ends.
    pub(super) fn sheet_ends<S: FieldSink>(&mut self, sink: &mut S) {
        let innermost = self.open.len();
        let Some(sheet) = &mut self.sheet else { return };
        if innermost == sheet.depth {
            self.sheet = None;
            return;
        }
        let is_row =
            self.open.last().is_some_and(|Open { name, .. }| name.of(self.bytes).ends_with(b"Row"));
        if innermost != sheet.depth + 1 || !is_row || sheet.is_headed || sheet.rows_left == 0 {
            return;
        }
        sheet.rows_left -= 1;
        let names =
            || sheet.names.iter().flatten().map(|(span, escape)| (span.of(self.bytes), *escape));
        if !sheet.has_data && names().any(|(name, escape)| sink.is_telling_name(name, escape)) {
            sink.table();
            names().for_each(|(name, escape)| sink.expect(name, escape));
            sheet.is_headed = true;
        }
    }

    fn local(&self, name: Span) -> &'b [u8] {
        let name = name.of(self.bytes);
        memchr::memrchr(b':', name).and_then(|colon| name.get(colon + 1..)).unwrap_or(name)
    }
}
