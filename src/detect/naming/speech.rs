//! What people say to each other rather than what they are called: thanks, greetings, yes and no, and how a turn of a
//! conversation begins.

use super::{KnownNames, NO_GIVEN, is_east_asian, is_han, is_hangul};
use crate::detect::{check::words::WordList, lowered::Lowered};

impl KnownNames {
    /// Whether words are said to somebody, and are together no name that is known: `Muchas Gracias`, `谢谢`.
    pub(in crate::detect) fn is_said(&self, text: &str) -> bool {
        begins_as_speech(text) && !self.has_known_ends(text)
    }

    /// Whether a turn of a conversation, in Chinese characters, kana or Hangul, is a name and nothing else: `李小龙`,
    /// where in `麻烦放门卫` and `携帯番号は` somebody speaks. Words of the two scripts without spaces begin as names do.
    pub(in crate::detect) fn is_turn_of_a_name(&self, turn: &str) -> bool {
        const HAN: std::ops::RangeInclusive<usize> = 2..=4;
        const KANA: std::ops::RangeInclusive<usize> = 3..=6;
        let turn = turn.trim();
        let letters = || turn.chars().filter(|c| !matches!(c, ' ' | '\u{3000}' | '·' | '・'));
        if !letters().all(is_east_asian) || begins_as_speech(turn) || self.things.contains(turn) {
            return false;
        }
        let count = letters().count();
        let begins_with = |characters: usize| {
            let end = turn.char_indices().nth(characters).map_or(turn.len(), |(at, _)| at);
            turn.get(..end).is_some_and(|it| self.family.contains(it))
        };
        if letters().all(is_hangul) {
            return matches!(count, 3 | 4) && self.may_start_a_name(turn);
        }
        if letters().all(is_han) {
            let given = turn.chars().next().and_then(|family| turn.strip_prefix(family));
            return HAN.contains(&count)
                && self.starts_with_a_family(turn)
                && !turn.chars().any(|c| NO_GIVEN.contains(c))
                && !self.has_a_character_of_things(given.unwrap_or_default());
        }
        // With kana in it a name is Japanese, and most families there are written with two characters.
        KANA.contains(&count)
            && begins_with(2)
            && !ENDS_OF_JAPANESE.iter().any(|ending| turn.ends_with(ending))
    }
}

/// Whether words begin as somebody speaks.
fn begins_as_speech(text: &str) -> bool {
    let text = text.trim_start_matches(['¡', '¿', '"', '“', ' ']);
    if text.starts_with(is_without_spaces) {
        return SPACELESS.iter().any(|beginning| text.starts_with(beginning))
            || ALONE.iter().any(|word| {
                text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(is_without_spaces))
            });
    }
    let is_of_a_word =
        |c: char| c.is_alphanumeric() || super::is_mark(c) || "'’\u{200c}".contains(c);
    let mut words = text.split(|c| !is_of_a_word(c)).filter(|word| !word.is_empty());
    let Some(first) = words.next() else { return false };
    SPEECH.has(first)
        || words.next().is_some_and(|second| {
            let (first, second) = (Lowered::of(first), Lowered::of(second));
            GREETINGS.iter().any(|(one, two)| *first == **one && *second == **two)
        })
}

/// Of a script that is written without spaces between words, or, as Korean, with grammar behind them.
fn is_without_spaces(c: char) -> bool {
    is_east_asian(c) || matches!(c, '\u{0e01}'..='\u{0e4e}')
}

/// What words of Japanese end in that say or ask something.
const ENDS_OF_JAPANESE: [&str; 14] = [
    "です",
    "ます",
    "した",
    "ません",
    "ください",
    "は",
    "を",
    "に",
    "で",
    "が",
    "ね",
    "よ",
    "か",
    "たい",
];

/// Of two words, where the first alone may be somebody.
const GREETINGS: [(&str, &str); 38] = [
    ("صباح", "الخير"),
    ("صباح", "النور"),
    ("guter", "tag"),
    ("got", "it"),
    ("will", "do"),
    ("on", "it"),
    ("see", "you"),
    ("do", "widzenia"),
    ("va", "bene"),
    ("in", "ordnung"),
    ("de", "nada"),
    ("de", "acuerdo"),
    ("de", "rien"),
    ("per", "favore"),
    ("sa", "iyo"),
    ("bom", "dia"),
    ("xin", "chào"),
    ("xin", "lỗi"),
    ("xin", "cảm"),
    ("nie", "ma"),
    ("tak", "for"),
    ("tak", "jest"),
    ("salam", "alaikum"),
    ("salam", "aleikum"),
    ("asante", "sana"),
    ("vale", "gracias"),
    ("mil", "gracias"),
    ("mille", "grazie"),
    ("tante", "grazie"),
    ("molte", "grazie"),
    ("i̇yi", "günler"),
    ("i̇yi", "akşamlar"),
    ("iyi", "günler"),
    ("iyi", "akşamlar"),
    ("rica", "ederim"),
    ("سلام", "علیکم"),
    ("سلام", "عليكم"),
    ("שלום", "רב"),
];

/// The first words of what is said, in scripts with spaces between words. None that people are called often.
#[rustfmt::skip]
static SPEECH: WordList = WordList::new(&[
    // English
    "thanks", "thank", "thx", "ok", "okay", "okey", "kk", "yes", "yep", "yeah", "yup", "no", "nope", "not", "never",
    "sure", "hello", "hi", "hey", "hiya", "please", "pls", "sorry", "apologies", "great", "perfect", "alright", "right",
    "awesome", "excellent", "brilliant", "wonderful", "fantastic", "amazing", "absolutely", "definitely", "certainly",
    "exactly", "correct", "agreed", "understood", "noted", "welcome", "goodbye", "bye", "cheers", "congrats", 
    "good", "sounds", "looks", "how", "what", "when", "where", "why", "who", "which", "is", "are", "does", "did", "i'm",
    "i’m", "i've", "i'll", "it's", "it’s", "that's", "that’s", "there", "here", "this", "that", "these", "you", "your",
    "we", "they", "let's", "let’s", "maybe", "be", "still", "already", "almost", "wow", "hmm", "lol",
    // Spanish, Portuguese
    "gracias", "muchas", "muchísimas", "hola", "buenos", "buenas", "buen", "sí", "perfecto", "perfeito",
    "disculpe", "disculpa", "perdón", "perdone", "adiós", "hasta", "listo", "entendido", "igualmente", "obrigado",
    "obrigada", "muito", "muita", "boa", "oi", "olá", "não", "nao", "tudo", "certo", "desculpe", "desculpa",
    "tchau", "até", "combinado", "beleza", "ótimo", "agradecido", "agradecida", "excelente", "porfa", "quiero", "quero",
    // French
    "merci", "bonjour", "bonsoir", "bonne", "salut", "coucou", "oui", "non", "d'accord", "d’accord", "très", "parfait",
    "désolé", "désolée", "excusez", "entendu", "voilà", "s'il", "s’il", "avec", "je", "j'ai", "j’ai", "c'est", "c’est",
    // German
    "danke", "vielen", "dankeschön", "herzlichen", "guten", "gute", "hallo", "servus", "tschüss", "ja", "jawohl",
    "nein", "bitte", "gern", "gerne", "genau", "natürlich", "perfekt", "stimmt", "passt", "entschuldigung", "schönen",
    "schöne", "alles", "klar", "auf", "kein", "keine", "ich", "wir", "wann", "wie", 
    // Italian
    "grazie", "buongiorno", "buonasera", "buona", "buon", "ciao", "salve", "sì", "prego",
    "perfetto", "scusi", "scusa", "certamente", "arrivederci", "d'accordo", "d’accordo", "capito", "benissimo", "nessun",
    // Dutch
    "bedankt", "dank", "dankjewel", "dankuwel", "hartelijk", "goedemorgen", "goedemiddag", "goedenavond", "goedendag",
    "goede", "hoi", "nee", "graag", "alsjeblieft", "alstublieft", "oké", "tot", "geen",
    // Swedish, Danish, Norwegian, Finnish
    "tack", "tusen", "hej", "hejsan", "nej", "varsågod", "okej", "takk", "mange", "nei", "goddag", "godmorgen",
    "selvfølgelig", "kiitos", "kiitti", "paljon", "hyvää", "hyvä", "kyllä", "selvä", "anteeksi", "moikka", "terve",
    // Polish, Czech, Slovak, Hungarian, Romanian, Croatian, Serbian
    "dziękuję", "dzięki", "dzień", "dobry", "dobrze", "cześć", "witam", "proszę", "przepraszam", "jasne",
    "oczywiście", "świetnie", "miłego", "děkuji", "děkuju", "díky", "dobrý", "dobré", "ahoj", "ano", "áno",
    "prosím", "ďakujem", "köszönöm", "köszi", "szia", "jó", "igen", "nem", "rendben", "kérem", "persze", "mulțumesc",
    "multumesc", "mersi", "bună", "buna", "nu", "vă", "sigur", "bineînțeles", "hvala", "dobar", "zdravo", "molim",
    "naravno",
    // Turkish
    "teşekkürler", "teşekkür", "tesekkurler", "sağol", "sağolun", "merhaba", "merhabalar", "evet", "hayır",
    "tamam", "tamamdır", "günaydın", "lütfen", "peki", "kolay", "çok", "hoşça",
    // Indonesian, Malay, Filipino, Vietnamese, Swahili, Hausa
    "terima", "terimakasih", "makasih", "selamat", "halo", "iya", "tidak", "nggak", "baik", "siap", "oke", "tolong",
    "maaf", "sudah", "salamat", "maraming", "opo", "oo", "hindi", "magandang", "kumusta", "kamusta", "sige",
    "paki", "cảm", "cám", "chào", "vâng", "dạ", "không", "được", "habari", "ndiyo", "hapana",
    "sawa", "karibu", "jambo", "tafadhali", "nagode", "sannu",
    // Russian, Ukrainian, Bulgarian, Greek
    "спасибо", "здравствуйте", "привет", "добрый", "доброе", "доброго", "да", "нет", "хорошо", "ладно", "понятно",
    "пожалуйста", "большое", "конечно", "отлично", "благодарю", "ок", "окей", "до", "дякую", "щиро", "вітаю", "привіт",
    "так", "ні", "добре", "добридень", "будь", "звичайно", "благодаря", "здравейте", "добър", "хвала", "ευχαριστώ",
    "ευχαριστω", "καλημέρα", "καλησπέρα", "ναι", "όχι", "γεια", "παρακαλώ", "εντάξει", "χαίρετε",
    // Arabic, Persian, Urdu, Hebrew
    "شكرا", "شكراً", "شكرًا", "السلام", "وعليكم", "عليكم", "مرحبا", "مرحباً", "أهلا", "اهلا", "أهلاً", "نعم", "تمام", "مساء", "ممتاز",
    "حسنا", "حسناً", "طيب", "الحمد", "عفوا", "عفواً", "جزاك", "جزاكم", "يعطيك", "أوكي", "اوكي", "ماشي", "متشکرم", 
    "بله", "مرسی", "باشه", "درود", "لطفا", "لطفاً", "خواهش", "شکریہ", "جی", "ہاں", "نہیں", "وعلیکم", "بہت", "ٹھیک", "آداب", "اچھا",
    "תודה", "כן", "לא", "בסדר", "היי", "בוקר", "ערב", "מעולה", "סבבה", "בבקשה", "אוקיי",
    // Languages of India and Bangladesh
    "धन्यवाद", "शुक्रिया", "नमस्ते", "नमस्कार", "हाँ", "हां", "जी", "नहीं", "ठीक", "अच्छा", "बहुत", "ओके", "shukriya", "dhanyavad",
    "namaste", "theek", "thik", "haan", "nahi", "assalam", "assalamu", "assalamualaikum", "walaikum", "jazakallah",
    "ধন্যবাদ", "হ্যাঁ", "জি", "জ্বি", "নমস্কার", "আচ্ছা", "ঠিক", "হ্যালো", "আসসালামু", "நன்றி", "வணக்கம்", "ஆம்", "இல்லை",
    "சரி", "ధన్యవాదాలు", "నమస్కారం", "అవును", "సరే", "ಧನ್ಯವಾದಗಳು", "ನಮಸ್ಕಾರ", "ಹೌದು", "ಸರಿ", "നന്ദി", "നമസ്കാരം", "ശരി", "આભાર",
    "નમસ્તે", "ਧੰਨਵਾਦ",
]);

/// How turns begin in scripts without spaces between words. None that is a family name with what may be of a given one.
#[rustfmt::skip]
const SPACELESS: [&str; 106] = [
    // Chinese
    "谢谢", "謝謝", "感谢", "感謝", "多谢", "多謝", "你好", "您好", "你们", "您们", "好的", "好滴", "是的", "不是", "不好", "不用", "不要", "没有", "没事",
    "没问题", "沒有", "沒事", "沒問題", "麻烦", "麻煩", "请问", "请帮", "請問", "請幫", "可以", "早上", "晚上", "下午", "中午", "今天", "明天", "后天",
    "昨天", "现在", "現在", "收到", "知道", "明白", "在吗", "在嗎", "怎么", "怎麼", "什么", "什麼", "为什么", "為什麼", "辛苦", "稍等", "马上到", "已经",
    "已經", "再见", "再見", "拜拜", "对的", "對的", "行的", "嗯嗯", "哈哈", "了解",
    // Japanese
    "はい", "いいえ", "ありがと", "こんにち", "こんばん", "おはよう", "すみません", "すいません", "お願い", "よろしく", "承知", "わかり", "分かり",
    "かしこまり", "大丈夫", "明日", "今日", "昨日", "お世話", "失礼", "申し訳", "ごめん",
    // Korean
    "감사", "안녕", "고맙", "알겠", "죄송", "괜찮", "부탁", "내일", "오늘", "잠시", "수고", "아니", "확인",
    // Thai
    "ขอบคุณ", "สวัสดี", "โอเค", "รับทราบ", "ขอโทษ", "เรียบร้อย",
];

/// What is said alone, and begins names.
const ALONE: [&str; 22] = [
    "好",
    "是",
    "对",
    "對",
    "行",
    "有",
    "嗯",
    "哦",
    "在",
    "不",
    "没",
    "네",
    "예",
    "아뇨",
    "배송",
    "주문",
    "うん",
    "了",
    "ได้",
    "ใช่",
    "ไม่",
    "ครับ",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_begins_as_speech_does() {
        for (text, expected) in [
            ("Muchas Gracias", true),
            ("Buenos Días", true),
            ("Vielen Dank", true),
            ("Guten Tag", true),
            ("Bom Dia", true),
            ("Terima Kasih", true),
            ("No Problem", true),
            ("OK", true),
            ("Yes please", true),
            ("¡Hola Ana!", true),
            ("السلام عليكم", true),
            ("صباح الخير", true),
            ("Дякую", true),
            ("धन्यवाद जी", true),
            ("Cảm ơn", true),
            ("谢谢", true),
            ("はい", true),
            ("네, 알겠습니다", true),
            ("안녕하세요", true),
            ("ขอบคุณครับ", true),
            ("Sana Khan", false),
            ("Bom Kwang-su", false),
            ("صباح فخري", false),
            ("Novak", false),
            ("谢霆锋", false),
            ("예지원", false),
            ("今井さくら", false),
            ("สมชาย ใจดี", false),
            ("", false),
        ] {
            assert_eq!(begins_as_speech(text), expected, "{text}");
        }
    }
}
