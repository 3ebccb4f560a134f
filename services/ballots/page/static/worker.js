/** The worker: it encrypts beside the page, so that the page answers meanwhile. */

import { makeBallot } from "./ballot.js";
import { drawn, drawSeed } from "./chance.js";
import { drawCode, openCode, proveRegistration } from "./credential.js";
import { readElection } from "./election.js";
import { Fault } from "./faults.js";

const WORK = {
  async prepare({ text, code, choices }) {
    const election = await readElection(text);
    const credential = await openCode(election.uuid, code);
    const seed = drawSeed();
    const ballot = await makeBallot(election, credential, choices, seed, drawn);
    return { ...ballot, seed, credential: `${credential.public}` };
  },
  async register({ uuid, code, member }) {
    const used = code ?? (await drawCode(drawn));
    const credential = await openCode(uuid, used);
    const proof = await proveRegistration(uuid, member, credential, drawn);
    return { code: used, credential: `${credential.public}`, proof };
  },
};

self.addEventListener("message", async ({ data: { number, what, given } }) => {
  try {
    self.postMessage({ number, told: await WORK[what](given) });
  } catch (error) {
    const { path, expected, given: found } = error;
    const fault = error instanceof Fault ? { path, expected, given: found } : null;
    self.postMessage({ number, fault, message: fault ? "" : error.name });
  }
});
