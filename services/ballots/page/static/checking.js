/** A vote is looked for by its tracker, and its unit says signed that it found it: at once or any day later. */

import { readBox, trackerIn } from "./boxed.js";
import { Refused, Sending, Unanswered } from "./door.js";
import { Fault } from "./faults.js";
import { chosenKey } from "./keyfile.js";
import { clear, mark, onSubmit, refusal, say, show } from "./screens.js";
import { at, both, made, MISSING, OTHER_BOX, STANDING, UNANSWERED_CHECK, WRONG } from "./words.js";

const CHECKED = "thidua.ballots.tracker-checked.v1";
const BEHIND_MS = 10_000;

/** Readies the screen; what comes back shows it, after a vote with that one's tracker, key and receipt. */
export function checking(setup, fetchSetup, fetchBox) {
  let signer = null;
  let found = null;
  let sending = null;

  function forget() {
    found = null;
    sending = null;
    for (const id of ["found", "missing", "affirm"]) at(id).hidden = true;
  }

  /** What the box holds; after a vote not before the service has read as far as its receipt. */
  async function asked(tracker, after) {
    const until = Date.now() + BEHIND_MS;
    for (;;) {
      const box = await readBox(await fetchBox(tracker), setup, tracker);
      if (box.vote !== null || box.position >= after) return box;
      if (Date.now() > until) throw new Unanswered("hom.json");
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  async function look(after = 0) {
    clear();
    forget();
    const tracker = trackerIn(at("sought").value);
    mark("sought", tracker === null ? WRONG.tracker : undefined);
    if (tracker === null) return at("sought").focus();
    say("Đang tìm trong hòm…", "Looking in the box…");
    try {
      const { position, vote } = await asked(tracker, after);
      say();
      return vote === null ? missing(position) : present(vote, tracker);
    } catch (error) {
      return failed(error);
    }
  }

  function missing(position) {
    const steps = [...MISSING, ...(setup.state === "open" && setup.repeat === "last" ? [STANDING.again] : [])];
    const command = `thidua ballot check ${setup.subject} ${setup.ballot} --receipt bien-nhan.jws`;
    at("missing-told").replaceChildren(
      made("p", {}, ...both(`Đã đọc nhật ký đến vị trí ${position}.`, "The log was read up to that position.")),
      made("ol", {}, steps.map((each) => made("li", {}, ...both(...each)))),
      made("p", {}, made("code", {}, command)),
    );
    at("missing").hidden = false;
    at("missing-title").focus();
  }

  function present(vote, tracker) {
    found = { ...vote, tracker };
    at("found-title").replaceChildren(...both(...STANDING[vote.state]));
    const told = [[
      `${vote.name} (${vote.unit}), lần bỏ phiếu ${vote.sequence}. Phiếu trong hòm cho ra đúng mã theo dõi này.`,
      "The vote in the box has exactly this tracker.",
    ]];
    if (vote.state === "replaced") told.push(STANDING.stranger);
    if (vote.checked) told.push(STANDING.checked);
    at("found-told").replaceChildren(...told.map((each) => made("p", {}, ...both(...each))));
    at("affirm").hidden = vote.checked || vote.state !== "counts";
    at("affirm-key").hidden = signer?.unit === vote.unit;
    at("found").hidden = false;
    at("found-title").focus();
  }

  async function affirm() {
    clear();
    const voted = signer?.unit === found.unit ? signer : null;
    const own = voted ?? (await chosenKey("check-key", setup.keys, found.unit, WRONG.notYours));
    if (!own) return at("check-key").focus();
    say("Đang gửi xác nhận…", "Sending the confirmation…");
    try {
      sending ??= await newSending(own);
      affirmed(await sending.finish());
      signer = null;
      return forget();
    } catch (error) {
      sending = error instanceof Refused ? null : sending;
      if (!(error instanceof Refused && error.problem.code === "ALREADY_DONE")) return failed(error);
      say();
      return present({ ...found, checked: true }, found.tracker);
    }
  }

  async function newSending(own) {
    const { fingerprint, clock: time } = await fetchSetup();
    if (fingerprint !== setup.fingerprint) throw new Fault("setup/fingerprint", setup.fingerprint, "another");
    const { origin, subject, ballot } = setup;
    const data = { ballot, tracker: found.tracker };
    return new Sending(setup.door, own, { origin, type: CHECKED, subject, time, data });
  }

  function affirmed(receipt) {
    say();
    for (const id of ["look", "affirm"]) at(id).reset();
    at("done-title").replaceChildren(...both("Đã ghi xác nhận của đơn vị.", "Your unit's confirmation is recorded."));
    at("receipt").replaceChildren(
      made("p", {}, `${found.name} (${found.unit}). `, ...both(
        "Đã ký xác nhận: phiếu của đơn vị có trong hòm. Trang kết quả và biên bản kiểm phiếu đếm xác nhận này.",
        "Signed: your unit found its vote in the box. The result's page and the counting minutes count it.",
      )),
      made("p", {}, made("code", { id: "tracker" }, found.tracker)),
      made("p", {}, ...both(`Vị trí trong nhật ký: ${receipt.position}.`, "Its position in the log.")),
      made("p", {}, made("a", { href: `${setup.door}/v1/receipts/${receipt.hash}` }, ...both("Biên nhận", "Receipt"))),
    );
    show("done");
  }

  const failed = (error) => refusal(error, { malformed: OTHER_BOX, unanswered: UNANSWERED_CHECK });

  at("sought").addEventListener("input", () => {
    mark("sought");
    forget();
  });
  at("check-key").addEventListener("change", () => mark("check-key"));
  at("check-back").hidden = setup.state !== "open";
  at("check-back").addEventListener("click", () => {
    clear();
    show("choose");
  });
  onSubmit("look", "look-send", () => look());
  onSubmit("affirm", "affirm-send", affirm);

  return (voted) => {
    clear();
    forget();
    signer = voted?.signer ?? null;
    at("sought").value = voted?.tracker ?? "";
    show("check");
    return voted ? look(voted.position) : null;
  };
}
