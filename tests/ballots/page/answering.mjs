// Answers what a test asks of the page's own modules: one JSON object a line in, one a line out.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(`${process.argv[2]}/`);
const load = (name) => import(new URL(name, folder));
const [ballots, boxed, chances, credentials, elections, faults, signing, trustees] = await Promise.all(
  ["ballot.js", "boxed.js", "chance.js", "credential.js", "election.js", "faults.js", "signing.js", "trustees.js"].map(load),
);
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));

const ANSWERS = {
  async election({ text }) {
    const { fingerprint, key } = await elections.readElection(text);
    return { fingerprint, key: `${key}` };
  },
  async trustees({ text }) {
    const { key, groups } = await trustees.readTrustees(text);
    return { key: `${key}`, groups: groups.map(({ enough, of }) => ({ enough, of })) };
  },
  async code() {
    return { code: await credentials.drawCode(chances.drawn) };
  },
  async credential({ uuid, code }) {
    return { public: `${(await credentials.openCode(uuid, code)).public}` };
  },
  async registration({ uuid, code, member }) {
    const credential = await credentials.openCode(uuid, code);
    const proof = await credentials.proveRegistration(uuid, member, credential, chances.drawn);
    return { public: `${credential.public}`, proof };
  },
  async ballot({ text, code, choices, seed }) {
    const election = await elections.readElection(text);
    const credential = await credentials.openCode(election.uuid, code);
    const used = seed ? bytes(seed) : chances.drawSeed();
    return ballots.makeBallot(election, credential, choices, used, chances.drawn);
  },
  async box({ document, fingerprint, roll, tracker }) {
    const { position, vote } = await boxed.readBox(document, { fingerprint, roll: new Map(Object.entries(roll)) }, tracker);
    return { position, vote };
  },
  async tracker({ typed }) {
    return { tracker: boxed.trackerIn(typed) };
  },
  async limits() {
    return { ballot: ballots.MOST_BYTES, token: signing.MOST_TOKEN };
  },
  async draws({ bound, count }) {
    const drawn = [];
    while (drawn.length < count) drawn.push(`${await chances.drawn(BigInt(bound))}`);
    return { drawn };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { ask, ...given } = JSON.parse(line);
  let told;
  try {
    told = await ANSWERS[ask](given);
  } catch (error) {
    if (!(error instanceof faults.Fault)) throw error;
    told = { fault: { path: error.path, expected: error.expected, given: error.given } };
  }
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
