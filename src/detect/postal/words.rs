//! The words of an address: what belongs to one, what ends it, and what its codes look like.

use crate::detect::check::words::WordList;

pub(super) fn is_postal_code(token: &str) -> bool {
    let token = token.trim_matches(['.', ',']);
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    ((4..=6).contains(&token.len()) && digits == token.len())
        // The two halves of a British, Canadian or Dutch code.
        || ((2..=4).contains(&token.len())
            && digits >= 1
            && digits < token.len()
            && token.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
}

/// A Polish, Portuguese, Brazilian or Japanese code.
pub(super) fn is_postal_code_in_two(token: &str) -> bool {
    let is_of = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    token.split_once('-').is_some_and(|(first, second)| {
        [(2, 3), (4, 3), (5, 3), (3, 4)]
            .iter()
            .any(|(before, behind)| is_of(first, *before) && is_of(second, *behind))
    })
}

pub(super) fn is_of_an_address(token: &str) -> bool {
    let bare = token.trim_matches([',', '.', '-', '–', '(', ')']);
    let first = bare.chars().next();
    bare.is_empty()
        || first
            .is_some_and(|c| c.is_uppercase() || c.is_ascii_digit() || matches!(c, '#' | 'º' | '№'))
        || SMALL.contains(&bare)
}

/// A word behind which, or a person before whom, no address goes on: `móvil 638…`, `c/o …`, `Pani …`. `Mobile,` is a
/// town.
pub(super) fn is_end(token: &str) -> bool {
    !token.ends_with(',') && ENDS.has(token.trim_matches(['.', '(', ')']))
}

#[rustfmt::skip]
static ENDS: WordList = WordList::new(&[
    "tel", "phone", "telephone", "ph", "mob", "mobile", "móvil", "movil", "cell", "cel", "celular", "cellulare", "telefon", "handy",
    "telefono", "teléfono", "téléphone", "portable", "fax", "whatsapp", "email", "e-mail", "mail", "attn", "c/o", "mr", "mrs", "miss", "pani", "pan",
    "herr", "frau", "mevr", "mevrouw", "dhr", "meneer", "sr", "sra", "señor", "señora", "monsieur", "madame", "sig", "signora", "signor", "dni",
    "cnic", "nif", "rs", "inr", "pkr", "тел", "телефон", "моб", "сот", "tfn", "tlf", "hp", "получатель", "chị", "anh",
    "geboren", "geburtsdatum", "снилс", "инн", "паспорт", "nric", "aadhaar", "born", "née", "nacido", "nacida", "nascido", "nascida", "nato", "nata", "iban", "konto", "kontonummer", "dob",
    "solicita", "solicitó", "pide", "reclama", "demande", "sollicite", "meminta", "mohon", "minta", "olarak", "requests", "asks",
    "wants", "called", "has", "was", "is", "ورقم", "وهاتفه", "وهاتفها", "وجواله", "هاتف", "جوال", "موبايل", "آپ", "อีเมล", "โทร", "เบอร์",
    "เบอร์โทร", "मोबाइल", "फोन", "फ़ोन", "فون", "موبائل",
    "ssn", "nino", "nhs", "mrn", "steuer-id", "steueridnr", "steuernummer", "ausweis", "personalausweis", "reisepass", "cpf", "cnpj", "rg", "nie", "curp",
    "rfc", "pesel", "bsn", "oib", "egn", "cnp", "nik", "ktp", "passport", "passeport", "pasaporte", "passaporto", "passaporte", "imei", "imsi",
]);

/// A word behind which, in Hindi and Urdu, a sentence ends or the place is past: `… Lahore hai`, `… गुरुग्राम में`. Streets
/// of Vietnam are called `Hai`.
pub(super) fn is_copula(token: &str) -> bool {
    #[rustfmt::skip]
    const COPULAS: [&str; 24] = [
        "hai", "hain", "mein", "par", "pe", "ko", "se", "है", "हैं", "में", "पर", "को", "से", "रहता", "रहती",
        "ہے", "ہیں", "میں", "پر", "کو", "سے", "رہتا", "رہتی", "hoon",
    ];
    COPULAS.contains(&token.trim_end_matches(['.', ',', '।', '۔', '،', '!']))
}

/// A word that goes on with the sentence behind the comma after an address: `…, Karachi, hereby request …`.
pub(super) fn goes_on_with_the_sentence(token: &str) -> bool {
    #[rustfmt::skip]
    const WORDS: [&str; 62] = [
        "hereby", "and", "but", "or", "please", "my", "his", "her", "our", "their", "i", "we", "he", "she",
        "who", "which", "is", "was", "has", "have", "had", "do", "would", "will", "with", "for", "to", "by",
        "from", "before", "after", "where", "when", "because", "since", "until", "request", "holder", "et",
        "mon", "ma", "qui", "y", "mi", "que", "und", "mein", "meine", "der", "die", "e", "il", "mio", "che",
        "en", "mijn", "och", "dan", "ve", "a", "solicita", "demande",
    ];
    WORDS.contains(&token.trim_end_matches(','))
}

/// A word or clause of Japanese or Korean without what grammar puts behind the last number: `神南1-19-11です`,
/// `803호입니다`, `235이고`.
pub(super) fn before_grammar(found: &str) -> &str {
    const PARTICLES: [&str; 15] = [
        "입니다",
        "이에요",
        "예요",
        "이고",
        "이며",
        "인데",
        "으로",
        "에서",
        "에게",
        "이라고",
        "라고",
        "에",
        "로",
        "의",
        "이",
    ];
    let Some(last) = found.rfind(|c: char| c.is_ascii_digit()) else { return found };
    let tail = found.get(last + 1..).unwrap_or_default();
    let is_hiragana = |c: char| ('\u{3041}'..='\u{309f}').contains(&c);
    let counted =
        tail.strip_prefix(['호', '층', '동', '번']).map_or(0, |rest| tail.len() - rest.len());
    let rest = tail.get(counted..).unwrap_or_default();
    let cut = if PARTICLES.contains(&rest.trim_end_matches(['.', ','])) {
        Some(counted)
    } else {
        tail.find(is_hiragana)
    };
    cut.and_then(|cut| found.get(..last + 1 + cut)).unwrap_or(found)
}

/// A word that a dot may stand behind although nothing ends there.
pub(super) fn is_shortened(word: &str) -> bool {
    let length = word.chars().count();
    let is_small = word.starts_with(char::is_lowercase);
    (1..=4).contains(&length)
        && !word.bytes().any(|byte| byte.is_ascii_digit())
        && (length <= 2 || is_small || !word.is_ascii() || SHORTENED.has(word))
}

#[rustfmt::skip]
static SHORTENED: WordList = WordList::new(&[
    "str", "ave", "blvd", "apt", "bldg", "ste", "rte", "hwy", "pkwy", "cir", "sec", "opp", "hno", "flr", "unit",
    "brgy", "sta", "sto", "mah", "cad", "sok", "kat", "blok", "kec", "kab", "kel", "prov", "pje", "avda", "pza",
    "urb", "pol", "col", "int", "ext", "edif", "dpto", "tel", "fax", "via", "vle", "cso", "loc", "fraz", "pzza",
    "etg", "hnr", "jln", "kpg", "tmn", "gen", "dist", "distt", "teh", "vill", "near", "main", "blk", "hon", "prof",
    "capt", "maj", "adm",
]);

/// `No:56`, `D:8`, `Kat:3`, as houses and doors are numbered in Turkish.
pub(super) fn number_behind_a_colon(token: &str) -> Option<&str> {
    const LETTERS_MAX: usize = 4;
    let (label, number) = token.trim_end_matches(',').split_once(':')?;
    let is_label =
        (1..=LETTERS_MAX).contains(&label.len()) && label.chars().all(char::is_alphabetic);
    let is_number = number.starts_with(|c: char| c.is_ascii_digit())
        && number.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/');
    (is_label && is_number).then_some(number)
}

/// A word that says of a house what it is near to.
pub(super) fn is_landmark(word: &str) -> bool {
    const WORDS: [&str; 14] = [
        "near", "opposite", "opp", "behind", "beside", "next", "above", "below", "dekat", "depan",
        "belakang", "samping", "pas", "saamne",
    ];
    WORDS.contains(&word)
}

pub(super) fn is_unit(token: &str) -> bool {
    UNITS.has(token.trim_end_matches([',', '.']))
}

#[rustfmt::skip]
static UNITS: WordList = WordList::new(&[
    "flat", "house", "plot", "apt", "unit", "suite", "shop", "h", "apartment", "villa", "blk", "block", "no", "lot",
    "tower", "room", "rm", "building", "bldg", "door",
]);

#[rustfmt::skip]
pub(super) const SMALL: [&str; 40] = [
    "de", "la", "le", "les", "del", "des", "du", "di", "da", "do", "dos", "das", "della", "von", "der",
    "den", "van", "am", "an", "im", "e", "y", "of", "no", "near", "apto", "apt", "flat", "floor", "house",
    "m", "kv", "кв", "д", "корп", "ул", "г", "n", "et", "bis",
];
