// Gửi một sự kiện đã ký lên cổng tiếp nhận bằng Node 20, không cần gói nào. / Publish one signed event with Node 20 alone.
//
//     node publish.mjs TYPE SUBJECT DATA.json
//
// THIDUA_URL, THIDUA_ORIGIN, THIDUA_KEY (PEM), THIDUA_KID, THIDUA_SOURCE, THIDUA_DOOR_KEY (PEM): shared/README.md.
// Kết thúc / exit: 0 đã ghi / recorded, 3 bị từ chối / refused, 1 chưa vào sổ / not in the log.
import { createHash, createPublicKey, randomUUID, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const { THIDUA_URL, THIDUA_ORIGIN, THIDUA_KEY, THIDUA_KID, THIDUA_SOURCE, THIDUA_DOOR_KEY } = process.env;
// A file that cannot be read, or is not what it should be: one line.
process.on("uncaughtException", (fault) => {
  console.error(`LỖI / error: ${fault.message}`);
  process.exit(1);
});
if (process.argv.length !== 5) throw new Error("Cách dùng / usage: publish.mjs TYPE SUBJECT DATA.json");
const [type, subject, file] = process.argv.slice(2);
const service = type.split(".")[1];

const b64u = (raw) => Buffer.from(raw).toString("base64url");
const sha256u = (raw) => createHash("sha256").update(raw).digest("base64url");
const unjson = (part) => JSON.parse(Buffer.from(part, "base64url"));

// An error's body, too: it says in Vietnamese what to mend.
async function ask(path, options) {
  try {
    return await (await fetch(THIDUA_URL.replace(/\/$/, "") + path, options)).text();
  } catch (error) {
    console.error(`KHÔNG NỐI ĐƯỢC cổng tiếp nhận ${THIDUA_URL}: ${error.cause ?? error}`);
    process.exit(1);
  }
}

function notInTheLog(told) {
  console.log(`CHƯA VÀO SỔ: ${told.title_vi ?? "chưa xét xong"}. ${told.detail_vi ?? ""}`);
  console.log(`Cách sửa: ${told.fix_vi ?? `hỏi lại tại ${told.receipt}`}`);
  process.exit(1);
}

// Node gives r and s with 32 bytes each ("ieee-p1363"); of s and n - s only the smaller one is taken.
function es256(input) {
  const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const raw = sign("sha256", input, { key: readFileSync(THIDUA_KEY), dsaEncoding: "ieee-p1363" });
  const s = BigInt("0x" + raw.toString("hex", 32));
  const low = (s > n / 2n ? n - s : s).toString(16).padStart(64, "0");
  return Buffer.concat([raw.subarray(0, 32), Buffer.from(low, "hex")]);
}

// The receipt signed by the door says the same as the answer.
async function receiptHolds(told, hash) {
  const [header, payload, signature] = (await ask(`/v1/receipts/${hash}?signed=true`)).split(".");
  const key = createPublicKey(readFileSync(THIDUA_DOOR_KEY));
  if (!verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature ?? "", "base64url"))) return false;
  const receipt = unjson(payload);
  const wanted = { ...told, hash, origin: THIDUA_ORIGIN };
  const members = ["hash", "origin", "position", "entry_hash", "outcome"];
  return unjson(header).typ === "thidua-receipt+jws" && told.hash === hash && members.every((name) => receipt[name] === wanted[name]);
}

const asked = JSON.parse(await ask(`/v1/keys/${THIDUA_KID}/head?service=${service}`));
const head = asked.heads?.[service] ?? notInTheLog(asked);
const event = {
  specversion: "1.0",
  id: randomUUID(),
  source: THIDUA_SOURCE,
  type,
  subject,
  time: new Date().toISOString(),
  datacontenttype: "application/json",
  aud: THIDUA_ORIGIN,
  seq: head.seq + 1,
  prev: head.hash ?? sha256u(""),
  data: JSON.parse(readFileSync(file, "utf8")),
};
const header = { alg: "ES256", kid: THIDUA_KID, typ: "thidua-event+jws" };
const input = `${b64u(JSON.stringify(header))}.${b64u(JSON.stringify(event))}`;
const hash = sha256u(input);
const body = `${input}.${b64u(es256(Buffer.from(input)))}`;
const headers = { "Content-Type": "application/jose", Prefer: "wait=10" };
const told = JSON.parse(await ask("/v1/events", { method: "POST", headers, body }));

if (told.position === undefined) notInTheLog(told);
if (told.outcome === "recorded") console.log(`ĐÃ GHI NHẬN tại vị trí ${told.position}, lúc ${told.rx}.`);
else console.log(`BỊ TỪ CHỐI tại vị trí ${told.position}: ${told.title_vi}. ${told.detail_vi}\nCách sửa: ${told.fix_vi}`);
if (!(await receiptHolds(told, hash))) {
  console.error("BIÊN NHẬN KHÔNG ĐÚNG: hãy báo người vận hành");
  process.exit(1);
}
console.log(`Biên nhận đúng, có chữ ký của cổng: ${hash}`);
process.exitCode = told.outcome === "recorded" ? 0 : 3;
