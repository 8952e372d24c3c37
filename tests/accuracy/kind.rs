//! What is labelled: each category with the field names the catalogue gives it and a recipe for values.

use base64::Engine as _;

use super::{
    checksum,
    national::{national_id, with_luhn},
    person::Person,
    random::Random,
};

/// A category with its names.
pub(crate) struct Kind {
    pub(crate) tag: &'static str,
    /// Words joined by `_`; written in every style.
    pub(crate) names: &'static [&'static str],
    /// Chinese, pinyin, romanised Urdu and Hindi, as they are.
    pub(crate) native: &'static [&'static str],
    /// Occurs as `customer_…`, `billing_…`.
    pub(crate) prefixed: bool,
    pub(crate) make: fn(&mut Random) -> String,
}

impl Kind {
    pub(crate) fn of(tag: &str) -> &'static Self {
        KINDS.iter().find(|kind| kind.tag == tag).unwrap_or_else(|| panic!("no kind `{tag}`"))
    }
}

/// How a field name is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Style {
    Snake,
    Camel,
    Kebab,
    Screaming,
    Pascal,
    Squashed,
}

impl Style {
    pub(crate) const ALL: [Self; 6] =
        [Self::Snake, Self::Camel, Self::Kebab, Self::Screaming, Self::Pascal, Self::Squashed];

    pub(crate) fn write(self, name: &str) -> String {
        let capital = |word: &str| {
            let mut characters = word.chars();
            characters
                .next()
                .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
        };
        match self {
            Self::Snake => name.to_owned(),
            Self::Kebab => name.replace('_', "-"),
            Self::Screaming => name.to_uppercase(),
            Self::Squashed => name.replace('_', ""),
            Self::Pascal => name.split('_').map(capital).collect(),
            Self::Camel => {
                let (first, rest) = name.split_once('_').unwrap_or((name, ""));
                format!("{first}{}", rest.split('_').map(capital).collect::<String>())
            }
        }
    }
}

fn person(random: &mut Random) -> Person {
    Person::anyone(random)
}

pub(crate) fn imei(random: &mut Random) -> String {
    // Type allocation codes of phones on the market; the serial and the check digit are ours.
    let tac =
        random.pick(&["86761904", "35209900", "35617810", "35391110", "86440404", "35332811"]);
    with_luhn(&format!("{tac}{}", random.digits(6)))
}

fn imsi(random: &mut Random) -> String {
    let network = random.pick(&["41001", "40445", "46000", "52501", "31026", "26201", "23430"]);
    format!("{network}{}", random.digits(10))
}

pub(crate) fn mac(random: &mut Random) -> String {
    let maker = random.pick(&["64:cc:2e", "f0:b4:29", "3c:5a:b4", "a4:83:e7"]);
    random.fill(&format!("{maker}:~~:~~:~~"))
}

pub(crate) fn card(random: &mut Random) -> String {
    let issuer = random.pick(&["453201", "411773", "540512", "222300", "601100", "352800"]);
    with_luhn(&format!("{issuer}{}", random.digits(9)))
}

pub(crate) fn iban(random: &mut Random) -> String {
    let (country, bban) = match random.between(0, 3) {
        0 => ("PK", format!("SCBL{}", random.digits(16))),
        1 => ("DE", format!("37040044{}", random.digits(10))),
        2 => ("GB", format!("NWBK{}", random.digits(14))),
        _ => ("SA", format!("80{}", random.digits(18))),
    };
    format!("{country}{:02}{bban}", checksum::iban(country, &bban))
}

pub(crate) fn jwt(random: &mut Random) -> String {
    let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let head = encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = encode(&format!(r#"{{"iat":17{},"scope":"read"}}"#, random.digits(8)));
    format!("{head}.{claims}.{}", random.token(43))
}

pub(crate) fn ipv4(random: &mut Random) -> String {
    let network = random.pick(&["39.32", "103.87", "175.45", "91.198", "82.165"]);
    format!("{network}.{}.{}", random.between(1, 254), random.between(2, 253))
}

#[rustfmt::skip]
pub(crate) const KINDS: &[Kind] = &[
    Kind { tag: "imei", names: &["imei", "imei_1", "device_imei", "imei_number"], native: &["串号", "设备识别码", "chuanhao", "shebeima"], prefixed: false, make: imei },
    Kind { tag: "imeisv", names: &["imei_sv", "imeisv"], native: &[], prefixed: false, make: |r| format!("35209900{}{}", r.digits(6), r.digits(2)) },
    Kind { tag: "meid", names: &["meid", "meid_hex"], native: &[], prefixed: false, make: |r| format!("A1{}", r.hex(12)).to_uppercase() },
    Kind { tag: "imsi", names: &["imsi", "imsi_number", "subscriber_id", "sim_imsi"], native: &["国际移动用户识别码"], prefixed: false, make: imsi },
    Kind { tag: "iccid", names: &["iccid", "sim_serial_number", "sim_serial", "icc_id"], native: &["SIM卡号", "simkahao"], prefixed: false, make: |r| with_luhn(&format!("8992{}", r.digits(14))) },
    Kind { tag: "mac", names: &["mac", "mac_address", "wifi_mac", "bluetooth_address", "wlan_mac"], native: &["MAC地址", "wuli_dizhi"], prefixed: false, make: mac },
    Kind { tag: "bssid", names: &["bssid", "wifi_bssid", "router_mac", "ap_mac"], native: &[], prefixed: false, make: mac },
    Kind { tag: "ssid", names: &["ssid", "wifi_ssid", "wifi_name"], native: &["无线名称", "wifi_mingcheng"], prefixed: false, make: |r| r.fill(r.clone().pick(&["PTCL-BB-%##", "Vodafone-~~~~", "Khan Home WiFi", "ChinaNet-@@%#"])) },
    Kind { tag: "device_id", names: &["device_id", "android_id", "ssaid"], native: &["设备ID", "shebei_id"], prefixed: false, make: |r| r.hex(16) },
    Kind { tag: "advertising_id", names: &["advertising_id", "gaid", "idfa", "oaid", "idfv"], native: &[], prefixed: false, make: Random::uuid },
    Kind { tag: "serial", names: &["serial_number", "device_sn", "hardware_serial"], native: &["序列号", "xuliehao"], prefixed: false, make: |r| r.fill("@%@##@###@%") },
    Kind { tag: "push_token", names: &["push_token", "fcm_token", "registration_id", "reg_id"], native: &[], prefixed: false, make: |r| r.token(64) },
    Kind { tag: "ecv", names: &["ecv", "env_value", "environment_value", "risk_token"], native: &["环境特征值", "huanjing_tezhengzhi"], prefixed: false, make: |r| r.token(44) },
    Kind { tag: "ip_address", names: &["ip", "ip_address", "client_ip", "remote_addr", "source_ip"], native: &["IP地址", "ipdizhi"], prefixed: false, make: ipv4 },
    Kind { tag: "cookie_id", names: &["session_id", "jsessionid", "lso_id"], native: &[], prefixed: false, make: |r| r.hex(32) },
    Kind { tag: "user_agent", names: &["user_agent"], native: &[], prefixed: false, make: |r| r.fill("Mozilla/5.0 (Linux; Android 13; M2101K6G) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1%#.0.0.0 Mobile Safari/537.36") },
    Kind { tag: "device_model", names: &["device_model", "phone_model"], native: &["设备型号", "机型", "jixing"], prefixed: false, make: |r| r.pick(&["M2101K6G", "Redmi Note 10", "SM-G991B", "Pixel 7"]).to_owned() },
    Kind { tag: "manufacturer", names: &["manufacturer"], native: &["pinpai"], prefixed: false, make: |r| r.pick(&["Xiaomi", "Samsung", "OnePlus"]).to_owned() },
    Kind { tag: "device_type", names: &["device_type"], native: &[], prefixed: false, make: |r| r.pick(&["phone", "tablet"]).to_owned() },
    Kind { tag: "os", names: &["os_version", "android_version"], native: &[], prefixed: false, make: |r| r.pick(&["13", "12.1", "14"]).to_owned() },
    Kind { tag: "rom_version", names: &["miui_version"], native: &[], prefixed: false, make: |r| r.fill("V1%.%.#.0.RKF@@XM") },
    Kind { tag: "operator", names: &["network_operator", "sim_operator", "carrier_name"], native: &["运营商", "yunyingshang"], prefixed: false, make: |r| r.pick(&["Ufone", "Jazz", "China Mobile", "Airtel"]).to_owned() },
    Kind { tag: "account_id", names: &["user_id", "account_id", "mi_id", "mi_account_id", "xiaomi_id", "c_user_id"], native: &["小米账号", "小米ID", "zhanghao", "yonghu_id"], prefixed: false, make: |r| r.fill("%#########") },
    Kind { tag: "username", names: &["username", "user_name", "nickname", "screen_name"], native: &["用户名", "昵称", "yonghuming", "nicheng"], prefixed: false, make: |r| r.fill(r.clone().pick(&["sanaK%#", "rahul_p%", "night.owl%#", "wei_tan"])) },
    Kind { tag: "password", names: &["password", "passwd", "pwd"], native: &["密码", "mima", "khufia_code", "gupt_code"], prefixed: true, make: |r| r.fill("Tr0ub%#@~~!") },
    Kind { tag: "access_token", names: &["access_token", "refresh_token", "api_key"], native: &[], prefixed: false, make: |r| r.token(40) },
    Kind { tag: "otp", names: &["otp", "sms_code", "verification_code"], native: &["验证码", "yanzhengma"], prefixed: false, make: |r| r.fill("%#####") },
    Kind { tag: "security_answer", names: &["security_answer"], native: &[], prefixed: false, make: |r| r.pick(&["my first cat", "Multan", "blue bicycle"]).to_owned() },
    Kind { tag: "name", names: &["full_name", "receiver_name", "consignee", "customer_name"], native: &["姓名", "收件人", "xingming", "shoujianren", "naam", "poora_naam"], prefixed: false, make: |r| { let p = person(r); if r.between(0, 2) == 0 { p.native_name } else { p.name() } } },
    Kind { tag: "first_name", names: &["first_name", "given_name"], native: &[], prefixed: true, make: |r| person(r).first },
    Kind { tag: "last_name", names: &["last_name", "surname"], native: &[], prefixed: true, make: |r| person(r).last },
    Kind { tag: "relative_name", names: &[], native: &["walid_ka_naam", "pita_ka_naam"], prefixed: false, make: |r| person(r).name() },
    Kind { tag: "phone", names: &["phone", "phone_number", "mobile", "mobile_no", "msisdn", "telephone", "contact_no"], native: &["手机号", "电话", "shouji", "shoujihao", "dianhua", "raabta_number", "mobile_sankhya", "dooradhvani"], prefixed: true, make: |r| person(r).phone },
    Kind { tag: "email", names: &["email", "email_address", "e_mail", "mail"], native: &["邮箱", "电子邮件", "youxiang", "barqi_pata", "email_pata"], prefixed: true, make: |r| person(r).email },
    Kind { tag: "address", names: &["address", "delivery_address", "shipping_address", "addr"], native: &["地址", "收货地址", "dizhi", "shouhuodizhi", "pata"], prefixed: true, make: |r| person(r).address() },
    Kind { tag: "street", names: &["street"], native: &[], prefixed: true, make: |r| person(r).street },
    Kind { tag: "city", names: &["city"], native: &["市", "shehar", "shahar"], prefixed: true, make: |r| person(r).city },
    Kind { tag: "district", names: &["district"], native: &["区", "zila", "jila"], prefixed: false, make: |r| r.pick(&["Gulberg", "Karachi East", "朝阳区", "Pune"]).to_owned() },
    Kind { tag: "state", names: &["province"], native: &["省", "suba", "rajya"], prefixed: false, make: |r| person(r).state },
    Kind { tag: "postal_code", names: &["postal_code", "zip", "pincode"], native: &["邮编", "youbian", "daak_code"], prefixed: true, make: |r| person(r).postal_code },
    Kind { tag: "country", names: &["country", "country_code"], native: &[], prefixed: true, make: |r| person(r).country.to_owned() },
    Kind { tag: "date_of_birth", names: &["birthday", "birth_date", "dob", "date_of_birth"], native: &["生日", "出生日期", "shengri", "tareekh_e_paidaish", "janm_tithi"], prefixed: false, make: |r| person(r).birthday() },
    Kind { tag: "age", names: &["age", "age_group", "age_range"], native: &["年龄", "nianling", "umar", "aayu"], prefixed: false, make: |r| r.between(18, 79).to_string() },
    Kind { tag: "gender", names: &["gender", "sex"], native: &["性别", "xingbie", "jins", "ling"], prefixed: false, make: |r| r.pick(&["F", "male", "female", "女", "M"]).to_owned() },
    Kind { tag: "language", names: &["language", "ui_language", "locale"], native: &["语言", "yuyan", "zaban", "bhasha"], prefixed: false, make: |r| r.pick(&["ur-PK", "en_IN", "zh-CN", "de"]).to_owned() },
    Kind { tag: "social_handle", names: &["facebook_id", "wechat", "weixin", "openid", "unionid", "whatsapp"], native: &["微信号", "weixinhao"], prefixed: false, make: |r| r.token(18) },
    Kind { tag: "religion", names: &["religion"], native: &["mazhab", "dharm", "zongjiao"], prefixed: false, make: |r| r.pick(&["Islam", "Hindu", "Christian", "Buddhist"]).to_owned() },
    Kind { tag: "ethnicity", names: &["ethnicity", "caste"], native: &["minzu", "jaati", "zaat"], prefixed: false, make: |r| r.pick(&["Han", "Pashtun", "Rajput"]).to_owned() },
    Kind { tag: "marital_status", names: &["marital_status"], native: &[], prefixed: false, make: |r| r.pick(&["married", "single", "widowed"]).to_owned() },
    Kind { tag: "precise_location", names: &["latitude", "gps_lat", "lat"], native: &["纬度", "weidu", "arz_balad", "akshansh"], prefixed: false, make: |r| format!("{}.{}", r.between(10, 59), r.fill("####%")) },
    Kind { tag: "mcc", names: &["mcc", "mobile_country_code"], native: &[], prefixed: false, make: |r| r.pick(&["410", "404", "460", "525"]).to_owned() },
    Kind { tag: "mnc", names: &["mnc", "mobile_network_code"], native: &[], prefixed: false, make: |r| r.pick(&["03", "01", "45"]).to_owned() },
    Kind { tag: "cell_id", names: &["cell_id"], native: &["小区号", "xiaoquhao"], prefixed: false, make: |r| r.between(10_000, 268_435_455).to_string() },
    Kind { tag: "lac", names: &["lac"], native: &["位置区码"], prefixed: false, make: |r| r.between(100, 65_000).to_string() },
    Kind { tag: "message_id", names: &["message_id", "msg_id", "mi_message_id"], native: &[], prefixed: false, make: |r| r.fill("mm-88######") },
    Kind { tag: "feedback_text", names: &["feedback", "feedback_text"], native: &["反馈"], prefixed: false, make: |r| r.pick(&["the camera crashes after the update", "battery drains fast since Tuesday"]).to_owned() },
    Kind { tag: "notes", names: &["notes"], native: &[], prefixed: false, make: |r| r.pick(&["doodh lana hai", "remember the blue folder"]).to_owned() },
    Kind { tag: "order_number", names: &["order_no", "order_id", "order_number"], native: &["订单号", "dingdanhao"], prefixed: false, make: |r| r.fill("MI-PK-2026####-00%#") },
    Kind { tag: "card", names: &["card_number", "card_no", "cc_number", "pan"], native: &["卡号", "kahao"], prefixed: false, make: card },
    Kind { tag: "card_security_code", names: &["cvv"], native: &[], prefixed: false, make: |r| r.fill("%##") },
    Kind { tag: "iban", names: &["iban"], native: &[], prefixed: false, make: iban },
    Kind { tag: "bank_account", names: &["bank_account", "account_no"], native: &["银行卡号", "yinhangka"], prefixed: false, make: |r| r.fill("%###########") },
    Kind { tag: "bank_code", names: &["ifsc", "ifsc_code"], native: &[], prefixed: false, make: |r| r.fill(r.clone().pick(&["HDFC000%###", "SBIN000%###"])) },
    Kind { tag: "upi", names: &["upi_id", "vpa"], native: &[], prefixed: false, make: |r| format!("{}@{}", r.fill("rahul%#"), r.pick(&["okhdfcbank", "ybl", "paytm"])) },
    Kind { tag: "passport", names: &["passport", "passport_no", "passport_number"], native: &["护照号", "huzhao"], prefixed: false, make: |r| r.fill(r.clone().pick(&["AB%######", "E%#######"])) },
    Kind { tag: "driving_licence", names: &["license_no", "dl_no", "driver_license"], native: &["驾驶证"], prefixed: false, make: |r| r.fill("MH%%2015%######") },
    Kind { tag: "fingerprint", names: &["fingerprint_template"], native: &[], prefixed: false, make: |r| r.token(96) },
    Kind { tag: "face", names: &["face_embedding", "face_vector"], native: &[], prefixed: false, make: |r| r.token(96) },
    Kind { tag: "voiceprint", names: &["voiceprint"], native: &[], prefixed: false, make: |r| r.token(64) },
    Kind { tag: "health", names: &["diagnosis"], native: &[], prefixed: false, make: |r| r.pick(&["type 2 diabetes", "asthma"]).to_owned() },
    Kind { tag: "genetic", names: &["genome", "dna"], native: &[], prefixed: false, make: |r| (0..64).map(|_| r.pick(&["A", "C", "G", "T"])).collect() },
    Kind { tag: "pk_cnic", names: &["cnic", "nicop"], native: &["shanakhti_card", "shanakhti_number", "qaumi_shanakhti_card"], prefixed: true, make: |r| national_id("pk_cnic", r) },
    Kind { tag: "in_aadhaar", names: &["aadhaar", "aadhar", "aadhaar_number"], native: &["aadhaar_sankhya"], prefixed: true, make: |r| national_id("in_aadhaar", r) },
    Kind { tag: "in_pan", names: &["pan_no", "pan_card"], native: &[], prefixed: false, make: |r| national_id("in_pan", r) },
    Kind { tag: "in_voter", names: &["voter_id", "epic"], native: &[], prefixed: false, make: |r| national_id("in_voter", r) },
    Kind { tag: "cn_ric", names: &["id_card", "idcard"], native: &["身份证号", "shenfenzheng", "sfzh"], prefixed: false, make: |r| national_id("cn_ric", r) },
    Kind { tag: "sg_nric", names: &["nric", "nric_fin"], native: &[], prefixed: true, make: |r| national_id("sg_nric", r) },
    Kind { tag: "us_ssn", names: &["ssn", "social_security_number"], native: &[], prefixed: true, make: |r| national_id("us_ssn", r) },
    Kind { tag: "us_itin", names: &["itin"], native: &[], prefixed: false, make: |r| national_id("us_itin", r) },
    Kind { tag: "id_nik", names: &["nik", "ktp", "no_ktp"], native: &[], prefixed: false, make: |r| national_id("id_nik", r) },
    Kind { tag: "vn_cccd", names: &["cccd", "so_cccd"], native: &["can_cuoc"], prefixed: false, make: |r| national_id("vn_cccd", r) },
    Kind { tag: "my_nric", names: &["mykad", "no_kp"], native: &[], prefixed: false, make: |r| national_id("my_nric", r) },
    Kind { tag: "th_pin", names: &["citizen_id", "thai_id"], native: &[], prefixed: false, make: |r| national_id("th_pin", r) },
    Kind { tag: "ph_psn", names: &["philsys"], native: &[], prefixed: false, make: |r| national_id("ph_psn", r) },
    Kind { tag: "jp_mynumber", names: &["my_number", "kojin_bango"], native: &["個人番号"], prefixed: false, make: |r| national_id("jp_mynumber", r) },
    Kind { tag: "kr_rrn", names: &["rrn", "jumin"], native: &["주민등록번호"], prefixed: false, make: |r| national_id("kr_rrn", r) },
    Kind { tag: "tw_id", names: &["tw_id"], native: &["身分證字號"], prefixed: false, make: |r| national_id("tw_id", r) },
    Kind { tag: "hk_hkid", names: &["hkid"], native: &["香港身份證"], prefixed: false, make: |r| national_id("hk_hkid", r) },
    Kind { tag: "tr_tckn", names: &["tckn", "tc_kimlik", "tc_no"], native: &[], prefixed: false, make: |r| national_id("tr_tckn", r) },
    Kind { tag: "sa_id", names: &["iqama"], native: &[], prefixed: false, make: |r| national_id("sa_id", r) },
    Kind { tag: "ae_eid", names: &["emirates_id", "eid"], native: &[], prefixed: false, make: |r| national_id("ae_eid", r) },
    Kind { tag: "br_cpf", names: &["cpf"], native: &[], prefixed: true, make: |r| national_id("br_cpf", r) },
    Kind { tag: "mx_curp", names: &["curp"], native: &[], prefixed: false, make: |r| national_id("mx_curp", r) },
    Kind { tag: "za_id", names: &["rsa_id"], native: &[], prefixed: false, make: |r| national_id("za_id", r) },
    Kind { tag: "ng_nin", names: &["nin", "bvn"], native: &[], prefixed: false, make: |r| national_id("ng_nin", r) },
    Kind { tag: "eg_nid", names: &[], native: &["raqam_qawmi"], prefixed: false, make: |r| national_id("eg_nid", r) },
    Kind { tag: "ru_snils", names: &["snils"], native: &[], prefixed: false, make: |r| national_id("ru_snils", r) },
    Kind { tag: "ru_inn", names: &["inn"], native: &[], prefixed: false, make: |r| national_id("ru_inn", r) },
    Kind { tag: "gb_nino", names: &["nino", "ni_number"], native: &[], prefixed: false, make: |r| national_id("gb_nino", r) },
    Kind { tag: "gb_nhs", names: &["nhs_number"], native: &[], prefixed: false, make: |r| national_id("gb_nhs", r) },
    Kind { tag: "ch_ahv", names: &["ahv", "avs"], native: &[], prefixed: false, make: |r| national_id("ch_ahv", r) },
    Kind { tag: "de_idnr", names: &["steuer_id"], native: &[], prefixed: false, make: |r| national_id("de_idnr", r) },
    Kind { tag: "fr_nir", names: &["nir"], native: &[], prefixed: false, make: |r| national_id("fr_nir", r) },
    Kind { tag: "it_codicefiscale", names: &["codice_fiscale"], native: &[], prefixed: false, make: |r| national_id("it_codicefiscale", r) },
    Kind { tag: "es_dni", names: &["dni"], native: &[], prefixed: false, make: |r| national_id("es_dni", r) },
    Kind { tag: "nl_bsn", names: &["bsn"], native: &[], prefixed: false, make: |r| national_id("nl_bsn", r) },
    Kind { tag: "pl_pesel", names: &["pesel"], native: &[], prefixed: false, make: |r| national_id("pl_pesel", r) },
    Kind { tag: "se_personnummer", names: &["personnummer"], native: &[], prefixed: false, make: |r| national_id("se_personnummer", r) },
    Kind { tag: "be_nn", names: &["rijksregisternummer"], native: &[], prefixed: false, make: |r| national_id("be_nn", r) },
    Kind { tag: "fi_hetu", names: &["hetu"], native: &[], prefixed: false, make: |r| national_id("fi_hetu", r) },
    Kind { tag: "cl_rut", names: &["rut"], native: &[], prefixed: false, make: |r| national_id("cl_rut", r) },
    Kind { tag: "ca_sin", names: &["sin_number"], native: &[], prefixed: false, make: |r| national_id("ca_sin", r) },
    Kind { tag: "au_tfn", names: &["tfn"], native: &[], prefixed: false, make: |r| national_id("au_tfn", r) },
];
