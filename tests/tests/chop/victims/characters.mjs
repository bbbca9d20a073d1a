// Text. Wrong: each chunk is decoded by itself.
import net from "node:net";

const mended = process.argv[2] === "mended";
const server = net.createServer((socket) => {
  let text = "";
  if (mended) {
    socket.setEncoding("utf8");
  }
  socket.on("data", (chunk) => {
    text += chunk.toString();
  });
  socket.on("end", () => socket.end(text.toUpperCase()));
});
server.listen({ host: "127.0.0.1", port: 0, allowHalfOpen: true });
