/** Before the box is open: the unit's client makes its voting code and registers the public half. */

import { Refused, Sending } from "./door.js";
import { chosenKey } from "./keyfile.js";
import { clear, mark, onSubmit, refusal, say, show } from "./screens.js";
import { at, both, made, tell } from "./words.js";

const REGISTERED = "thidua.ballots.credential-registered.v1";
const KEEP = ["Hãy chép mã ra giấy, rồi đánh dấu và bấm Đăng ký.", "Write the code down, mark that you did, and register."];

const REPLACED = [
  "Đơn vị đã đăng ký một mã; mã mới này thay mã đó, mã cũ không còn dùng được.",
  "The unit has registered a code before; this one replaces it, and the old one is worth nothing then.",
];

/** Readies the screen and shows it: a first press makes the code, a second one registers it. */
export function registering(setup, encrypting) {
  let signer = null;
  let credential = null;
  let sending = null;

  async function makeCode() {
    signer = await chosenKey("enrol-key", setup.keys);
    if (!signer) return at("enrol-key").focus();
    credential = await encrypting.ask("register", { uuid: setup.election.uuid, member: signer.unit });
    at("made-code").textContent = credential.code;
    tell(at("replaced"), ...(setup.roll.get(signer.unit).credential === null ? [] : REPLACED));
    at("made").hidden = false;
    at("enrol-send").replaceChildren(...both("Đăng ký", "Register"));
    say(...KEEP);
    return at("kept").focus();
  }

  async function register() {
    if (!at("kept").checked) {
      say(...KEEP);
      return at("kept").focus();
    }
    say("Đang đăng ký…", "Registering…");
    const data = { ballot: setup.ballot, credential: credential.credential, proof: credential.proof };
    const { origin, subject, clock: time } = setup;
    const event = { origin, type: REGISTERED, subject, time, data };
    sending ??= new Sending(setup.door, signer, event);
    await sending.finish();
    say();
    at("made-code").textContent = "";
    at("enrol").reset();
    at("done-title").replaceChildren(...both("Mã phiếu đã được đăng ký.", "The voting code is registered."));
    const { name, unit } = setup.roll.get(signer.unit);
    at("receipt").replaceChildren(made("p", {}, `${name} (${unit}). `, ...both(
      "Trang không giữ mã; chỉ còn bản giấy của đơn vị.", "The page keeps no copy; the paper one is all there is.",
    )));
    return show("done");
  }

  async function step() {
    clear();
    try {
      return await (credential === null ? makeCode() : register());
    } catch (error) {
      if (error instanceof Refused) sending = null;
      return refusal(error);
    }
  }

  at("enrol-key").addEventListener("change", () => mark("enrol-key"));
  onSubmit("enrol", "enrol-send", step);
  show("register");
}
