//! The words and characters that a name of a person ends before, by language.

use crate::detect::check::words::WordList;

/// Characters of words that go on with a sentence, and of no given name.
pub(super) const NO_GIVEN: &str = "的了是在不没被把将请已可能会需退货款单号品价格质量服务产问题电话手机址便意度期间昨今前后们这那个吗呢吧到就都也还要给让对从与及或员值量性率部系统全功能管类项目表账户码站网店铺公经济人币元台件求";

/// What Chinese puts behind the name of somebody.
pub(super) const TITLES_CHINESE: [&str; 2] = ["先生", "女士"];
/// The same of Japanese, and of Korean.
pub(super) const TITLES_JAPANESE: [&str; 2] = ["さん", "様"];
pub(super) const TITLES_KOREAN: [&str; 2] = ["씨", "님"];

/// What says in Japanese that somebody is called so, and in Korean.
pub(super) const IS_CALLED_JAPANESE: [&str; 3] = ["です", "と申します", "といいます"];
pub(super) const IS_CALLED_KOREAN: [&str; 5] = ["입니다", "이에요", "예요", "이고", "라고"];

/// What goes on behind a name in a sentence of Chinese, titles beside.
pub(super) const BEHIND_HAN: [&str; 44] = [
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
    "代收",
    "为您",
];

/// The same of Korean, titles and what says that somebody is called so beside.
pub(super) const BEHIND_HANGUL: [&str; 5] = ["에게", "께서", "한테", "이라고", "고객"];

/// What Korean puts behind nouns.
pub(super) const PARTICLES: [char; 12] =
    ['은', '는', '이', '가', '을', '를', '의', '에', '로', '와', '과', ENDS_MANY_NAMES];
/// Given names end in this one so often that it shows no word where a sentence goes on.
pub(super) const ENDS_MANY_NAMES: char = '도';
/// Those of them that given names end in as well.
pub(super) const ENDS_OF_NAMES: [char; 5] = ['은', '이', '가', '을', ENDS_MANY_NAMES];

/// Family names of Korean that are words before a noun as well: `이 상품`, `한 분`.
pub(super) const FAMILIES_AND_WORDS: [&str; 10] =
    ["이", "한", "전", "안", "신", "구", "하", "주", "고", "정"];

/// What may stand before a name, shortened: `Dr. Sana Khan`.
pub(super) const TITLES_BEFORE: [&str; 16] = [
    "dr", "prof", "mr", "mrs", "ms", "sr", "sra", "dra", "hon", "rev", "ing", "med", "herr",
    "frau", "mme", "adv",
];

/// What is said of a name rather than being one: that it is missing, wrong, hidden, needed.
#[rustfmt::skip]
pub(super) static SENTENCE_BEGINNINGS: WordList = WordList::new(&[
    "गलत", "सही", "ग़लत", "अभी", "क्यों", "क्या", "नहीं", "यहाँ", "यहां", "वहाँ", "कैसे", "कब", "बदल", "बदलना", "बदलें", "गायब",
    "غلط", "صحیح", "ابھی", "کیوں", "کیا", "نہیں", "یہاں", "وہاں", "کیسے", "تبدیل", "غائب", "درست", "لکھا",
    "غير", "ليس", "ليست", "لا", "لم", "لن", "ما", "موجود", "مكتوب", "مكتوبة", "خطأ", "خاطئ", "صحيح", "مفقود", "مسجل", "يظهر",
    "لماذا", "كيف", "متى", "أين", "هل", "كان", "كانت", "سوف", "قد", "في", "من", "على", "إلى", "الى", "عن", "مطلوب",
    "نیست", "اشتباه", "چرا", "کجا", "چطور", "را", "در", "به", "با",
    "ভুল", "নেই", "কেন", "சரி", "தவறு", "இல்லை", "תקין", "שגוי", "לא", "אינו", "למה", "איך",
]);

/// What stands behind the noun that it belongs to, in Hindi and Urdu.
#[rustfmt::skip]
pub(super) static POSTPOSITIONS: WordList = WordList::new(&[
    "में", "पर", "से", "को", "का", "की", "के", "तक", "تک", "میں", "پر", "سے", "کو", "کا", "کی", "کے",
]);

/// That something is not so.
pub(super) static NEGATIONS: WordList = WordList::new(&["नहीं", "نہیں", "نہی"]);

/// Words that begin a sentence or go on with it, in scripts and languages that write names around them.
#[rustfmt::skip]
pub(super) static STOPS: WordList = WordList::new(&[
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
