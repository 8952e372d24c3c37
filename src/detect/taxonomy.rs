//! `rules/taxonomy/*.yaml` to [`Taxonomy`]: the dictionary every other rule file speaks.

use serde::Deserialize;

use crate::{
    domain::{Category, Sensitivity, TagPattern, Taxonomy, TaxonomyError},
    source::{At, Diagnostics, Place, SourceFile, read},
};

/// The categories of all `files` as one taxonomy. Every complaint goes to `diagnostics`; `None` when
/// there was an error.
pub fn taxonomy(files: &[SourceFile], diagnostics: &mut Diagnostics) -> Option<Taxonomy> {
    let before = diagnostics.error_count();
    let mut places: Vec<(String, Place)> = Vec::new();
    let mut categories = Vec::new();
    let mut covered = Vec::new();
    for file in files {
        let Some(source) = read::<TaxonomyFile>(file, diagnostics) else { continue };
        for category in source.categories {
            places.push((category.key.value.clone(), category.key.place(&file.name)));
            check_key(&category.key, &file.name, diagnostics);
            covered
                .extend(category.covers.iter().map(|it| (it.value.clone(), it.place(&file.name))));
            categories.push(category.into_category());
        }
    }
    if categories.is_empty() && diagnostics.error_count() == before {
        let file = files.first().map(|file| file.name.clone()).unwrap_or("taxonomy/".to_owned());
        diagnostics
            .error(Place { file, line: 0, column: 0 }, "there is no category")
            .remedy("add `categories:` with at least one `key`, `short`, `title`, `sensitivity`");
    }
    if diagnostics.error_count() > before {
        return None;
    }
    match Taxonomy::new(categories) {
        Ok(taxonomy) => {
            for (name, place) in covered {
                if taxonomy.select(&TagPattern(name.clone())).is_empty() {
                    diagnostics
                        .error(place, format!("`covers` names `{name}`, which no category has"))
                        .remedy("name a category by its key or its short name");
                }
            }
            (diagnostics.error_count() == before).then_some(taxonomy)
        }
        Err(errors) => {
            for error in errors {
                let place = place_of(&error, &places);
                diagnostics.error(place, error.to_string()).remedy(remedy(&error));
            }
            None
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaxonomyFile {
    #[serde(default)]
    categories: Vec<CategorySource>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CategorySource {
    key: At<String>,
    short: String,
    title: String,
    #[serde(default)]
    dpv: Option<String>,
    sensitivity: Sensitivity,
    #[serde(default)]
    identifier: bool,
    #[serde(default)]
    container: bool,
    #[serde(default)]
    covers: Vec<At<String>>,
}

impl CategorySource {
    fn into_category(self) -> Category {
        Category {
            key: self.key.value,
            short: self.short,
            title: self.title,
            dpv: self.dpv,
            sensitivity: self.sensitivity,
            identifier: self.identifier,
            container: self.container,
            covers: self.covers.into_iter().map(|it| TagPattern(it.value)).collect(),
        }
    }
}

fn check_key(key: &At<String>, file: &str, diagnostics: &mut Diagnostics) {
    let well_formed = key.split('.').all(|step| {
        !step.is_empty()
            && step.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    });
    if !well_formed {
        diagnostics
            .error(key.place(file), format!("`{}` is not a category key", key.value))
            .remedy("write lower-case words joined by dots, such as `user.contact.email`");
    }
}

fn place_of(error: &TaxonomyError, places: &[(String, Place)]) -> Place {
    let key = match error {
        TaxonomyError::Duplicate(key) => key,
        TaxonomyError::Ambiguous { second, .. } => second,
        TaxonomyError::TooMany { .. } => "",
    };
    let place = places.iter().rev().find(|(known, _)| known == key).or(places.last());
    place.map(|(_, place)| place.clone()).unwrap_or_default()
}

fn remedy(error: &TaxonomyError) -> &'static str {
    match error {
        TaxonomyError::Duplicate(_) => "keep one of the two",
        TaxonomyError::Ambiguous { .. } => "give one of the two another short name",
        TaxonomyError::TooMany { .. } => "take out categories that no rule mentions",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::shipped;

    fn complaints(text: &str) -> String {
        let mut diagnostics = Diagnostics::default();
        let file = SourceFile { name: "taxonomy/a.yaml".into(), text: text.into() };
        assert!(taxonomy(&[file], &mut diagnostics).is_none());
        diagnostics.to_string()
    }

    #[test]
    fn complaints_name_line_and_remedy() {
        for (text, parts) in [
            ("categories: []\n", &["there is no category"][..]),
            (
                "categories:\n  - {key: user.X, short: x, title: X, sensitivity: ordinary}\n",
                &["taxonomy/a.yaml:2:11", "`user.X` is not a category key"],
            ),
            (
                "categories:\n  - {key: a, short: x, title: A, sensitivity: ordinary}\n  - {key: a, short: y, title: A, sensitivity: ordinary}\n",
                &["taxonomy/a.yaml:3:11", "`a` is declared twice"],
            ),
            (
                "categories:\n  - {key: a, short: x, title: A, sensitivity: grave}\n",
                &["unknown value `grave`"],
            ),
            (
                "categories:\n  - {key: a, short: x, title: A, sensitivity: ordinary, container: true, covers: [x, y]}\n",
                &["taxonomy/a.yaml:2:86", "`covers` names `y`, which no category has"],
            ),
        ] {
            let found = complaints(text);
            for part in parts {
                assert!(found.contains(part), "`{part}` is not in\n{found}");
            }
        }
    }

    #[test]
    fn short_names_of_the_shipped_taxonomy_select_what_purposes_mean() {
        let taxonomy = shipped::taxonomy();
        let select = |pattern: &str| taxonomy.select(&TagPattern(pattern.into()));
        for (pattern, inside, outside) in [
            ("name", &["user.name.first", "user.name"][..], &["username"][..]),
            ("address", &["postal_code", "city", "country", "user.contact.address"], &["email"]),
            ("device_id", &["device_id"], &["imei", "mac", "advertising_id"]),
            ("user.device.**", &["imei", "os", "cookie_id", "ip_address"], &["phone"]),
            ("precise_location", &["track", "cell_id", "lac"], &["mcc", "imprecise_location"]),
            ("credential", &["password", "otp", "access_token"], &["ecv"]),
            ("purchase_history", &["purchase_list"], &["order_number"]),
            ("payment", &["order_number", "invoice"], &["card"]),
            ("national_id", &["pk_cnic", "fr_nir"], &["passport"]),
            ("operator", &["isp"], &["os"]),
        ] {
            for name in inside {
                assert!(select(pattern).contains(taxonomy.tag(name).unwrap()), "{pattern} {name}");
            }
            for name in outside {
                assert!(!select(pattern).contains(taxonomy.tag(name).unwrap()), "{pattern} {name}");
            }
        }
    }

    #[test]
    fn every_name_that_the_purposes_use_exists() {
        let taxonomy = shipped::taxonomy();
        for name in "name phone email imei imsi iccid device_id mac bssid os device_type \
            performance mcc mnc lac cell_id operator account_id username credential otp ecv address \
            postal_code city country language order_number purchase_list invoice payment contacts \
            call_log sms photo notes message_id message_content usage crash_log push_token \
            feedback_text browsing_history download_history purchase_history cookie_id \
            advertising_id ip_address user_agent isp referrer url clickstream forum_profile \
            forum_post date_of_birth age gender precise_location imprecise_location track \
            device_model manufacturer rom_version social_handle exif_location"
            .split_whitespace()
        {
            assert!(taxonomy.tag(name).is_some(), "{name}");
        }
    }
}
