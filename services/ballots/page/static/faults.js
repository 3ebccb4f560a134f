/** What the page refuses to work with, by the name of the place. */

/** A text is not what it must be; `path` names the place, `given` never holds a choice or a secret. */
export class Fault extends Error {
  constructor(path, expected, given) {
    super(`${path}: cần / expected ${expected}, nhận được / given ${given}`);
    this.name = "Fault";
    this.path = path;
    this.expected = expected;
    this.given = given;
  }
}

/** Throws the fault unless it holds. */
export function need(holds, path, expected, given) {
  if (!holds) throw new Fault(path, expected, given);
}

/** Text as ASCII, cut to what fits a message. */
export function shown(value) {
  const text = String(value);
  const plain = [...text.slice(0, 40)].map((letter) =>
    letter >= " " && letter <= "~" ? letter : `\\u{${letter.codePointAt(0).toString(16)}}`,
  );
  return `'${plain.join("")}'${text.length > 40 ? "…" : ""}`;
}
