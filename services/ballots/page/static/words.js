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
  tracker: [
    "Mã theo dõi chưa đúng dạng: cần đủ 43 ký tự A–Z a–z 0–9 + /.",
    "This is no tracker: 43 characters A–Z a–z 0–9 + / are needed.",
  ],
  notYours: [
    "Khóa ký không phải của đơn vị đã bỏ phiếu này; chỉ đơn vị đó xác nhận được.",
    "The key is not of the unit whose vote this is; that unit alone confirms it.",
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

/** How a vote stands that was found in the box, and what follows from it. */
export const STANDING = {
  counts: ["Phiếu có trong hòm và được tính.", "The vote is in the box, and counts."],
  replaced: ["Phiếu có trong hòm, đã thay bằng phiếu sau của đơn vị.", "The vote is in the box; a later one of the unit replaced it."],
  void: ["Phiếu có trong hòm, nhưng cuộc bỏ phiếu đã hủy.", "The vote is in the box, but the ballot is void."],
  stranger: [
    "Hãy tìm và xác nhận phiếu sau. Nếu đơn vị không bỏ lại thì báo ngay cho Ban kiểm phiếu: có người khác giữ mã và khóa của đơn vị.",
    "Look for the later one. If your unit cast none, tell the counting board at once: somebody else holds your code and key.",
  ],
  checked: ["Đơn vị đã xác nhận phiếu này; không cần làm gì thêm.", "Your unit has confirmed this vote; nothing more is to be done."],
  again: [
    "Hòm còn mở: đơn vị bỏ lại được, sau khi đã cất biên nhận cũ.",
    "The box is open: your unit can vote again, once the old receipt is kept.",
  ],
};
/** What to do for a vote that is not in the box. */
export const MISSING = [
  ["So lại từng ký tự với bản đã chép, cả chữ hoa và chữ thường. Vừa bỏ xong thì tìm lại sau ít giây.", "Compare every character, capitals too; right after voting try again in some seconds."],
  [
    "Vẫn không có thì báo ngay cho Ban kiểm phiếu và Cụm trưởng, và cho họ xem mã theo dõi cùng biên nhận có chữ ký.",
    "Still not there: tell the counting board and the chair at once, and show them the tracker and the signed receipt.",
  ],
  [
    "Biên nhận chứng minh được: cổng đã ký rằng phiếu ở trong nhật ký. Ai cũng kiểm lại được trên bản kho lưu bằng lệnh dưới đây.",
    "The receipt is proof: the door signed that the vote is in the log. Anybody can check it on a copy of the archive with this command.",
  ],
];
export const OTHER_BOX = [
  "Câu trả lời không khớp mã theo dõi hoặc cuộc bỏ phiếu này; chưa xác nhận gì. Hãy chụp màn hình, giữ biên nhận và báo cho Ban kiểm phiếu.",
  "The answer fits neither this tracker nor this ballot; nothing was confirmed. Keep a picture of this and the receipt, and tell the counting board.",
];
export const UNANSWERED_CHECK = [
  "Chưa có trả lời. Hãy bấm lại: xác nhận không thành hai lần.",
  "No answer. Press again: nothing is confirmed twice.",
];
