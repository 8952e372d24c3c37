//! Countries and postal codes.

use crate::domain::Region;

use super::{
    Match,
    words::{WordList, same_as},
};

/// An ISO 3166-1 code, a calling code, or a country's name; it speaks for that jurisdiction.
pub(super) fn country(text: &str) -> Option<Match> {
    let text = text.trim();
    let found = |region| Some(Match { region, ..Match::PLAIN });
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return found(text.parse::<Region>().ok());
    }
    let is_same = same_as(text);
    if let Some((_, code)) = NAMES.iter().find(|(name, _)| is_same(name)) {
        return found(Some(Region::new(**code)));
    }
    let digits = text.strip_prefix('+').unwrap_or(text);
    if (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let mut code = [0u8; 4];
        for (slot, byte) in code.iter_mut().zip(digits.bytes()) {
            *slot = byte - b'0';
        }
        let plan = super::calling_codes::plan(code.get(..digits.len())?);
        let region =
            plan.filter(|(_, length)| *length == digits.len()).and_then(|(plan, _)| plan.region());
        return found(region);
    }
    let word = (3..=56).contains(&text.chars().count())
        && text
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '.' | '\'' | '(' | ')'));
    if word { found(None) } else { None }
}

/// The code or name of a place: letters and digits.
pub(super) fn place(text: &str) -> Option<Match> {
    let text = text.trim();
    let good = (2..=40).contains(&text.chars().count())
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | '\''));
    good.then_some(Match::PLAIN)
}

/// A state, province or district: by name, or by what such names end in.
pub(super) fn division(text: &str) -> Option<Match> {
    let text = text.trim();
    let ending = (2..=8).contains(&text.chars().count())
        && text.ends_with([
            '省', '市', '区', '區', '县', '縣', '県', '州', '旗', '도', '시', '구', '군',
        ]);
    let known = DIVISIONS.has(text);
    let words = text.chars().any(char::is_alphabetic) && !text.contains(['_', '/', ':']);
    (ending || known || words).then_some(Match { shaped: ending || known, ..Match::PLAIN })
}

/// Names of first-level divisions of the larger countries, lower case.
#[rustfmt::skip]
static DIVISIONS: WordList = WordList::new(&[
    "punjab", "sindh", "khyber pakhtunkhwa", "balochistan", "gilgit-baltistan", "azad kashmir", "islamabad",
    "andhra pradesh", "arunachal pradesh", "assam", "bihar", "chhattisgarh", "goa", "gujarat", "haryana",
    "himachal pradesh", "jharkhand", "karnataka", "kerala", "madhya pradesh", "maharashtra", "manipur",
    "meghalaya", "mizoram", "nagaland", "odisha", "rajasthan", "sikkim", "tamil nadu", "telangana",
    "tripura", "uttar pradesh", "uttarakhand", "west bengal", "delhi", "new delhi", "jammu and kashmir",
    "beijing", "tianjin", "shanghai", "chongqing", "hebei", "shanxi", "liaoning", "jilin", "heilongjiang",
    "jiangsu", "zhejiang", "anhui", "fujian", "jiangxi", "shandong", "henan", "hubei", "hunan",
    "guangdong", "hainan", "sichuan", "guizhou", "yunnan", "shaanxi", "gansu", "qinghai", "guangxi",
    "xinjiang", "广东", "浙江", "江苏", "四川", "山东", "河南", "湖北", "湖南", "福建", "河北", "安徽", "陕西",
    "alabama", "alaska", "arizona", "arkansas", "california", "colorado", "connecticut", "delaware",
    "florida", "hawaii", "idaho", "illinois", "indiana", "iowa", "kansas", "kentucky", "louisiana",
    "maine", "maryland", "massachusetts", "michigan", "minnesota", "mississippi", "missouri", "montana",
    "nebraska", "nevada", "new hampshire", "new jersey", "new mexico", "new york", "north carolina",
    "north dakota", "ohio", "oklahoma", "oregon", "pennsylvania", "rhode island", "south carolina",
    "south dakota", "tennessee", "texas", "utah", "vermont", "virginia", "wisconsin", "wyoming",
    "bayern", "bavaria", "berlin", "hamburg", "hessen", "sachsen", "niedersachsen", "nordrhein-westfalen",
    "baden-württemberg", "brandenburg", "île-de-france", "bretagne", "occitanie", "lombardia", "lazio",
    "toscana", "veneto", "sicilia", "cataluña", "andalucía", "ontario", "quebec", "québec",
    "british columbia", "alberta", "são paulo", "rio de janeiro", "minas gerais", "bahia", "paraná",
    "jalisco", "nuevo león", "gauteng", "western cape", "kwazulu-natal", "lagos", "jawa barat",
    "jawa timur", "jawa tengah", "dki jakarta", "selangor", "johor", "sabah", "sarawak", "dubai",
    "abu dhabi", "sharjah", "riyadh", "makkah", "metro manila", "calabarzon",
]);

/// Three to ten letters and digits with at least two digits, spaces and one dash allowed.
pub(super) fn postal_code(text: &str) -> Option<Match> {
    let text = text.trim();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let good = (3..=10).contains(&text.len())
        && digits >= 2
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-'));
    good.then_some(Match::PLAIN)
}

/// A postal code as India, China, Singapore, Russia and Vietnam have it.
pub(super) fn six_digits(text: &str) -> Option<Match> {
    let text = text.trim();
    let good = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    (good && !text.starts_with('0')).then_some(Match::PLAIN)
}

/// Names of countries in the languages fields are filled in, lower case; alpha-3 codes too.
#[rustfmt::skip]
static NAMES: [(&str, &[u8; 2]); 121] = [
    ("pakistan", b"PK"), ("پاکستان", b"PK"), ("巴基斯坦", b"PK"), ("pak", b"PK"),
    ("india", b"IN"), ("bharat", b"IN"), ("भारत", b"IN"), ("印度", b"IN"), ("ind", b"IN"),
    ("china", b"CN"), ("中国", b"CN"), ("中國", b"CN"), ("chn", b"CN"), ("prc", b"CN"),
    ("people's republic of china", b"CN"), ("singapore", b"SG"), ("新加坡", b"SG"), ("sgp", b"SG"),
    ("united states", b"US"), ("united states of america", b"US"), ("usa", b"US"), ("美国", b"US"),
    ("united kingdom", b"GB"), ("great britain", b"GB"), ("england", b"GB"), ("uk", b"GB"),
    ("gbr", b"GB"), ("germany", b"DE"), ("deutschland", b"DE"), ("deu", b"DE"), ("france", b"FR"),
    ("fra", b"FR"), ("italy", b"IT"), ("italia", b"IT"), ("ita", b"IT"), ("spain", b"ES"),
    ("españa", b"ES"), ("esp", b"ES"), ("netherlands", b"NL"), ("nld", b"NL"), ("belgium", b"BE"),
    ("austria", b"AT"), ("österreich", b"AT"), ("switzerland", b"CH"), ("schweiz", b"CH"),
    ("ireland", b"IE"), ("portugal", b"PT"), ("poland", b"PL"), ("polska", b"PL"),
    ("czech republic", b"CZ"), ("czechia", b"CZ"), ("slovakia", b"SK"), ("hungary", b"HU"),
    ("romania", b"RO"), ("bulgaria", b"BG"), ("greece", b"GR"), ("sweden", b"SE"), ("norway", b"NO"),
    ("denmark", b"DK"), ("finland", b"FI"), ("iceland", b"IS"), ("russia", b"RU"), ("россия", b"RU"),
    ("russian federation", b"RU"), ("ukraine", b"UA"), ("turkey", b"TR"), ("türkiye", b"TR"),
    ("indonesia", b"ID"), ("vietnam", b"VN"), ("viet nam", b"VN"), ("việt nam", b"VN"),
    ("malaysia", b"MY"), ("thailand", b"TH"), ("ประเทศไทย", b"TH"), ("philippines", b"PH"),
    ("japan", b"JP"), ("日本", b"JP"), ("jpn", b"JP"), ("south korea", b"KR"), ("korea", b"KR"),
    ("republic of korea", b"KR"), ("대한민국", b"KR"), ("한국", b"KR"), ("kor", b"KR"), ("taiwan", b"TW"),
    ("台灣", b"TW"), ("台湾", b"TW"), ("hong kong", b"HK"), ("香港", b"HK"), ("macau", b"MO"),
    ("macao", b"MO"), ("saudi arabia", b"SA"), ("السعودية", b"SA"), ("united arab emirates", b"AE"),
    ("uae", b"AE"), ("الإمارات", b"AE"), ("egypt", b"EG"), ("مصر", b"EG"), ("nigeria", b"NG"),
    ("south africa", b"ZA"), ("kenya", b"KE"), ("brazil", b"BR"), ("brasil", b"BR"), ("mexico", b"MX"),
    ("méxico", b"MX"), ("argentina", b"AR"), ("chile", b"CL"), ("colombia", b"CO"), ("peru", b"PE"),
    ("canada", b"CA"), ("australia", b"AU"), ("new zealand", b"NZ"), ("bangladesh", b"BD"),
    ("sri lanka", b"LK"), ("nepal", b"NP"), ("afghanistan", b"AF"), ("iran", b"IR"), ("israel", b"IL"),
    ("kazakhstan", b"KZ"), ("qatar", b"QA"), ("kuwait", b"KW"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_speak_for_their_jurisdiction() {
        for (text, expected) in [
            ("PK", Some("PK")),
            ("pk", Some("PK")),
            ("Pakistan", Some("PK")),
            ("中国", Some("CN")),
            ("IND", Some("IN")),
            ("+92", Some("PK")),
            ("92", Some("PK")),
            ("Atlantis", Some("--")),
            ("586", Some("--")),
            ("x", None),
            ("12345", None),
            ("", None),
        ] {
            let found =
                country(text).map(|found| found.region.map_or("--".into(), |r| r.to_string()));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn postal_codes_have_digits() {
        for (text, expected) in [
            ("75300", true),
            ("SW1A 1AA", true),
            ("01310-100", true),
            ("238801", true),
            ("main", false),
            ("12", false),
            ("12345678901", false),
        ] {
            assert_eq!(postal_code(text).is_some(), expected, "{text}");
        }
    }
}
