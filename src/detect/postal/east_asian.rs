//! Addresses of China, Japan and Korea, which begin with the largest place.

use std::ops::Range;

use super::{BYTES_MAX, words::before_grammar};

/// A longer run of East Asian characters is a text without stops.
const RUN_BYTES_MAX: usize = 400;

/// The East Asian address in the run of its characters at `run`: an area and then a road, a block or a
/// number.
pub(in crate::detect) fn east_asian(text: &str, run: Range<usize>) -> Option<Range<usize>> {
    let found = text.get(run.clone())?;
    // Digits first: they are what nearly every run is without.
    let has_digits = found.bytes().any(|byte| byte.is_ascii_digit());
    if !has_digits || found.len() > RUN_BYTES_MAX || found.chars().count() < 7 {
        return None;
    }
    if !found.contains(AREAS) {
        return None;
    }
    // From the first province or city that is known by name, or else from the beginning.
    let known = PROVINCES.iter().filter_map(|name| found.find(name)).min();
    let from = known.unwrap_or_else(|| lead(found));
    let address = found.get(from..)?;
    let area = address.find(AREAS)?;
    let rest = address.get(area..)?;
    let place = rest.contains([
        '路', '街', '道', '巷', '弄', '村', '镇', '鎮', '町', '丁', '栋', '号', '號', '室', '座',
    ]) || rest
        .split(|c: char| !(c.is_ascii_digit() || c == '-'))
        .any(|part| part.contains('-') && part.len() >= 3)
        || rest.contains("大厦")
        || rest.contains("小区");
    let digits = rest.bytes().any(|byte| byte.is_ascii_digit());
    let short = address.chars().count() >= 7;
    let end = run.start + from + before_grammar(address).len();
    (place && digits && short && !address.contains(['年', '月'])).then(|| run.start + from..end)
}

/// The last character of an area's name.
const AREAS: [char; 10] = ['省', '市', '区', '區', '县', '県', '都', '府', '州', '道'];

/// Bytes of the words that announce an address inside a run: `地址是`, `寄到`.
fn lead(found: &str) -> usize {
    ["地址是", "地址为", "地址", "寄到", "送到", "送货到", "发到", "住在", "住", "在"]
        .iter()
        .filter_map(|word| found.find(word).filter(|at| *at <= 24).map(|at| at + word.len()))
        .max()
        .unwrap_or(0)
}

/// Characters an East Asian address is written with.
pub(in crate::detect) fn is_of_a_run(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '0'..='9' | 'A'..='Z' | '-' | '#' | '−')
}

/// Korean: `서울특별시 강남구 테헤란로 152`, words with their endings in this order.
pub(in crate::detect) fn korean(text: &str) -> Option<Range<usize>> {
    // Syllables of Hangul begin with these bytes, and an address ends with a number.
    let bytes = text.as_bytes();
    let is_korean = bytes.iter().any(|byte| matches!(byte, 0xEA..=0xED));
    if !is_korean || !bytes.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let at = KOREAN_PROVINCES.iter().filter_map(|name| text.find(name)).min()?;
    let end = text.floor_char_boundary(text.len().min(at + BYTES_MAX));
    let mut position = at;
    let (mut area, mut road, mut last) = (false, false, None);
    for piece in text.get(at..end)?.split_inclusive(' ') {
        let token = piece.trim_end_matches([' ', ',', '.']);
        let numbered = token.starts_with(|c: char| c.is_ascii_digit());
        if road && numbered {
            let number = before_grammar(token);
            last = Some(position + number.len());
            if number.len() < token.len() {
                break;
            }
        } else if last.is_some() {
            break;
        }
        area |= token.ends_with(['구', '군', '시']) && position > at;
        road |= token.ends_with(['로', '길', '동', '읍', '면']);
        position += piece.len();
    }
    last.filter(|_| area || road).map(|end| at..end)
}

#[rustfmt::skip]
const KOREAN_PROVINCES: [&str; 18] = [
    "서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기", "강원", "충청", "충북", "충남",
    "전라", "전북", "전남", "경상", "제주",
];

#[rustfmt::skip]
const PROVINCES: [&str; 90] = [
    "北京", "天津", "上海", "重庆", "重慶", "河北", "山西", "辽宁", "吉林", "黑龙江", "江苏", "浙江", "安徽",
    "福建", "江西", "山东", "河南", "湖北", "湖南", "广东", "海南", "四川", "贵州", "云南", "陕西", "甘肃",
    "青海", "内蒙古", "广西", "西藏", "宁夏", "新疆", "台北", "臺北", "新北", "桃園", "台中", "台南", "高雄",
    "香港", "深圳", "广州", "杭州", "东京", "東京都", "北海道", "大阪府", "京都府", "神奈川県", "埼玉県",
    "千葉県", "愛知県", "兵庫県", "福岡県", "静岡県", "茨城県", "広島県", "宮城県", "新潟県", "長野県", "岐阜県",
    "群馬県", "栃木県", "岡山県", "福島県", "三重県", "熊本県", "鹿児島県", "沖縄県", "滋賀県", "山口県", "愛媛県",
    "長崎県", "奈良県", "青森県", "岩手県", "石川県", "山形県", "大分県", "宮崎県", "富山県", "秋田県", "香川県",
    "和歌山県", "佐賀県", "山梨県", "福井県", "徳島県", "高知県", "島根県",
];
