/** The first screen: the questions as fields, and the choice that is made in them. */

import { allows } from "./election.js";
import { both, made } from "./words.js";

const NOBODY = ["Không chọn tên nào", "None of them"];
const BLANK = ["Không có ý kiến", "No opinion"];
const ENGLISH = { "Đồng ý": "Agree", "Không đồng ý": "Disagree" };

/** Fields for all questions, in their order. */
export function fields(questions) {
  return questions.map((question, number) => field(question, number));
}

/** The choice in the fields of a question: one 0 or 1 for each answer, before them for the blank. */
export function choice(form, question, number) {
  const marked = new Set(
    [...form.querySelectorAll(`input[name="q${number}"]:checked`)].map((input) => input.value),
  );
  const answers = question.answers.map((_, at) => (marked.has(`${at}`) ? 1 : 0));
  return question.blank ? [marked.has("blank") ? 1 : 0, ...answers] : answers;
}

/** Whether a question is answered by its own rule; one that shows "none of them" wants that marked. */
export function answered(form, question, number) {
  const some = form.querySelector(`input[name="q${number}"]:checked`) !== null;
  return (some || !hasNobody(question)) && allows(question, choice(form, question, number));
}

/** A choice in words, for the second screen. */
export function inWords(question, chosen) {
  if (question.blank && chosen[0] === 1) return [made("li", {}, both(...BLANK))];
  const answers = question.blank ? chosen.slice(1) : chosen;
  const named = question.answers.filter((_, at) => answers[at] === 1);
  return named.length > 0 ? named.map((name) => made("li", {}, worded(name))) : [made("li", {}, both(...NOBODY))];
}

/** An answer as it stands in the election, with English beside where the library made the words. */
const worded = (answer) => (Object.hasOwn(ENGLISH, answer) ? both(answer, ENGLISH[answer]) : [answer]);

/** What a question asks for: how many answers may be marked. */
export function limits({ answers, least, most, blank }) {
  if (most === 1) return ["Chọn một.", "Mark one."];
  if (least === 0 && most === answers.length && !blank) {
    return ["Đánh dấu những tên đồng ý; không đánh dấu là không đồng ý.", "Mark all you agree with."];
  }
  const none = blank ? [", hoặc “Không có ý kiến”.", ", or “No opinion”."] : [".", "."];
  if (least === most) return [`Chọn đúng ${most}${none[0]}`, `Mark exactly ${most}${none[1]}`];
  const from = least > 0 ? [`ít nhất ${least}, `, `at least ${least} and `] : ["", ""];
  return [`Chọn ${from[0]}nhiều nhất ${most}${none[0]}`, `Mark ${from[1]}at most ${most}${none[1]}`];
}

const hasNobody = (question) => question.most === 1 && question.least === 0 && !question.blank;

function field(question, number) {
  const single = question.most === 1;
  const name = `q${number}`;
  const option = (value, words, kind = "") => {
    const id = `${name}-${value}`;
    const input = made("input", { type: single ? "radio" : "checkbox", id, name, value });
    return made("div", { class: `option ${kind}` }, input, made("label", { for: id }, words));
  };
  const options = question.answers.map((answer, at) => option(`${at}`, worded(answer)));
  if (question.blank) options.push(option("blank", both(...BLANK), "blank"));
  if (hasNobody(question)) options.push(option("nobody", both(...NOBODY), "blank"));
  const rule = made("p", { class: "rule", id: `${name}-rule` }, both(...limits(question)));
  const whole = made(
    "fieldset", { id: name, "aria-describedby": `${name}-rule`, tabindex: "-1" },
    made("legend", {}, question.title), rule, options,
  );
  if (!single && question.blank) whole.addEventListener("change", ({ target }) => onlyOne(whole, target));
  return whole;
}

/** No opinion and a name exclude each other: marking the one takes the other back. */
function onlyOne(whole, marked) {
  if (!marked.checked) return;
  for (const input of whole.querySelectorAll("input")) {
    if ((input.value === "blank") !== (marked.value === "blank")) input.checked = false;
  }
}
