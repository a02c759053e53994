#!/bin/sh
# Makes the certificates beside it anew: an authority, what it signed, and what nobody should trust. They live until 2126.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

# authority NAME SUBJECT
authority() {
  key "$work/$1.key"
  openssl req -x509 -new -key "$work/$1.key" -subj "/CN=$2" -days 36500 -out "$1.pem"
}

# certificate NAME AUTHORITY SUBJECT EXTENSION [END]
certificate() {
  key "$1.key"
  openssl req -new -key "$1.key" -subj "/CN=$3" -out "$work/$1.csr"
  printf '%s\n' "$4" > "$work/extensions"
  : > "$work/index"
  openssl ca -batch -notext -md sha256 -policy policy -config /dev/stdin -extfile "$work/extensions" \
    -startdate 20200101000000Z -enddate "${5:-21260101000000Z}" -in "$work/$1.csr" -out "$1.pem" <<CONFIG
[ca]
default_ca = default
[default]
database = $work/index
new_certs_dir = $work
rand_serial = yes
certificate = $2.pem
private_key = $work/$2.key
[policy]
commonName = supplied
CONFIG
}

localhost="subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
authority ca "effect-keystoneauth test CA"
certificate server ca localhost "$localhost"
certificate expired ca localhost "$localhost" 20200201000000Z
certificate other ca other.example.com "subjectAltName=DNS:other.example.com"
certificate client ca tester "extendedKeyUsage=clientAuth"
certificate client-expired ca tester "extendedKeyUsage=clientAuth" 20200201000000Z
openssl ec -in client.key -aes256 -passout pass:passphrase -out client-encrypted.key
openssl pkcs8 -topk8 -in client.key -passout pass:passphrase -out client-encrypted-pkcs8.key
authority stranger-ca "a CA that nobody knows"
certificate stranger stranger-ca stranger "extendedKeyUsage=clientAuth"
