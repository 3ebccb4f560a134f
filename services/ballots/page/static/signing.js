/** The unit's key from its file, and events signed with it as compact JWS; the key never leaves this page. */

import { need } from "./faults.js";

const HALF_ORDER = BigInt("0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8");
const ORDER = BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
export const MOST_TOKEN = 64_000;
const RSA = { hash: "SHA-256" };
const ALGORITHMS = {
  ES256: { key: { name: "ECDSA", namedCurve: "P-256" }, sign: { name: "ECDSA", hash: "SHA-256" } },
  EdDSA: { key: { name: "Ed25519" }, sign: { name: "Ed25519" } },
  RS256: { key: { name: "RSASSA-PKCS1-v1_5", ...RSA }, sign: { name: "RSASSA-PKCS1-v1_5" } },
  PS256: { key: { name: "RSA-PSS", ...RSA }, sign: { name: "RSA-PSS", saltLength: 32 } },
};
const FILE = "an unencrypted private key, PKCS #8 in PEM (openssl pkcs8 -topk8 -nocrypt)";

/** Bytes as base64url without padding. */
export function base64url(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The key in a PEM file, with the name it is registered under in `known`; throws the fault for any other file. */
export async function openKey(pem, known) {
  const found = /^-----BEGIN PRIVATE KEY-----\s([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----\s*$/m.exec(pem);
  need(found !== null, "key", FILE, "another file");
  let raw;
  try {
    raw = Uint8Array.from(atob(found[1].replace(/\s/g, "")), (letter) => letter.charCodeAt(0));
  } catch {
    need(false, "key", FILE, "a damaged file");
  }
  let seen = false;
  for (const [alg, how] of Object.entries(ALGORITHMS)) {
    const spki = await publicHalf(raw, how.key);
    seen ||= spki !== null;
    const registered = known.find((each) => each.spki === spki && each.alg === alg);
    if (registered !== undefined) {
      const key = await crypto.subtle.importKey("pkcs8", raw, how.key, false, ["sign"]);
      return { ...registered, key };
    }
  }
  need(seen, "key", FILE, "another kind of key");
  return need(false, "key", "a key registered for a unit of this roll", "another key");
}

async function publicHalf(raw, how) {
  try {
    const whole = await crypto.subtle.importKey("pkcs8", raw, how, true, ["sign"]);
    const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey("jwk", whole);
    const half = Object.fromEntries(Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value));
    const open = await crypto.subtle.importKey("jwk", half, how, true, ["verify"]);
    return base64url(new Uint8Array(await crypto.subtle.exportKey("spki", open)));
  } catch {
    // A file holds one kind of key, and every other kind fails on it; what fits none is named by the caller.
    return null;
  }
}

/** The next event of the key's chain, signed; its hash is what the receipt is asked by. */
export async function signEvent(signer, head, { origin, type, subject, time, data }) {
  const bytes = new TextEncoder();
  const header = { alg: signer.alg, kid: signer.kid, typ: "thidua-event+jws" };
  const payload = {
    specversion: "1.0",
    id: crypto.randomUUID(),
    source: `/units/${signer.unit}`,
    type,
    subject,
    time: (time ?? new Date()).toISOString(),
    datacontenttype: "application/json",
    aud: origin,
    seq: head.seq + 1,
    prev: head.hash,
    data,
  };
  const parts = [header, payload].map((part) => base64url(bytes.encode(JSON.stringify(part))));
  const said = bytes.encode(parts.join("."));
  const how = ALGORITHMS[signer.alg].sign;
  const signature = new Uint8Array(await crypto.subtle.sign(how, signer.key, said));
  const token = `${parts.join(".")}.${base64url(signer.alg === "ES256" ? lowered(signature) : signature)}`;
  need(token.length <= MOST_TOKEN, "vote", `at most ${MOST_TOKEN} bytes when signed`, "more");
  const hash = base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", said)));
  return { token, hash };
}

/** The signature with the smaller of its two possible numbers s, the only one the door takes. */
function lowered(signature) {
  const hex = Array.from(signature.slice(32), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const large = BigInt(`0x${hex}`);
  if (large <= HALF_ORDER) return signature;
  const small = (ORDER - large).toString(16).padStart(64, "0");
  return new Uint8Array([...signature.slice(0, 32), ...small.match(/../g).map((pair) => parseInt(pair, 16))]);
}
