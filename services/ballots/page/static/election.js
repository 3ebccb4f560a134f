/** The election: its exact text, read strictly, and the fingerprint that every proof is bound to. */

import { need, shown } from "./faults.js";
import { element, NAME, shortHash } from "./group.js";
import { integer, items, kindOf, members, oneOf, parse, string } from "./reading.js";

export const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const REQUIRED = ["version", "description", "name", "group", "public_key", "questions", "uuid", "x_rule"];
const OPTIONAL = ["administrator", "credential_authority"];
const MOST = 200;

/** The election in a text; throws the fault for one that no ballot may be made for. */
export async function readElection(text) {
  const document = parse(string(text, "election"), "election");
  const extended = Object.keys(document ?? {}).filter((name) => name.startsWith("x_"));
  const read = members(document, "election", REQUIRED, [...OPTIONAL, ...extended]);
  integer(read.version, "election/version", 1, 1);
  for (const name of ["description", "name", ...OPTIONAL]) {
    if (Object.hasOwn(read, name)) string(read[name], `election/${name}`);
  }
  need(read.group === NAME, "election/group", NAME, shown(read.group));
  const key = element(read.public_key, "election/public_key");
  need(key !== 1n, "election/public_key", "a key that hides something", "the number 1");
  const uuid = string(read.uuid, "election/uuid");
  const right = uuid.length >= 14 && uuid.length <= 64 && [...uuid].every((each) => BASE58.includes(each));
  need(right, "election/uuid", "14 to 64 characters of Base58", shown(uuid));
  return {
    text,
    fingerprint: await shortHash(text),
    name: read.name,
    description: read.description,
    uuid,
    key,
    questions: readQuestions(read.questions),
    rule: readRule(read.x_rule),
    bound: Object.fromEntries(extended.map((name) => [name, read[name]])),
  };
}

/** Whether a choice, one 0 or 1 for each answer and before them for the blank, answers the question. */
export function allows(question, choice) {
  const width = question.answers.length + (question.blank ? 1 : 0);
  if (choice.length !== width || !choice.every((each) => each === 0 || each === 1)) return false;
  const sum = choice.reduce((found, each) => found + each, 0);
  if (question.blank && choice[0] === 1) return sum === 1;
  return sum >= question.least && sum <= question.most;
}

function readQuestions(value) {
  const path = "election/questions";
  const listed = items(value, path);
  need(listed.length > 0 && listed.length <= MOST, path, `1 to ${MOST} questions`, `${listed.length}`);
  return listed.map((each, at) => readQuestion(each, `${path}/${at}`));
}

function readQuestion(value, path) {
  const read = members(value, path, ["answers", "min", "max", "question"], ["blank"]);
  const answers = items(read.answers, `${path}/answers`).map((each, at) => string(each, `${path}/answers/${at}`));
  const count = answers.length;
  need(count > 0 && count <= MOST, `${path}/answers`, `1 to ${MOST}`, `${count}`);
  need(new Set(answers).size === count, `${path}/answers`, "different answers", "one of them twice");
  const blank = read.blank ?? false;
  need(typeof blank === "boolean", `${path}/blank`, "true or false", kindOf(blank));
  const most = integer(read.max, `${path}/max`, 1, count);
  const least = integer(read.min, `${path}/min`, 0, most);
  return { text: string(read.question, `${path}/question`), answers, least, most, blank };
}

function readRule(value) {
  const path = "election/x_rule";
  const names = ["base", "num", "den", "op", "quorum", "tie", "max_rounds", "seats"];
  const read = members(value, path, names);
  const quorum = members(read.quorum, `${path}/quorum`, ["num", "den"]);
  oneOf(read.base, `${path}/base`, ["members", "present", "ballots", "valid"]);
  oneOf(read.op, `${path}/op`, [">=", ">"]);
  oneOf(read.tie, `${path}/tie`, ["revote", "lot", "chair", "rank"]);
  for (const [share, under] of [[read, path], [quorum, `${path}/quorum`]]) {
    integer(share.num, `${under}/num`, 0, integer(share.den, `${under}/den`, 1, 1000));
  }
  for (const name of ["max_rounds", "seats"]) integer(read[name], `${path}/${name}`, 1, 1000);
  return read;
}
