/** The door over HTTP: the chain's head, an event sent until it is judged, and what was answered. */

import { signEvent } from "./signing.js";

const EMPTY = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
const PATIENCE_MS = 60_000;

/** The door did not answer, or said that it cannot now: the same event may be sent again. */
export class Unanswered extends Error {}

/** The door or the service said no; `problem` is its document in both languages. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.code);
    this.problem = problem;
  }
}

/** One event on its way: it is signed once, so sending it again can never make a second one of it. */
export class Sending {
  #token = null;
  #hash = null;

  constructor(door, signer, event) {
    Object.assign(this, { door, signer, event });
  }

  /** Sends the event and waits for its judgement: the receipt. Throws Refused, or Unanswered to try again. */
  async finish() {
    const until = Date.now() + PATIENCE_MS;
    if (this.#token === null) await this.#sign();
    let [status, document] = await this.#post();
    if (document.code === "CHAIN_EXPECTED") {
      // Another event of this key came in between; this one never entered the log.
      await this.#sign();
      [status, document] = await this.#post();
    }
    while (status === 202 && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      [status, document] = await this.#ask(`/v1/receipts/${this.#hash}`);
    }
    if (status === 200 && document.outcome === "recorded") return { ...document, hash: this.#hash };
    if (status === 202 || document.retryable || typeof document.code !== "string") {
      throw new Unanswered(`HTTP ${status}`);
    }
    throw new Refused(document);
  }

  async #sign() {
    const name = this.signer.kid.split("/").map(encodeURIComponent).join("/");
    const [status, document] = await this.#ask(`/v1/keys/${name}/head?service=ballots`);
    if (status !== 200) throw new Unanswered(`HTTP ${status}`);
    const { seq, hash } = document.heads.ballots;
    const head = seq ? { seq, hash } : { seq: 0, hash: EMPTY };
    const { token, hash: own } = await signEvent(this.signer, head, this.event);
    this.#token = token;
    this.#hash = own;
  }

  async #post() {
    const headers = { "content-type": "application/jose", prefer: "wait=10" };
    return this.#ask("/v1/events", { method: "POST", headers, body: this.#token });
  }

  async #ask(path, options = {}) {
    try {
      const answer = await fetch(`${this.door}${path}`, { ...options, credentials: "omit", cache: "no-store" });
      return [answer.status, await answer.json()];
    } catch {
      // No connection, or an answer of something that is not the door.
      throw new Unanswered(this.door);
    }
  }
}
