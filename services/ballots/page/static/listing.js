/** Without a ballot in its address the page lists those that units can register or vote for now. */

import { items, members, oneOf, string } from "./reading.js";
import { show } from "./screens.js";
import { at, both, made, tell } from "./words.js";

const STATES = {
  registering: ["đang đăng ký mã phiếu", "voting codes are registered"],
  open: ["đang nhận phiếu", "votes are taken"],
};

/** Shows the list in a document; throws the fault for a malformed one. */
export function listing(document) {
  const { running } = members(document, "list", ["running"]);
  const links = items(running, "list/running").map((each, number) => link(each, `list/running/${number}`));
  at("running").replaceChildren(...links.map((each) => made("li", {}, each)));
  tell(at("none"), ...(links.length > 0 ? [] : ["Hiện không có cuộc bỏ phiếu kín nào.", "There is no secret ballot now."]));
  show("list");
}

function link(value, path) {
  const read = members(value, path, ["subject", "ballot", "matter", "state"]);
  const matter = members(read.matter, `${path}/matter`, ["vi", "en"]);
  for (const name of ["subject", "ballot"]) string(read[name], `${path}/${name}`);
  for (const name of ["vi", "en"]) string(matter[name], `${path}/matter/${name}`);
  const state = STATES[oneOf(read.state, `${path}/state`, Object.keys(STATES))];
  const address = `/bo-phieu?${new URLSearchParams({ nam: read.subject, phieu: read.ballot })}`;
  return [
    made("a", { href: address }, ...both(matter.vi, matter.en)),
    ` ${read.subject}, ${read.ballot}: `,
    ...both(...state),
  ];
}
