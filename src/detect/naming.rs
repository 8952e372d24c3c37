//! Names of people where prose says that one follows, `my name is …`, `Dear Mr. …`, and where nothing but a
//! member's name says that something is called so.
//!
//! Which words say so stands in `rules/detectors`, and which names people have; here is where such a name ends.

mod step;

use std::ops::Range;

use super::{
    check::{
        person::{self, is_east_asian, is_han, is_mark},
        words::WordList,
    },
    lowered::Lowered,
    source::NamesSource,
    vocabulary::Vocabulary,
};

/// Names of people, in lower case.
#[derive(Debug, Default)]
pub(super) struct KnownNames {
    given: Vocabulary,
    family: Vocabulary,
    things: Vocabulary,
}

impl KnownNames {
    pub(super) fn add(&mut self, source: &NamesSource) {
        self.given.extend(&source.given);
        self.family.extend(&source.family);
        self.things.extend(&source.things);
    }

    /// Whether `text` is of Chinese characters alone, begins with no family name, and has a word of a thing in
    /// it: `客服部`, `必填`.
    pub(super) fn are_not_in(&self, text: &str) -> bool {
        let text = text.trim();
        text.chars().all(is_han) && !self.begin(text) && self.have_a_character_of_things(text)
    }

    fn have_a_character_of_things(&self, text: &str) -> bool {
        text.char_indices().any(|(at, c)| {
            text.get(at..at + c.len_utf8()).is_some_and(|one| self.things.contains(one))
        })
    }

    /// Whether `text` may begin with a name: in Chinese characters or Hangul only with a family name.
    pub(super) fn may_begin(&self, text: &str) -> bool {
        let first = text.chars().next();
        !first.is_some_and(|c| is_han(c) || is_hangul(c))
            || (self.begin(text)
                && !text.chars().skip(1).any(|c| NO_GIVEN.contains(c))
                && !self.are_with_a_particle(text))
    }

    /// Whether `text` is a word of Korean with what grammar puts behind it: `문의는`. Given names end in some of these
    /// as well.
    fn are_with_a_particle(&self, text: &str) -> bool {
        let particle = text.char_indices().next_back().filter(|(_, c)| PARTICLES.contains(c));
        particle.is_some_and(|(at, particle)| {
            !ENDS_OF_NAMES.contains(&particle)
                || text.get(..at).is_some_and(|word| self.things.contains(word))
        })
    }

    /// Whether `text` begins with a family name, as names of Chinese, Japanese and Korean do.
    pub(super) fn begin(&self, text: &str) -> bool {
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
        ends.take(3).any(|end| text.get(..end).is_some_and(|it| self.family.contains(it)))
    }

    /// Whether `text` begins with a known given name and ends with a known family name, or the other way round.
    pub(super) fn are_whole(&self, text: &str) -> bool {
        self.are_whole_lowered(&Lowered::of(text))
    }

    fn are_whole_lowered(&self, lower: &str) -> bool {
        let mut words = lower.split([' ', '-']).filter(|word| !word.is_empty());
        let (Some(first), Some(last)) = (words.next(), words.next_back()) else { return false };
        let is_turned = |first: &str| self.family.contains(first) && self.given.contains(last);
        first.strip_suffix(',').map_or_else(
            || {
                is_turned(first)
                    || (self.given.contains(first.trim_end_matches('.'))
                        && self.family.contains(last.trim_end_matches('.')))
            },
            is_turned,
        )
    }

    /// Whether a name of which both ends are known may end where `text` does: `… Hina Raza`. Asked before it is
    /// looked for where each may begin.
    pub(super) fn may_end(&self, text: &str) -> bool {
        let last = text.rsplit([' ', '-']).next().unwrap_or_default();
        let last = Lowered::of(last);
        self.given.contains(&last) || self.family.contains(last.trim_end_matches('.'))
    }

    /// Whether `text`, which a word announces, begins with a known name and has no word of a thing in it. A title
    /// announces the name behind it itself.
    pub(super) fn begin_one(&self, text: &str) -> bool {
        let lower = Lowered::of(text);
        let mut words = lower.split([' ', '-']).map(|word| word.trim_matches(['.', ',']));
        let is_known = words.clone().next().is_some_and(|first| {
            !is_title(first) && (self.given.contains(first) || self.family.contains(first))
        });
        is_known && !words.any(|word| self.things.contains(word))
    }

    /// Whether `text` is a name whatever stands around it: both its ends are known; or, where it is written as names
    /// are (`shaped`), it begins or ends with a known given name and has no word of a thing in it. Titles before it
    /// do not count.
    pub(super) fn are_known(&self, text: &str, shaped: bool) -> bool {
        let text = text.trim();
        if text.starts_with(is_east_asian) {
            return shaped && self.begin(text);
        }
        let lower = Lowered::of(text);
        let mut name = &*lower;
        while let Some((title, rest)) = name.split_once(' ')
            && is_title(title.trim_end_matches('.'))
        {
            name = rest;
        }
        let words = name.split([' ', '-']).map(|word| word.trim_matches(['.', ',']));
        // `Zijlstra, Femke`, `Halmos Ildikó`.
        let mut ends = words.clone().next().into_iter().chain(words.clone().next_back());
        let is_begun = ends.any(|end| self.given.contains(end));
        // `Amina Malik.pdf` is a file.
        let is_of_things = || words.clone().any(|it| it.contains('.') || self.things.contains(it));
        name.contains(' ')
            && ((shaped && is_begun && !is_of_things()) || self.are_whole_lowered(name))
    }

    /// Whether words are all of things, and together no name that is known: `Body Weight`, `Reception`.
    pub(super) fn are_of_things(&self, text: &str) -> bool {
        let lower = Lowered::of(text);
        let is_name = || {
            if lower.contains([' ', '-']) {
                self.are_whole_lowered(&lower)
            } else {
                self.given.contains(&lower) || self.family.contains(&lower)
            }
        };
        lower.split([' ', '-']).all(|word| word.is_empty() || self.things.contains(word))
            && !is_name()
    }

    /// Whether every word of `text` is a name, and one of them of no thing.
    pub(super) fn are_all(&self, text: &str) -> bool {
        let lower = Lowered::of(text.trim());
        let words = || lower.split([' ', '-']).filter(|word| !word.is_empty());
        words().all(|word| self.given.contains(word) || self.family.contains(word))
            && words().any(|word| !self.things.contains(word))
    }

    /// Whether `word` is a given name and nothing else.
    pub(super) fn is_given(&self, word: &str) -> bool {
        let lower = Lowered::of(word);
        self.given.contains(&lower) && !self.things.contains(&lower)
    }

    /// The name in Chinese characters, kana or Hangul that ends at `end`.
    pub(super) fn before(&self, text: &str, end: usize) -> Option<Range<usize>> {
        const CHARACTERS_MAX: usize = 5;
        let head = text.get(..end)?.trim_end_matches([' ', '\u{3000}']);
        // Between a family and a given name there may be a space.
        let is_korean = head.ends_with(is_hangul);
        let is_of_it = |c: char| match c {
            ' ' | '\u{3000}' => !is_korean,
            c => is_east_asian(c) && is_hangul(c) == is_korean,
        };
        let starts = head.char_indices().rev().take_while(|(_, c)| is_of_it(*c));
        let starts = starts.take(CHARACTERS_MAX + 1).map(|(at, _)| at);
        let starts: [Option<usize>; CHARACTERS_MAX + 1] = {
            let mut places = [None; CHARACTERS_MAX + 1];
            places.iter_mut().zip(starts).for_each(|(place, at)| *place = Some(at));
            places
        };
        let is_name = |start: &usize| {
            let name = head.get(*start..).unwrap_or_default();
            let letters = name.chars().filter(|c| is_east_asian(*c)).count();
            let begins = name.chars().next().is_some_and(is_east_asian);
            begins && (2..=CHARACTERS_MAX).contains(&letters) && self.begin(name)
        };
        let start = starts.into_iter().rev().flatten().find(is_name)?;
        let name = head.get(start..)?;
        // `문의는 고객센터로` goes on.
        let is_of_a_sentence = is_korean && self.are_with_a_particle(name);
        (!is_of_a_sentence && !self.things.contains(name)).then_some(start..head.len())
    }

    /// The name in Chinese characters or kana at `start` that ends at a title: `伊藤さくら様`.
    pub(super) fn before_a_title(&self, text: &str, start: usize) -> Option<Range<usize>> {
        const BYTES_MAX: usize = 24;
        let end = text.floor_char_boundary(text.len().min(start + BYTES_MAX));
        let rest = text.get(start..end)?;
        let title = ["様", "さん", "님"].iter().filter_map(|title| rest.find(title)).min()?;
        let range = self.before(text, start + title)?;
        (range.start == start).then_some(range)
    }

    /// The name in Chinese characters or Hangul that begins at `start` of a sentence which goes on behind it: a family
    /// name, one or two characters more, and what may follow a name.
    pub(super) fn in_a_sentence(&self, text: &str, start: usize) -> Option<Range<usize>> {
        const GIVEN_MAX: usize = 2;
        let rest = text.get(start..)?;
        let first = rest.chars().next()?;
        if !is_east_asian(first) {
            return None;
        }
        let is_han_name = is_han(first);
        let ends: [usize; 5] = {
            let mut ends = [0; 5];
            let places = rest.char_indices().map(|(at, c)| at + c.len_utf8());
            ends.iter_mut().zip(places).for_each(|(end, at)| *end = at);
            ends
        };
        let family_of = |count: usize| {
            let end = *ends.get(count.checked_sub(1)?)?;
            rest.get(..end).filter(|it| self.family.contains(it)).map(|_| (count, end))
        };
        let (count, family) = family_of(2).or_else(|| family_of(1))?;
        // Names of one character are words as often as not.
        let given_min = if is_han_name { 1 } else { GIVEN_MAX };
        (given_min..=GIVEN_MAX).rev().find_map(|given| {
            let end = *ends.get(count + given - 1)?;
            let (name, behind) = rest.split_at_checked(end)?;
            let of_it = name.get(family..)?;
            // Two characters are a word more often than a name: only what people do or are called shows them.
            let is_shown = given > 1
                || BEHIND_HAN
                    .iter()
                    .any(|word| word.chars().nth(1).is_some() && behind.starts_with(word));
            let is_one = if is_han_name {
                of_it.chars().all(|c| is_han(c) && !NO_GIVEN.contains(c))
                    && may_follow(behind, &BEHIND_HAN)
                    && is_shown
            } else {
                of_it.chars().all(is_hangul)
                    && !of_it.ends_with([
                        '이', '가', '은', '는', '을', '를', '의', '에', '로', '와', '과',
                    ])
                    && may_follow(behind, &BEHIND_HANGUL)
            };
            (is_one && !self.things.contains(name)).then(|| start..start + end)
        })
    }

    /// The same in Chinese characters where nothing says that a name is due: by itself, and no word of a thing nor
    /// with a character that stands in such words.
    pub(super) fn alone_before(&self, text: &str, end: usize) -> Option<Range<usize>> {
        let range = self.before(text, end)?;
        let name = text.get(range.clone())?;
        let is_bounded = !text.get(..range.start)?.ends_with(is_east_asian);
        let family = name.chars().next().map_or(0, char::len_utf8);
        let is_of_things = self.things.contains(name)
            || self.have_a_character_of_things(name.get(family..).unwrap_or_default());
        (is_bounded && name.chars().all(is_han) && !is_of_things).then_some(range)
    }

    /// Whether `text`, which may be a name, is one. Written as names are (`shaped`), it begins with a known given
    /// name or ends with a known family name, as Chinese, Japanese and Korean ones begin, or has no word of a thing
    /// in it; in small letters all of it has to be known.
    pub(super) fn are_in(&self, text: &str, shaped: bool) -> bool {
        let text = text.trim();
        let Some(first) = text.chars().next() else { return false };
        if is_east_asian(first) {
            return shaped && self.begin(text);
        }
        if !is_latin(first) {
            return shaped;
        }
        let lower = Lowered::of(text);
        let mut words = lower.split([' ', '-']).filter(|word| !word.is_empty());
        let (Some(first), Some(last)) = (words.next(), words.next_back()) else { return false };
        let begins = self.given.contains(first.trim_end_matches('.'));
        let ends = self.family.contains(last.trim_end_matches('.'));
        // `Khan, Sana`, `Smith John`.
        let is_turned = first.strip_suffix(',').is_some_and(|first| self.family.contains(first))
            || (self.family.contains(first) && self.given.contains(last));
        if !shaped {
            return begins && ends && words.next().is_none();
        }
        let is_thing = |word: &str| {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            self.things.contains(bare)
                || bare.strip_suffix("'s").is_some_and(|it| self.things.contains(it))
        };
        begins || ends || is_turned || !lower.split([' ', '-']).any(is_thing)
    }
}

fn is_hangul(c: char) -> bool {
    matches!(c, '\u{ac00}'..='\u{d7af}')
}

/// Whether a name may end before `behind`: at what is no letter of its script, or a word that follows names.
fn may_follow(behind: &str, words: &[&str]) -> bool {
    !behind.starts_with(is_east_asian) || words.iter().any(|word| behind.starts_with(word))
}

/// Characters of words that go on with a sentence, and of no given name.
const NO_GIVEN: &str = "的了是在不没被把将请已可能会需退货款单号品价格质量服务产问题电话手机址便意度期间昨今前后们这那个吗呢吧到就都也还要给让对从与及或员值量性率部系统全功能管类项目表账户码站网店铺公经济人币元台件求";

/// What goes on behind a name in a sentence of Chinese.
const BEHIND_HAN: [&str; 44] = [
    "来电",
    "來電",
    "来访",
    "反映",
    "申请",
    "申請",
    "投诉",
    "投訴",
    "提交",
    "支付",
    "付款",
    "转账",
    "轉帳",
    "签收",
    "簽收",
    "收件",
    "说",
    "說",
    "称",
    "稱",
    "表示",
    "先生",
    "女士",
    "小姐",
    "的",
    "于",
    "於",
    "在",
    "已",
    "和",
    "与",
    "及",
    "电话",
    "電話",
    "手机",
    "手機",
    "身份证",
    "身份證",
    "邮箱",
    "预约",
    "確認",
    "确认",
    "住",
    "要求",
];

/// What Korean puts behind nouns.
const PARTICLES: [char; 12] =
    ['은', '는', '이', '가', '을', '를', '의', '에', '로', '와', '과', '도'];
/// Those of them that given names end in as well.
const ENDS_OF_NAMES: [char; 5] = ['은', '이', '가', '을', '도'];

/// The same of Korean: particles and titles.
const BEHIND_HANGUL: [&str; 12] = [
    "입니다",
    "이에요",
    "예요",
    "이고",
    "라고",
    "님",
    "씨",
    "에게",
    "께서",
    "한테",
    "이라고",
    "고객",
];

/// Of the Latin script, with and without marks.
fn is_latin(character: char) -> bool {
    character < '\u{250}' || matches!(character, '\u{1e00}'..='\u{1eff}')
}

/// Words a name has at most, and bytes.
const WORDS_MAX: usize = 5;
const BYTES_MAX: usize = 80;

/// The end of the name that begins at `start`, of at least `least` words where its script has words.
pub(super) fn end_of_name(text: &str, start: usize, least: usize) -> Option<usize> {
    let end = text.floor_char_boundary(text.len().min(start + BYTES_MAX));
    let rest = text.get(start..end)?;
    match rest.chars().next()? {
        first if is_east_asian(first) => Some(start + east_asian(rest)?),
        first if first.is_alphabetic() => Some(start + spaced(rest, least)?),
        _ => None,
    }
}

/// What may be the name before `end`, the longest first: capitalised words of one clause up to there, as in
/// `Jó napot, Kiss Zsófia vagyok` and `The parcel of Priya Sharma's`.
pub(super) fn names_before(text: &str, end: usize) -> impl Iterator<Item = Range<usize>> {
    let floor = text.ceil_char_boundary(end.saturating_sub(BYTES_MAX));
    let head = text.get(floor..end).unwrap_or_default().trim_end_matches(' ');
    // A stop behind a single letter is part of a name: `T. Baker`.
    let is_end = |(at, c): &(usize, char)| match c {
        '.' => !head.get(..*at).is_some_and(ends_in_an_initial),
        c => matches!(c, ',' | '!' | '?' | ':' | ';' | '\n' | '('),
    };
    let clause = head.char_indices().rev().find(is_end).map_or(0, |(at, _)| at + 1);
    let words = head.get(clause..).unwrap_or_default();
    let first = clause + (words.len() - words.trim_start().len());
    let end = floor + head.len();
    let behind_gaps = head.match_indices(' ').map(|(at, _)| at + 1).filter(move |at| *at > first);
    let starts = std::iter::once(first).chain(behind_gaps).map(move |start| floor + start);
    let text = text.get(..end).unwrap_or_default();
    let is_one = move |start: &usize| {
        let is_begun = text.get(*start..).is_some_and(|it| it.starts_with(char::is_uppercase));
        is_begun && end_of_name(text, *start, 2) == Some(end)
    };
    starts.filter(is_one).map(move |start| start..end)
}

fn ends_in_an_initial(text: &str) -> bool {
    let mut last = text.chars().rev();
    last.next().is_some_and(char::is_uppercase) && last.next().is_none_or(|c| c == ' ' || c == '.')
}

/// Capitalised words, in scripts that have capitals; words up to one that ends the sentence, elsewhere.
fn spaced(text: &str, least: usize) -> Option<usize> {
    let (mut end, mut count, mut position) = (0, 0, 0);
    while count < WORDS_MAX {
        let rest = text.get(position..)?;
        let length = rest.find(|c: char| !is_of_a_name(c)).unwrap_or(rest.len());
        let word = rest.get(..length)?;
        if count == 0 && (begins_a_sentence(word) || is_a_sentence_of_thai(word)) {
            return None;
        }
        // `मेरा नाम सूची में नहीं है`: of what stands behind it, nothing is a name.
        if count == 1 && POSTPOSITIONS.has(word) || NEGATIONS.has(word) {
            return None;
        }
        let initial = word.chars().count() == 1;
        let Some(first) = word.chars().next() else { break };
        let particle = person::is_particle(word);
        if !first.is_uppercase() && !particle && (first.is_lowercase() || is_stop(word)) {
            break;
        }
        let behind = text.get(position + length..).unwrap_or_default();
        if person::is_thing(word, count == 0)
            || is_stop(word)
            || is_a_verb_of_thai(word)
            || is_before_a_place(word, behind)
        {
            break;
        }
        position += length;
        let mut next = text.get(position..)?.chars();
        let dot = next.clone().next() == Some('.') && (initial || (count == 0 && is_title(word)));
        if dot {
            next.next();
            position += 1;
        }
        if !particle || count > 0 {
            count += 1;
        }
        if !particle {
            end = position;
        }
        if next.next() != Some(' ') {
            break;
        }
        position += 1;
    }
    let words = text.get(..end)?.split(' ').filter(|word| !person::is_particle(word)).count();
    (end > 0 && words >= least).then_some(end)
}

/// Two to four characters, less what grammar puts behind them.
fn east_asian(text: &str) -> Option<usize> {
    let length = text.find(|c: char| !is_east_asian(c)).unwrap_or(text.len());
    let mut name = text.get(..length)?;
    for ending in [
        "입니다",
        "이에요",
        "예요",
        "이고",
        "라고",
        "です",
        "と申します",
        "といいます",
        "先生",
        "女士",
        "さん",
        "様",
        "씨",
        "님",
    ] {
        name = name.strip_suffix(ending).unwrap_or(name);
    }
    (2..=5).contains(&name.chars().count()).then_some(name.len())
}

fn is_of_a_name(character: char) -> bool {
    character.is_alphabetic()
        || is_mark(character)
        || matches!(character, '\'' | '’' | '-' | '\u{200c}')
}

/// What may stand before a name, shortened: `Dr. Sana Khan`.
fn is_title(word: &str) -> bool {
    [
        "dr", "prof", "mr", "mrs", "ms", "sr", "sra", "dra", "hon", "rev", "ing", "med", "herr",
        "frau", "mme", "adv",
    ]
    .iter()
    .any(|title| word.eq_ignore_ascii_case(title))
}

/// Whether a word goes on with the sentence that a name was announced in, in scripts without capitals: `اسمي غير موجود`.
fn begins_a_sentence(word: &str) -> bool {
    !word.is_ascii() && SENTENCE_BEGINNINGS.has(word)
}

/// Whether a word, in a script that has no spaces between words, is longer than any given name: a sentence.
fn is_a_sentence_of_thai(word: &str) -> bool {
    const NAME_CHARACTERS_MAX: usize = 15;
    word.starts_with(|c| matches!(c, '\u{0e01}'..='\u{0e4e}'))
        && word.chars().count() > NAME_CHARACTERS_MAX
}

/// Whether `على` is Arabic for where somebody is to be found, and not how Egyptians write Ali: `… على العنوان`.
fn is_before_a_place(word: &str, behind: &str) -> bool {
    const PLACES: [&str; 7] = ["العنوان", "الرقم", "رقم", "البريد", "الهاتف", "الجوال", "هاتف"];
    word == "على" && PLACES.iter().any(|place| behind.trim_start().starts_with(place))
}

/// Whether a word says, in Thai, what somebody does who was named before: `อยู่ที่`, `แจ้งเปลี่ยนเบอร์`.
fn is_a_verb_of_thai(word: &str) -> bool {
    const BEGINNINGS: [&str; 9] =
        ["อยู่", "แจ้ง", "โทร", "ต้องการ", "ขอให้", "ขอแจ้ง", "เบอร์", "อีเมล", "ได้"];
    BEGINNINGS.iter().any(|verb| word.starts_with(verb))
}

/// What is said of a name rather than being one: that it is missing, wrong, hidden, needed.
#[rustfmt::skip]
static SENTENCE_BEGINNINGS: WordList = WordList::new(&[
    "गलत", "सही", "ग़लत", "अभी", "क्यों", "क्या", "नहीं", "यहाँ", "यहां", "वहाँ", "कैसे", "कब", "बदल", "बदलना", "बदलें", "गायब",
    "غلط", "صحیح", "ابھی", "کیوں", "کیا", "نہیں", "یہاں", "وہاں", "کیسے", "تبدیل", "غائب", "درست", "لکھا",
    "غير", "ليس", "ليست", "لا", "لم", "لن", "ما", "موجود", "مكتوب", "مكتوبة", "خطأ", "خاطئ", "صحيح", "مفقود", "مسجل", "يظهر",
    "لماذا", "كيف", "متى", "أين", "هل", "كان", "كانت", "سوف", "قد", "في", "من", "على", "إلى", "الى", "عن", "مطلوب",
    "نیست", "اشتباه", "چرا", "کجا", "چطور", "را", "در", "به", "با",
    "ভুল", "নেই", "কেন", "சரி", "தவறு", "இல்லை", "תקין", "שגוי", "לא", "אינו", "למה", "איך",
]);

/// What stands behind the noun that it belongs to, in Hindi and Urdu.
#[rustfmt::skip]
static POSTPOSITIONS: WordList = WordList::new(&[
    "में", "पर", "से", "को", "का", "की", "के", "तक", "تک", "میں", "پر", "سے", "کو", "کا", "کی", "کے",
]);

/// That something is not so.
static NEGATIONS: WordList = WordList::new(&["नहीं", "نہیں", "نہی"]);

/// Words that begin a sentence or go on with it, in scripts and languages that write names around them.
fn is_stop(word: &str) -> bool {
    STOPS.has(word)
}

#[rustfmt::skip]
static STOPS: WordList = WordList::new(&[
    "है", "हैं", "हूं", "हूँ", "और", "मेरा", "ने", "का", "की", "के", "को", "से", "में", "पर", "बोल", "बात", "कर", "रहा", "रही", "रहे",
    "था", "थी", "जी", "मकान", "फ्लैट", "घर",
    "ہے", "ہیں", "ہوں", "اور", "میرا", "نے", "کا", "کی", "کے", "کو", "سے", "میں", "پر", "بات", "بول", "کر", "رہا", "رہی", "رہے",
    "تھا", "تھی", "مکان", "گھر", "فلیٹ",
    "hai", "aur", "hoon", "و", "i", "and",
    "يسكن", "تسكن", "يقيم", "تقيم", "يعيش", "تعيش", "يعمل", "تعمل", "ويسكن", "وتسكن", "ويقيم", "وتقيم", "يطلب", "تطلب",
    "في", "إلى", "من", "وعنوانه", "وعنوانها", "وهاتفه", "است", "هستم", "ساکن", "هستند",
    "miss", "sie", "euch", "dich", "ihnen", "the", "die", "das", "ein", "eine", "mein", "meine", "unser", "unsere", "my", "we", "please", "thanks", "hello", "hi", "customer", "sir", "madam", "all", "everyone",
    "colleagues", "user", "valued", "sirs", "friend", "friends", "monday", "tuesday", "wednesday",
    "thursday", "friday", "saturday", "sunday", "january", "february", "march", "april", "june", "july",
    "august", "september", "october", "november", "december", "phone", "tel", "mail", "email", "mobile",
    "ihre", "ihr", "su", "sus", "votre", "vos", "seu", "sua", "vostro", "suo", "monsieur", "madame", "señora", "señor",
    "ค่ะ", "คะ", "ครับ", "นะคะ", "dob", "cnic", "order", "address", "ref", "cell", "mob", "whatsapp", "เบอร์โทร", "เบอร์", "โทร", "โทรศัพท์", "อีเมล",
    "ที่อยู่", "رقم", "ورقم", "رقمي", "ورقمي", "الموبايل", "موبايل", "هاتف", "هاتفي", "الجوال", "جوال", "جوالي", "العنوان",
    "فون", "نمبر", "موبائل", "मोबाइल", "फोन", "फ़ोन", "मोबाईल", "কল", "মোবাইল", "ফোন", "எண்", "கைபேசி", "தொலைபேசி",
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_where_its_words_end() {
        for (text, least, expected) in [
            ("Oliver Pemberton and I ordered", 2, Some("Oliver Pemberton")),
            ("Jürgen Großmann, geboren am", 2, Some("Jürgen Großmann")),
            ("Bilal Mehmood hai. Parcel", 2, Some("Bilal Mehmood")),
            ("Ludwig van Beethoven on", 2, Some("Ludwig van Beethoven")),
            ("John F. Kennedy.", 2, Some("John F. Kennedy")),
            ("Okafor,", 1, Some("Okafor")),
            ("Dr. Ana Prado", 2, Some("Dr. Ana Prado")),
            ("Иванова Мария Сергеевна, тел", 2, Some("Иванова Мария Сергеевна")),
            ("王芳，电话", 1, Some("王芳")),
            ("김민준입니다", 1, Some("김민준")),
            ("佐藤美咲です", 1, Some("佐藤美咲")),
            ("सुनीता शर्मा है", 1, Some("सुनीता शर्मा")),
            ("सुनीता शर्मा है। धन्यवाद", 1, Some("सुनीता शर्मा")),
            ("विकास मेहरा ने शिकायत की", 1, Some("विकास मेहरा")),
            ("نادیہ مرزا بات کر رہی ہوں", 1, Some("نادیہ مرزا")),
            ("سامي عبد الرحمن يسكن في طنطا", 1, Some("سامي عبد الرحمن")),
            ("วิชัย มั่นคง แจ้งเปลี่ยนเบอร์", 1, Some("วิชัย มั่นคง")),
            ("मकान नंबर 22", 1, None),
            ("محمود على حسن", 1, Some("محمود على حسن")),
            ("محمود حسن على العنوان", 1, Some("محمود حسن")),
            ("عائشہ صدیقی ہے", 1, Some("عائشہ صدیقی")),
            ("Customer,", 1, None),
            ("Support Team", 1, None),
            ("not set", 1, None),
            ("Oliver", 2, None),
            ("12", 1, None),
            ("", 1, None),
            ("这是一个很长的句子没有名字", 1, None),
        ] {
            let found = end_of_name(text, 0, least).and_then(|end| text.get(..end));
            assert_eq!(found, expected, "{text}");
        }
    }
}
