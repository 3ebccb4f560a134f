/** JSON read strictly: every member known and of its kind, nothing twice, nothing written in another way. */

import { Fault, need, shown } from "./faults.js";

const MOST_DIGITS = 617;

/** What sort of JSON value it is, never its content. */
export function kindOf(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  const kinds = { string: "text", number: "a number", boolean: "a truth value", object: "an object" };
  return kinds[typeof value] ?? "nothing";
}

/** The value in a text that is written as canonical JSON; a member named twice is written otherwise. */
export function parse(text, path) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Fault(path, "JSON", shown(text));
  }
  need(JSON.stringify(value) === text, path, "the canonical text", "the same content written otherwise");
  return value;
}

/** The object when it has the required members and none but the optional besides. */
export function members(value, path, required, optional = []) {
  need(value !== null && typeof value === "object" && !Array.isArray(value), path, "an object", kindOf(value));
  for (const name of required) need(Object.hasOwn(value, name), `${path}/${name}`, "a member", "none");
  for (const name of Object.keys(value)) {
    need(required.includes(name) || optional.includes(name), path, "no other members", shown(name));
  }
  return value;
}

/** The list, of `count` items where that is said. */
export function items(value, path, count) {
  need(Array.isArray(value), path, "a list", kindOf(value));
  need(count === undefined || value.length === count, path, `${count} items`, `${value.length}`);
  return value;
}

/** The text, when UTF-8 can hold it. */
export function string(value, path) {
  need(typeof value === "string", path, "text", kindOf(value));
  need(value.isWellFormed(), path, "text that UTF-8 can hold", "a lone surrogate");
  return value;
}

/** The whole number from `least` to `most`. */
export function integer(value, path, least, most) {
  const right = Number.isInteger(value) && value >= least && value <= most;
  need(right, path, `a number from ${least} to ${most}`, kindOf(value));
  return value;
}

/** One of the words that are known. */
export function oneOf(value, path, known) {
  need(known.includes(value), path, known.join(" | "), kindOf(value));
  return value;
}

/** The number that a decimal text stands for; no sign, no leading zero. */
export function decimal(value, path) {
  const right =
    typeof value === "string" && value.length <= MOST_DIGITS && /^(?:0|[1-9][0-9]*)$/.test(value);
  need(right, path, "a decimal string without leading zero", kindOf(value));
  return BigInt(value);
}
