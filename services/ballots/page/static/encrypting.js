/** The page's side of the worker: what it is asked, and its answer as a promise. */

import { Fault } from "./faults.js";

/** A worker of its own for everything that takes time or touches the voting code. */
export class Encrypting {
  #worker = new Worker("/bo-phieu/worker.js", { type: "module" });
  #waiting = new Map();
  #asked = 0;
  #broken = false;

  constructor() {
    this.#worker.addEventListener("message", ({ data }) => this.#answered(data));
    this.#worker.addEventListener("error", (event) => this.#failed(event));
  }

  /** What comes of it; throws the worker's fault. */
  ask(what, given) {
    this.#asked += 1;
    const number = this.#asked;
    return new Promise((resolve, reject) => {
      if (this.#broken) throw new Error("worker");
      this.#waiting.set(number, { resolve, reject });
      this.#worker.postMessage({ number, what, given });
    });
  }

  #answered({ number, told, fault, message }) {
    const { resolve, reject } = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (told !== undefined) resolve(told);
    else reject(fault ? new Fault(fault.path, fault.expected, fault.given) : new Error(message));
  }

  #failed(event) {
    event.preventDefault();
    this.#broken = true;
    for (const { reject } of this.#waiting.values()) reject(new Error("worker"));
    this.#waiting.clear();
  }
}
