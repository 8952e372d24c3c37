//! Finds personal data in fields.
//!
//! A [`DetectorSet`] is compiled from `rules/detectors/`; a [`Scanner`] walks one message with it,
//! field by field. What a field's name says and what its value looks like are weighed together: a name
//! alone can be enough (`email`), a value alone can be enough (a MAC address under `hw`), and either can
//! contradict the other (fifteen digits under `order_no` are no IMEI). Objects around a field count
//! too: `name` inside `product` is nobody's name.
//!
//! Known limit: in prose a name is found only beside words that announce one (`my name is`, `Dear Mr.`, a
//! label, `様`), under the head of a table, or where its beginning and end are known and a telephone number or
//! another value of somebody's stands beside it; and a postal address only after such words, around a street with a
//! house number and a town, or in the order East Asian addresses have. A bare name alone in the middle of a
//! sentence is not found.
//!
//! Invariant: a hit knows where, never what. After compile nothing can fail, and a text costs time in
//! proportion to its length.

mod check;
mod digits;
mod echo;
mod encoded;
mod keys;
mod lowered;
mod memo;
mod name;
mod naming;
mod pairs;
mod postal;
mod scanner;
mod set;
mod source;
mod statement;
mod tables;
mod taxonomy;
mod text;
mod token;
mod vocabulary;

pub use check::{
    date::{Period, birth_periods},
    person::is_word_for_a_child,
    phone::international_number,
};
pub use digits::folded;
pub use echo::{Echoing, Mask, Sought};
pub use scanner::{Hit, Recall, Scanner, Scratch, Ticket, Told};
pub use set::DetectorSet;
pub use taxonomy::taxonomy;

/// The checks that detector files can ask for, each with what it takes.
pub fn checks() -> impl Iterator<Item = (&'static str, &'static str)> {
    check::Check::described()
}

/// The shipped rules of this room, for tests.
#[cfg(test)]
mod shipped;
#[cfg(test)]
mod tests;
