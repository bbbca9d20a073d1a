// Decodes and encodes what its input says, each line with the module that it names.

import { readFileSync } from "node:fs";

const unhex = (text) => new Uint8Array(Buffer.from(text === "-" ? "" : text, "hex"));
const hex = (bytes) => Buffer.from(bytes).toString("hex") || "-";

function decode({ Decoder, FrameError }, chunks) {
  const said = [];
  const decoder = new Decoder();
  try {
    for (const chunk of chunks) {
      for (const message of decoder.feed(unhex(chunk))) said.push(`m:${hex(message)}`);
      said.push("/");
    }
    for (const message of decoder.finish() ?? []) said.push(`m:${hex(message)}`);
    said.push("ok");
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    said.push(`error ${error.kind} ${error.offset} ${error.message}`);
  }
  return said.join(" ");
}

function encode({ encode }, message) {
  try {
    return `ok ${hex(encode(unhex(message)))}`;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return "refused";
  }
}

const said = [];
for (const line of readFileSync(0, "utf8").trim().split("\n")) {
  const [task, number, ...rest] = line.split(" ");
  const module = await import(`./m${number}.mjs`);
  said.push(task === "D" ? decode(module, rest) : encode(module, rest[0]));
}
console.log(said.join("\n"));
