//! The names a rule file may use, looked up: regions and zones, categories, recipient classes, purposes
//! and the words of the registers. A name nobody knows is a complaint with a suggestion.

use std::{borrow::Cow, sync::LazyLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    compile::category_names,
    predicate::{ClassSet, PurposeSet},
    region_set::RegionSet,
    registry::{Listed, PurposeRef, Section, Vocabulary},
    source::{Zone, ZonesFile},
    words::Names,
};
use crate::{
    domain::{Region, TagSet, Taxonomy},
    source::{At, Diagnostics, Place, near, suggest},
};

pub(super) struct NameBook<'t> {
    taxonomy: &'t Taxonomy,
    pub(super) zones: Zones,
    /// Category patterns and groups.
    pub(super) names: FxHashMap<Box<str>, TagSet>,
    pub(super) vocabulary: Vocabulary,
    pub(super) purposes: FxHashMap<Box<str>, PurposeRef>,
}

/// Named sets of regions.
#[derive(Debug, Clone, Default)]
pub(super) struct Zones(FxHashMap<Box<str>, RegionSet>);

impl Zones {
    /// A zone, a region in any case, or `any` for every assigned code; nothing for what is none of them.
    pub(super) fn regions(&self, name: &str) -> Option<Cow<'_, RegionSet>> {
        if let Some(zone) = self.0.get(name) {
            return Some(Cow::Borrowed(zone));
        }
        let mut set = RegionSet::default();
        if name == "any" {
            codes().for_each(|region| set.insert(region));
        } else {
            set.insert(assigned(name)?);
        }
        Some(Cow::Owned(set))
    }
}

/// What a record calls a category beside the names of the taxonomy: the last word of its key
/// (`phone_number`), and an official number without its country (`cnic`). Only where that means one
/// category; in rule files a thing has one name.
pub(super) fn also_called(
    taxonomy: &Taxonomy,
    names: &FxHashMap<Box<str>, TagSet>,
) -> FxHashMap<Box<str>, TagSet> {
    let mut meanings: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    for (_, category) in taxonomy.iter() {
        let last = category.key.rsplit('.').next().unwrap_or_default();
        let number = category.short.split_once('_').and_then(|(country, number)| {
            let is_number = category.key.contains(".national_identification_number.");
            (is_number && country.len() == 2 && number.len() > 2).then_some(number)
        });
        let mut words: Vec<&str> = number.into_iter().chain([last]).collect();
        words.dedup();
        for word in words {
            meanings.entry(word).or_default().push(&category.short);
        }
    }
    meanings
        .into_iter()
        .filter(|(word, _)| !names.contains_key(*word))
        .filter_map(|(word, shorts)| match shorts.as_slice() {
            [short] => Some((word.into(), *names.get(*short)?)),
            _ => None,
        })
        .collect()
}

/// `PhoneNumber`, `phone-number` and `Phone Number` as `phone_number`.
pub(super) fn spelling(name: &str) -> String {
    let mut spelled = String::with_capacity(name.len() + 4);
    let mut after_lower = false;
    for letter in name.trim().trim_start_matches('.').chars() {
        if letter.is_uppercase() && after_lower {
            spelled.push('_');
        }
        after_lower = letter.is_lowercase() || letter.is_ascii_digit();
        match letter {
            '-' | ' ' => spelled.push('_'),
            _ => spelled.extend(letter.to_lowercase()),
        }
    }
    spelled
}

impl<'t> NameBook<'t> {
    pub(super) fn new(taxonomy: &'t Taxonomy) -> Self {
        Self {
            taxonomy,
            zones: Zones::default(),
            names: category_names(taxonomy),
            vocabulary: Vocabulary::default(),
            purposes: FxHashMap::default(),
        }
    }

    /// Zones may name others, in whatever file and order they stand.
    pub(super) fn add_zones(&mut self, files: &[(&str, ZonesFile)], diagnostics: &mut Diagnostics) {
        let mut left: Vec<(&str, &Zone)> = files
            .iter()
            .flat_map(|(file, zones)| zones.zones.iter().map(|it| (*file, it)))
            .collect();
        while !left.is_empty() {
            let names: FxHashSet<&str> = left.iter().map(|(_, zone)| zone.id.as_str()).collect();
            let waits = |(_, zone): &(&str, &Zone)| {
                zone.members.iter().any(|member| names.contains(member.as_str()))
            };
            let (waiting, ready): (Vec<_>, Vec<_>) = left.iter().partition(|zone| waits(zone));
            if ready.is_empty() {
                for (file, zone) in waiting {
                    diagnostics
                        .error(
                            zone.id.place(file),
                            format!("zone `{}` is a member of itself, or of its members", *zone.id),
                        )
                        .remedy("name the regions that are meant");
                }
                return;
            }
            ready.into_iter().for_each(|(file, zone)| self.add_zone(file, zone, diagnostics));
            left = waiting;
        }
    }

    fn add_zone(&mut self, file: &str, zone: &Zone, diagnostics: &mut Diagnostics) {
        let mut members = self.regions(file, &zone.members, diagnostics);
        for dated in &zone.dated {
            for name in dated.region.iter() {
                match assigned(name) {
                    Some(region) => members.insert_dated(region, dated.from, dated.until),
                    None => self.unknown_region(name.place(file), name, diagnostics),
                }
            }
        }
        if members.is_empty() && !zone.members.is_empty() {
            return;
        }
        if self.zones.0.insert(zone.id.value.as_str().into(), members).is_some() {
            diagnostics
                .error(zone.id.place(file), format!("zone `{}` is declared twice", *zone.id))
                .remedy("keep one of the two");
        }
    }

    pub(super) fn add_group(&mut self, name: &At<String>, categories: TagSet) {
        self.names.insert(name.value.as_str().into(), categories);
    }

    /// Regions and zones; `any` is every assigned code.
    pub(super) fn regions(
        &self,
        file: &str,
        names: &Names,
        diagnostics: &mut Diagnostics,
    ) -> RegionSet {
        let mut set = RegionSet::default();
        for name in names.iter() {
            match self.zones.regions(name) {
                Some(regions) => set.extend(&regions),
                None => self.unknown_region(name.place(file), name, diagnostics),
            }
        }
        set
    }

    pub(super) fn unknown_region(&self, place: Place, name: &str, diagnostics: &mut Diagnostics) {
        let known: Vec<&str> = self.zones.0.keys().map(|zone| &**zone).collect();
        let near = otherwise_called(name)
            .map(|code| format!("did you mean `{code}`?"))
            .or_else(|| suggest(name, &known, "zone"))
            .filter(|text| text.starts_with("did"));
        diagnostics
            .error(place, format!("`{name}` is neither an ISO 3166-1 alpha-2 code nor a zone"))
            .remedy(near.unwrap_or_else(|| {
                "use a code of two letters such as `CN`, or declare a zone".to_owned()
            }));
    }

    /// What the registers put on a list that is asked for destinations, or for categories, has to be some; what
    /// requests add is seen when they come.
    pub(super) fn check_lists(
        &self,
        of_destinations: &FxHashSet<Box<str>>,
        of_categories: &FxHashSet<Box<str>>,
        diagnostics: &mut Diagnostics,
    ) {
        for Listed { list, value, place } in &self.vocabulary.listed {
            if of_destinations.contains(list) && self.zones.regions(value).is_none() {
                self.unknown_region(place.clone(), value, diagnostics);
            }
            if of_categories.contains(list) && !self.names.contains_key(value) {
                let words =
                    format!("list `{list}` holds `{value}`, which is no category of the taxonomy");
                diagnostics
                    .error(place.clone(), words)
                    .remedy("use a key such as `user.contact.email`, a short name or a wildcard");
            }
        }
    }

    pub(super) fn categories(
        &self,
        file: &str,
        names: &Names,
        diagnostics: &mut Diagnostics,
    ) -> TagSet {
        names
            .iter()
            .fold(TagSet::EMPTY, |tags, name| tags.union(&self.category(file, name, diagnostics)))
    }

    pub(super) fn category(
        &self,
        file: &str,
        name: &At<String>,
        diagnostics: &mut Diagnostics,
    ) -> TagSet {
        if **name == "all" {
            return TagSet::ALL;
        }
        if let Some(tags) = self.names.get(name.as_str()) {
            return *tags;
        }
        let known: Vec<&str> =
            self.taxonomy.iter().map(|(_, category)| category.short.as_str()).collect();
        let near = suggest(name, &known, "category").filter(|text| text.starts_with("did"));
        diagnostics
            .error(name.place(file), format!("`{}` is no category of the taxonomy", **name))
            .remedy(near.unwrap_or_else(|| {
                "use a key such as `user.contact.email`, a short name or a wildcard".to_owned()
            }));
        TagSet::EMPTY
    }

    pub(super) fn classes(
        &self,
        file: &str,
        names: &Names,
        diagnostics: &mut Diagnostics,
    ) -> ClassSet {
        let mut set = ClassSet::default();
        for name in names.iter() {
            match self.vocabulary.classes.get(name.as_str()) {
                Some(class) => set.insert(*class),
                None => {
                    let known: Vec<&str> =
                        self.vocabulary.classes.keys().map(|class| &**class).collect();
                    complain(file, name, "recipient class", &known, diagnostics);
                }
            }
        }
        set
    }

    pub(super) fn purposes(
        &self,
        file: &str,
        names: &Names,
        diagnostics: &mut Diagnostics,
    ) -> PurposeSet {
        let mut set = PurposeSet::default();
        for name in names.iter() {
            match self.purposes.get(name.as_str()) {
                Some(purpose) => set.insert(*purpose),
                None => {
                    let known: Vec<&str> = self.purposes.keys().map(|purpose| &**purpose).collect();
                    complain(file, name, "purpose", &known, diagnostics);
                }
            }
        }
        set
    }

    /// Words of one section of the registers.
    pub(super) fn words(
        &self,
        file: &str,
        section: Section,
        names: &Names,
        diagnostics: &mut Diagnostics,
    ) -> Box<[Box<str>]> {
        names.iter().map(|name| self.word(file, section, name, diagnostics)).collect()
    }

    pub(super) fn word(
        &self,
        file: &str,
        section: Section,
        name: &At<String>,
        diagnostics: &mut Diagnostics,
    ) -> Box<str> {
        if !self.vocabulary.knows(section, name) {
            let known: Vec<&str> = self
                .vocabulary
                .sections
                .get(&section)
                .into_iter()
                .flat_map(|words| words.keys())
                .map(|word| &**word)
                .collect();
            complain(file, name, section.noun(), &known, diagnostics);
        }
        name.value.as_str().into()
    }
}

fn complain(
    file: &str,
    name: &At<String>,
    noun: &str,
    known: &[&str],
    diagnostics: &mut Diagnostics,
) {
    let mut known = known.to_vec();
    known.sort_unstable();
    let complaint = diagnostics
        .error(name.place(file), format!("there is no {noun} `{}` in the registers", **name));
    // Where it is no slip it is one of somebody's own, and a list of all the others is no help.
    const ADD: &str = "declare it in a file of `registers/` or in `purposes.yaml`";
    complaint.remedy(match near(name, &known) {
        Some(nearest) => format!("did you mean `{nearest}`? If it is another, {ADD}"),
        None => ADD.to_owned(),
    });
}

fn assigned(name: &str) -> Option<Region> {
    static ASSIGNED: LazyLock<RegionSet> = LazyLock::new(|| {
        let mut all = RegionSet::default();
        codes().for_each(|region| all.insert(region));
        all
    });
    name.parse().ok().filter(|region: &Region| ASSIGNED.always_contains(region.index()))
}

fn codes() -> impl Iterator<Item = Region> {
    ISO_3166_1.split(' ').filter_map(|code| code.parse().ok())
}

/// The code of a country by its alpha-3 code, by what it is called instead, or with gaps around it.
fn otherwise_called(name: &str) -> Option<&'static str> {
    let name = name.trim().to_ascii_uppercase();
    match name.as_str() {
        "UK" => Some("GB"),
        "EL" => Some("GR"),
        "UAE" => Some("AE"),
        "KSA" => Some("SA"),
        _ => {
            let mut codes = ISO_3166_1.split(' ');
            match ALPHA_3.split(' ').position(|code| code == name) {
                Some(at) => codes.nth(at),
                None => codes.find(|code| *code == name),
            }
        }
    }
}

/// Officially assigned alpha-2 codes.
const ISO_3166_1: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL \
BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM \
DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY \
HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC \
LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE \
NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD \
SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA \
UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Their alpha-3 codes, in the same order.
const ALPHA_3: &str = "AND ARE AFG ATG AIA ALB ARM AGO ATA ARG ASM AUT AUS ABW ALA AZE BIH BRB BGD BEL BFA BGR BHR BDI BEN \
BLM BMU BRN BOL BES BRA BHS BTN BVT BWA BLR BLZ CAN CCK COD CAF COG CHE CIV COK CHL CMR CHN COL CRI \
CUB CPV CUW CXR CYP CZE DEU DJI DNK DMA DOM DZA ECU EST EGY ESH ERI ESP ETH FIN FJI FLK FSM FRO FRA \
GAB GBR GRD GEO GUF GGY GHA GIB GRL GMB GIN GLP GNQ GRC SGS GTM GUM GNB GUY HKG HMD HND HRV HTI HUN \
IDN IRL ISR IMN IND IOT IRQ IRN ISL ITA JEY JAM JOR JPN KEN KGZ KHM KIR COM KNA PRK KOR KWT CYM KAZ \
LAO LBN LCA LIE LKA LBR LSO LTU LUX LVA LBY MAR MCO MDA MNE MAF MDG MHL MKD MLI MMR MNG MAC MNP MTQ \
MRT MSR MLT MUS MDV MWI MEX MYS MOZ NAM NCL NER NFK NGA NIC NLD NOR NPL NRU NIU NZL OMN PAN PER PYF \
PNG PHL PAK POL SPM PCN PRI PSE PRT PLW PRY QAT REU ROU SRB RUS RWA SAU SLB SYC SDN SWE SGP SHN SVN \
SJM SVK SLE SMR SEN SOM SUR SSD STP SLV SXM SYR SWZ TCA TCD ATF TGO THA TJK TKL TLS TKM TUN TON TUR \
TTO TUV TWN TZA UKR UGA UMI USA URY UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM MYT ZAF ZMB ZWE";
