//! Statements about people: names, ages, genders, languages, and words that are none of those.

use super::{Match, code, words::WordList};
use crate::domain::{ends_in_any_case, is_like};

/// A name in any script: letters, spaces, and the marks names are written with; no digits, no URL.
/// `shaped` when it is written the way names are: two to five words with capitals, or two to four
/// ideographs.
pub(super) fn name(text: &str) -> Option<Match> {
    let text = text.trim();
    if is_no_person(text) {
        return None;
    }
    if text.is_ascii() {
        return latin(text).or_else(|| on_a_ticket(text)).or_else(|| on_a_scan(text));
    }
    let length = text.chars().count();
    if !(1..=100).contains(&length) {
        return None;
    }
    let mut letters = 0;
    for character in text.chars() {
        match character {
            ' ' | '.' | '-' | '\'' | '’' | ',' | '·' | '・' | '(' | ')' | '\u{200c}' | '`' => {}
            '\u{0600}'..='\u{06ff}' => letters += 1,
            other if other.is_alphabetic() || is_mark(other) => letters += 1,
            _ => return None,
        }
    }
    if letters == 0 || text.starts_with(['.', '-']) {
        return None;
    }
    Some(Match { shaped: is_written_like_a_name(text, length), ..Match::PLAIN })
}

/// The same of a text that is ASCII, as most are.
fn latin(text: &str) -> Option<Match> {
    let mut letters = 0;
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => letters += 1,
            b' ' | b'.' | b'-' | b'\'' | b',' | b'(' | b')' | b'`' => {}
            _ => return None,
        }
    }
    if letters == 0 || text.len() > 100 || text.starts_with(['.', '-']) {
        return None;
    }
    Some(Match { shaped: are_words_of_a_name(text), ..Match::PLAIN })
}

/// `KHAN/SANA MRS`, as airlines write it (IATA Resolution 722).
fn on_a_ticket(text: &str) -> Option<Match> {
    let (last, first) = text.split_once('/')?;
    let is_part = |part: &str| {
        part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b' ')
    };
    (is_part(last) && is_part(first)).then_some(Match::PLAIN)
}

/// `KHAN^SANA^^DR`, as pictures in medicine have it (DICOM PS3.5 §6.2.1.1).
fn on_a_scan(text: &str) -> Option<Match> {
    const PARTS_MAX: usize = 5;
    let parts = || text.split('^').filter(|part| !part.is_empty());
    let is_part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_uppercase())
            && part.bytes().all(|byte| byte.is_ascii_alphabetic() || b" -'.".contains(&byte))
    };
    let good = (2..=PARTS_MAX).contains(&text.split('^').count())
        && parts().count() >= 2
        && parts().all(is_part);
    good.then_some(Match { shaped: true, ..Match::PLAIN })
}

fn is_written_like_a_name(text: &str, length: usize) -> bool {
    let ideographs = text.chars().filter(|c| is_east_asian(*c)).count();
    if ideographs > 0 {
        return ideographs <= 6 && length <= 8;
    }
    are_words_of_a_name(text)
}

/// Two to five words with capitals, none of which names a thing.
fn are_words_of_a_name(text: &str) -> bool {
    let mut words = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let bare = word.trim_start_matches(['\'', '(', '’']);
        let first = bare.chars().next();
        // Scripts without case have no capitals to ask for.
        let capital = first.is_some_and(|c| c.is_alphabetic() && !c.is_lowercase());
        let particle = PARTICLES.has(word);
        if !capital && !particle {
            return false;
        }
        if is_thing(word.trim_end_matches(['.', ',']), words == 0) {
            return false;
        }
        words += 1;
    }
    (2..=5).contains(&words)
}

/// Ends as names of companies, programs and places do, or is one of a program's.
fn is_no_person(text: &str) -> bool {
    // `Demo Company (NZ)`.
    let bracket = position(text, b" (");
    let named = bracket.and_then(|at| text.get(..at)).unwrap_or(text);
    let last = named.rsplit_once([' ', '-']).map(|(_, last)| last.trim_end_matches('.'));
    PROGRAMS.has(text)
        || (!text.is_ascii() && BODIES.iter().any(|ending| text.ends_with(ending)))
        || text.starts_with(SPEAKERS)
        || text.split_once(' ').is_some_and(|(first, _)| NEVER_FIRST.has(first))
        || last.is_some_and(|last| COMPANIES.has(last) || COMPANIES_SHORT.has_exactly(last))
        || (last.is_some() && text.split(' ').any(|word| INSTITUTIONS.has(word)))
        || ends_in_any_case(text, " sa de cv")
        || position(text, b" AG ").is_some()
        // `Jack Daniel's`: what is called after somebody.
        || text.ends_with("'s")
        || text.ends_with("’s")
        || position(text, b" - ").is_some()
        // A host: `mail.example.org`, where `sana.khan` may be somebody.
        || (text.bytes().filter(|byte| *byte == b'.').count() >= 2
            && text.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'.' | b'-')))
        || is_slug_of_a_thing(text)
}

/// `docs-site-build`, `my-container`, `client-key.pem`; `jean-paul` is somebody.
fn is_slug_of_a_thing(text: &str) -> bool {
    let is_of_one = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'.');
    text.contains('-')
        && text.bytes().all(is_of_one)
        && (text.bytes().filter(|byte| *byte == b'-').count() >= 2
            || text.split(['-', '.']).any(|part| is_thing(part, false)))
}

/// Where a few bytes stand first. The search of the standard library makes ready for longer texts than values are.
fn position<const BYTES: usize>(text: &str, few: &[u8; BYTES]) -> Option<usize> {
    text.as_bytes().array_windows().position(|window| window == few)
}

/// What names of companies and other bodies end in.
#[rustfmt::skip]
static COMPANIES: WordList = WordList::new(&[
    "traders", "trading", "enterprises", "industries", "textiles", "garments", "electronics", "logistics", "solutions",
    "technologies", "mart", "builders", "constructions", "distributors", "exports", "imports", "collections", "sons",
    "inc", "ltd", "llc", "llp", "gmbh", "plc", "corp", "corporation", "company", "limited", "incorporated", "sarl",
    "s.a.r.l", "srl", "s.r.l", "s.p.a", "s.a", "b.v", "n.v", "kgaa", "pty", "pte", "foundation", "university", "presents",
    "records", "bot", "airlines", "proxy", "agent", "inspector", "team", "support", "services", "app", "apps",
    "admins", "motors", "magazine", "service", "dienst", "wetterdienst", "institute", "institut", "agency", "authority",
    "bank", "administration", "office", "bureau", "ministry", "department", "council", "commission", "association",
    "society", "logistics", "courier", "cargo", "bhd", "berhad", "wll", "w.l.l", "fze", "fzco", "pjsc", "tbk", "oyj",
    "holdings", "tech", "energy", "products", "supplies", "systems", "ventures", "logistique", "fournisseur", "foods", "pharma", "consulting",
]);
/// What names of public bodies have in them, wherever it stands.
static INSTITUTIONS: WordList = WordList::new(&[
    "borough",
    "municipality",
    "municipalidad",
    "municipio",
    "ministry",
    "ministerio",
    "ministério",
    "ministère",
    "ministerium",
    "secretaría",
    "secretaria",
    "gobierno",
    "governo",
    "gouvernement",
    "government",
    "governmental",
    "ayuntamiento",
    "prefeitura",
    "provincie",
    "gemeente",
    "kommune",
    "landkreis",
    "stadtwerke",
    "universidad",
    "universidade",
    "université",
    "universität",
    "universiteit",
    "hochschule",
]);
/// Who begins so speaks of something, and of themselves.
const SPEAKERS: [char; 10] = ['我', '你', '您', '他', '她', '它', '这', '那', '请', '没'];
/// What no name begins with: articles and their kin, and what was ordered.
static NEVER_FIRST: WordList = WordList::new(&[
    "the",
    "die",
    "das",
    "ein",
    "eine",
    "mein",
    "meine",
    "unser",
    "unsere",
    "ihre",
    "des",
    "les",
    "une",
    "my",
    "your",
    "our",
    "this",
    "that",
    "الطلب",
    "آرڈر",
]);
/// The same of Chinese and Japanese ones.
const BODIES: [&str; 16] = [
    "公司",
    "集团",
    "集團",
    "银行",
    "銀行",
    "大学",
    "大學",
    "医院",
    "醫院",
    "委员会",
    "中心",
    "协会",
    "政府",
    "学校",
    "局",
    "株式会社",
];
static COMPANIES_SHORT: WordList =
    WordList::new(&["AG", "SA", "AB", "BV", "NV", "KG", "OY", "Oy", "Co"]);

/// Programs that sign what they do as people do.
#[rustfmt::skip]
static PROGRAMS: WordList = WordList::new(&[
    "github", "gitlab", "bitbucket", "dependabot", "renovate", "renovate bot", "jenkins", "travis ci", "circleci",
    "github actions", "web-flow", "pagerduty", "chrome", "firefox", "safari", "slack", "webhook", "admin",
    "administrator", "root", "system", "support", "webmaster", "postmaster", "service", "vcenter", "us-cert", "to do", "todo", "in progress", "done", "english", "member", "example",
    "google", "twitter", "facebook", "instagram", "linkedin", "youtube", "tiktok", "whatsapp", "snapchat", "pinterest",
    "microsoft", "netflix", "paypal", "shopify", "spotify", "salesforce", "airbnb", "telegram", "wechat", "alipay",
    "wells fargo", "webinspector", "user", "users", "test user", "mock user", "random user", "guest", "guest wi-fi",
]);

/// A sign that goes with the letter before it: accents, and vowels and tones of the scripts from Hebrew to Khmer.
pub(in crate::detect) fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{0300}'..='\u{036f}' | '\u{0591}'..='\u{05c7}' | '\u{064b}'..='\u{065f}' | '\u{0900}'..='\u{0963}'
            | '\u{0966}'..='\u{0dff}'
            | '\u{0e30}'..='\u{0e4e}' | '\u{0eb0}'..='\u{0ece}' | '\u{102b}'..='\u{103e}'
            | '\u{17b4}'..='\u{17d3}'
    )
}

/// Of a Chinese character, kana or Hangul.
pub(in crate::detect) fn is_east_asian(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{ac00}'..='\u{d7af}') || is_han(character)
}

/// A Chinese character, wherever it is written.
pub(in crate::detect) fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9fff}')
}

/// A small word inside a name: `van`, `bin`.
pub(in crate::detect) fn is_particle(word: &str) -> bool {
    PARTICLES.has_exactly(word)
}

/// A word that names of products, places and roles are made of. At the beginning, `Max` is a man.
pub(in crate::detect) fn is_thing(word: &str, is_first: bool) -> bool {
    THINGS.has(word) && !(is_first && word.eq_ignore_ascii_case("max"))
}

static PARTICLES: WordList = WordList::new(&[
    "bin", "binti", "bint", "ibn", "al", "el", "de", "da", "do", "dos", "del", "della", "di", "du",
    "la", "le", "van", "von", "der", "den", "ter", "y", "e", "ul", "dela", "delos",
]);

/// Words that names of products, places and roles are made of.
#[rustfmt::skip]
static THINGS: WordList = WordList::new(&[
    "the", "of", "for", "with", "and", "by", "or", "not", "none", "phone", "pro", "max", "mini", "plus", "note",
    "lite", "ultra", "store", "shop", "center", "centre", "office", "team", "service", "services", "support",
    "inc", "inc.", "ltd", "ltd.", "llc", "gmbh", "corp", "corp.", "corporation", "company", "group", "bank",
    "university", "school", "college", "institute", "foundation", "association", "agency", "department",
    "ministry", "council", "road", "street", "city", "county", "province", "district", "municipal",
    "municipality", "america", "europe", "asia", "africa", "carolina", "default", "test", "tests", "testing",
    "admin", "system", "systems", "server", "servers", "update", "release", "app", "apps", "home", "main",
    "new", "order", "orders", "charger", "cable", "case", "edition", "license", "licence", "licenses", "rule",
    "rules", "plan", "plans", "maps", "counts", "counter", "cluster", "clusters", "database", "databases",
    "chrome", "safari", "firefox", "browser", "studio", "framework", "library", "package", "packages", "module",
    "plugin", "extension", "template", "client", "runner", "build", "builds", "code", "check", "checks", "run",
    "workflow", "pipeline", "deploy", "deployment", "install", "dependencies", "lint", "docker", "kubernetes",
    "linux", "windows", "android", "ios", "web", "site", "website", "pages", "view", "table", "chart", "report",
    "reports", "dashboard", "meeting", "notes", "event", "events", "schedule", "planning", "calendar",
    "project", "projects", "task", "tasks", "issue", "bug", "feature", "request", "priority", "status",
    "progress", "done", "pending", "highest", "lowest", "medium", "monitor", "log", "logs", "alert", "metric",
    "metrics", "network", "interface", "storage", "volume", "node", "host", "device", "devices", "sensor",
    "lamp", "lights", "bulb", "switch", "plug", "camera", "speaker", "watch", "band", "tv", "laptop", "tablet",
    "keyboard", "mouse", "headphones", "earbuds", "purifier", "cooker", "vacuum", "robot", "scooter", "living",
    "room", "kitchen", "bedroom", "bathroom", "balcony", "shirt", "shoes", "shoe", "jeans", "jacket", "dress",
    "bottle", "mug", "juice", "coffee", "pizza", "leather", "suede", "game", "games", "card", "cards",
    "subscription", "premium", "basic", "standard", "free", "trial", "platinum", "enterprise", "courier",
    "express", "delivery", "shipping", "payment", "checkout", "cart", "discount", "sale", "offer", "unit",
    "units", "component", "components", "resource", "resources", "consumption", "access", "lookup", "id",
    "keys", "token", "certificate", "manager", "management", "hiring", "accounts", "payable", "receivable",
    "customer", "sales", "marketing", "engineering", "operations", "security", "finance", "world", "fm",
    "radio", "news", "times", "monthly", "morning", "language", "programming", "ml", "ai", "api", "sdk", "http",
    "https", "json", "xml", "sql", "url", "usb", "hdmi", "wifi", "gps", "contains", "add", "create", "delete",
    "remove", "edit", "save", "start", "stop", "open", "close", "search", "filter", "sort", "select", "submit",
    "cancel", "next", "previous", "back", "must", "walk", "maker", "machine", "model", "series", "color",
    "colour", "size", "san", "santa", "los", "las", "saint", "fort", "lake", "mount", "port", "proxy", "bot",
    "scene", "hbf", "label", "route", "survey", "rendering", "kundenservice", "soporte", "suporte", "equipo",
    "equipe", "satisfaction", "safety", "unable", "side", "billing", "ihr", "developer", "science", "config",
    "phones", "dollar", "rupee", "cross", "image", "disk", "stack", "airport", "station", "hotel", "restaurant",
    "hospital", "clinic", "pharmacy", "museum", "beach", "mall", "market", "plaza", "square", "building", "flat",
    "villa", "tower", "floor", "suite", "apartment", "fellowship", "award", "products", "secret", "interview", "memorial", "jl", "jl.", "jln", "jalan",
    "oetker", "muscle", "pepper", "organisation", "organization", "gare", "bahnhof", "hauptbahnhof", "webhooks", "webhook",
    "ооо", "оао", "зао", "пао", "тов",
    "container", "bucket", "login", "developers", "private", "pem", "arena", "weather", "income", "consolidated", "affiliation", "railway", "metro", "terminal", "campus", "faculty", "scuderia",
]);

/// One word or two, letters only: part of a name.
pub(super) fn name_part(text: &str) -> Option<Match> {
    let found = name(text)?;
    // Families of animals and of plants (ICZN article 29.2, ICN article 18.1).
    if ["idae", "aceae"].iter().any(|ending| ends_in_any_case(text, ending)) {
        return None;
    }
    (text.trim().split(' ').count() <= 4).then_some(Match { shaped: true, ..found })
}

/// A handle: no spaces at its ends, not a sentence, and not the time of a visit.
pub(super) fn handle(text: &str) -> Option<Match> {
    let text = text.trim();
    let words = text.split(' ').count();
    let is_time = text.get(..10).is_some_and(|date| is_like(date.as_bytes(), b"0000-00-00"))
        || is_like(text.as_bytes(), b"0000000000000");
    ((2..=64).contains(&text.chars().count())
        && words <= 4
        && !text.contains("://")
        && !text.contains(['<', '>', '!', '"'])
        && !text.contains("___")
        // A type of some program.
        && !text.contains("::")
        && !text.starts_with('&')
        && !is_of_a_registry(text)
        && !is_slug(text)
        && !is_colour(text)
        && !text.starts_with('/')
        && !is_time)
        .then_some(Match::PLAIN)
}

/// `#0a66c2`, as style sheets write it.
fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|it| matches!(it.len(), 3 | 6) && it.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// `AS64496`, `NET-192-0-2-0-1`, `HOST7-EXAMPLE`: a handle of those who give out addresses (RFC 9083 §4.2).
fn is_of_a_registry(text: &str) -> bool {
    let is_of_it = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    let number = text.strip_prefix("AS").unwrap_or_default();
    let is_system = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_system
        || text.contains('-')
            && text.starts_with(|first: char| first.is_ascii_uppercase())
            && text.bytes().any(|byte| byte.is_ascii_digit())
            && text.bytes().all(is_of_it)
}

/// `summer-sale-for-all`: what a page is called in its address.
fn is_slug(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'-').count() >= 3
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// What somebody signs in as: one word, and none of the names that systems have of their own.
pub(in crate::detect) fn login_name(text: &str) -> Option<Match> {
    let text = text.trim();
    let name = text.rsplit('\\').next()?;
    let is_of_one = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let letters = name.bytes().take_while(u8::is_ascii_lowercase).count();
    let good = (3..=32).contains(&name.len())
        && letters >= 3
        && name.chars().all(is_of_one)
        && !SYSTEM_ACCOUNTS.has(name)
        && !is_thing(name, true);
    good.then_some(Match::PLAIN)
}

/// The same of a word that no sentence has: with a digit, a dot or a low line in it, and no part of it a thing's.
pub(super) fn marked_login_name(text: &str) -> Option<Match> {
    let is_marked = text.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_'));
    let is_of_things = || text.split(['.', '_', '-']).any(|word| is_thing(word, false));
    if is_marked && !is_of_things() { login_name(text) } else { None }
}

#[rustfmt::skip]
static SYSTEM_ACCOUNTS: WordList = WordList::new(&[
    "that", "this", "the", "another", "different", "root", "admin", "administrator", "guest", "nobody", "daemon", "www-data", "nginx", "apache", "postgres", "mysql",
    "redis", "ubuntu", "debian", "centos", "ec2-user", "git", "jenkins", "backup", "oracle", "operator", "anonymous",
    "anyone", "user", "users", "username", "me", "you", "us", "them", "a", "an", "any", "none", "null", "unknown",
    "undefined", "default", "sudo", "ftp", "sshd", "from", "to", "on", "in", "at", "is", "was", "has", "with", "and",
    "read", "write", "list", "get", "create", "update", "delete", "manage", "email", "profile", "because", "reports", "does",
    "owner", "member", "viewer", "editor", "bot", "service", "everyone", "string", "true", "false", "public", "private",
]);

/// 0 to 130, also with a fraction (`9.5`), a range or a bound such as `18-24`, `65+`, `under 18`, or a word for a child.
pub(super) fn age(text: &str) -> Option<Match> {
    /// `younger than 18 years`.
    const CHARACTERS_MAX: usize = 24;
    let text = text.trim();
    if is_word_for_a_child(text) {
        return Some(Match::PLAIN);
    }
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let mut count = 0;
    for number in numbers {
        if number.parse::<u32>().ok().is_none_or(|age| age > 130) {
            return None;
        }
        count += 1;
    }
    let is_fraction = text.len() <= 6
        && text.split_once('.').is_some_and(|(whole, part)| {
            [whole, part].iter().all(|it| it.bytes().all(|b| b.is_ascii_digit()) && !it.is_empty())
        });
    let short =
        text.chars().nth(CHARACTERS_MAX).is_none() && (is_fraction || !text.contains(['.', ':']));
    // `3 days`, `3m 3d`: how old a thing is.
    let is_of_a_thing = text.split(|c: char| !c.is_alphabetic()).any(|unit| SHORT_TIMES.has(unit));
    ((1..=2).contains(&count) && short && !is_of_a_thing).then_some(Match::PLAIN)
}

/// Whether a text says, where an age is told, that somebody is a child.
pub fn is_word_for_a_child(text: &str) -> bool {
    CHILDREN.has(text)
}

#[rustfmt::skip]
static CHILDREN: WordList = WordList::new(&[
    "minor", "child", "kid", "infant", "baby", "newborn", "neonate", "toddler", "teen", "teenager", "adolescent",
    "juvenile", "underage", "minderjährig", "minderjähriger", "minderjährige", "kind", "jugendlicher", "mineur",
    "mineure", "enfant", "menor", "menor de edad", "menor de idade", "niño", "niña", "criança", "minore", "minorenne",
    "bambino", "bambina", "minderjarig", "ребенок", "ребёнок", "несовершеннолетний", "несовершеннолетняя", "çocuk",
    "طفل", "قاصر", "नाबालिग", "anak", "trẻ em", "ผู้เยาว์", "เด็ก", "未成年", "未成年人", "未成年者", "儿童", "兒童", "子供",
    "미성년자", "미성년", "아동", "어린이",
]);

/// Whether a word is a unit of time in which nobody's age is told.
pub(in crate::detect) fn is_short_time(word: &str) -> bool {
    SHORT_TIMES.has(word)
}

/// Units of time in which nobody's age is told in a record of a person.
static SHORT_TIMES: WordList = WordList::new(&[
    "d", "day", "days", "h", "hour", "hours", "s", "sec", "seconds", "ms", "min", "mins",
    "minutes", "w", "week", "weeks",
]);

/// Words and codes for gender, ISO/IEC 5218 among them.
pub(super) fn gender(text: &str) -> Option<Match> {
    GENDERS.has(text.trim()).then_some(Match::PLAIN)
}

#[rustfmt::skip]
static GENDERS: WordList = WordList::new(&[
    "perempuan", "laki-laki", "lelaki", "pria", "wanita", "mujer", "hombre", "varón", "masculin", "féminin",
    "feminin", "maschio", "femmina", "maschile", "femminile", "kobieta", "mężczyzna", "man", "vrouw", "kadın",
    "bayan", "bay", "nam", "nữ", "ذكر", "أنثى", "ชาย", "หญิง",
    "0", "1", "2", "9", "m", "f", "o", "x", "u", "d", "w", "h", "male", "female", "man", "woman", "boy",
    "girl", "other", "non-binary", "nonbinary", "diverse", "unspecified", "transgender",
    "prefer not to say", "男", "女", "男性", "女性", "男生", "女生", "mard", "aurat", "khatoon", "purush",
    "mahila", "stri", "مرد", "عورت", "पुरुष", "महिला", "남", "여", "남성", "여성", "männlich", "weiblich",
    "divers", "masculino", "femenino", "feminino", "homme", "femme", "мужской", "женский", "муж", "жен", "м", "ж", "erkek",
]);

/// What programs are written in, which no person speaks.
#[rustfmt::skip]
static PROGRAMMING_LANGUAGES: WordList = WordList::new(&[
    "python", "js", "ts", "javascript", "typescript", "java", "kotlin", "ruby", "rust", "go", "golang", "swift", "scala", "perl",
    "php", "shell", "bash", "powershell", "html", "css", "scss", "sql", "dart", "elixir", "erlang", "haskell", "lua",
    "julia", "clojure", "groovy", "matlab", "fortran", "cobol", "assembly", "makefile", "dockerfile", "markdown",
    "json", "yaml", "xml", "vue", "svelte", "csharp", "cpp", "objc",
]);

/// BCP 47 tag or the name of a language: short, letters and dashes.
pub(super) fn language(text: &str) -> Option<Match> {
    let text = text.trim();
    if PROGRAMMING_LANGUAGES.has(text) {
        return None;
    }
    let mut parts = text.split(['-', '_']);
    let first = parts.next()?;
    let tag = (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
    let word = (4..=20).contains(&text.chars().count()) && text.chars().all(char::is_alphabetic);
    (tag || word).then_some(Match { shaped: tag, ..Match::PLAIN })
}

/// Prose, an address line or another text with at least one letter, and no number of an object.
pub(super) fn words(text: &str) -> Option<Match> {
    (text.chars().any(char::is_alphabetic) && code::uuid(text).is_none()).then_some(Match::PLAIN)
}

/// What somebody said, be it a word, and no code for it: `GOOD`, `NO_CHANGE`. Nor an address in the web alone.
pub(super) fn remark(text: &str) -> Option<Match> {
    let is_code_byte =
        |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_address = text.contains("://") && !text.contains(' ');
    words(text).filter(|_| !text.bytes().all(is_code_byte) && !is_address)
}

/// More than a word: a text that somebody wrote.
pub(super) fn sentence(text: &str) -> Option<Match> {
    const WIDE_MIN: usize = 5;
    let wide = text.chars().filter(|c| !c.is_ascii()).count();
    (text.trim().contains(' ') || wide >= WIDE_MIN).then(|| words(text))?
}

/// What a person's browser or device is called. Products alone (RFC 9110 §10.1.5), `okhttp/4.12.0`, are
/// a program between servers; the comment is what tells of a device.
pub(super) fn browser(text: &str) -> Option<Match> {
    if text.contains('/') && !text.contains('(') {
        return None;
    }
    words(text)
}

/// Products with a comment about the device between them (RFC 9110 §10.1.5).
pub(super) fn agent_string(text: &str) -> Option<Match> {
    let text = text.trim();
    let product = text.split(' ').next().is_some_and(|first| {
        first.split_once('/').is_some_and(|(name, version)| {
            name.len() >= 2 && version.starts_with(|c: char| c.is_ascii_digit())
        })
    });
    (product && text.contains('(') && text.contains(')')).then_some(Match::PLAIN)
}

/// Products alone, each a name and its version (RFC 9110 §10.1.5): `okhttp/4.12.0`, `Shop/3.2 CFNetwork/1410.0.3`.
pub(super) fn products(text: &str) -> Option<Match> {
    const BYTES_MAX: usize = 128;
    let is_of_one = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
    let is_product = |word: &str| {
        word.split_once('/').is_some_and(|(name, version)| {
            name.len() >= 2
                && name.starts_with(|first: char| first.is_ascii_alphabetic())
                && version.starts_with(|first: char| first.is_ascii_digit())
                && name.bytes().chain(version.bytes()).all(is_of_one)
        })
    };
    let text = text.trim();
    (text.len() <= BYTES_MAX && text.split(' ').all(is_product)).then_some(Match::PLAIN)
}

/// What a browser says of itself: `Mozilla/5.0 (…) …`.
pub(super) fn user_agent(text: &str) -> Option<Match> {
    let text = text.trim();
    (text.starts_with("Mozilla/") && text.contains('(')).then_some(Match::SHAPED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_script() {
        for (text, expected) in [
            ("Sana Khan", Some(true)),
            ("Tan Wei Ming", Some(true)),
            ("王芳", Some(true)),
            ("佐藤 花", Some(true)),
            ("민지", Some(true)),
            ("محمد علی", Some(true)),
            ("राम कुमार", Some(true)),
            ("Ludwig van Beethoven", Some(true)),
            ("O'Neill, Ann", Some(true)),
            ("Amma", Some(false)),
            ("sana khan", Some(false)),
            ("Redmi Note", Some(false)),
            ("Mi Store", Some(false)),
            ("Gold Plan", Some(false)),
            ("Larry Page", Some(true)),
            ("Max Mustermann", Some(true)),
            ("Monday Okoro", Some(true)),
            ("Galaxy Max", Some(false)),
            ("Fan Bingbing", Some(true)),
            ("Install Dependencies", Some(false)),
            ("Blue Suede Shoes", Some(false)),
            ("London Borough of Barnet", None),
            ("Gemeente Utrecht", None),
            ("Perez Hermanos SA de CV", None),
            ("my-container", None),
            ("client-root-ca.pem", None),
            ("jean-paul", Some(false)),
            ("jean-paul.dupont", Some(false)),
            ("Twitter", None),
            ("Redmi Note 10", None),
            ("https://example.org", None),
            ("a_b", None),
            ("", None),
            ("12", None),
        ] {
            assert_eq!(name(text).map(|found| found.shaped), expected, "{text}");
        }
    }

    #[test]
    fn tables_of_statements() {
        type Row = (fn(&str) -> Option<Match>, &'static str, bool);
        let rows: &[Row] = &[
            (browser, "Dalvik/2.1.0 (Linux; U; Android 11; M2101K6G Build/RKQ1)", true),
            (browser, "Chrome", true),
            (agent_string, "okhttp/4.9.2 (Android 14; SM-A546B)", true),
            (agent_string, "okhttp/4.9.2", false),
            (agent_string, "Chrome", false),
            (browser, "okhttp/4.12.0", false),
            (products, "okhttp/4.12.0", true),
            (products, "Shop/3.2 CFNetwork/1410.0.3 Darwin/22.6.0", true),
            (products, "text/html", false),
            (products, "aws-sdk-go/1.44.1 go1.20 linux/amd64", false),
            (products, "12/05", false),
            (browser, "aws-sdk-go/1.44.1 go1.20 linux/amd64", false),
            (age, "29", true),
            (age, "18-24", true),
            (age, "65+", true),
            (age, "9.5", true),
            (age, "9.5.1", false),
            (age, ".5", false),
            (age, "131", false),
            (age, "3600", false),
            (age, "1.5", true),
            (gender, "F", true),
            (gender, "女", true),
            (gender, "Erkek", true),
            (gender, "connector", false),
            (gender, "3", false),
            (language, "ur-PK", true),
            (language, "en_IN", true),
            (language, "Urdu", true),
            (language, "1", false),
            (sentence, "come home early", true),
            (sentence, "今晚回家吃饭吗", true),
            (sentence, "enabled", false),
            (language, "Python", false),
            (handle, "sanaK", true),
            (handle, "ana-maria-lopez", true),
            (handle, "summer-sale-for-all", false),
            (login_name, "that", false),
            (marked_login_name, "priya33", true),
            (marked_login_name, "sana_k", true),
            (marked_login_name, "request", false),
            (marked_login_name, "order_list", false),
            (marked_login_name, "v2.1", false),
            (remark, "Great!", true),
            (remark, "NO_CHANGE", false),
            (handle, "a long sentence with many words", false),
        ];
        for (check, text, expected) in rows {
            assert_eq!(check(text).is_some(), *expected, "{text}");
        }
    }
}
