/** The group BELENIOS-2048 (Belenios specification 2.0, section 5), in the browser's own whole numbers. */

import { need } from "./faults.js";
import { decimal } from "./reading.js";

export const NAME = "BELENIOS-2048";
/** The prime modulo which all numbers are taken. */
export const P = BigInt(
  "2069478569142254640101364365750500806492298929575110409710088478705737421924271740192223" +
    "7254497684338129066633138078958404960054389636289796393038773905722803605973749427671376" +
    "7776188985898727358650490811670993105358677809800307904916540637771737641986785272734744" +
    "7634183560003569830519314428456170191100078673730733356412397173289791324047457883446826" +
    "0652327974647951137672658693582180046317922073668860052627186363386088796882120769432366" +
    "1494910029234443463732221458841005864210502421203654335612013204811188524087310770141516" +
    "6620016231317716937218924807850771182784231749807327659882882516918310312568016207288071" +
    "9",
);
/** The prime order of the subgroup: exponents are taken modulo it. */
export const Q = BigInt("78571733251071885079927659812671450121821421258408794611510081919805623223441");
/** The subgroup's generator. */
export const G = BigInt(
  "2402352677501852209227687703532399932712287657378364916510075318787663274146353219320285" +
    "6761552696787996946682987493890950838965734256019006010684771644917354741372831046104586" +
    "8131451178164675540052740288984613986453266121505579709716201616827031288643245666383486" +
    "3635782106154918419982534315189740658186868651151358576410138882215396016043228843603930" +
    "9893336627728484065931384060102316750957637779826651036068224066350766977640253462537730" +
    "8513317349519424896775405257365904949247763147599157519877517771148149092045660020547812" +
    "7054728238140972518639858334115700568353695553423781475582491896050296680037745308460627",
);

const WINDOW = 6n;
const ROWS = 43;
const DIGIT = (1n << WINDOW) - 1n;
const BYTES = new TextEncoder();

/** The remainder from 0 to q - 1, also of a number below 0. */
export function modQ(number) {
  const rest = number % Q;
  return rest < 0n ? rest + Q : rest;
}

/** A number to an exponent that is not below 0, modulo p, four bits at a time. */
export function power(base, exponent) {
  const powers = [1n];
  for (let at = 1; at < 16; at += 1) powers.push((powers[at - 1] * base) % P);
  let found = 1n;
  for (const digit of exponent.toString(16)) {
    for (let at = 0; at < 4; at += 1) found = (found * found) % P;
    found = (found * powers[parseInt(digit, 16)]) % P;
  }
  return found;
}

/** Powers of one base by look-up: many of them cost a tenth. The digits of the exponent choose no branch. */
export class Table {
  #rows = [];

  constructor(base) {
    let step = base;
    for (let at = 0; at < ROWS; at += 1) {
      const row = [1n];
      for (let digit = 1n; digit <= DIGIT; digit += 1n) row.push((row.at(-1) * step) % P);
      step = (row.at(-1) * step) % P;
      this.#rows.push(row);
    }
  }

  /** The base to an exponent, which is taken modulo q. */
  power(exponent) {
    let rest = modQ(exponent);
    let found = 1n;
    for (const row of this.#rows) {
      found = (found * row[Number(rest & DIGIT)]) % P;
      rest >>= WINDOW;
    }
    return found;
  }
}

/** The product of elements; 1 for none. */
export function product(elements) {
  return elements.reduce((found, element) => (found * element) % P, 1n);
}

/** Whether it is an element of the subgroup, not merely a number modulo p. */
export function contains(number) {
  return number > 0n && number < P && power(number, Q) === 1n;
}

/** The element that a decimal text stands for; throws the fault for anything else. */
export function element(value, path) {
  const number = decimal(value, path);
  need(contains(number), path, `an element of ${NAME}`, "another number");
  return number;
}

/** SHA-256 of a text or of bytes. */
export async function sha256(text) {
  const bytes = typeof text === "string" ? BYTES.encode(text) : text;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** SHA-256 in 43 characters of base64 without padding: fingerprints and trackers. */
export async function shortHash(text) {
  return btoa(String.fromCharCode(...(await sha256(text)))).replace(/=+$/, "");
}

/** Bytes as a number, the first the greatest. */
export function numberOf(bytes) {
  return BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`);
}

/** SHA-256 of the prefix and the comma-separated elements, modulo q (specification 4.2). */
export async function challenge(prefix, elements) {
  return modQ(numberOf(await sha256(prefix + elements.join(","))));
}

