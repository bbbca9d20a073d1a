// A server and a client in one process of Node. Streams join and cut what calls pass, so
// that only all bytes of each end are said.
const net = require("node:net");

const all = { acceptor: { send: "", recv: "" }, opener: { send: "", recv: "" } };

const server = net.createServer((socket) => {
  socket.on("data", (data) => {
    all.acceptor.recv += data.toString("hex");
    const reply = Buffer.from(data.toString().toUpperCase());
    all.acceptor.send += reply.toString("hex");
    socket.write(reply);
  });
  socket.on("end", () => socket.end());
});

server.listen(0, "127.0.0.1", () => {
  const client = net.connect(server.address().port, "127.0.0.1");
  const messages = ["hello", "x".repeat(3000), "bye"];
  let wanted = 0;
  const next = () => {
    const message = messages.shift();
    if (message === undefined) return client.end();
    wanted = message.length;
    all.opener.send += Buffer.from(message).toString("hex");
    client.write(message);
  };
  client.on("connect", next);
  client.on("data", (data) => {
    all.opener.recv += data.toString("hex");
    wanted -= data.length;
    if (wanted === 0) next();
  });
  client.on("close", () => {
    server.close();
    for (const end of Object.keys(all))
      for (const call of Object.keys(all[end])) console.log(end, call, all[end][call]);
  });
});
