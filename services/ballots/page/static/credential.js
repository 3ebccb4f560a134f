/** The voter's code and the credential that it stands for (specification 4.8), made on the voter's own machine. */

import { BASE58 } from "./election.js";
import { need } from "./faults.js";
import { modQ, numberOf } from "./group.js";
import { powerOfG, proveKnowledge } from "./proofs.js";

const DIGITS = 14;
const CHECK = 53n;
const ROUNDS = 1000;

/** A new code as people keep it, `XXX-XXX-XXX-XXX-XXX`: 82 bits and a check digit. */
export async function drawCode(chance) {
  let digits = "";
  while (digits.length < DIGITS) digits += BASE58[Number(await chance(58n))];
  return dashed(digits + checkDigit(digits));
}

/** The credential of a code in one election; throws the fault, without any part of it, for a mistyped one. */
export async function openCode(uuid, code) {
  const bare = code.replaceAll("-", "");
  const right =
    bare.length === DIGITS + 1 &&
    [...bare].every((letter) => BASE58.includes(letter)) &&
    bare[DIGITS] === checkDigit(bare.slice(0, DIGITS)) &&
    code === dashed(bare);
  need(right, "credential", "XXX-XXX-XXX-XXX-XXX with its check digit", "another text");
  const bytes = new TextEncoder();
  const typed = await crypto.subtle.importKey("raw", bytes.encode(code), "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes.encode(uuid), iterations: ROUNDS };
  const secret = modQ(numberOf(new Uint8Array(await crypto.subtle.deriveBits(how, typed, 256))));
  return { secret, public: powerOfG(secret) };
}

/** The proof that a member holds the credential it registers for an election, and copied none. */
export async function proveRegistration(uuid, member, credential, chance) {
  const prefix = `register|${uuid}|${JSON.stringify(member)}|${credential.public}|`;
  return proveKnowledge(prefix, credential.secret, chance);
}

function dashed(bare) {
  return bare.match(/.{1,3}/g).join("-");
}

function checkDigit(digits) {
  const number = [...digits].reduce((found, digit) => found * 58n + BigInt(BASE58.indexOf(digit)), 0n);
  return BASE58[Number(CHECK - (number % CHECK))];
}
