/** Who can open the count: their record with all its proofs, and the key that it makes (specification 4.5, 4.6). */

import { need } from "./faults.js";
import { challenge, element, NAME, P, power, product, Q } from "./group.js";
import { powerOfG } from "./proofs.js";
import { decimal, integer, items, kindOf, members, parse, string } from "./reading.js";

const MOST = 100;
const GROUP = ["threshold", "certs", "coefexps", "signatures", "verification_keys"];

let known = { text: null };

/**
 * The trustees in a text: the key they hold together, and of each group how many are enough.
 *
 * Throws the fault for the first part that does not hold. The last text is remembered: it is read again before the vote is sent.
 */
export async function readTrustees(text) {
  if (known.text === text) return known;
  const listed = items(parse(string(text, "trustees"), "trustees"), "trustees");
  need(listed.length > 0, "trustees", "one at least", "none");
  const groups = [];
  for (const [at, each] of listed.entries()) groups.push(await readItem(each, `trustees/${at}`));
  known = { text, key: product(groups.map((each) => each.key)), groups };
  return known;
}

async function readItem(value, path) {
  const [kind, content] = items(value, path, 2);
  if (kind === "Single") {
    return { key: await readKey(ordered(content, path, ["pok", "public_key"]), path), enough: 1, of: 1 };
  }
  need(kind === "Pedersen", path, "Single | Pedersen", "another kind");
  return readGroup(ordered(content, path, GROUP), path);
}

/** A group in which some are enough: certificates, coefficients, approvals and keys, each by its member. */
async function readGroup(read, path) {
  const size = items(read.certs, `${path}/certs`).length;
  need(size > 0 && size <= MOST, `${path}/certs`, `1 to ${MOST} members`, `${size}`);
  const threshold = integer(read.threshold, `${path}/threshold`, 1, size);
  for (const name of GROUP.slice(1)) items(read[name], `${path}/${name}`, size);

  const signers = [];
  for (const [at, each] of read.certs.entries()) {
    signers.push(await readCertificate(each, `${path}/certs/${at}`, { size, threshold, index: at + 1 }));
  }
  const polynomials = [];
  for (const [at, each] of read.coefexps.entries()) {
    polynomials.push(await readCoefficients(each, `${path}/coefexps/${at}`, signers[at], threshold));
  }
  for (const [at, each] of read.signatures.entries()) {
    const coefexps = polynomials[at].map(String);
    const message = `certs_sig|${JSON.stringify({ certs: read.certs, coefexps })}`;
    await signed(message, readProof(each, `${path}/signatures/${at}`), signers[at], `${path}/signatures/${at}`);
  }
  for (const [at, each] of read.verification_keys.entries()) {
    const here = `${path}/verification_keys/${at}`;
    const key = await readKey(ordered(each, here, ["pok", "public_key", "signature"]), here);
    const right = product(polynomials.map((own) => evaluate(own, at + 1)));
    need(key === right, `${here}/public_key`, "the key of this share", "another key");
    await signed(`${key}`, readProof(each.signature, `${here}/signature`), signers[at], `${here}/signature`);
  }
  return { key: product(polynomials.map(([first]) => first)), enough: threshold, of: size };
}

/** A member's verification key out of what it certifies. */
async function readCertificate(value, path, { size, threshold, index }) {
  const { message, proof } = readSigned(value, path);
  const here = `${path}/message`;
  const read = members(parse(message, here), here, ["verification", "encryption", "context"]);
  const verification = element(read.verification, `${here}/verification`);
  const encryption = element(read.encryption, `${here}/encryption`);
  const context = { group: NAME, size, threshold, index };
  const right = { verification: `${verification}`, encryption: `${encryption}`, context };
  need(message === JSON.stringify(right), here, "this member's certificate", "another");
  await signed(message, proof, verification, path);
  return verification;
}

/** The coefficients that a member published in the exponent. */
async function readCoefficients(value, path, signer, count) {
  const { message, proof } = readSigned(value, path);
  const here = `${path}/message`;
  const read = members(parse(message, here), here, ["coefexps"]);
  const found = items(read.coefexps, `${here}/coefexps`, count).map((each, at) => element(each, `${here}/coefexps/${at}`));
  await signed(message, proof, signer, path);
  return found;
}

async function readKey(read, path) {
  const key = element(read.public_key, `${path}/public_key`);
  const proof = readProof(read.pok, `${path}/pok`);
  need(await knows(`pok|${NAME}|${key}|`, key, proof), `${path}/pok`, "a proof that holds", "one that does not");
  return key;
}

function readSigned(value, path) {
  const read = ordered(value, path, ["message", "signature"]);
  return { message: string(read.message, `${path}/message`), proof: readProof(read.signature, `${path}/signature`) };
}

function readProof(value, path) {
  const read = ordered(value, path, ["challenge", "response"]);
  return { challenge: scalar(read.challenge, `${path}/challenge`), response: scalar(read.response, `${path}/response`) };
}

function scalar(value, path) {
  const number = decimal(value, path);
  need(number < Q, path, "a number below q", "another number");
  return number;
}

function ordered(value, path, names) {
  const read = members(value, path, names);
  need(Object.keys(read).join() === names.join(), path, "the canonical order", kindOf(read));
  return read;
}

async function signed(message, proof, signer, path) {
  need(await knows(`sigmsg|${message}|`, signer, proof), path, "this member's signature", "one that does not hold");
}

/** Whether the proof shows that somebody knows the exponent behind a public key. */
async function knows(prefix, key, { challenge: asked, response }) {
  return asked === (await challenge(prefix, [(powerOfG(response) * power(key, asked)) % P]));
}

function evaluate(coefficients, index) {
  return product(coefficients.map((each, degree) => power(each, BigInt(index) ** BigInt(degree) % Q)));
}
