//! The words rules may use, and the purposes.

use crate::{
    domain::TagSet,
    policy::{
        names::NameBook,
        predicate::ClassSet,
        registry::{
            Carrier, ClassRef, Listed, Permit, Purpose, PurposeRef, Registry, RegistryVersion,
            Section, Variation, Vocabulary,
        },
        source::{self, Entry, MorePurposesFile, PermitSource, PurposesFile, RegisterFile},
    },
    source::Diagnostics,
};

#[derive(Default)]
pub(super) struct VocabularyBuilder {
    pub(super) vocabulary: Vocabulary,
}

impl VocabularyBuilder {
    pub(super) fn add(
        &mut self,
        file: &str,
        register: RegisterFile,
        diagnostics: &mut Diagnostics,
    ) {
        for entry in &register.recipient_classes {
            let next = self.vocabulary.classes.len() + 1;
            if next > ClassSet::MAX {
                diagnostics.error(
                    entry.name.place(file),
                    format!("more than {} recipient classes", ClassSet::MAX),
                );
                return;
            }
            let number = u8::try_from(next).map_or(ClassRef::UNKNOWN, ClassRef);
            self.vocabulary.classes.insert(entry.name.value.as_str().into(), number);
        }
        let sections: [(Section, &[Entry]); 11] = [
            (Section::Mechanism, &register.mechanisms),
            (Section::ConsentScope, &register.consent_scopes),
            (Section::OptOut, &register.opt_outs),
            (Section::Setting, &register.settings),
            (Section::ProviderKind, &register.provider_kinds),
            (Section::Counter, &register.counters),
            (Section::LegalBasis, &register.legal_bases),
            (Section::Flag, &register.flags),
            (Section::Sector, &register.sectors),
            (Section::CnExemption, &register.cn_exemptions),
            (Section::UsExemption, &register.us_exemptions),
        ];
        for (section, entries) in sections {
            for entry in entries {
                if section != Section::Mechanism && !entry.members.is_empty() {
                    diagnostics
                        .error(
                            entry.name.place(file),
                            format!("{} `{}` has `members`", section.noun(), *entry.name),
                        )
                        .remedy("take them out: they are of mechanisms alone");
                }
                let words = self.vocabulary.sections.entry(section).or_default();
                let members = entry.members.iter().map(|member| member.as_str().into()).collect();
                if words.insert(entry.name.value.as_str().into(), members).is_some() {
                    diagnostics
                        .error(
                            entry.name.place(file),
                            format!("{} `{}` is declared twice", section.noun(), *entry.name),
                        )
                        .remedy("keep one of the two");
                }
            }
        }
        for list in &register.lists {
            let values = list.values.iter().map(|value| value.as_str().into()).collect();
            let listed = list.values.iter().map(|value| Listed {
                list: list.name.value.as_str().into(),
                value: value.value.as_str().into(),
                place: value.place(file),
            });
            self.vocabulary.listed.extend(listed);
            self.vocabulary
                .sections
                .entry(Section::List)
                .or_default()
                .insert(list.name.value.as_str().into(), values);
        }
    }
}

fn is_header_name(header: &str) -> bool {
    !header.is_empty()
        && header.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// The registry of `purposes.yaml`, and the recipients of a purpose that names none.
pub(super) fn compile_purposes(
    file: &str,
    source: &PurposesFile,
    book: &mut NameBook<'_>,
    diagnostics: &mut Diagnostics,
) -> (Registry, ClassSet) {
    add_groups(file, &source.groups, book, diagnostics);
    let mut registry = Registry::default();
    for carrier in &source.carriers {
        let header = carrier.header.to_ascii_lowercase();
        if !is_header_name(&header) {
            diagnostics
                .error(
                    carrier.header.place(file),
                    format!("`{}` is not the name of a header", *carrier.header),
                )
                .remedy("write it as it is on the wire, such as `authorization`");
        } else if header == "cookie" {
            diagnostics
                .error(
                    carrier.header.place(file),
                    "cookies are judged one by one and cannot be a carrier",
                )
                .remedy("permit `cookie_id` for the purposes that need it");
        }
        let categories = book.categories(file, &carrier.categories, diagnostics);
        registry.carriers.push(Carrier { header: header.into(), categories });
    }
    registry.on_break = source.signatures.on_break;
    for header in &source.signatures.headers {
        let name = header.to_ascii_lowercase();
        if is_header_name(&name) {
            registry.signature_headers.push(name.into());
        } else {
            diagnostics
                .error(header.place(file), format!("`{}` is not the name of a header", **header))
                .remedy("give a name such as `x-acme-signature`");
        }
    }
    if let Some(version) = &source.version {
        registry.version = Some(RegistryVersion {
            id: version.id.value.as_str().into(),
            effective_from: version.effective_from,
        });
        for name in version.destinations.iter() {
            match name.parse() {
                Ok(region) => registry.destinations.push(region),
                Err(error) => {
                    let error: crate::domain::RegionError = error;
                    diagnostics.error(name.place(file), error.to_string());
                }
            }
        }
    }
    let default = source
        .recipients
        .as_ref()
        .map_or(ClassSet(u64::MAX), |names| book.classes(file, names, diagnostics));
    registry.also = variations(file, &source.also, book, diagnostics);
    add_purposes(file, &source.purposes, default, &mut registry, book, diagnostics);
    (registry, default)
}

/// Adds those of a file of `purposes/`.
pub(super) fn compile_more(
    file: &str,
    source: &MorePurposesFile,
    default: ClassSet,
    registry: &mut Registry,
    book: &mut NameBook<'_>,
    diagnostics: &mut Diagnostics,
) {
    add_groups(file, &source.groups, book, diagnostics);
    let own = source.recipients.as_ref().map(|names| book.classes(file, names, diagnostics));
    add_purposes(file, &source.purposes, own.unwrap_or(default), registry, book, diagnostics);
}

fn add_groups(
    file: &str,
    groups: &[source::Group],
    book: &mut NameBook<'_>,
    diagnostics: &mut Diagnostics,
) {
    for group in groups {
        let categories = book.categories(file, &group.categories, diagnostics);
        let except = group.except.as_ref().map(|names| book.categories(file, names, diagnostics));
        book.add_group(&group.name, categories.difference(&except.unwrap_or(TagSet::EMPTY)));
    }
}

fn add_purposes(
    file: &str,
    purposes: &[source::Purpose],
    default: ClassSet,
    registry: &mut Registry,
    book: &NameBook<'_>,
    diagnostics: &mut Diagnostics,
) {
    for purpose in purposes {
        let also = variations(file, &purpose.also, book, diagnostics);
        let only = variations(file, &purpose.only, book, diagnostics);
        let permit = match &purpose.permit_from {
            Some(PermitSource::LegalBasis) => Permit::LegalBasis,
            Some(PermitSource::Consent(scope)) => Permit::Consent(scope.value.as_str().into()),
            None => Permit::Categories {
                base: purpose
                    .permit
                    .as_ref()
                    .map_or(TagSet::EMPTY, |names| book.categories(file, names, diagnostics)),
                also,
                only,
            },
        };
        let recipients = purpose
            .recipients
            .as_ref()
            .map_or(default, |names| book.classes(file, names, diagnostics));
        let individual = purpose
            .individual
            .as_ref()
            .map_or(TagSet::EMPTY, |names| book.categories(file, names, diagnostics));
        let aggregate = purpose.aggregate.then_some(individual);
        registry.purposes.push(Purpose { permit, recipients, aggregate });
        let number = PurposeRef(u16::try_from(registry.purposes.len()).unwrap_or(u16::MAX));
        if registry.numbers.insert(purpose.id.value.as_str().into(), number).is_some() {
            diagnostics
                .error(
                    purpose.id.place(file),
                    format!("purpose `{}` is declared twice", *purpose.id),
                )
                .remedy("keep one of the two");
        }
    }
}

fn variations(
    file: &str,
    list: &[source::Variation],
    book: &NameBook<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<Variation> {
    list.iter()
        .map(|variation| Variation {
            classes: variation.class.as_ref().map(|names| book.classes(file, names, diagnostics)),
            kinds: variation.kind.as_ref().map(|names| {
                book.words(file, Section::ProviderKind, names, diagnostics).into_vec()
            }),
            categories: book.categories(file, &variation.permit, diagnostics),
        })
        .collect()
}
