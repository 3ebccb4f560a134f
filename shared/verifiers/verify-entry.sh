#!/bin/sh
# One entry of the log, checked with openssl and coreutils alone, offline:
#   verify-entry.sh ENTRY ENTRY.tlog-proof 'VKEY OF THE LOG, FROM PAPER'
# Exit 0: the entry's bytes stand in a tree that the log's key signed. 4: they do not. It does not check witnesses.
set -eu
entry=$1 proof=$2 vkey=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
no() { echo "KHÔNG ĐÚNG / no: $1" >&2; exit 4; }
sha256() { openssl dgst -sha256 -binary; }

[ "$(sed -n 1p "$proof")" = 'c2sp.org/tlog-proof@v1' ] || no 'tlog-proof'
at=$(sed -n '2s/^index \([0-9]\{1,15\}\)$/\1/p' "$proof")
sed -n '3,/^$/p' "$proof" | sed '/^$/d' > "$work/path"
sed '1,/^$/d' "$proof" > "$work/note"
sed '/^$/,$d' "$work/note" > "$work/text"
origin=$(sed -n 1p "$work/text")
size=$(sed -n '2s/^\([0-9]\{1,15\}\)$/\1/p' "$work/text")
[ -n "$at" ] && [ -n "$size" ] && [ "$at" -lt "$size" ] || no 'index, size'

# RFC 9162 section 2.1.3.2: from the leaf to the root.
{ printf '\000'; cat "$entry"; } | sha256 > "$work/node"
last=$((size - 1))
while read -r sibling; do
  [ "$last" -gt 0 ] || no 'the proof is too long'
  printf %s "$sibling" | base64 -d > "$work/sibling" || no 'base64'
  if [ $((at % 2)) = 1 ] || [ "$at" = "$last" ]; then
    { printf '\001'; cat "$work/sibling" "$work/node"; } | sha256 > "$work/parent"
    while [ $((at % 2)) = 0 ] && [ "$at" -gt 0 ]; do at=$((at / 2)) last=$((last / 2)); done
  else
    { printf '\001'; cat "$work/node" "$work/sibling"; } | sha256 > "$work/parent"
  fi
  mv "$work/parent" "$work/node"
  at=$((at / 2)) last=$((last / 2))
done < "$work/path"
[ "$last" = 0 ] && [ "$(base64 -w 0 "$work/node")" = "$(sed -n 3p "$work/text")" ] || no 'another root'

# The vkey is name+id+base64(0x01, key); a signature line is "— name base64(id, signature)".
[ "$origin" = "${vkey%%+*}" ] || no "the proof is of the log $origin"
key=${vkey#*+}
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'; printf %s "${key#*+}" | base64 -d | tail -c 32; } > "$work/key"
sed -n "s/^— [^ ]* //p" "$work/note" | while read -r blob; do
  printf %s "$blob" | base64 -d | tail -c 64 > "$work/signature"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin -in "$work/text" \
    -sigfile "$work/signature" > "$work/told" 2>&1 && touch "$work/signed" || :
done
[ -e "$work/signed" ] || no 'the signature of the log'
echo "ĐÚNG / holds: $origin, $size"
