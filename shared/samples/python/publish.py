"""
Gửi một sự kiện đã ký lên cổng tiếp nhận, chỉ cần gói `cryptography`. / Publish one signed event, with `cryptography` alone.

    python3 publish.py TYPE SUBJECT DATA.json

THIDUA_URL, THIDUA_ORIGIN, THIDUA_KEY (PEM), THIDUA_KID, THIDUA_SOURCE, THIDUA_DOOR_KEY (PEM): shared/README.md.
Kết thúc / exit: 0 đã ghi / recorded, 3 bị từ chối / refused, 1 chưa vào sổ / not in the log.
"""

import hashlib
import json
import os
import sys
import urllib.error
import urllib.request
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

# The order of P-256: of the two signatures (r, s) and (r, n - s) only the one with the smaller s is taken.
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def b64u(raw):
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64u(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def ask(path, body=None, **headers):
    """The body of the door's answer, an error's too: it says in Vietnamese what to mend."""
    url = os.environ["THIDUA_URL"].rstrip("/") + path
    try:
        return urllib.request.urlopen(urllib.request.Request(url, body, headers)).read()
    except urllib.error.HTTPError as error:
        return error.read()
    except OSError as error:
        sys.exit(f"KHÔNG NỐI ĐƯỢC cổng tiếp nhận {url}: {error}")


def not_in_the_log(told):
    print("CHƯA VÀO SỔ:", told.get("title_vi", "chưa xét xong"), told.get("detail_vi", ""))
    print("Cách sửa:", told.get("fix_vi") or f"hỏi lại tại {told.get('receipt')}")
    sys.exit(1)


def sign(payload):
    """The event as compact JWS, and its hash: the SHA-256 of `header.payload`."""
    header = {"alg": "ES256", "kid": os.environ["THIDUA_KID"], "typ": "thidua-event+jws"}
    signing_input = b64u(json.dumps(header).encode()) + "." + b64u(payload)
    with open(os.environ["THIDUA_KEY"], "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
    r, s = utils.decode_dss_signature(key.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")
    return signing_input + "." + b64u(signature), b64u(
        hashlib.sha256(signing_input.encode()).digest()
    )


def check(told, event_hash):
    """The receipt signed by the door says the same as the answer."""
    token = ask(f"/v1/receipts/{event_hash}?signed=true").decode()
    signed, _, signature = token.rpartition(".")
    with open(os.environ["THIDUA_DOOR_KEY"], "rb") as file:
        key = serialization.load_pem_public_key(file.read())
    try:
        key.verify(unb64u(signature), signed.encode())
    except (InvalidSignature, ValueError):
        return False
    header, receipt = (json.loads(unb64u(part)) for part in signed.split("."))
    wanted = {name: told[name] for name in ("position", "entry_hash", "outcome")}
    wanted |= {"hash": event_hash, "origin": os.environ["THIDUA_ORIGIN"]}
    return header["typ"] == "thidua-receipt+jws" and wanted.items() <= receipt.items()


# A file that cannot be read, or is not what it should be: one line.
sys.excepthook = lambda _kind, fault, _where: print("LỖI / error:", fault, file=sys.stderr)
if len(sys.argv) != 4:
    sys.exit("Cách dùng / usage: publish.py TYPE SUBJECT DATA.json")
wire_type, subject, data_file = sys.argv[1:]
service = wire_type.split(".")[1]
head = json.loads(ask(f"/v1/keys/{os.environ['THIDUA_KID']}/head?service={service}"))
if "heads" not in head:
    not_in_the_log(head)
head = head["heads"][service]
with open(data_file, encoding="utf-8") as file:
    data = json.load(file)
event = {
    "specversion": "1.0",
    "id": str(uuid.uuid4()),
    "source": os.environ["THIDUA_SOURCE"],
    "type": wire_type,
    "subject": subject,
    "time": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "datacontenttype": "application/json",
    "aud": os.environ["THIDUA_ORIGIN"],
    "seq": head["seq"] + 1,
    "prev": head["hash"] or b64u(hashlib.sha256(b"").digest()),
    "data": data,
}
jws, event_hash = sign(json.dumps(event, ensure_ascii=False).encode())
told = json.loads(
    ask("/v1/events", jws.encode(), **{"Content-Type": "application/jose", "Prefer": "wait=10"})
)
if "position" not in told:
    not_in_the_log(told)
if told["outcome"] == "recorded":
    print(f"ĐÃ GHI NHẬN tại vị trí {told['position']}, lúc {told['rx']}.")
else:
    print(f"BỊ TỪ CHỐI tại vị trí {told['position']}: {told['title_vi']}. {told['detail_vi']}")
    print("Cách sửa:", told["fix_vi"])
if told["hash"] != event_hash or not check(told, event_hash):
    sys.exit("BIÊN NHẬN KHÔNG ĐÚNG: hãy báo người vận hành")
print("Biên nhận đúng, có chữ ký của cổng:", event_hash)
sys.exit(0 if told["outcome"] == "recorded" else 3)
