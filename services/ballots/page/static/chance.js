/** Chance: a function that draws a whole number below a bound, from the browser or from a seed. */

import { numberOf, sha256 } from "./group.js";

export const SEED_BYTES = 32;
const SPARE = 16;

/** A number below the bound from the browser's own randomness, each equally likely. */
export async function drawn(bound) {
  const bits = (bound - 1n).toString(2).length;
  const raw = new Uint8Array(Math.ceil(bits / 8));
  for (;;) {
    const number = numberOf(crypto.getRandomValues(raw)) & ((1n << BigInt(bits)) - 1n);
    if (number < bound) return number;
  }
}

/** A seed from which a ballot's answers are made, so that they can be made again when it is opened. */
export function drawSeed() {
  return crypto.getRandomValues(new Uint8Array(SEED_BYTES));
}

/** Chance that follows from a seed: SHA-256 of the seed and a counter, as often as the bound asks. */
export function seeded(seed) {
  let counter = 0n;
  return async (bound) => {
    const wanted = Math.ceil(bound.toString(2).length / 8) + SPARE;
    const raw = [];
    while (raw.length < wanted) {
      const block = new Uint8Array(seed.length + 8);
      block.set(seed);
      new DataView(block.buffer).setBigUint64(seed.length, counter);
      raw.push(...(await sha256(block)));
      counter += 1n;
    }
    return numberOf(raw) % bound;
  };
}
