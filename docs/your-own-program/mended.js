// The chat without the bug: a message ends at its line feed, wherever a 'data' event ends.

const net = require('node:net');

const texts = process.argv.length > 2
  ? process.argv.slice(2)
  : ['hello', 'anybody?', 'bye'];
const LONGEST = 65536;

const server = net.createServer((connection) => {
  server.close();
  let pending = Buffer.alloc(0);
  connection.on('data', (data) => {
    pending = Buffer.concat([pending, data]);
    for (let end; (end = pending.indexOf('\n')) >= 0; pending = pending.subarray(end + 1)) {
      console.log('message:', JSON.parse(pending.subarray(0, end)).say);
    }
    if (pending.length > LONGEST) {
      connection.destroy(new Error(`a message of more than ${LONGEST} bytes`));
    }
  });
  connection.on('end', () => {
    if (pending.length > 0) {
      connection.destroy(new Error('the connection ended inside a message'));
    }
  });
});

server.listen(0, '127.0.0.1', () => {
  const { port, address } = server.address();
  const client = net.connect(port, address, () => {
    const say = (text) => client.write(`${JSON.stringify({ say: text })}\n`);
    say(texts[0]);
    setTimeout(() => {
      texts.slice(1).forEach(say);
      client.end();
    }, 30);
  });
});
