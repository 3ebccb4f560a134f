// Reads an AsyncAPI document with AsyncAPI's own parser; whatever is worse than a hint fails.
const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

const HINT = 2;
const [, , path] = process.argv;

new Parser().parse(readFileSync(path, "utf8"), { source: path }).then(({ document, diagnostics }) => {
  const faults = diagnostics.filter((found) => found.severity < HINT);
  for (const fault of faults) console.error(`${fault.path.join("/")}: ${fault.message}`);
  if (!document || faults.length) process.exit(1);
  console.log(`${path}: ${document.channels().length} channels, ${document.operations().length} operations, valid`);
});
