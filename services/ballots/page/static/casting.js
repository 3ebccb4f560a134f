/** The second screen: the vote is encrypted as soon as the code is there, and cast or opened to be checked. */

import { inWords } from "./choosing.js";
import { Refused, Sending } from "./door.js";
import { Fault } from "./faults.js";
import { chosenKey } from "./keyfile.js";
import { clear, mark, onSubmit, refuse, refusal, say, show } from "./screens.js";
import { at, both, CLOSED, made, MALFORMED, OTHER_RECEIPT, WRONG } from "./words.js";

const VOTE = "thidua.ballots.secret-vote-cast.v1";
const LETTERS = 15;

/** Readies the second screen; what comes back opens it with a choice. A vote that was cast can be handed to `check`. */
export function casting(setup, encrypting, fetchSetup, check) {
  const { election } = setup;
  let choices = null;
  let prepared = null;
  let sending = null;
  let turn = 0;

  /** A vote under the code that is typed now, or nothing; an earlier one is forgotten. */
  async function prepare() {
    turn += 1;
    const mine = turn;
    prepared = null;
    sending = null;
    for (const id of ["ready", "challenge", "challenge-hint"]) at(id).hidden = true;
    const bare = at("code").value.replace(/[\s-]/g, "");
    if (bare.length < LETTERS) return;
    say("Đang mã hóa phiếu…", "Encrypting the vote…");
    const code = bare.match(/.{1,3}/g).join("-");
    const asked = { text: election.text, code, choices };
    try {
      const made = await encrypting.ask("prepare", asked);
      if (mine !== turn) return;
      const [member] = [...setup.roll.values()].filter((each) => each.credential === made.credential);
      if (member === undefined) {
        mark("code", WRONG.stranger);
        say();
        return;
      }
      if (member.votes > 0 && setup.repeat === "first") {
        mark("code", WRONG.twice);
        say();
        return;
      }
      mark("code");
      prepared = { ...made, member };
      at("prepared").textContent = made.tracker;
      for (const id of ["ready", "challenge", "challenge-hint"]) at(id).hidden = false;
      const again = member.votes > 0
        ? [" Đơn vị đã có phiếu trong hòm; phiếu này sẽ thay phiếu đó.", " It will replace the unit's vote in the box."]
        : ["", ""];
      const words = [`Phiếu của ${member.name} đã mã hóa trên máy này, chưa bỏ.`, "Encrypted on this machine; not cast yet."];
      say(...words.map((each, number) => each + again[number]));
    } catch (error) {
      if (mine !== turn) return;
      say();
      if (!(error instanceof Fault)) throw error;
      if (error.path === "credential") mark("code", WRONG.credential);
      else refuse(MALFORMED, error.message);
    }
  }

  async function newSending(key) {
    const now = await fetchSetup();
    if (now.fingerprint !== setup.fingerprint) throw new Fault("setup/fingerprint", setup.fingerprint, "another");
    if (now.state !== "open") return null;
    const sequence = now.roll.get(key.unit).votes + 1;
    const { text, tracker } = prepared;
    const data = { ballot: setup.ballot, vote: text, tracker, sequence };
    const { origin, subject } = setup;
    return new Sending(setup.door, key, { origin, type: VOTE, subject, time: now.clock, data });
  }

  async function cast() {
    clear();
    if (prepared === null) {
      if (at("code-wrong").childNodes.length === 0) mark("code", WRONG.credential);
      return at("code").focus();
    }
    const key = await chosenKey("key", setup.keys, prepared.member.unit, WRONG.otherUnit);
    if (!key) return at("key").focus();
    say("Đang bỏ phiếu…", "Casting the vote…");
    try {
      sending ??= await newSending(key);
      if (sending === null) return refuse(CLOSED, "", { instead: true });
      const receipt = await sending.finish();
      if (receipt.tracker !== prepared.tracker) return refuse(OTHER_RECEIPT, prepared.tracker);
      done(setup, prepared, receipt, () => check({ tracker: receipt.tracker, signer: key, position: receipt.position }));
      prepared.member.votes += 1;
      turn += 1;
      choices = null;
      prepared = null;
      sending = null;
      URL.revokeObjectURL(at("opened-file").href);
      return null;
    } catch (error) {
      if (error instanceof Refused) sending = null;
      return refusal(error);
    }
  }

  /** Shows what is in the prepared vote; nobody may cast it any more, and a new one is made. */
  function open() {
    const { text, tracker, seed } = prepared;
    const hex = Array.from(seed, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const file = JSON.stringify({ election: election.text, ballot: text, choices, seed: hex });
    at("opened-tracker").textContent = tracker;
    at("opened-seed").textContent = hex;
    at("opened-command").textContent =
      `thidua ballot check ${setup.subject} ${setup.ballot} --challenge phieu-kiem-tra.json`;
    URL.revokeObjectURL(at("opened-file").href);
    at("opened-file").href = URL.createObjectURL(new Blob([file], { type: "application/json" }));
    at("opened").hidden = false;
    at("opened-title").focus();
    return prepare();
  }

  at("code").addEventListener("input", () => {
    mark("code");
    prepare();
  });
  at("key").addEventListener("change", () => mark("key"));
  at("challenge").addEventListener("click", open);
  at("back").addEventListener("click", () => {
    clear();
    show("choose");
  });
  onSubmit("cast", "send", cast);

  return (chosen) => {
    choices = chosen;
    at("chosen").replaceChildren(
      ...election.questions.flatMap((question, number) => [
        made("h3", {}, question.title),
        made("ul", {}, inWords(question, chosen[number])),
      ]),
    );
    at("opened").hidden = true;
    show("confirm");
    return prepare();
  };
}

/** The last screen: the vote is in the box; its tracker as text and as QR. */
function done(setup, { tracker, member }, receipt, check) {
  for (const id of ["cast", "questions"]) at(id).reset();
  at("chosen").replaceChildren();
  say();
  at("done-title").replaceChildren(...both("Phiếu của đơn vị đã vào hòm.", "Your unit's vote is in the box."));
  const look = made("button", { type: "button", id: "look-up" }, ...both("Tìm phiếu này trong hòm", "Find this vote in the box"));
  look.addEventListener("click", check);
  const qr = `/bo-phieu/ma-theo-doi.svg?${new URLSearchParams({ ma: tracker })}`;
  at("receipt").replaceChildren(
    made("p", {}, `${member.name} (${member.unit}). `, ...both("Mã theo dõi, là công khai:", "The tracker, which is public:")),
    made("p", {}, made("code", { id: "tracker" }, tracker)),
    made("img", { class: "qr", src: qr, alt: `Mã QR của mã theo dõi ${tracker}`, width: "192", height: "192" }),
    made("p", {}, ...both(
      `Vị trí trong nhật ký: ${receipt.position}. Hãy giữ mã này: tìm thấy nó trong hòm là phiếu còn nguyên.`,
      "Keep the tracker: as long as it is found in the box, the vote is there unaltered.",
    )),
    made("p", {}, made("a", { href: `${setup.door}/v1/receipts/${receipt.hash}` }, ...both("Biên nhận", "Receipt"))),
    made("p", {}, made("a", { href: `${setup.door}/v1/receipts/${receipt.hash}?signed=true`, download: "bien-nhan.jws" }, ...both(
      "Tải biên nhận có chữ ký", "Download the signed receipt",
    ))),
    made("p", {}, look),
  );
  show("done");
}
