//! Writes small country databases in MaxMind's format (version 2.0) for tests.

use std::net::IpAddr;

/// Where a record holds its country code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `{"country": {"iso_code": "CN"}}`
    Nested,
    /// `{"country_code": "CN"}`
    FlatCode,
    /// `{"country": "CN"}`
    FlatCountry,
}

/// A database of an IPv6 tree with IPv4 below `::/96`. Entries are networks and country codes.
pub(crate) fn write(entries: &[(&str, &str)], layout: Layout) -> Vec<u8> {
    let mut nodes: Vec<[Record; 2]> = vec![[Record::Empty; 2]];
    let mut data: Vec<u8> = Vec::new();
    for (network, code) in entries {
        let offset = data.len();
        encode_record(&mut data, code, layout);
        let (bits, length) = bits_of(network);
        let mut node = 0;
        for depth in 0..length {
            let bit = usize::from(bits >> (127 - depth) & 1 == 1);
            if depth + 1 == length {
                nodes[node][bit] = Record::Data(offset);
            } else if let Record::Node(next) = nodes[node][bit] {
                node = next;
            } else {
                nodes.push([Record::Empty; 2]);
                let next = nodes.len() - 1;
                nodes[node][bit] = Record::Node(next);
                node = next;
            }
        }
    }
    let mut bytes = Vec::new();
    for record in nodes.iter().flatten() {
        let number = match record {
            Record::Empty => nodes.len(),
            Record::Node(next) => *next,
            Record::Data(offset) => nodes.len() + 16 + offset,
        };
        bytes.extend_from_slice(&u32::try_from(number).unwrap().to_be_bytes());
    }
    bytes.extend_from_slice(&[0; 16]);
    bytes.extend_from_slice(&data);
    bytes.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    metadata(&mut bytes, nodes.len());
    bytes
}

#[derive(Clone, Copy)]
enum Record {
    Empty,
    Node(usize),
    Data(usize),
}

fn bits_of(network: &str) -> (u128, u32) {
    let (address, length) = network.split_once('/').unwrap();
    let length: u32 = length.parse().unwrap();
    match address.parse().unwrap() {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 96 + length),
        IpAddr::V6(address) => (address.to_bits(), length),
    }
}

fn encode_record(bytes: &mut Vec<u8>, code: &str, layout: Layout) {
    map(bytes, 1);
    match layout {
        Layout::Nested => {
            text(bytes, "country");
            map(bytes, 1);
            text(bytes, "iso_code");
        }
        Layout::FlatCode => text(bytes, "country_code"),
        Layout::FlatCountry => text(bytes, "country"),
    }
    text(bytes, code);
}

fn metadata(bytes: &mut Vec<u8>, node_count: usize) {
    map(bytes, 9);
    text(bytes, "binary_format_major_version");
    unsigned(bytes, 5, 2);
    text(bytes, "binary_format_minor_version");
    unsigned(bytes, 5, 0);
    text(bytes, "build_epoch");
    // uint64 is an extended type: 9 is written as 7 + 2.
    bytes.extend_from_slice(&[4, 2]);
    bytes.extend_from_slice(&1_760_000_000u32.to_be_bytes());
    text(bytes, "database_type");
    text(bytes, "Bordergate-Test-Country");
    text(bytes, "description");
    map(bytes, 1);
    text(bytes, "en");
    text(bytes, "made for a test");
    text(bytes, "ip_version");
    unsigned(bytes, 5, 6);
    text(bytes, "languages");
    // An array is an extended type: 11 is written as 7 + 4.
    bytes.extend_from_slice(&[1, 4]);
    text(bytes, "en");
    text(bytes, "node_count");
    unsigned(bytes, 6, u32::try_from(node_count).unwrap());
    text(bytes, "record_size");
    unsigned(bytes, 5, 32);
}

fn map(bytes: &mut Vec<u8>, pairs: u8) {
    bytes.push(7 << 5 | pairs);
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    assert!(text.len() < 29);
    bytes.push(2 << 5 | u8::try_from(text.len()).unwrap());
    bytes.extend_from_slice(text.as_bytes());
}

fn unsigned(bytes: &mut Vec<u8>, kind: u8, number: u32) {
    let width = if kind == 5 { 2 } else { 4 };
    bytes.push(kind << 5 | width);
    bytes.extend_from_slice(&number.to_be_bytes()[usize::from(4 - width)..]);
}
