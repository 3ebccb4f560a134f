"""Signed events: what is accepted, what is refused, and that refusing is all that ever happens."""

from __future__ import annotations

import base64
import json
import string

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from thidua.base64url import decode_base64url, encode_base64url
from thidua.errors import MalformedError, SignatureError
from thidua.refusals import Code
from thidua.signing import (
    EMPTY_HASH,
    MAX_TOKEN_BYTES,
    Algorithm,
    SigningKey,
    VerifyingKey,
    check_possession,
    event_hash,
    parse_jws,
    possession_proof,
    sign,
)

ORIGIN = "log.example.vn/p0"
KEYS = {alg: SigningKey.generate(alg) for alg in Algorithm}
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
GOLDEN = (
    "eyJhbGciOiJFZERTQSIsImtpZCI6InNlcnZpY2VzL3VuaXRzIiwidHlwIjoidGhpZHVhLWV2ZW50K2p3"
    "cyJ9.eyJpZCI6IjEifQ.1XZq4ngD5ezVv_TEFYNy88_-1LvZd9SLRJTJknNmQ4ArJZ2MQbLTBp8GvZCb"
    "SRYftAo_2TbDnogSSKUTJco4Dg"
)
GOLDEN_HASH = "9cdvffphtguy6P6hnVdVZ5qq_L2_U7SrGccGyEhTHlY"
TOKEN = sign(b'{"id":"1"}', KEYS[Algorithm.EDDSA], "SLA/2020-1").encode()


def token_of(header: object, payload: bytes = b"{}", signature: bytes = b"x" * 64) -> str:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return ".".join(encode_base64url(part) for part in (text, payload, signature))


def with_signature(token: str, signature: bytes) -> str:
    return f"{token.rpartition('.')[0]}.{encode_base64url(signature)}"


def refusal_of(token: bytes | str) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        parse_jws(token)
    return caught.value


@pytest.mark.parametrize("alg", Algorithm)
def test_what_was_signed_is_read_back_byte_for_byte_and_verifies(alg: Algorithm) -> None:
    payload = '{"tên":"Sơn La"}'.encode()

    parsed = parse_jws(sign(payload, KEYS[alg], "SLA/2020-1"))

    assert parsed.payload == payload
    assert (parsed.alg, parsed.kid) == (alg, "SLA/2020-1")
    parsed.verify(KEYS[alg].verifying_key)


@pytest.mark.parametrize("alg", Algorithm)
def test_a_changed_payload_never_verifies(alg: Algorithm) -> None:
    header, _, signature = sign(b'{"n":1}', KEYS[alg], "SLA/1").split(".")
    forged = ".".join([header, encode_base64url(b'{"n":2}'), signature])

    with pytest.raises(SignatureError):
        parse_jws(forged).verify(KEYS[alg].verifying_key)


@pytest.mark.parametrize("alg", Algorithm)
def test_a_key_of_the_same_kind_that_did_not_sign_does_not_verify(alg: Algorithm) -> None:
    parsed = parse_jws(sign(b"{}", SigningKey.generate(alg), "SLA/1"))

    with pytest.raises(SignatureError):
        parsed.verify(KEYS[alg].verifying_key)


@pytest.mark.parametrize("alg", Algorithm)
@pytest.mark.parametrize("claimed", Algorithm)
def test_the_algorithm_comes_from_the_key_and_never_from_the_header(
    alg: Algorithm, claimed: Algorithm
) -> None:
    _, payload, _ = sign(b"{}", KEYS[alg], "SLA/1").split(".")
    header = encode_base64url(
        json.dumps({"alg": claimed, "kid": "SLA/1", "typ": "thidua-event+jws"}).encode()
    )
    signature = KEYS[alg].sign(f"{header}.{payload}".encode())
    parsed = parse_jws(f"{header}.{payload}.{encode_base64url(signature)}")

    if claimed is alg:
        parsed.verify(KEYS[alg].verifying_key)
    else:
        with pytest.raises(SignatureError, match=f"alg {alg}"):
            parsed.verify(KEYS[alg].verifying_key)


@given(st.binary(max_size=40))
def test_es256_always_signs_with_the_low_s(payload: bytes) -> None:
    parsed = parse_jws(sign(payload, KEYS[Algorithm.ES256], "SLA/1"))

    assert int.from_bytes(parsed.signature[32:], "big") <= P256_ORDER // 2


@pytest.mark.parametrize("number", [slice(32), slice(32, 64)])
def test_an_es256_signature_with_a_short_number_verifies(number: slice) -> None:
    key = KEYS[Algorithm.ES256]
    signatures = (key.sign(b"x") for _ in range(100_000))

    short = next(one for one in signatures if one[number][0] == 0)

    key.verifying_key.verify(short, b"x")


def test_the_other_s_of_the_same_es256_signature_is_refused() -> None:
    key = KEYS[Algorithm.ES256]
    token = sign(b"{}", key, "SLA/1")
    signature = parse_jws(token).signature
    high = P256_ORDER - int.from_bytes(signature[32:], "big")

    twin = parse_jws(with_signature(token, signature[:32] + high.to_bytes(32, "big")))

    assert twin.hash == parse_jws(token).hash
    with pytest.raises(SignatureError, match="low s"):
        twin.verify(key.verifying_key)


@pytest.mark.parametrize("alg", Algorithm)
@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"\xff" * 64, b"\0" * 256, b"x" * 71])
def test_a_signature_of_any_length_and_content_is_refused_without_another_error(
    alg: Algorithm, signature: bytes
) -> None:
    token = with_signature(sign(b"{}", KEYS[alg], "SLA/1"), signature)

    with pytest.raises(SignatureError):
        parse_jws(token).verify(KEYS[alg].verifying_key)


def test_the_event_hash_leaves_the_signature_out() -> None:
    token = sign(b"{}", KEYS[Algorithm.ES256], "SLA/1")
    again = sign(b"{}", KEYS[Algorithm.ES256], "SLA/1")

    assert token != again
    assert parse_jws(token).hash == parse_jws(again).hash
    assert parse_jws(token).hash == event_hash(token.rpartition(".")[0].encode())


def test_the_same_bytes_come_from_the_same_ed25519_key_for_ever() -> None:
    der = bytes.fromhex("302e020100300506032b657004220420") + bytes(range(32))
    body = base64.b64encode(der).decode()
    pem = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n".encode()

    token = sign(b'{"id":"1"}', SigningKey.from_pem(pem), "services/units")

    assert token == GOLDEN
    assert parse_jws(token).hash == GOLDEN_HASH


def test_the_chain_begins_with_the_hash_of_nothing() -> None:
    assert EMPTY_HASH == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"


@pytest.mark.parametrize(
    ("token", "code", "path"),
    [
        ("", Code.JWS_MALFORMED, ""),
        ("a.b", Code.JWS_MALFORMED, ""),
        ("a.b.c.d", Code.JWS_MALFORMED, ""),
        ("đ.e.f", Code.JWS_MALFORMED, "header"),
        ("\ud800.e.f", Code.JWS_MALFORMED, "header"),
        ("a" * (MAX_TOKEN_BYTES + 1), Code.TOO_LARGE, ""),
        (token_of(b""), Code.HEADER_INVALID, "header"),
        (token_of([]), Code.HEADER_INVALID, "header"),
        (token_of({"alg": "ES256", "kid": "a"}), Code.HEADER_INVALID, "header"),
        (
            token_of({"alg": "ES256", "kid": "a", "typ": "thidua-event+jws", "crit": []}),
            Code.HEADER_INVALID,
            "header",
        ),
        (
            token_of({"alg": "none", "kid": "a", "typ": "thidua-event+jws"}),
            Code.HEADER_INVALID,
            "header/alg",
        ),
        (
            token_of({"alg": [], "kid": "a", "typ": "thidua-event+jws"}),
            Code.HEADER_INVALID,
            "header/alg",
        ),
        (
            token_of({"alg": "ES256", "kid": "a b", "typ": "thidua-event+jws"}),
            Code.HEADER_INVALID,
            "header/kid",
        ),
        (token_of({"alg": "ES256", "kid": "a", "typ": "JWT"}), Code.HEADER_INVALID, "header/typ"),
        (
            token_of(b'{"alg":"ES256","alg":"ES256","kid":"a","typ":"thidua-event+jws"}'),
            Code.DUPLICATE_MEMBER,
            "header/alg",
        ),
        (
            token_of({"alg": "ES256", "kid": "a" * 600, "typ": "thidua-event+jws"}),
            Code.HEADER_INVALID,
            "header",
        ),
        (token_of(b"[" * 300), Code.NESTING_TOO_DEEP, "header"),
    ],
)
def test_every_malformation_has_its_code_and_place(token: str, code: Code, path: str) -> None:
    refused = refusal_of(token)

    assert (refused.code, refused.path) == (code, path)
    assert refused.given
    assert refused.expected


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize(
    "foreign", ["=", "==", "+", "/", "\n", " ", "!", "\0", '"', "\\", "\\u0041"]
)
def test_no_character_outside_base64url_is_read_over(part: int, foreign: str) -> None:
    parts = TOKEN.decode().split(".")
    parts[part] = f"{parts[part][:-1]}{foreign}"

    assert refusal_of(".".join(parts)).code is Code.JWS_MALFORMED


@given(st.binary(max_size=50))
def test_each_byte_string_has_exactly_one_base64url_text(raw: bytes) -> None:
    text = encode_base64url(raw)
    alphabet = f"{string.ascii_letters}{string.digits}-_"

    others = [f"{text[:-1]}{char}" for char in alphabet if text and char != text[-1]]

    assert decode_base64url(text) == raw
    for other in others:
        try:
            read = decode_base64url(other)
        except ValueError:
            continue
        assert read != raw
        assert encode_base64url(read) == other


@given(st.one_of(st.binary(max_size=9), st.text('AQgwE_-=+/\\"u01 ', max_size=9).map(str.encode)))
def test_what_is_read_as_base64url_is_what_would_be_written(segment: bytes) -> None:
    try:
        read = decode_base64url(segment)
    except ValueError:
        return

    assert encode_base64url(read).encode() == segment


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)))
def test_any_input_at_all_is_either_parsed_or_malformed(token: bytes | str) -> None:
    try:
        code: str = parse_jws(token).alg
    except MalformedError as refused:
        code = refused.code

    assert code in {*Algorithm, Code.JWS_MALFORMED, Code.HEADER_INVALID}


@given(st.integers(0, len(TOKEN) - 1), st.integers(0, 255))
def test_a_token_with_one_byte_changed_never_verifies(place: int, byte: int) -> None:
    changed = TOKEN[:place] + bytes([byte]) + TOKEN[place + 1 :]

    try:
        parsed = parse_jws(changed)
        parsed.verify(KEYS[Algorithm.EDDSA].verifying_key)
    except (MalformedError, SignatureError):
        assert changed != TOKEN
    else:
        assert changed == TOKEN


@given(st.lists(st.binary(max_size=200), min_size=3, max_size=3))
def test_any_three_encoded_parts_are_either_parsed_or_malformed(parts: list[bytes]) -> None:
    token = ".".join(encode_base64url(part) for part in parts)

    assert refusal_of(token).code in {Code.HEADER_INVALID, Code.JWS_MALFORMED}


def test_an_oversize_payload_is_not_even_signed() -> None:
    with pytest.raises(MalformedError) as caught:
        sign(b"x" * 50_000, KEYS[Algorithm.EDDSA], "SLA/1")

    assert caught.value.code is Code.TOO_LARGE


def test_a_key_name_that_no_reader_takes_is_not_signed_with() -> None:
    with pytest.raises(MalformedError):
        sign(b"{}", KEYS[Algorithm.EDDSA], "Sơn La")


@pytest.mark.parametrize("alg", Algorithm)
def test_a_key_survives_its_file_and_its_public_text(alg: Algorithm) -> None:
    key = SigningKey.from_pem(KEYS[alg].to_pem(), alg)

    assert key.verifying_key == KEYS[alg].verifying_key
    assert VerifyingKey.from_spki(key.verifying_key.spki, alg.value) == key.verifying_key
    parse_jws(sign(b"{}", key, "SLA/1")).verify(KEYS[alg].verifying_key)


def test_a_private_key_does_not_show_itself_when_printed() -> None:
    assert repr(KEYS[Algorithm.EDDSA]) == "SigningKey(alg=<Algorithm.EDDSA: 'EdDSA'>)"


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN PRIVATE KEY-----\n", b"\xff" * 100])
def test_a_file_without_a_key_is_malformed(pem: bytes) -> None:
    with pytest.raises(MalformedError):
        SigningKey.from_pem(pem)


def test_a_file_with_a_key_for_another_algorithm_is_malformed() -> None:
    with pytest.raises(MalformedError, match="a key for ES256"):
        SigningKey.from_pem(KEYS[Algorithm.EDDSA].to_pem(), Algorithm.ES256)


def spki_of(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return encode_base64url(
        private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


def pem_of(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_keys_on_other_curves_are_refused() -> None:
    private = ec.generate_private_key(ec.SECP384R1())

    with pytest.raises(MalformedError):
        VerifyingKey.from_spki(spki_of(private), Algorithm.ES256)
    with pytest.raises(MalformedError):
        SigningKey.from_pem(pem_of(private))


def test_rsa_keys_below_2048_bits_are_refused() -> None:
    private = rsa.generate_private_key(65537, 1024)

    with pytest.raises(MalformedError, match="1024 bits"):
        VerifyingKey.from_spki(spki_of(private), Algorithm.RS256)
    with pytest.raises(MalformedError, match="1024 bits"):
        SigningKey.from_pem(pem_of(private))


def test_keys_of_kinds_we_do_not_sign_with_are_refused() -> None:
    private = ed448.Ed448PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    with pytest.raises(MalformedError, match="P-256, Ed25519 or RSA"):
        SigningKey.from_pem(pem)


def test_rsa_keys_with_another_exponent_are_refused() -> None:
    private = rsa.generate_private_key(3, 2048)

    with pytest.raises(MalformedError, match="exponent"):
        VerifyingKey.from_spki(spki_of(private), Algorithm.PS256)


def test_a_public_key_of_absurd_length_is_refused_unread() -> None:
    with pytest.raises(MalformedError, match="1024 characters"):
        VerifyingKey.from_spki("A" * 1025, Algorithm.RS256)


@pytest.mark.parametrize("alg", Algorithm)
@pytest.mark.parametrize("claimed", Algorithm)
def test_a_public_key_is_taken_only_for_an_algorithm_of_its_kind(
    alg: Algorithm, claimed: Algorithm
) -> None:
    rsa_algorithms = {Algorithm.RS256, Algorithm.PS256}
    spki = KEYS[alg].verifying_key.spki

    if claimed is alg or {alg, claimed} == rsa_algorithms:
        assert VerifyingKey.from_spki(spki, claimed).alg is claimed
    else:
        with pytest.raises(MalformedError):
            VerifyingKey.from_spki(spki, claimed)


def test_the_same_key_in_another_encoding_is_refused() -> None:
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key()
    uncompressed = numbers.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    point = numbers.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    algorithm = uncompressed[2:23]
    bits = b"\x03" + bytes([len(point) + 1]) + b"\0" + point
    compressed = b"\x30" + bytes([len(algorithm) + len(bits)]) + algorithm + bits

    with pytest.raises(MalformedError, match="canonical"):
        VerifyingKey.from_spki(encode_base64url(compressed), Algorithm.ES256)


def doubled(point: tuple[int, int]) -> tuple[int, int]:
    prime = 2**255 - 19
    d = -121665 * pow(121666, -1, prime) % prime
    x, y = point
    product = d * x * x * y * y % prime
    return (
        2 * x * y * pow(1 + product, -1, prime) % prime,
        (y * y + x * x) * pow(1 - product, -1, prime) % prime,
    )


def x_of(y: int) -> int:
    prime = 2**255 - 19
    d = -121665 * pow(121666, -1, prime) % prime
    square = (y * y - 1) * pow(d * y * y + 1, -1, prime) % prime
    x = pow(square, (prime + 3) // 8, prime)
    if x * x % prime != square:
        x = x * pow(2, (prime - 1) // 4, prime) % prime
    assert x * x % prime == square
    return x


ORDER_8_Y = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDER_YS = [
    0,
    1,
    2**255 - 20,
    ORDER_8_Y,
    2**255 - 19 - ORDER_8_Y,
]


@pytest.mark.parametrize("y", SMALL_ORDER_YS)
@pytest.mark.parametrize("sign_bit", [0, 1])
def test_an_ed25519_key_under_which_anybody_can_sign_is_refused(y: int, sign_bit: int) -> None:
    point = (x_of(y), y)
    for _ in range(3):
        point = doubled(point)
    assert point == (0, 1)
    raw = (y | sign_bit << 255).to_bytes(32, "little")
    spki = encode_base64url(bytes.fromhex("302a300506032b6570032100") + raw)

    with pytest.raises(MalformedError):
        VerifyingKey.from_spki(spki, Algorithm.EDDSA)


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(encode_base64url)))
def test_any_text_as_public_key_is_either_loaded_or_malformed(spki: str) -> None:
    for alg in Algorithm:
        with pytest.raises(MalformedError):
            VerifyingKey.from_spki(spki, alg)


def test_an_unknown_algorithm_of_a_key_is_malformed() -> None:
    with pytest.raises(MalformedError):
        VerifyingKey.from_spki(KEYS[Algorithm.EDDSA].verifying_key.spki, "none")


@pytest.mark.parametrize("alg", Algorithm)
def test_possession_is_proven_for_one_log_one_name_and_one_key_only(alg: Algorithm) -> None:
    key = KEYS[alg]
    proof = possession_proof(key, ORIGIN, "SLA/2020-1")

    check_possession(proof, key.verifying_key, ORIGIN, "SLA/2020-1")
    for origin, kid in [("sandbox/p0", "SLA/2020-1"), (ORIGIN, "SLA/2020-2")]:
        with pytest.raises(SignatureError):
            check_possession(proof, key.verifying_key, origin, kid)
    with pytest.raises(SignatureError):
        check_possession(proof, SigningKey.generate(alg).verifying_key, ORIGIN, "SLA/2020-1")


@given(st.text(max_size=100))
def test_no_other_text_proves_possession(proof: str) -> None:
    with pytest.raises(SignatureError):
        check_possession(proof, KEYS[Algorithm.ES256].verifying_key, ORIGIN, "SLA/1")
