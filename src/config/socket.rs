//! Where a listener listens.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

/// A TCP address, the path of a Unix socket, or a socket that whoever started us has opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    Tcp(SocketAddr),
    /// `unix:/run/bordergate/egress.sock`
    Unix(PathBuf),
    /// `fd:NAME`, as systemd's socket activation names it, or its number among those passed, from 0.
    Passed(String),
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not an address and port such as `127.0.0.1:8080` or `[::]:8080`, nor `unix:/path`, nor `fd:name`"
            )
        };
        match (text.strip_prefix("unix:"), text.strip_prefix("fd:")) {
            (Some(path), _)
                if path.len() > 1 && path.starts_with('/') && path.len() <= UNIX_BYTES_MAX =>
            {
                Ok(Self::Unix(path.into()))
            }
            (None, Some(name)) if !name.is_empty() => Ok(Self::Passed(name.to_owned())),
            (Some(_), _) | (_, Some(_)) => Err(wrong()),
            (None, None) => text.parse().map(Self::Tcp).map_err(|_| wrong()),
        }
    }
}

/// `sun_path` of unix(7), less its end.
const UNIX_BYTES_MAX: usize = 107;

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Passed(name) => write!(f, "fd:{name}"),
        }
    }
}

impl<'de> serde::Deserialize<'de> for ListenAddress {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written() {
        for text in ["127.0.0.1:8080", "[::1]:0", "unix:/run/b.sock", "fd:mesh", "fd:0"] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
        let long = format!("unix:/{}", "x".repeat(107));
        for text in [
            "",
            "8080",
            "127.0.0.1",
            "localhost:80",
            "unix:",
            "unix:/",
            "unix:b.sock",
            "fd:",
            &long,
        ] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }
}
