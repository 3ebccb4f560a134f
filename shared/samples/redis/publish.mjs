// Gửi một sự kiện đã ký thẳng vào Redis bằng Node 20, không cần gói nào. / Publish one signed event straight into Redis, Node 20 alone.
//
//     node publish.mjs TYPE SUBJECT DATA.json
//
// THIDUA_REDIS host:port, THIDUA_REDIS_PASSWORD (tệp / file), THIDUA_HEADS (tệp giữ đầu chuỗi / file that keeps the chain's
// heads), THIDUA_ORIGIN, THIDUA_KEY (PEM), THIDUA_KID, THIDUA_SOURCE: shared/README.md.
// Kết thúc / exit: 0 đã ghi / recorded, 3 bị từ chối / refused, 1 chưa vào sổ / not in the log.
import { createHash, randomUUID, sign } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect } from "node:net";

const { THIDUA_REDIS, THIDUA_REDIS_PASSWORD, THIDUA_HEADS, THIDUA_ORIGIN, THIDUA_KEY, THIDUA_KID, THIDUA_SOURCE } = process.env;
// A file that cannot be read, or is not what it should be: one line.
process.on("uncaughtException", (fault) => {
  console.error(`LỖI / error: ${fault.message}`);
  process.exit(1);
});
if (process.argv.length !== 5) throw new Error("Cách dùng / usage: publish.mjs TYPE SUBJECT DATA.json");
const [type, subject, file] = process.argv.slice(2);
const service = type.split(".")[1];
const unit = THIDUA_SOURCE.split("/").pop();
const [IN, RECEIPTS] = [`{p0}:in:${unit}`, `{p0}:receipts:${unit}`];

const b64u = (raw) => Buffer.from(raw).toString("base64url");
const sha256u = (raw) => createHash("sha256").update(raw).digest("base64url");

// Redis' protocol (RESP2) over one connection; a program uses its Redis library.
const [host, port] = THIDUA_REDIS.split(":");
const socket = connect(Number(port), host);
const chunks = socket[Symbol.asyncIterator]();
let buffer = Buffer.alloc(0);

socket.on("error", (error) => {
  console.error(`KHÔNG NỐI ĐƯỢC Redis ${THIDUA_REDIS}: ${error.message}`);
  process.exit(1);
});

async function take(length) {
  while (buffer.length < length) {
    const { value, done } = await chunks.next();
    if (done) socket.destroy(new Error("đóng kết nối / closed the connection"));
    buffer = Buffer.concat([buffer, value]);
  }
  const taken = buffer.subarray(0, length);
  buffer = buffer.subarray(length);
  return taken.toString();
}

async function answer() {
  let line = "";
  while (!line.endsWith("\r\n")) line += await take(1);
  const [kind, rest] = [line[0], line.slice(1, -2)];
  if (kind === "-") {
    console.error(`Redis từ chối / refuses: ${rest}`);
    process.exit(1);
  }
  if (kind === "+") return rest;
  const size = Number(rest);
  if (kind === ":") return size;
  if (size < 0) return null;
  if (kind === "$") return (await take(size + 2)).slice(0, -2);
  const items = [];
  for (let i = 0; i < size; i++) items.push(await answer());
  return items;
}

async function redis(...words) {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  socket.write(`*${words.length}\r\n${parts.join("")}`);
  return answer();
}

// r and s with 32 bytes each ("ieee-p1363"); of s and n - s only the smaller one is taken.
function es256(input) {
  const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const raw = sign("sha256", Buffer.from(input), { key: readFileSync(THIDUA_KEY), dsaEncoding: "ieee-p1363" });
  const s = BigInt("0x" + raw.toString("hex", 32));
  const low = (s > n / 2n ? n - s : s).toString(16).padStart(64, "0");
  return Buffer.concat([raw.subarray(0, 32), Buffer.from(low, "hex")]);
}

// Whoever publishes past the door keeps its own heads: one key has one writer.
const heads = existsSync(THIDUA_HEADS) ? JSON.parse(readFileSync(THIDUA_HEADS, "utf8")) : {};

function keep(head) {
  writeFileSync(`${THIDUA_HEADS}.new`, JSON.stringify({ ...heads, [service]: head }));
  renameSync(`${THIDUA_HEADS}.new`, THIDUA_HEADS);
}

const head = heads[service] ?? { seq: 0, hash: sha256u("") };
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
  prev: head.hash,
  data: JSON.parse(readFileSync(file, "utf8")),
};
const input = `${b64u(JSON.stringify({ alg: "ES256", kid: THIDUA_KID, typ: "thidua-event+jws" }))}.${b64u(JSON.stringify(event))}`;
const hash = sha256u(input);

await redis("AUTH", `publisher-${unit}`, readFileSync(THIDUA_REDIS_PASSWORD, "utf8").trim());
// Receipts that stand there already are of earlier events.
const earlier = await redis("XREVRANGE", RECEIPTS, "+", "-", "COUNT", "1");
let after = earlier[0]?.[0] ?? "0-0";
await redis("XADD", IN, "*", "e", `${input}.${b64u(es256(input))}`);

let receipt;
const deadline = Date.now() + 10_000;
while (receipt === undefined && Date.now() < deadline) {
  const read = await redis("XREAD", "BLOCK", "1000", "STREAMS", RECEIPTS, after);
  for (const [id, fields] of read?.[0][1] ?? []) {
    after = id;
    const told = Object.fromEntries(fields.flatMap((name, i) => (i % 2 ? [] : [[name, fields[i + 1]]])));
    if (told.hash === hash) receipt = told;
  }
}
socket.end();

if (receipt === undefined) {
  console.log("CHƯA CÓ BIÊN NHẬN sau 10 giây: hãy gửi lại chính sự kiện này");
  process.exitCode = 1;
} else if (receipt.answer !== undefined) {
  const told = JSON.parse(receipt.answer);
  console.log(`CHƯA VÀO SỔ: ${told.code} ${told.title_vi ?? ""}. ${told.detail_vi ?? ""}\nCách sửa: ${told.fix_vi ?? JSON.stringify(told.facts)}`);
  process.exitCode = 1;
} else {
  keep({ seq: event.seq, hash });
  if (receipt.outcome === "recorded") console.log(`ĐÃ GHI NHẬN tại vị trí ${receipt.position}.`);
  else console.log(`BỊ TỪ CHỐI tại vị trí ${receipt.position}: ${receipt.code}. Xem / see GET /v1/refusals/${receipt.code}`);
  console.log(`Biên nhận đúng: ${hash}`);
  process.exitCode = receipt.outcome === "recorded" ? 0 : 3;
}
