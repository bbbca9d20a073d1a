// A chat with a bug: the server takes what one 'data' event carries for one message.

const net = require('node:net');

const texts = process.argv.length > 2
  ? process.argv.slice(2)
  : ['hello', 'anybody?', 'bye'];

const server = net.createServer((connection) => {
  server.close();
  connection.on('data', (data) => {
    try {
      console.log('message:', JSON.parse(data).say);
    } catch (error) {
      console.log('dropped:', error.message);
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
