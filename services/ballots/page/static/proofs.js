/** Proofs that say nothing but that a statement is true (specification 4.5, 4.11). */

import { challenge, G, modQ, P, Q, Table } from "./group.js";

const GENERATOR = new Table(G);

/** The generator to an exponent. */
export const powerOfG = (exponent) => GENERATOR.power(exponent);

/** That its author knows the exponent `secret` over the generator. */
export async function proveKnowledge(prefix, secret, chance) {
  const mask = await chance(Q);
  const asked = await challenge(prefix, [powerOfG(mask)]);
  return written(asked, modQ(mask - secret * asked));
}

/**
 * That one branch (opening, claimed number) is true, without saying which.
 *
 * Every branch is computed in the same way, the true one with a challenge of 0.
 */
export async function proveOneOf(key, prefix, branches, chance) {
  const truth = branches.findIndex(([known, claim]) => known.number === claim);
  if (truth < 0) throw new RangeError("no branch of the statement is true");
  const drawn = [];
  for (let at = 0; at < branches.length; at += 1) drawn.push([await chance(Q), await chance(Q)]);
  const commitments = [];
  let others = 0n;
  branches.forEach(([known, claim], at) => {
    const asked = at === truth ? 0n : drawn[at][0];
    const mask = drawn[at][1] + known.randomness * asked;
    commitments.push(powerOfG(mask), (key.power(mask) * powerOfG(BigInt(known.number - claim) * asked)) % P);
    others += asked;
  });
  const whole = await challenge(prefix, commitments);
  return drawn.map(([asked, response], at) => {
    if (at !== truth) return written(asked, response);
    const left = modQ(whole - others);
    return written(left, modQ(response - branches[at][0].randomness * left));
  });
}

function written(asked, response) {
  return { challenge: `${asked}`, response: `${response}` };
}
