#!/usr/bin/env node
// A second verifier of an archive, sharing no code with the first: Node.js alone, one file, no network.
//
//   node verify.mjs FOLDER POLICY [--json] [--disclosure FILE]...
//
// Checks, by the same numbers as `thidua verify`: V01 entries and leaves, V02 tiles and root, V03 the log's
// signature, V04 witnesses, V05 kept checkpoints, V06 publishers' signatures, V07 keys by position, V08 chains,
// V09 ids, V10 arrival, V12 form, and V19 personal data that was disclosed to you, when you give it.
// It does not judge again (V13, V14) and rebuilds no figures (V15).
// Exit 0: all of these hold. 4: a proof says no. 9: something could not be checked.

import { createHash, createHmac, createPublicKey, verify as verifySignature } from "node:crypto";
import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join, resolve, sep } from "node:path";

const WIDTH = 256;
const MOST_ENTRY = 65535;
const ENTRY = /^\{"v":1,"rx":"[0-9TZ:.-]{24}","by":"[a-z]{2,20}\/[0-9]{1,4}",("jws":"[\w.-]+"|"refused":\{"code":.+("jws":"[\w.-]+"|"said":\{.+\}))\}$/;
const PERSONS = /^thidua\.(units\.(delegate-appointed|personal-data-erased)|ballots\.counting-board-elected)\.v1$/;
const TYPES = /^thidua\.units\.(log-opened|key-registered|key-rotated|key-revoked)\.v1$/;

class Fails extends Error {
  constructor(check, what, position = null) {
    super(what);
    this.check = check;
    this.position = position;
  }
}
class Unreadable extends Error {}
// A file that ends too soon: nothing is proven, unless what stands before its end differs.
class Cut extends Unreadable {
  constructor(where, entries = []) {
    super(`${where}: is cut`);
    this.entries = entries;
  }
}

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const leafHash = (entry) => sha256(Buffer.from([0]), entry);
const nodeHash = (left, right) => sha256(Buffer.from([1]), left, right);

// RFC 6962 section 2.1, as it is written there.
function treeHash(leaves, from = 0, to = leaves.length) {
  if (to === from) return sha256(Buffer.alloc(0));
  if (to - from === 1) return leaves[from];
  let middle = 1;
  while (middle * 2 < to - from) middle *= 2;
  return nodeHash(treeHash(leaves, from, from + middle), treeHash(leaves, from + middle, to));
}

// No archive holds links, pipes or endless files that was written as one.
function readInside(folder, relative, most, check) {
  const root = realpathSync(folder);
  const path = join(root, relative);
  let file;
  try {
    if (realpathSync(path) !== path || !path.startsWith(root + sep)) throw new Fails(check, `${relative}: is a link`);
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const told = fstatSync(file);
    if (!told.isFile()) throw new Fails(check, `${relative}: no plain file`);
    if (told.size > most) throw new Fails(check, `${relative}: ${told.size} bytes, at most ${most}`);
    const bytes = Buffer.alloc(told.size);
    let at = 0;
    while (at < bytes.length) {
      const got = readSync(file, bytes, at, bytes.length - at, null);
      if (got === 0) throw new Cut(relative);
      at += got;
    }
    return bytes;
  } catch (error) {
    if (error instanceof Fails || error instanceof Unreadable) throw error;
    throw new Unreadable(`${relative}: ${error.code ?? error.message}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function numbered(index) {
  let path = String(index % 1000).padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
  }
  return path;
}

// The full file if it is there, else the partial one of just this width; and how many it holds.
function tileOf(folder, kind, index, width, most) {
  const full = `tile/${kind}/${numbered(index)}`;
  const isFull = width === WIDTH || lstatSync(join(folder, full), { throwIfNoEntry: false }) !== undefined;
  const relative = isFull ? full : `${full}.p/${width}`;
  return [relative, readInside(folder, relative, most, kind === "entries" ? "V01" : "V02"), isFull ? WIDTH : width];
}

function hashesOf(folder, level, index, width) {
  const [where, bytes, holds] = tileOf(folder, level, index, width, WIDTH * 32);
  if (bytes.length < holds * 32) throw new Cut(where);
  if (bytes.length > holds * 32) throw new Fails("V02", `${where}: more than ${holds} hashes`);
  return [where, bytes.subarray(0, width * 32)];
}

function bundleOf(folder, index, width) {
  const [where, bytes, holds] = tileOf(folder, "entries", index, width, WIDTH * (2 + MOST_ENTRY));
  const entries = [];
  let at = 0;
  while (entries.length < holds) {
    const end = at + 2 > bytes.length ? Infinity : at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) throw new Cut(where, entries);
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  if (at !== bytes.length) throw new Fails("V01", `${where}: more than ${holds} entries`);
  return entries.slice(0, width);
}

const base64 = (text, check) => {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new Fails(check, `not base64: ${text.slice(0, 40)}`);
  return bytes;
};
const base64url = (text) => {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) throw new Error("not base64url");
  return bytes;
};

const ed25519 = (raw) =>
  createPublicKey({ key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]), format: "der", type: "spki" });

function noteKey(vkey) {
  const match = /^([!-*,-~]{1,200})\+([0-9a-f]{8})\+(.+)$/.exec(vkey);
  if (!match) throw new Fails("V03", `no vkey: ${vkey.slice(0, 60)}`);
  const body = base64(match[3], "V03");
  const id = sha256(Buffer.from(match[1]), Buffer.from("\n"), body).subarray(0, 4);
  if (body.length !== 33 || id.toString("hex") !== match[2]) throw new Fails("V03", `vkey of ${match[1]}: wrong id`);
  return { name: match[1], id, kind: body[0], key: ed25519(body.subarray(1)) };
}

function readNote(bytes, check) {
  const text = bytes.toString("utf8");
  const end = text.lastIndexOf("\n\n");
  if (end < 0 || !text.endsWith("\n") || !Buffer.from(text).equals(bytes)) throw new Fails(check, "no signed note");
  const signatures = text.slice(end + 2, -1).split("\n").map((line) => {
    const match = /^— (\S+) (\S+)$/.exec(line);
    if (!match) throw new Fails(check, "no signature line");
    const blob = base64(match[2], check);
    if (blob.length <= 4) throw new Fails(check, "a signature without its bytes");
    return { name: match[1], id: blob.subarray(0, 4), payload: blob.subarray(4) };
  });
  return { text: text.slice(0, end + 1), signatures };
}

// Whether the key signed the note; throws when a line says so and does not hold.
function signedBy(note, key, check) {
  let found = false;
  for (const { name, id, payload } of note.signatures) {
    if (name !== key.name || !id.equals(key.id)) continue;
    let message = Buffer.from(note.text);
    let signature = payload;
    if (key.kind === 4) {
      if (payload.length <= 8) throw new Fails(check, `${key.name}: a short cosignature`);
      message = Buffer.from(`cosignature/v1\ntime ${payload.readBigUInt64BE(0)}\n${note.text}`);
      signature = payload.subarray(8);
    }
    if (!verifySignature(null, message, key.key, signature)) throw new Fails(check, `${key.name}: its signature does not hold`);
    found = true;
  }
  return found;
}

function readCheckpoint(folder, relative, check) {
  const bytes = readInside(folder, relative, 65536, check);
  if (bytes.at(-1) !== 10) throw new Cut(relative);
  const note = readNote(bytes, check);
  const lines = note.text.slice(0, -1).split("\n");
  if (lines.length < 3 || lines.some((line) => line === "") || !/^(0|[1-9][0-9]{0,15})$/.test(lines[1])) {
    throw new Fails(check, "origin, size and root expected");
  }
  const root = base64(lines[2], check);
  if (root.length !== 32) throw new Fails(check, "a root of 32 bytes expected");
  return { ...note, origin: lines[0], size: Number(lines[1]), root };
}

function readPolicy(path) {
  const policy = { witnesses: new Map(), groups: new Map(), quorum: "none", log: null, root: null };
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line.startsWith("#root ")) policy.root = line.slice(6).trim();
    const words = line.split("#")[0].trim().split(/\s+/);
    if (words[0] === "log") policy.log = noteKey(words[1]);
    else if (words[0] === "witness") policy.witnesses.set(words[1], noteKey(words[2]));
    else if (words[0] === "group") {
      const members = words.slice(3);
      policy.groups.set(words[1], { least: { any: 1, all: members.length }[words[2]] ?? Number(words[2]), members });
    } else if (words[0] === "quorum") policy.quorum = words[1];
    else if (words[0] !== "") throw new Fails("V03", `policy: ${line}`);
  }
  if (!policy.log) throw new Fails("V03", "the policy names no log");
  return policy;
}

// JSON.parse keeps the last of two members with one name; an entry or payload may not have two.
function parseStrict(text) {
  const value = JSON.parse(text);
  let at = 0;
  const skip = () => {
    while (" \t\n\r".includes(text[at]) && at < text.length) at++;
  };
  const string = () => {
    const from = at++;
    while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    return JSON.parse(text.slice(from, ++at));
  };
  const walk = () => {
    skip();
    if (text[at] === "{") {
      const names = new Set();
      at++;
      for (skip(); text[at] !== "}"; skip()) {
        if (text[at] === ",") at++;
        skip();
        const name = string();
        if (names.has(name)) throw new Error(`member ${name} twice`);
        names.add(name);
        skip();
        at++;
        walk();
      }
      at++;
    } else if (text[at] === "[") {
      at++;
      for (skip(); text[at] !== "]"; skip()) {
        if (text[at] === ",") at++;
        walk();
      }
      at++;
    } else if (text[at] === '"') string();
    else while (at < text.length && !",]} \t\n\r".includes(text[at])) at++;
  };
  walk();
  return value;
}

const HALF_ORDER = BigInt("0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8");

function checkJws({ alg, key }, input, signature) {
  const message = Buffer.from(input);
  switch (alg) {
    case "ES256":
      if (signature.length !== 64 || BigInt(`0x${signature.subarray(32).toString("hex")}`) > HALF_ORDER) return false;
      return verifySignature("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
    case "EdDSA":
      return verifySignature(null, message, key, signature);
    case "RS256":
      return verifySignature("sha256", message, key, signature);
    case "PS256":
      return verifySignature("sha256", message, { key, padding: 6, saltLength: 32 }, signature);
    default:
      return false;
  }
}

const FIRST = sha256(Buffer.alloc(0)).toString("base64url");

class Log {
  constructor(origin, rootSpki) {
    Object.assign(this, { origin, rootSpki, keys: new Map(), heads: new Map(), ids: new Set(), arrivals: new Map() });
    Object.assign(this, { made: new Map(), erased: new Map() });
    this.sandbox = origin.startsWith("sandbox/");
  }

  take(position, raw) {
    let entry;
    try {
      entry = parseStrict(raw.toString("utf8"));
    } catch (error) {
      throw new Fails("V12", `no entry: ${error.message}`, position);
    }
    if (!ENTRY.test(raw.toString("latin1"))) throw new Fails("V12", "no entry: other members or bytes", position);
    const [service] = String(entry.by).split("/");
    const judge = service === "genesis" ? "units" : service;
    if (entry.said) return this.link(position, judge, entry.said, entry.said.hash, entry.rx, entry.said.subject);
    const [header, payload, signature] = String(entry.jws).split(".");
    let head, event, bytes;
    try {
      head = parseStrict(base64url(header).toString("utf8"));
      event = parseStrict(base64url(payload).toString("utf8"));
      bytes = base64url(signature);
    } catch (error) {
      throw new Fails("V12", `no signed event: ${error.message}`, position);
    }
    if (Object.keys(head).sort().join() !== "alg,kid,typ" || head.typ !== "thidua-event+jws") {
      throw new Fails("V12", "another header than alg, kid, typ", position);
    }
    if (event.aud !== this.origin) throw new Fails("V12", `for ${event.aud}`, position);
    if (position === 1) {
      if (event.type !== "thidua.units.log-opened.v1") throw new Fails("V07", "does not open a log", 1);
      if (this.rootSpki && event.data.root_spki !== this.rootSpki) throw new Fails("V07", "another root key", 1);
      this.register(event.data.root_kid, event.source, event.data.root_alg, event.data.root_spki);
    }
    const key = this.keys.get(head.kid);
    if (!key || !key.active || key.owner !== event.source) throw new Fails("V07", `${head.kid} signs nothing here`, position);
    if (head.alg !== key.alg || !checkJws(key, `${header}.${payload}`, bytes)) {
      throw new Fails("V06", `the signature of ${head.kid} does not hold`, position);
    }
    const hash = sha256(Buffer.from(`${header}.${payload}`)).toString("base64url");
    this.link(position, judge, { kid: head.kid, seq: event.seq, prev: event.prev }, hash, entry.rx, event.subject);
    if (entry.refused) return;
    const id = `${event.source}\0${event.id}`;
    if (this.ids.has(id)) throw new Fails("V09", `id ${event.id} twice`, position);
    this.ids.add(id);
    if (TYPES.test(event.type)) this.change(event);
    if (PERSONS.test(event.type)) this.person(position, event);
  }

  // Commitments to persons, by subject and unit, and the entry after which nobody can open one any more.
  person(position, { type, subject, data }) {
    const note = (map, ...of) => map.has(of.join("\0")) || map.set(of.join("\0"), position);
    if (type.includes("delegate-appointed")) note(this.made, subject, data.unit, data.commitment);
    if (type.includes("personal-data-erased")) note(this.erased, data.cycle ?? subject, data.unit, data.commitment);
    for (const one of type.includes("counting-board-elected") ? data.members : []) {
      if (one.commitment) note(this.made, subject, one.unit, one.commitment);
    }
  }

  // What is told of the rows of a signed disclosure; throws when it proves nothing, or something else.
  disclosed(name, bytes) {
    const no = (what) => new Fails("V19", `${name}: ${what}`);
    let head, said, signature, input;
    try {
      const parts = bytes.toString("latin1").trim().split(".");
      [head, said] = parts.slice(0, 2).map((part) => parseStrict(base64url(part).toString("utf8")));
      [signature, input] = [base64url(parts[2]), parts.slice(0, 2).join(".")];
      if (parts.length !== 3 || head.typ !== "thidua-disclosure+jws" || said.rows.length === 0) throw new Error("another kind of file");
    } catch (error) {
      throw new Unreadable(`${name}: no disclosure: ${error.message}`);
    }
    if (said.aud !== this.origin) throw no(`for another log: ${said.aud}`);
    const key = this.keys.get(head.kid);
    if (!key || key.owner !== said.by || key.revoked) throw no(`${head.kid} is no valid key of ${said.by}`);
    if (head.alg !== key.alg || !checkJws(key, input, signature)) throw no(`the signature of ${head.kid} does not hold`);
    return said.rows.map(({ ref, unit, subject, field, salt, value, commitment }) => {
      const of = [subject, unit, commitment].join("\0");
      if (![`/units/${unit}`, `/authorities/${subject.split("/")[0]}`].includes(said.by)) throw no(`${ref}: ${said.by} does not disclose for ${unit}`);
      const opened = createHmac("sha256", base64url(salt)).update(`pd/v1\0${ref}\0${value}`).digest("hex");
      if (base64url(salt).length !== 32 || opened !== commitment) throw no(`${ref}: does not open its commitment: edited`);
      if (!this.made.has(of)) throw no(`${ref}: no such commitment in the log`);
      return { ref, unit, field, position: this.made.get(of), erased: this.erased.get(of) ?? null };
    });
  }

  link(position, judge, { kid, seq, prev }, hash, rx, subject) {
    const before = this.heads.get(`${judge} ${kid}`) ?? { seq: 0, hash: FIRST };
    if (seq !== before.seq + 1 || prev !== before.hash) {
      throw new Fails("V08", `${kid} says ${seq} after ${before.seq}`, position);
    }
    this.heads.set(`${judge} ${kid}`, { seq, hash });
    const within = this.sandbox ? `${judge} ${subject}` : judge;
    if (rx < (this.arrivals.get(within) ?? "")) throw new Fails("V10", "arrived before the one before it", position);
    this.arrivals.set(within, rx);
  }

  register(kid, owner, alg, spki) {
    if (this.keys.has(kid)) return;
    const key = createPublicKey({ key: base64url(spki), format: "der", type: "spki" });
    this.keys.set(kid, { owner, alg, key, active: true });
  }

  change({ type, data }) {
    const old = this.keys.get(data.kid);
    if (type.includes("key-registered")) this.register(data.kid, data.owner, data.alg, data.spki);
    if (type.includes("key-rotated")) {
      this.register(data.new_kid, old.owner, data.alg, data.spki);
      old.active = false;
    }
    if (type.includes("key-revoked")) Object.assign(old, { active: false, revoked: true });
  }
}

function main([folder, policyPath, ...options]) {
  const results = new Map();
  const say = (check, verdict, what = "", position = null) => {
    if (results.get(check)?.verdict !== "fails") results.set(check, { check, verdict, what, position });
  };
  const attempt = (checks, work) => {
    try {
      work();
      for (const check of checks) if (!results.has(check)) say(check, "holds");
    } catch (error) {
      for (const check of checks) say(check, "not-checked", error.message);
      if (error instanceof Fails) results.set(error.check, { check: error.check, verdict: "fails", what: error.message, position: error.position });
      else if (!(error instanceof Unreadable)) say(checks[0], "not-checked", `${error.name}: ${error.message}`);
    }
  };
  let policy, head;
  attempt(["V03"], () => {
    if (resolve(policyPath).startsWith(resolve(folder) + sep)) throw new Unreadable("the policy lies in the folder it is to judge");
    policy = readPolicy(policyPath);
    head = readCheckpoint(folder, "checkpoint", "V03");
    if (head.origin !== policy.log.name || !signedBy(head, policy.log, "V03")) throw new Fails("V03", `not signed by ${policy.log.name}`);
  });
  const brought = options.flatMap((one, at) => (options[at - 1] === "--disclosure" ? [one] : []));
  const disclosed = [];
  const rest = ["V01", "V02", "V04", "V05", "V06", "V07", "V08", "V09", "V10", "V12", ...(brought.length ? ["V19"] : [])];
  if (!head || !policy) for (const check of rest) say(check, "not-checked", "no checkpoint");
  else {
    attempt(["V04"], () => {
      const signed = new Set([...policy.witnesses].filter(([, key]) => signedBy(head, key, "V04")).map(([name]) => name));
      const holds = (name) => {
        const group = policy.groups.get(name);
        return group ? group.members.filter(holds).length >= group.least : signed.has(name);
      };
      if (policy.quorum !== "none" && !holds(policy.quorum)) throw new Fails("V04", `only ${[...signed].join(", ") || "nobody"} cosigned`);
    });
    const leaves = [];
    const log = new Log(head.origin, policy.root);
    if (head.size === 0) say("V01", "fails", "an empty log");
    attempt(["V01", "V02"], () => {
      for (let index = 0; index * WIDTH < head.size; index++) {
        const width = Math.min(WIDTH, head.size - index * WIDTH);
        const [, hashes] = hashesOf(folder, 0, index, width);
        const hold = (entry, at) => {
          const leaf = leafHash(entry);
          if (!leaf.equals(hashes.subarray(at * 32, at * 32 + 32))) {
            throw new Fails("V01", "the entry differs from its leaf", index * WIDTH + at + 1);
          }
          leaves.push(leaf);
        };
        try {
          bundleOf(folder, index, width).forEach(hold);
        } catch (error) {
          if (error instanceof Cut) error.entries.slice(0, width).forEach(hold);
          throw error;
        }
      }
      if (!treeHash(leaves).equals(head.root)) throw new Fails("V02", "another root than the signed one");
      let below = leaves;
      for (let level = 1; below.length >= WIDTH; level++) {
        const above = [];
        for (let at = 0; at + WIDTH <= below.length; at += WIDTH) above.push(treeHash(below.slice(at, at + WIDTH)));
        for (let index = 0; index * WIDTH < above.length; index++) {
          const part = above.slice(index * WIDTH, index * WIDTH + WIDTH);
          const [where, hashes] = hashesOf(folder, level, index, part.length);
          if (!hashes.equals(Buffer.concat(part))) throw new Fails("V02", `${where}: others than the tiles below give`);
        }
        below = above;
      }
    });
    attempt(["V05"], () => {
      const kept = existsSync(join(folder, "checkpoints")) ? readdirSync(join(folder, "checkpoints")) : [];
      for (const name of kept.filter((one) => /^[0-9]+$/.test(one))) {
        const one = readCheckpoint(folder, `checkpoints/${name}`, "V05");
        const ours = one.origin === policy.log.name && signedBy(one, policy.log, "V05");
        if (!ours || one.size !== Number(name) || one.size > head.size) throw new Fails("V05", `checkpoints/${name}: not ours`);
        if (leaves.length === head.size && !treeHash(leaves, 0, one.size).equals(one.root)) {
          throw new Fails("V05", `checkpoints/${name}: another history`);
        }
      }
    });
    attempt(["V06", "V07", "V08", "V09", "V10", "V12"], () => {
      if (!policy.root) throw new Unreadable("the policy does not name the root key");
      for (let index = 0; index * WIDTH < head.size; index++) {
        bundleOf(folder, index, Math.min(WIDTH, head.size - index * WIDTH)).forEach((entry, at) => {
          try {
            log.take(index * WIDTH + at + 1, entry);
          } catch (error) {
            // Members that are missing or of another type: what the log's own writer never writes.
            throw error instanceof Fails ? error : new Fails("V12", `no event: ${error.message}`, index * WIDTH + at + 1);
          }
        });
      }
    });
    if (brought.length) attempt(["V19"], () => {
      if (results.get("V12").verdict !== "holds") throw new Unreadable("the log was not read to its end");
      for (const name of brought) disclosed.push(...log.disclosed(name, readFileSync(name)));
    });
  }
  const list = [...results.values()].sort((a, b) => (a.check < b.check ? -1 : 1));
  const fails = list.some((one) => one.verdict === "fails");
  const holds = !fails && list.every((one) => one.verdict === "holds");
  if (options.includes("--json")) {
    console.log(JSON.stringify({ origin: head?.origin ?? null, size: head?.size ?? 0, root: head?.root.toString("hex") ?? "", holds, fails, checks: list, disclosed }, null, 1));
  } else {
    for (const { check, verdict, what, position } of list) {
      console.log(`${check} ${verdict}${position === null ? "" : ` at position ${position}`}${what ? `: ${what}` : ""}`);
    }
    for (const { ref, unit, field, position, erased } of disclosed) {
      console.log(`V19 ${ref} ${unit} ${field}: opens entry ${position}${erased === null ? "" : `; erased by entry ${erased}`}`);
    }
    console.log(fails ? "A proof says no." : holds ? `Holds: ${head.size} entries.` : "Not everything could be checked.");
  }
  return fails ? 4 : holds ? 0 : 9;
}

if (process.argv.length < 4) {
  console.error("usage: node verify.mjs FOLDER POLICY [--json] [--disclosure FILE]...");
  process.exitCode = 2;
} else process.exitCode = main(process.argv.slice(2));
