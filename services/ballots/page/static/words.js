/** Vietnamese words with English beside, and what becomes of them on the page. */

/** The element with an id. */
export const at = (id) => document.getElementById(id);

/** A new element with text or other nodes in it. */
export function made(tag, attributes = {}, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...inside.flat());
  return node;
}

/** Words in both languages, English marked as such for screen readers. */
export function both(vi, en) {
  return [vi, " ", made("span", { lang: "en" }, en)];
}

/** Shows words in an element instead of what was there. */
export function tell(node, vi, en) {
  node.replaceChildren(...(vi ? both(vi, en) : []));
}

/** A moment as it is said in Vietnam. */
export function moment(date) {
  const how = { timeZone: "Asia/Ho_Chi_Minh", hour: "2-digit", minute: "2-digit", day: "2-digit", month: "2-digit", year: "numeric" };
  return `${new Intl.DateTimeFormat("vi-VN", how).format(date)} (giờ Việt Nam)`;
}

const BASES = {
  members: ["tổng số đơn vị thành viên", "all members"],
  present: ["số đơn vị có mặt", "those present"],
  ballots: ["số phiếu thu về", "the ballots cast"],
  valid: ["số phiếu hợp lệ", "the valid ballots"],
};

/** Who passes by the rule that stands in the election's text, and what becomes of who does not vote. */
export function decision({ base, num, den, op }) {
  const [vi, en] = BASES[base];
  const from = op === ">=" ? ["ít nhất", "at least"] : ["trên", "more than"];
  const absent = base === "members"
    ? [" Đơn vị không bỏ phiếu tính như không đồng ý.", " Who does not vote counts as not agreeing."]
    : ["", ""];
  return [`Đạt khi được ${from[0]} ${num}/${den} ${vi}.${absent[0]}`, `Passes with ${from[1]} ${num}/${den} of ${en}.${absent[1]}`];
}

/** Of which groups how many must come together before anything is opened. */
export function holders(groups) {
  const parts = groups.map(({ enough, of }) => `${enough}/${of}`);
  return [`Tổng số chỉ mở được khi đủ người giữ khóa của mọi nhóm: ${parts.join(", ")}.`, `Opened only by enough trustees of every group: ${parts.join(", ")}.`];
}

/** What is wrong with a credential, a key file or a prepared vote, for whoever typed or chose it. */
export const WRONG = {
  credential: [
    "Mã phiếu gõ chưa đúng: cần đủ 15 ký tự, kể cả ký tự kiểm tra cuối.",
    "The code is mistyped: 15 letters are needed, the last one checks the others.",
  ],
  stranger: ["Mã phiếu này không có trong danh sách cử tri của cuộc bỏ phiếu.", "This code is not on the roll of this ballot."],
  twice: [
    "Đơn vị đã bỏ phiếu; theo quy chế phiếu không được thay.",
    "The unit has voted, and by the rulebook its vote cannot be replaced.",
  ],
  noKey: ["Hãy chọn tệp khóa ký của đơn vị.", "Choose your unit's signing key file."],
  key: [
    "Tệp không phải khóa ký chưa mã hóa dạng PKCS #8 PEM của một đơn vị trong danh sách.",
    "The file is no unencrypted PKCS #8 key in PEM that is registered for a unit of the roll.",
  ],
  otherUnit: ["Khóa ký và mã phiếu là của hai đơn vị khác nhau.", "The key and the code belong to two different units."],
};

/** Why there is nothing to vote on with this setup. */
export const CLOSED = ["Hòm phiếu đã đóng; không nhận thêm phiếu.", "The box is closed; no more votes are taken."];
export const MALFORMED = [
  "Trang từ chối dữ liệu của cuộc bỏ phiếu này và không mã hóa gì. Hãy báo cho Ban kiểm phiếu; đừng bỏ phiếu tại đây.",
  "The page refuses what it was given for this ballot and encrypts nothing. Tell the counting board; do not vote here.",
];
export const FOREIGN_KEY = [
  "Khóa mã hóa của cuộc bỏ phiếu không phải khóa chung của những người giữ khóa: có người khác mở được phiếu. Trang không mã hóa gì. Hãy báo cho Ban kiểm phiếu; đừng bỏ phiếu tại đây.",
  "The election's key is not the one that its trustees hold together: somebody else could open votes. Nothing was encrypted. Tell the counting board; do not vote here.",
];
export const BROKEN = [
  "Trang gặp sự cố; phiếu chưa chắc đã được bỏ. Hãy tải lại trang; bỏ lại không thành hai phiếu được tính.",
  "The page broke down, and the vote may not be cast. Load the page again; voting again never makes two votes count.",
];
export const OTHER_RECEIPT = [
  "Biên nhận không mang mã theo dõi của phiếu đã lập. Hãy chép mã này, tìm nó trong hòm phiếu và báo cho Ban kiểm phiếu.",
  "The receipt does not name this vote's tracker. Note the tracker down, look for it in the box, and tell the counting board.",
];
export const UNANSWERED = [
  "Cổng tiếp nhận chưa trả lời. Hãy bấm lại: trang gửi đúng phiếu đó, không thành hai phiếu.",
  "The door did not answer. Press again: the very same vote is sent, never a second one.",
];
