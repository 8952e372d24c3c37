//! What takes the place of a redacted value, as a rule asks for it.

use super::{
    condition::Scope,
    source::{self, DatePart},
};
use crate::{
    domain::{
        Alphabet, Checksum, Generalise, Metadata, Otherwise, Replacement, ReplacementKind,
        ShiftDates, Tokenise,
    },
    source::Diagnostics,
};

/// Where nothing is said of it.
const PLACEHOLDER: &str = "[redacted]";

/// The replacement, or a complaint about each key that does not go with its kind or with another.
pub(super) fn compile(
    source: &source::Replacement,
    scope: &Scope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Replacement {
    let before = diagnostics.error_count();
    let kind = source.kind.value;
    let mut complain = |message: String, remedy: &str| {
        diagnostics.error(source.kind.place(scope.file), message).remedy(remedy);
    };
    let given = given(source);
    let permitted = permitted(kind);
    for key in given.iter().filter(|key| !permitted.contains(key)) {
        complain(format!("`{key}` does not go with `{}`", kind.as_str()), &takes(kind));
    }
    let compiled = match kind {
        ReplacementKind::Remove => Replacement::Remove,
        ReplacementKind::Hash => Replacement::Hash,
        ReplacementKind::Encrypt => Replacement::Encrypt,
        ReplacementKind::Replace => Replacement::Replace {
            with: source.with.as_deref().unwrap_or(PLACEHOLDER).into(),
            keep_type: source.keep_type,
        },
        ReplacementKind::Mask => Replacement::Mask { keep_last: source.keep_last.unwrap_or(0) },
        ReplacementKind::StripMetadata => {
            Replacement::StripMetadata(source.metadata.unwrap_or(Metadata::All))
        }
        ReplacementKind::Generalise => match generalise(source) {
            Some(to) => Replacement::Generalise(to),
            None => {
                complain(
                    "`generalise` needs one of its keys, within its bounds".to_owned(),
                    "give one of `decimals`, `ip_prefix` (at most 32 and 128 bits), `date` and \
                     `prefix` (at least 1)",
                );
                Replacement::Remove
            }
        },
        ReplacementKind::Tokenise => {
            let wanted = tokenise(source);
            let has_digit_alphabet = wanted.alphabet.is_none_or(|it| it == Alphabet::Digits);
            if wanted.checksum.is_some_and(|it| it != Checksum::None) && !has_digit_alphabet {
                complain(
                    "check digits are digits, and `alphabet` is another".to_owned(),
                    "write `alphabet: digits`, or `checksum: none`",
                );
            }
            if wanted.keep_last > 0 && wanted.checksum != Some(Checksum::None) {
                complain(
                    "the last digit is a check digit of cards, IMEIs and others, and cannot be kept"
                        .to_owned(),
                    "take `keep_last` out, or write `checksum: none`",
                );
            }
            Replacement::Tokenise(wanted)
        }
        ReplacementKind::ShiftDates => shift_dates(source, scope, diagnostics),
    };
    if diagnostics.error_count() > before { Replacement::Remove } else { compiled }
}

fn generalise(source: &source::Replacement) -> Option<Generalise> {
    match (source.decimals, source.ip_prefix, source.date, source.prefix) {
        (Some(decimals), None, None, None) => Some(Generalise::Decimals(decimals)),
        (None, Some(prefix), None, None) if prefix.v4_bits <= 32 && prefix.v6_bits <= 128 => {
            Some(Generalise::IpPrefix { v4_bits: prefix.v4_bits, v6_bits: prefix.v6_bits })
        }
        (None, None, Some(DatePart::Year), None) => Some(Generalise::Year),
        (None, None, Some(DatePart::Month), None) => Some(Generalise::Month),
        (None, None, None, Some(count)) if count > 0 => Some(Generalise::Prefix(count)),
        (Some(_) | None, Some(_) | None, Some(_) | None, Some(_) | None) => None,
    }
}

fn tokenise(source: &source::Replacement) -> Tokenise {
    Tokenise {
        alphabet: source.alphabet,
        // Letters have no check digits, whatever is usual for the category.
        checksum: source
            .checksum
            .or(source.alphabet.filter(|it| *it != Alphabet::Digits).map(|_| Checksum::None)),
        keep_first: source.keep_first.unwrap_or(0),
        keep_last: source.keep_last.unwrap_or(0),
        otherwise: source.otherwise.unwrap_or_default(),
    }
}

fn shift_dates(
    source: &source::Replacement,
    scope: &Scope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Replacement {
    let days_max = source.days_max.unwrap_or(0);
    if days_max == 0 {
        diagnostics
            .error(source.kind.place(scope.file), "`shift_dates` does not say how far")
            .remedy("give the most days as `days_max`, at least 1, such as `days_max: 182`");
    }
    let Some(names) = source.by.as_ref().filter(|names| !names.is_empty()) else {
        diagnostics
            .error(source.kind.place(scope.file), "`shift_dates` does not say whose dates belong together")
            .remedy("name the categories that tell the subject, first choice first: `by: [account_id, email]`");
        return Replacement::Remove;
    };
    let by = names.iter().flat_map(|name| {
        let tags = scope.category(name, diagnostics);
        tags.iter().collect::<Vec<_>>()
    });
    let by = by.collect();
    Replacement::ShiftDates(ShiftDates {
        days_max,
        by,
        otherwise: source.otherwise.unwrap_or(Otherwise::Remove),
    })
}

/// The keys that are there.
fn given(source: &source::Replacement) -> Vec<&'static str> {
    [
        ("with", source.with.is_some()),
        ("keep_type", source.keep_type),
        ("keep_first", source.keep_first.is_some()),
        ("keep_last", source.keep_last.is_some()),
        ("alphabet", source.alphabet.is_some()),
        ("checksum", source.checksum.is_some()),
        ("otherwise", source.otherwise.is_some()),
        ("decimals", source.decimals.is_some()),
        ("ip_prefix", source.ip_prefix.is_some()),
        ("date", source.date.is_some()),
        ("prefix", source.prefix.is_some()),
        ("days_max", source.days_max.is_some()),
        ("by", source.by.is_some()),
        ("metadata", source.metadata.is_some()),
    ]
    .into_iter()
    .filter_map(|(key, is_given)| is_given.then_some(key))
    .collect()
}

fn permitted(kind: ReplacementKind) -> &'static [&'static str] {
    match kind {
        ReplacementKind::Remove | ReplacementKind::Hash | ReplacementKind::Encrypt => &[],
        ReplacementKind::Replace => &["with", "keep_type"],
        ReplacementKind::Mask => &["keep_last"],
        ReplacementKind::Tokenise => {
            &["alphabet", "checksum", "keep_first", "keep_last", "otherwise"]
        }
        ReplacementKind::Generalise => &["decimals", "ip_prefix", "date", "prefix"],
        ReplacementKind::ShiftDates => &["days_max", "by", "otherwise"],
        ReplacementKind::StripMetadata => &["metadata"],
    }
}

fn takes(kind: ReplacementKind) -> String {
    match permitted(kind) {
        [] => format!("`{}` takes no other key", kind.as_str()),
        keys => {
            let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            format!("`{}` takes {}", kind.as_str(), keys.join(", "))
        }
    }
}
