use super::*;

fn find(text: &str) -> Option<&str> {
    let at = text.find('@').or_else(|| text.find("%40"))?;
    around(text, at).and_then(|span| text.get(span.range()))
}

#[test]
fn addresses_are_found_whole() {
    for (text, expected) in [
        ("sana.k@example.pk", "sana.k@example.pk"),
        ("write to sana.k+mi@mail.example.co.uk.", "sana.k+mi@mail.example.co.uk"),
        ("<lena_vogel@example.de>", "lena_vogel@example.de"),
        ("mailto:o'hara@example.ie", "o'hara@example.ie"),
        ("'hana@example.jp'", "hana@example.jp"),
        ("?q=hana@example.jp&x=1", "hana@example.jp"),
        ("mail='hana@example.jp'", "hana@example.jp"),
        ("hana%40example.jp", "hana%40example.jp"),
        ("王芳@例子.中国", "王芳@例子.中国"),
        ("hans@xn--mller-kva.de", "hans@xn--mller-kva.de"),
        ("राम@उदाहरण.भारत", "राम@उदाहरण.भारत"),
        // Two slashes are a comment, a port and a word behind a colon no part of the mailbox.
        ("//sana.k@example.pk", "sana.k@example.pk"),
        ("mailto://sana.k@example.pk", "sana.k@example.pk"),
        ("XMPP://sana.k@example.pk/desk", "sana.k@example.pk"),
        // What a customer goes by, and what mailboxes are called in India.
        ("cid:sana.k@example.pk", "sana.k@example.pk"),
        ("e-mail id <SANA@EXAMPLE.PK>", "SANA@EXAMPLE.PK"),
        ("sana.k@example.pk:587", "sana.k@example.pk"),
        ("sana.k@example.pk:ok/x", "sana.k@example.pk"),
        // Some providers allow dots at either end.
        ("sana.@docomo.ne.jp", "sana.@docomo.ne.jp"),
        (".sana@example.pk", "sana@example.pk"),
        ("sana@odata.pk", "sana@odata.pk"),
        ("to \"sana k\"@example.pk", "\"sana k\"@example.pk"),
        ("sana@[192.0.2.1] wrote", "sana@[192.0.2.1]"),
        ("sana@[IPv6:2001:db8::1]", "sana@[IPv6:2001:db8::1]"),
        ("/files/sana.k@example.pk.json", "sana.k@example.pk"),
        ("sana.k@example.com.png", "sana.k@example.com"),
    ] {
        assert_eq!(find(text), Some(expected), "{text}");
    }
}

#[test]
fn what_only_looks_like_an_address_is_not_found() {
    for text in [
        "@example.pk",
        "sana@",
        "sana@localhost",
        "sana@example.",
        "sana.@example.pk",
        "Ports@odata.count",
        "sana@[192.0.2]",
        "\"\"@example.pk",
        "icon@app.min.json",
        "vendor@bundle.es.js",
        "https://sana@host.example.org/",
        "deploy@code.example.org:22",
        "sana@code.example.org:/var/www",
        "sana@-example.pk",
        "sana@example.p",
        "sana@example.123",
        "logo@2x.png",
        "git@code.example.org:team/app.git",
        "https://robot:secret@host.example.org/",
        "ssh://git@code.example.org/x",
        "@babel/core@7.1.2",
        "<img src=\"cid:part1.8C5E6A81@example.com\">",
        "by mx.example.com with ESMTP id <0GK500B01D0B8X@mx.example.com>; Sun, 23 Sep 2001",
        "a@b..c",
        "Label@Core.Description",
    ] {
        assert_eq!(find(text), None, "{text}");
    }
}

#[test]
fn whole_values_may_carry_a_display_name() {
    for (text, expected) in [
        ("Sana Khan <sana.k@example.pk>", true),
        ("mailto:sana.k@example.pk", true),
        ("sana.k@example.pk, x", false),
        ("see sana.k@example.pk", false),
    ] {
        assert_eq!(whole(text).is_some(), expected, "{text}");
    }
}

#[test]
fn under_a_name_that_says_so_any_word_with_a_sign_is_one() {
    for (text, expected) in [
        ("sana.k@example.pk", true),
        ("sana@localhost", true),
        ("sana@corp.local", true),
        ("a&b.kay@example.pk", true),
        ("https://sana.k@example.pk/", true),
        ("sana.k%40example.pk:587", true),
        ("\"sana k, x\"@localhost", true),
        ("@sana", false),
        ("sana@", false),
        ("lodash@4.17.21", false),
        ("a@b.pk, c@d.pk", false),
        ("ask sana@localhost", false),
        ("${user}@${host}", false),
        ("https://example.com/?m=a@b.pk", false),
    ] {
        assert_eq!(by_name(text).is_some(), expected, "{text}");
    }
}
