#!/usr/bin/env bash
# Gửi một sự kiện đã ký lên cổng tiếp nhận bằng bash, curl và openssl 3. / Publish one signed event with bash, curl and openssl 3.
#
#     bash publish.sh TYPE SUBJECT DATA.json
#
# THIDUA_URL, THIDUA_ORIGIN, THIDUA_KEY (PEM), THIDUA_KID, THIDUA_SOURCE, THIDUA_DOOR_KEY (PEM): shared/README.md.
# Kết thúc / exit: 0 đã ghi / recorded, 3 bị từ chối / refused, 1 chưa vào sổ / not in the log.
set -euo pipefail
export LC_ALL=C
[ $# -eq 3 ] || { echo "Cách dùng / usage: publish.sh TYPE SUBJECT DATA.json" >&2 && exit 1; }
for file in "$3" "$THIDUA_KEY" "$THIDUA_DOOR_KEY"; do
  [ -r "$file" ] || { echo "KHÔNG ĐỌC ĐƯỢC / cannot read: $file" >&2 && exit 1; }
done
type=$1 subject=$2 data=$(cat "$3")
service=$(cut -d. -f2 <<<"$type")
url=${THIDUA_URL%/}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

b64u() { base64 -w0 | tr '+/' '-_' | tr -d '='; }
unb64u() { tr -- '-_' '+/' | sed 's/$/===/' | base64 -di 2>/dev/null || true; }
sha256u() { openssl dgst -sha256 -binary | b64u; }
# A member of a JSON answer of the door; where jq is installed, use jq.
member() { sed -En "s/.*\"$1\": ?(\"([^\"]*)\"|([0-9]+)).*/\2\3/p;q" <<<"$2"; }

ask() { curl -sS "$@" || { echo "KHÔNG NỐI ĐƯỢC cổng tiếp nhận $url" >&2 && exit 1; }; }
not_in_the_log() {
  local title
  title=$(member title_vi "$1")
  echo "CHƯA VÀO SỔ: ${title:-chưa xét xong}. $(member detail_vi "$1")"
  echo "Cách sửa: $(member fix_vi "$1")$(member receipt "$1")"
  exit 1
}

head=$(ask "$url/v1/keys/$THIDUA_KID/head?service=$service")
seq=$(member seq "$head")
[ -n "$seq" ] || not_in_the_log "$head"
prev=$(member hash "$head")
[ -n "$prev" ] || prev=$(printf '' | sha256u)

printf '{"specversion":"1.0","id":"%s","source":"%s","type":"%s","subject":"%s","time":"%s","datacontenttype":"application/json","aud":"%s","seq":%d,"prev":"%s","data":%s}' \
  "$(cat /proc/sys/kernel/random/uuid)" "$THIDUA_SOURCE" "$type" "$subject" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
  "$THIDUA_ORIGIN" "$((seq + 1))" "$prev" "$data" >"$work/event"
printf '%s.%s' "$(printf '{"alg":"ES256","kid":"%s","typ":"thidua-event+jws"}' "$THIDUA_KID" | b64u)" \
  "$(b64u <"$work/event")" >"$work/input"
hash=$(sha256u <"$work/input")

# openssl writes DER with two numbers r and s; JOSE wants 32 bytes of each. Only the smaller of s and n - s is
# taken: a signature is random, and half of them have it, so sign until it is small.
half=7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8
for _ in {1..64}; do
  openssl dgst -sha256 -sign "$THIDUA_KEY" -out "$work/der" "$work/input"
  read -r r s < <(openssl asn1parse -inform DER -in "$work/der" | sed -n 's/.*INTEGER *://p' | xargs)
  r=$(printf '%64s' "$r" | tr ' ' 0) s=$(printf '%64s' "$s" | tr ' ' 0)
  [[ $s > $half ]] || break
done
signature=$(printf '%b' "$(sed 's/../\\x&/g' <<<"$r$s")" | b64u)
printf '%s.%s' "$(cat "$work/input")" "$signature" >"$work/jws"

told=$(ask -H 'Content-Type: application/jose' -H 'Prefer: wait=10' --data-binary "@$work/jws" "$url/v1/events")
position=$(member position "$told") outcome=$(member outcome "$told")
[ -n "$position" ] || not_in_the_log "$told"
if [ "$outcome" = recorded ]; then
  echo "ĐÃ GHI NHẬN tại vị trí $position, lúc $(member rx "$told")."
else
  echo "BỊ TỪ CHỐI tại vị trí $position: $(member title_vi "$told"). $(member detail_vi "$told")"
  echo "Cách sửa: $(member fix_vi "$told")"
fi

# The receipt signed by the door says the same as the answer.
ask "$url/v1/receipts/$hash?signed=true" >"$work/receipt"
printf '%s' "$(cut -d. -f1-2 "$work/receipt")" >"$work/signed"
cut -d. -f3 "$work/receipt" | unb64u >"$work/signature"
receipt=$(cut -d. -f2 "$work/receipt" | unb64u)
openssl pkeyutl -verify -pubin -inkey "$THIDUA_DOOR_KEY" -rawin -in "$work/signed" -sigfile "$work/signature" >/dev/null &&
  cut -d. -f1 "$work/receipt" | unb64u | grep -q '"thidua-receipt+jws"' &&
  [ "$(member hash "$told") $(member hash "$receipt")" = "$hash $hash" ] &&
  [ "$(member position "$receipt") $(member outcome "$receipt") $(member entry_hash "$receipt") $(member origin "$receipt")" = \
    "$position $outcome $(member entry_hash "$told") $THIDUA_ORIGIN" ] || {
  echo "BIÊN NHẬN KHÔNG ĐÚNG: hãy báo người vận hành" >&2
  exit 1
}
echo "Biên nhận đúng, có chữ ký của cổng: $hash"
[ "$outcome" = recorded ] || exit 3
