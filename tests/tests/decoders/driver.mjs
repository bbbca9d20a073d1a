// Decodes and encodes what its input says, each line with the module that it names.

import { readFileSync } from "node:fs";

const unhex = (text) => new Uint8Array(Buffer.from(text === "-" ? "" : text, "hex"));
const hex = (bytes) => Buffer.from(bytes).toString("hex") || "-";

function decode({ Decoder, FrameError }, chunks) {
  const said = [];
  const refused = ({ kind, offset, message }) => said.push(`error ${kind} ${offset} ${message}`);
  const decoder = new Decoder(refused); // called where it goes on behind errors
  try {
    const tell = (messages) => {
      for (const message of messages) said.push(`m:${hex(message)}`);
    };
    for (const word of chunks) {
      if (word.startsWith("~")) decoder.idle(); // nobody asks what is complete with that
      const chunk = unhex(word.replace("~", ""));
      // An empty chunk is a silence, where that means something.
      tell(chunk.length === 0 && decoder.idle ? decoder.idle() : decoder.feed(chunk));
      const reply = decoder.reply?.() ?? [];
      if (reply.length > 0) {
        said.push(`r:${hex(reply)}`);
        tell(decoder.feed(new Uint8Array(0)));
      }
      said.push("/");
    }
    for (const message of decoder.finish() ?? []) said.push(`m:${hex(message)}`);
    said.push("ok");
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    refused(error);
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
