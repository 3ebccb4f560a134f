/** A ballot: answers encrypted, proven and signed with the voter's credential (specification 4.12 to 4.15). */

import { seeded } from "./chance.js";
import { allows } from "./election.js";
import { Fault, need } from "./faults.js";
import { P, product, Q, shortHash, Table } from "./group.js";
import { powerOfG, proveKnowledge, proveOneOf } from "./proofs.js";

/** What fits an entry of the log beside the ballot's envelope. */
export const MOST_BYTES = 45_000;

/**
 * The ballot with one choice for each question: its text and its tracker.
 *
 * `seed` makes the answers, `chance` the signature; whoever is shown the seed can open the ballot, and
 * what `chance` gave must never be shown to anybody. Throws the fault, without the choice, for a choice
 * that a question does not allow.
 */
export async function makeBallot(election, credential, choices, seed, chance) {
  const asked = election.questions;
  need(choices.length === asked.length, "choices", `${asked.length} choices`, `${choices.length}`);
  if (!asked.every((question, at) => allows(question, choices[at]))) {
    throw new Fault("choice", "what the question allows", "another choice");
  }
  const key = new Table(election.key);
  const bound = `${election.fingerprint}|${credential.public}`;
  const draw = seeded(seed);
  const answers = [];
  for (const [at, question] of asked.entries()) {
    answers.push(await makeAnswer(key, question, bound, choices[at], draw));
  }
  const unsigned = {
    election_uuid: election.uuid,
    election_hash: election.fingerprint,
    credential: `${credential.public}`,
    answers,
  };
  const hash = await shortHash(JSON.stringify(unsigned));
  const proof = await proveKnowledge(`sig|${hash}|`, credential.secret, chance);
  const text = JSON.stringify({ ...unsigned, signature: { hash, proof } });
  need(text.length <= MOST_BYTES, "ballot", `at most ${MOST_BYTES} bytes`, "more");
  return { text, tracker: await shortHash(text) };
}

async function makeAnswer(key, question, bound, choice, chance) {
  const openings = [];
  for (const number of choice) openings.push({ number, randomness: await chance(Q) });
  const choices = openings.map((opening) => encrypt(key, opening));
  const named = choices.map(({ alpha, beta }) => `${alpha},${beta}`);
  const all = `${bound}|${named.join(",")}`;
  const individual = [];
  for (const [at, opening] of openings.entries()) {
    const prefix = `prove|${bound}|${named[at]}|`;
    individual.push(await proveOneOf(key, prefix, [[opening, 0], [opening, 1]], chance));
  }
  const total = added(question.blank ? openings.slice(1) : openings);
  const sums = [];
  for (let sum = question.least; sum <= question.most; sum += 1) sums.push([total, sum]);
  const answer = {
    choices: choices.map(({ alpha, beta }) => ({ alpha: `${alpha}`, beta: `${beta}` })),
    individual_proofs: individual,
  };
  if (!question.blank) {
    const sum = ["alpha", "beta"].map((half) => product(choices.map((each) => each[half])));
    answer.overall_proof = await proveOneOf(key, `prove|${all}|${sum.join(",")}|`, sums, chance);
    return answer;
  }
  const [blank] = openings;
  answer.overall_proof = await proveOneOf(key, `bproof1|${all}|`, [[blank, 1], ...sums], chance);
  answer.blank_proof = await proveOneOf(key, `bproof0|${all}|`, [[blank, 0], [total, 0]], chance);
  return answer;
}

function encrypt(key, { number, randomness }) {
  const beta = (key.power(randomness) * powerOfG(BigInt(number))) % P;
  return { alpha: powerOfG(randomness), beta };
}

function added(openings) {
  return {
    number: openings.reduce((sum, each) => sum + each.number, 0),
    randomness: openings.reduce((sum, each) => sum + each.randomness, 0n),
  };
}
