#!/usr/bin/env bash
# Makes certificates for development: an authority, a server and a client, each valid for seven days.
# Never for production; see README.md beside this file.
#
#   certs/make.sh FOLDER [NAME…]      NAME: further DNS names or IP addresses of the server
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: $0 FOLDER [NAME…]" >&2; exit 2; }
folder=$1
shift
days=7
mkdir -p "$folder"
cd "$folder"
umask 077

names="DNS:localhost,IP:127.0.0.1,IP:::1"
for name in "$@"; do
  case $name in
    *:* | [0-9]*.[0-9]*.[0-9]*.[0-9]*) names="$names,IP:$name" ;;
    *) names="$names,DNS:$name" ;;
  esac
done

key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }

key authority.key.pem
openssl req -x509 -new -key authority.key.pem -sha256 -days "$days" \
  -subj "/CN=bordergate development authority" \
  -addext "basicConstraints=critical,CA:TRUE,pathlen:0" \
  -addext "keyUsage=critical,keyCertSign,cRLSign" \
  -out authority.pem

issue() {
  local name=$1 usage=$2 alternative=$3
  key "$name.key.pem"
  openssl req -new -key "$name.key.pem" -subj "/CN=bordergate development $name" |
    openssl x509 -req -sha256 -days "$days" -CA authority.pem -CAkey authority.key.pem -CAcreateserial \
      -extfile <(printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\nsubjectAltName=%s\n' "$usage" "$alternative") \
      -out "$name.pem" 2>/dev/null
}
issue server serverAuth "$names"
issue client clientAuth "DNS:client.bordergate.example"
rm -f authority.srl

echo "$PWD:"
echo "  authority.pem                   trust this"
echo "  server.pem, server.key.pem      for a listener"
echo "  client.pem, client.key.pem      for mutual TLS towards a data centre"
