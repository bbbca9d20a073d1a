// JSON lines. Wrong: a "data" event is one value.
import net from "node:net";

const mended = process.argv[2] === "mended";
const server = net.createServer((socket) => {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("error", () => {});
  const answer = (line) => socket.write(`${JSON.parse(line).n + 1};`);
  socket.on("data", (chunk) => {
    if (!mended) {
      try {
        answer(chunk);
      } catch {
        socket.destroy();
      }
      return;
    }
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    lines.forEach(answer);
  });
  socket.on("end", () => socket.end());
});
server.listen(0, "127.0.0.1");
