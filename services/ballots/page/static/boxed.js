/** A vote as the box holds it: believed only when its own text is what the tracker is the hash of. */

import { need, shown } from "./faults.js";
import { shortHash } from "./group.js";
import { decimal, integer, kindOf, members, oneOf, parse, string } from "./reading.js";

const BALLOT = ["election_uuid", "election_hash", "credential", "answers", "signature"];

/** The tracker in what was typed or pasted, without the spaces of a hand; nothing when it is none. */
export function trackerIn(typed) {
  const bare = typed.replace(/\s/g, "");
  return /^[A-Za-z0-9+/]{43}$/.test(bare) ? bare : null;
}

/**
 * What the service says it found under a tracker: up to which position of the log, and the vote or nothing.
 *
 * Throws the fault for an answer about another election, and for a vote that has another tracker or another unit's credential.
 */
export async function readBox(document, setup, tracker) {
  const read = members(document, "box", ["fingerprint", "position", "vote"]);
  need(read.fingerprint === setup.fingerprint, "box/fingerprint", setup.fingerprint, shown(read.fingerprint));
  const position = integer(read.position, "box/position", 0, Number.MAX_SAFE_INTEGER);
  if (read.vote === null) return { position, vote: null };
  const vote = members(read.vote, "box/vote", ["unit", "sequence", "state", "checked", "text"]);
  const right = await shortHash(string(vote.text, "box/vote/text"));
  need(right === tracker, "box/vote/text", tracker, right);
  const ballot = members(parse(vote.text, "box/vote/text"), "box/vote/text", BALLOT);
  need(ballot.election_hash === setup.fingerprint, "box/vote/election_hash", "this election", "another");
  const voter = setup.roll.get(vote.unit);
  need(voter !== undefined, "box/vote/unit", "a unit of the roll", "another");
  const own = decimal(ballot.credential, "box/vote/credential");
  need(voter.credential !== null && own === BigInt(voter.credential), "box/vote/credential", `that of ${voter.unit}`, "another");
  integer(vote.sequence, "box/vote/sequence", 1, 1000);
  oneOf(vote.state, "box/vote/state", ["counts", "replaced", "void"]);
  need(typeof vote.checked === "boolean", "box/vote/checked", "true or false", kindOf(vote.checked));
  return { position, vote: { ...vote, name: voter.name } };
}
