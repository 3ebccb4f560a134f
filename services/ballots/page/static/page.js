/** The page: it asks for the ballot, refuses it or shows its screen, and leads from one to the next. */

import { casting } from "./casting.js";
import { checking } from "./checking.js";
import { answered, choice, fields } from "./choosing.js";
import { Encrypting } from "./encrypting.js";
import { Unanswered } from "./door.js";
import { Fault } from "./faults.js";
import { listing } from "./listing.js";
import { registering } from "./registering.js";
import { refuse, say, show } from "./screens.js";
import { FOREIGN, readSetup } from "./setup.js";
import { at, both, BROKEN, CLOSED, decision, FOREIGN_KEY, holders, made, MALFORMED, moment, tell } from "./words.js";

const SMALL = 9;

async function fetched(address) {
  let answer;
  let document;
  try {
    answer = await fetch(address, { cache: "no-store" });
    document = await answer.json();
  } catch {
    // No connection, or an answer of something that is not the service.
    throw new Unanswered(address);
  }
  if (answer.status >= 500) throw new Unanswered(address);
  if (!answer.ok) throw new Error(typeof document.title_vi === "string" ? document.title_vi : `HTTP ${answer.status}`);
  return document;
}

/** The setup as the service gives it now. */
const fetchSetup = async () => readSetup(await fetched(`/bo-phieu/cuoc.json${location.search}`));

/** What the box holds under a tracker, as the service reads the log now. */
const fetchBox = (tracker) => fetched(`/bo-phieu/hom.json${location.search}&${new URLSearchParams({ ma: tracker })}`);

function describe(setup) {
  at("name").replaceChildren(...both(setup.matter.vi, setup.matter.en));
  at("cycle").textContent = `${setup.subject}, ${setup.ballot}`;
  at("fingerprint").textContent = setup.fingerprint;
  at("sandbox").hidden = !setup.sandbox;
  if (setup.closes) tell(at("closes"), `Nhận phiếu đến ${moment(setup.closes)}`, "votes are taken until then");
}

function notes(setup) {
  const [vi, en = ""] = setup.election.description.split(" / ");
  const told = [vi ? made("p", {}, ...both(vi, en)) : ""];
  if (setup.roll.size < SMALL) {
    told.push(made("p", {}, ...both(
      `Chỉ có ${setup.roll.size} đơn vị bỏ phiếu: kết quả gần như nhất trí cũng cho biết nhiều về từng phiếu.`,
      `Only ${setup.roll.size} units vote: a result close to unanimous tells much of each vote.`,
    )));
  }
  told.push(made("p", {}, ...both(...holders(setup.trustees.groups))));
  const again = setup.repeat === "last"
    ? ["Bỏ lại được trước khi đóng hòm; phiếu cuối cùng được tính.", "You can vote again before the closing; the last vote counts."]
    : ["Chỉ bỏ được một lần; không thay phiếu.", "You vote once; the vote cannot be replaced."];
  told.push(made("p", {}, ...both(...decision(setup.election.rule))), made("p", {}, ...both(...again)));
  at("notes").replaceChildren(...told);
}

function choosing(setup, encrypting) {
  const { questions } = setup.election;
  const form = at("questions");
  notes(setup);
  at("asked").replaceChildren(...fields(questions));
  const check = checking(setup, fetchSetup, fetchBox);
  const confirm = casting(setup, encrypting, fetchSetup, check);
  at("voted").addEventListener("click", () => check());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wrong = questions.map((question, number) => !answered(form, question, number));
    wrong.forEach((is, number) => at(`q${number}`).classList.toggle("wrong-one", is));
    const summary = at("wrong");
    summary.hidden = !wrong.includes(true);
    summary.replaceChildren(
      made("p", {}, ...both("Chưa chọn đúng quy định ở:", "Not yet chosen as the rule asks:")),
      made("ul", {}, wrong.flatMap((is, number) =>
        is ? [made("li", {}, made("a", { href: `#q${number}` }, questions[number].title))] : [])),
    );
    if (!summary.hidden) return summary.focus();
    return confirm(questions.map((question, number) => choice(form, question, number)));
  });
  show("choose");
}

async function begin() {
  say("Đang lấy dữ liệu cuộc bỏ phiếu…", "Getting the ballot…");
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) {
    return refuse([
      "Trang chỉ mã hóa được qua https. Hãy mở lại bằng địa chỉ https.",
      "The page can only encrypt over https. Open it at its https address.",
    ]);
  }
  let setup;
  try {
    if (location.search === "") {
      listing(await fetched("/bo-phieu/cac-cuoc.json"));
      return say();
    }
    setup = await fetchSetup();
  } catch (error) {
    if (error instanceof Fault) return refuse(error.path === FOREIGN ? FOREIGN_KEY : MALFORMED, error.message, { instead: true });
    return refuse(["Không lấy được cuộc bỏ phiếu này.", "This ballot cannot be had."], error.message, { instead: true });
  }
  describe(setup);
  say();
  if (setup.state === "closed") {
    checking(setup, fetchSetup, fetchBox)();
    return refuse(CLOSED);
  }
  const encrypting = new Encrypting();
  return setup.state === "open" ? choosing(setup, encrypting) : registering(setup, encrypting);
}

addEventListener("unhandledrejection", ({ reason }) => refuse(BROKEN, reason instanceof Error ? reason.name : ""));
begin();
