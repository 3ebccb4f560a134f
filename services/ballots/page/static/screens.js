/** Which screen is seen, what is refused, and where the focus goes so that a screen reader says it. */

import { at, made, tell } from "./words.js";

const SCREENS = ["list", "choose", "confirm", "register", "done"];

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

/** Takes the last refusal away. */
export function clear() {
  at("refused").hidden = true;
  at("refused").replaceChildren();
}

/** Marks a field as wrong and says why; without words the field is right again. */
export function mark(id, words) {
  at(id).setAttribute("aria-invalid", words ? "true" : "false");
  tell(at(`${id === "enrol-key" ? "enrol" : id}-wrong`), ...(words ?? []));
}
