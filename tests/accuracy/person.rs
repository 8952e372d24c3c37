//! Invented people: each has what a payload says of a person, consistent with where they live.

use super::random::Random;

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) country: &'static str,
    pub(crate) first: String,
    pub(crate) last: String,
    /// As the country writes it.
    pub(crate) native_name: String,
    /// E.164.
    pub(crate) phone: String,
    /// As people of the country write it down.
    pub(crate) phone_national: String,
    pub(crate) email: String,
    pub(crate) street: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) postal_code: String,
    pub(crate) born: (u64, u64, u64),
    pub(crate) female: bool,
}

impl Person {
    pub(crate) fn living_in(country: &str, random: &mut Random) -> Self {
        let home = HOMES.iter().find(|home| home.country == country).unwrap_or(&HOMES[0]);
        let (first, last) = (random.pick(home.first).to_owned(), random.pick(home.last).to_owned());
        let subscriber = random.fill(random.clone().pick(home.phone));
        let plain: String = subscriber.chars().filter(char::is_ascii_digit).collect();
        let host = random.pick(&["example.com", "example.org", "mail.example.net", "post.example"]);
        let dot = random.pick(&[".", "_", ""]);
        let email = format!(
            "{}{dot}{}{}@{host}",
            first.to_lowercase(),
            last.to_lowercase().replace([' ', '\''], ""),
            random.between(1, 99)
        );
        Self {
            country: home.country,
            native_name: random.pick(home.native).to_owned(),
            phone: format!("+{}{plain}", home.calling_code),
            phone_national: format!("{}{subscriber}", home.trunk),
            email,
            street: random.fill(random.clone().pick(home.street)),
            city: random.pick(home.city).to_owned(),
            state: random.pick(home.state).to_owned(),
            postal_code: random.fill(random.clone().pick(home.postal_code)),
            born: (random.between(1955, 2004), random.between(1, 12), random.between(1, 28)),
            female: random.between(0, 1) == 1,
            first,
            last,
        }
    }

    pub(crate) fn anyone(random: &mut Random) -> Self {
        let country = HOMES[random.between(0, HOMES.len() as u64 - 1) as usize].country;
        Self::living_in(country, random)
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    pub(crate) fn birthday(&self) -> String {
        let (year, month, day) = self.born;
        format!("{year}-{month:02}-{day:02}")
    }

    /// `YYYYMMDD`.
    pub(crate) fn born_digits(&self) -> String {
        self.birthday().replace('-', "")
    }

    pub(crate) fn address(&self) -> String {
        format!("{}, {}, {}", self.street, self.city, self.postal_code)
    }
}

struct Home {
    country: &'static str,
    calling_code: &'static str,
    trunk: &'static str,
    first: &'static [&'static str],
    last: &'static [&'static str],
    native: &'static [&'static str],
    phone: &'static [&'static str],
    street: &'static [&'static str],
    city: &'static [&'static str],
    state: &'static [&'static str],
    postal_code: &'static [&'static str],
}

pub(crate) fn countries() -> impl Iterator<Item = &'static str> {
    HOMES.iter().map(|home| home.country)
}

#[rustfmt::skip]
const HOMES: &[Home] = &[
    Home { country: "PK", calling_code: "92", trunk: "0",
        first: &["Sana", "Bilal", "Ayesha", "Usman", "Hira"], last: &["Khan", "Siddiqui", "Malik", "Chaudhry", "Qureshi"],
        native: &["ثناء خان", "بلال صدیقی", "عائشہ ملک"], phone: &["300%######", "345%######", "321%######"],
        street: &["House %#, Street %#", "Flat %#, Block %, Gulshan-e-Iqbal", "Plot %##, Sector F-%"],
        city: &["Karachi", "Lahore", "Islamabad", "Peshawar"], state: &["Sindh", "Punjab", "Khyber Pakhtunkhwa"], postal_code: &["7%###", "5%###"] },
    Home { country: "IN", calling_code: "91", trunk: "",
        first: &["Priya", "Rahul", "Ananya", "Vikram"], last: &["Sharma", "Patel", "Iyer", "Deshmukh"],
        native: &["प्रिया शर्मा", "राहुल पटेल", "अनन्या अय्यर"], phone: &["98%## #####", "99%## #####", "81%## #####"],
        street: &["%#, MG Road", "Flat %##, Lotus Apartments, Andheri West", "House No. %#, Sector %#"],
        city: &["Mumbai", "Bengaluru", "Pune", "Jaipur"], state: &["Maharashtra", "Karnataka", "Rajasthan"], postal_code: &["4%####", "56####"] },
    Home { country: "CN", calling_code: "86", trunk: "",
        first: &["Wei", "Fang", "Xiaoming", "Lihua"], last: &["Wang", "Zhang", "Chen", "Liu"],
        native: &["王芳", "张伟", "李晓明", "陈丽华"], phone: &["138########", "186########", "159########"],
        street: &["朝阳区建国路%#号", "海淀区中关村大街%##号%#单元", "浦东新区世纪大道%##号"],
        city: &["北京市", "上海市", "深圳市"], state: &["北京", "上海", "广东省"], postal_code: &["10####", "20####"] },
    Home { country: "SG", calling_code: "65", trunk: "",
        first: &["Wei Ming", "Hui Ling", "Farid"], last: &["Tan", "Lim", "Ong"],
        native: &["陈伟明", "林慧玲"], phone: &["81## ####", "91## ####"],
        street: &["Blk %## Ang Mo Kio Ave %, #0%-%##", "%# Orchard Road"],
        city: &["Singapore"], state: &["Central Region"], postal_code: &["56####", "23####"] },
    Home { country: "US", calling_code: "1", trunk: "",
        first: &["Jordan", "Emily", "Marcus", "Olivia"], last: &["Lee", "Carter", "Johnson", "Rodriguez"],
        native: &["Jordan Lee", "Emily Carter"], phone: &["(212) 5%#-####", "(415) 6%#-####", "303-7%#-####"],
        street: &["%### Maple Street", "%## West 34th Street, Apt %#", "%### Sunset Blvd"],
        city: &["Springfield", "San Francisco", "Denver"], state: &["CA", "New York", "Colorado"], postal_code: &["9%###", "100%#", "8%###-####"] },
    Home { country: "DE", calling_code: "49", trunk: "0",
        first: &["Lena", "Jonas", "Anke", "Matthias"], last: &["Vogel", "Schneider", "Krüger", "Weiß"],
        native: &["Lena Vogel", "Jonas Krüger"], phone: &["151 1%######", "171 %######"],
        street: &["Hauptstraße %#", "Lindenallee %##", "Gartenweg %"],
        city: &["Berlin", "München", "Köln"], state: &["Bayern", "Berlin"], postal_code: &["1%###", "8%###"] },
    Home { country: "GB", calling_code: "44", trunk: "0",
        first: &["Oliver", "Amelia", "Harriet"], last: &["Hart", "Thompson", "O'Brien"],
        native: &["Oliver Hart", "Amelia Thompson"], phone: &["7911 %#####", "7400 %#####"],
        street: &["%# High Street", "Flat %, %## Kings Road"],
        city: &["London", "Leeds", "Bristol"], state: &["West Yorkshire", "Greater London"], postal_code: &["SW1A %AA", "LS% %BT", "BS% %QD"] },
    Home { country: "FR", calling_code: "33", trunk: "0",
        first: &["Camille", "Julien", "Élodie"], last: &["Moreau", "Lefèvre", "Dubois"],
        native: &["Camille Moreau", "Élodie Dubois"], phone: &["6 1# ## ## ##"],
        street: &["%# rue de la République", "%## avenue Victor Hugo"],
        city: &["Paris", "Lyon"], state: &["Île-de-France", "Rhône"], postal_code: &["750%#", "690%#"] },
    Home { country: "JP", calling_code: "81", trunk: "0",
        first: &["Hana", "Kenji", "Yuki"], last: &["Sato", "Tanaka", "Yamamoto"],
        native: &["佐藤 花", "田中 健二", "山本 由紀"], phone: &["90-%###-####", "80-%###-####"],
        street: &["新宿区西新宿%-%-%", "中央区銀座%丁目%-%#"],
        city: &["東京", "大阪市"], state: &["東京都", "大阪府"], postal_code: &["16%-00##", "10%-00##"] },
    Home { country: "KR", calling_code: "82", trunk: "0",
        first: &["Minji", "Junho", "Seoyeon"], last: &["Kim", "Park", "Choi"],
        native: &["김민지", "박준호", "최서연"], phone: &["10-%###-####"],
        street: &["강남구 테헤란로 %##", "마포구 월드컵로 %#길 %"],
        city: &["서울특별시", "부산광역시"], state: &["서울", "경기도"], postal_code: &["06%##", "04%##"] },
    Home { country: "BR", calling_code: "55", trunk: "",
        first: &["Mariana", "Rafael", "Juliana"], last: &["Oliveira", "Souza", "Carvalho"],
        native: &["Mariana Oliveira", "Rafael Souza"], phone: &["(11) 9%###-####", "(21) 9%###-####"],
        street: &["Rua das Flores, %##", "Avenida Paulista, %###, apto %#"],
        city: &["São Paulo", "Rio de Janeiro"], state: &["SP", "RJ"], postal_code: &["01%##-###", "22%##-###"] },
    Home { country: "TR", calling_code: "90", trunk: "0",
        first: &["Elif", "Mehmet", "Zeynep"], last: &["Yılmaz", "Demir", "Kaya"],
        native: &["Elif Yılmaz", "Mehmet Demir"], phone: &["532 %## ## ##", "542 %## ## ##"],
        street: &["Atatürk Caddesi No: %#", "Bağdat Caddesi %## Daire %"],
        city: &["İstanbul", "Ankara"], state: &["İstanbul", "Ankara"], postal_code: &["34%##", "06%##"] },
    Home { country: "SA", calling_code: "966", trunk: "0",
        first: &["Abdullah", "Noura", "Fahad"], last: &["Alharbi", "Alqahtani", "Alotaibi"],
        native: &["عبدالله الحربي", "نورة القحطاني"], phone: &["50 %## ####", "55 %## ####"],
        street: &["King Fahd Road %###", "حي العليا، شارع التحلية %#"],
        city: &["Riyadh", "جدة"], state: &["Makkah", "الرياض"], postal_code: &["1%###", "2%###"] },
    Home { country: "RU", calling_code: "7", trunk: "8 ",
        first: &["Anna", "Dmitri", "Olga"], last: &["Ivanova", "Sokolov", "Petrova"],
        native: &["Анна Иванова", "Дмитрий Соколов", "Ольга Петрова"], phone: &["916 %##-##-##", "903 %##-##-##"],
        street: &["ул. Ленина, д. %#, кв. %#", "Невский проспект, %##"],
        city: &["Москва", "Санкт-Петербург"], state: &["Московская область", "Москва"], postal_code: &["10%###", "19%###"] },
    Home { country: "ID", calling_code: "62", trunk: "0",
        first: &["Putri", "Budi", "Dewi"], last: &["Santoso", "Wijaya", "Lestari"],
        native: &["Putri Lestari", "Budi Santoso"], phone: &["812-%###-####", "813-%###-####"],
        street: &["Jl. Sudirman No. %#", "Jl. Merdeka %## RT 0%/RW 0%"],
        city: &["Jakarta", "Surabaya"], state: &["Jawa Timur", "DKI Jakarta"], postal_code: &["10%##", "60%##"] },
    Home { country: "VN", calling_code: "84", trunk: "0",
        first: &["Linh", "Minh", "Thu"], last: &["Nguyen", "Tran", "Pham"],
        native: &["Nguyễn Thị Linh", "Trần Văn Minh"], phone: &["90 %## ####", "98 %## ####"],
        street: &["%# Nguyễn Huệ, Quận 1", "%## Lê Lợi"],
        city: &["Hà Nội", "Đà Nẵng"], state: &["Hồ Chí Minh", "Hà Nội"], postal_code: &["70%###", "10%###"] },
    Home { country: "TH", calling_code: "66", trunk: "0",
        first: &["Somchai", "Malee", "Niran"], last: &["Srisuk", "Wongsa", "Chaiyasit"],
        native: &["สมชาย ศรีสุข", "มาลี วงศา"], phone: &["81 %## ####", "89 %## ####"],
        street: &["%#/% ถนนสุขุมวิท", "%## Rama IV Road"],
        city: &["Bangkok", "กรุงเทพฯ"], state: &["Chiang Mai", "ภูเก็ต"], postal_code: &["10%#0", "50%#0"] },
    Home { country: "AE", calling_code: "971", trunk: "0",
        first: &["Mariam", "Khalid", "Rashid"], last: &["Almansoori", "Alnuaimi", "Haddad"],
        native: &["مريم المنصوري", "خالد النعيمي"], phone: &["50 %## ####", "55 %## ####"],
        street: &["Villa %#, Al Wasl Road", "Apt %##, Marina Heights Tower"],
        city: &["Dubai", "Abu Dhabi"], state: &["Sharjah", "Dubai"], postal_code: &["%####"] },
];
