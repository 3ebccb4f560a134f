/** What the service says about one ballot: public, read strictly, and bound to the election's own text. */

import { readElection } from "./election.js";
import { need, shown } from "./faults.js";
import { shortHash } from "./group.js";
import { decimal, integer, items, kindOf, members, oneOf, string } from "./reading.js";
import { readTrustees } from "./trustees.js";

const MEMBERS = [
  "version", "origin", "sandbox", "subject", "ballot", "matter", "state", "clock", "closes", "repeat", "door", "election",
  "trustees", "fingerprint", "roll", "keys",
];
const ALGORITHMS = ["ES256", "EdDSA", "RS256", "PS256"];
/** Where the setup is refused because whoever holds the election's key is not who the record says. */
export const FOREIGN = "setup/trustees";
const CODE = /^[A-Z0-9][A-Z0-9-]{1,15}$/;

/** The setup in a document; throws the fault for one with which nothing may be encrypted. */
export async function readSetup(document) {
  const read = members(document, "setup", MEMBERS);
  integer(read.version, "setup/version", 2, 2);
  need(typeof read.sandbox === "boolean", "setup/sandbox", "true or false", kindOf(read.sandbox));
  for (const name of ["vi", "en"]) string(members(read.matter, "setup/matter", ["vi", "en"])[name], `setup/matter/${name}`);
  for (const name of ["origin", "subject", "ballot", "door"]) string(read[name], `setup/${name}`);
  oneOf(read.state, "setup/state", ["registering", "open", "closed"]);
  oneOf(read.repeat, "setup/repeat", ["first", "last"]);
  const closes = moment(read.closes, "setup/closes");
  const clock = moment(read.clock, "setup/clock");
  const right = await shortHash(string(read.election, "setup/election"));
  need(read.fingerprint === right, "setup/fingerprint", right, shown(read.fingerprint));
  const roll = new Map(items(read.roll, "setup/roll").map((each, at) => readMember(each, `setup/roll/${at}`)));
  need(roll.size === read.roll.length, "setup/roll", "different units", "one of them twice");
  const keys = items(read.keys, "setup/keys").map((each, at) => readKey(each, `setup/keys/${at}`, roll));
  const election = await readElection(read.election);
  const trustees = await readTrustees(read.trustees);
  need(trustees.key === election.key, FOREIGN, "the product of the trustees' keys", "another key");
  const { x_ballot: named, x_roll: listed, x_revote: repeat } = election.bound;
  need(named === `${read.subject}/${read.ballot}`, "setup/ballot", shown(named), "another ballot's election");
  need(sorted(listed) === sorted([...roll.keys()]), "setup/roll", "the roll of the election", "another roll");
  need(repeat === read.repeat, "setup/repeat", shown(repeat), shown(read.repeat));
  // A list asks about the matter itself, which the election's text names by its code.
  for (const question of election.questions) {
    question.title = question.text === election.bound.x_about ? read.matter.vi : question.text;
  }
  return { ...read, clock, closes, election, trustees, roll, keys };
}

const sorted = (units) => JSON.stringify(Array.isArray(units) ? units.toSorted() : null);

function moment(value, path) {
  const read = value === null ? null : new Date(string(value, path));
  need(read === null || !Number.isNaN(read.getTime()), path, "a moment or null", "another text");
  return read;
}

function readMember(value, path) {
  const read = members(value, path, ["unit", "name", "credential", "votes"]);
  need(CODE.test(string(read.unit, `${path}/unit`)), `${path}/unit`, "a unit's code", "another text");
  string(read.name, `${path}/name`);
  if (read.credential !== null) decimal(read.credential, `${path}/credential`);
  integer(read.votes, `${path}/votes`, 0, 1000);
  return [read.unit, read];
}

function readKey(value, path, roll) {
  const read = members(value, path, ["kid", "unit", "alg", "spki"]);
  for (const name of ["kid", "spki"]) string(read[name], `${path}/${name}`);
  need(roll.has(read.unit), `${path}/unit`, "a unit of the roll", "another");
  oneOf(read.alg, `${path}/alg`, ALGORITHMS);
  return read;
}
