/** Which screen is seen, what is refused, and where the focus goes so that a screen reader says it. */

import { Refused, Unanswered } from "./door.js";
import { Fault } from "./faults.js";
import { at, made, MALFORMED, tell, UNANSWERED } from "./words.js";

const SCREENS = ["list", "choose", "confirm", "register", "check", "done"];

/** Shows one screen and puts the focus on its heading. */
export function show(name) {
  for (const each of SCREENS) at(each).hidden = each !== name;
  const heading = at(`${name}-title`);
  document.title = `${heading.firstChild.textContent.trim()} – Bỏ phiếu kín`;
  heading.focus();
}

/** Says what happens now, also to screen readers. */
export function say(vi, en) {
  tell(at("status"), vi, en);
}

/** Shows a refusal in place of every screen, or above the one that is seen. */
export function refuse(words, detail = "", { instead = false } = {}) {
  if (instead) for (const each of SCREENS) at(each).hidden = true;
  say();
  const [vi, en] = words;
  const box = at("refused");
  box.replaceChildren(made("p", {}, vi), made("p", { lang: "en" }, en));
  if (detail) box.append(made("p", {}, made("code", {}, detail)));
  box.hidden = false;
  box.focus();
}

/** Says why the page, the service or the door did not go on; whatever is none of these is thrown on. */
export function refusal(error, { malformed = MALFORMED, unanswered = UNANSWERED } = {}) {
  if (error instanceof Refused) {
    const { problem } = error;
    return refuse([`${problem.title_vi}. ${problem.fix_vi}`, `${problem.title_en}. ${problem.fix_en}`], problem.code);
  }
  if (error instanceof Fault) return refuse(malformed, error.message);
  if (error instanceof Unanswered) return refuse(unanswered);
  throw error;
}

/** Does a form's work when it is sent, and never twice at a time. */
export function onSubmit(form, button, work) {
  let busy = false;
  at(form).addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    at(button).setAttribute("aria-disabled", "true");
    try {
      await work();
    } finally {
      busy = false;
      at(button).setAttribute("aria-disabled", "false");
    }
  });
}

/** Takes the last refusal away. */
export function clear() {
  at("refused").hidden = true;
  at("refused").replaceChildren();
}

/** Marks a field as wrong and says why; without words the field is right again. */
export function mark(id, words) {
  at(id).setAttribute("aria-invalid", words ? "true" : "false");
  tell(at(`${id}-wrong`), ...(words ?? []));
}
