/** The unit's key out of the file that was chosen in a field; what does not fit is said there. */

import { Fault } from "./faults.js";
import { mark } from "./screens.js";
import { openKey } from "./signing.js";
import { at, WRONG } from "./words.js";

/** The key in the field's file when it is registered and of `unit`, or of any unit; else nothing, `stranger` for another unit's. */
export async function chosenKey(field, known, unit, stranger) {
  const [file] = at(field).files;
  if (file === undefined) return mark(field, WRONG.noKey);
  try {
    const key = await openKey(await file.text(), known);
    if (unit !== undefined && key.unit !== unit) return mark(field, stranger);
    mark(field);
    return key;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return mark(field, WRONG.key);
  }
}
