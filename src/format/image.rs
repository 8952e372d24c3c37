//! Pictures: which kind, and in time their metadata.

/// Media subtypes of the kinds of picture we know.
pub(super) const SUBTYPES: [&str; 8] =
    ["jpeg", "jpg", "pjpeg", "png", "webp", "heic", "heif", "gif"];

/// How a picture is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Jpeg,
    Png,
    WebP,
    Heif,
    Gif,
}

impl Kind {
    pub(super) fn subtypes(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpeg", "jpg", "pjpeg"],
            Self::Png => &["png"],
            Self::WebP => &["webp"],
            Self::Heif => &["heic", "heif"],
            Self::Gif => &["gif"],
        }
    }
}

/// The kind that `bytes` begin like.
pub(super) fn sniff(bytes: &[u8]) -> Option<Kind> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(Kind::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Kind::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Kind::WebP),
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', b'i' | b'v', _, ..]
        | [_, _, _, _, b'f', b't', b'y', b'p', b'm', b'i' | b's', b'f', b'1', ..] => {
            Some(Kind::Heif)
        }
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Kind::Gif),
        _ => None,
    }
}
