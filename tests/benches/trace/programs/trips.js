// Two processes send 64 bytes to and fro over loopback. Prints how long a round trip took,
// in microseconds.

const { spawn } = require('node:child_process');
const net = require('node:net');

const SIZE = 64;
const WARM = 100;
const [trips, port] = process.argv.slice(2).map(Number);
const message = Buffer.alloc(SIZE);

/** Calls `done` for each message that has come whole. */
function take(connection, done) {
  let got = 0;
  connection.setNoDelay();
  connection.on('data', (data) => {
    for (got += data.length; got >= SIZE; got -= SIZE) {
      done();
    }
  });
}

function serve() {
  const server = net.createServer((connection) => {
    server.close();
    take(connection, () => connection.write(message));
  });
  server.listen(0, '127.0.0.1', () => {
    const client = [__filename, trips, server.address().port];
    const child = spawn(process.execPath, client, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('exit', (code) => process.exit(code ?? 1));
  });
}

function call() {
  let made = 0;
  let begun;
  const connection = net.connect(port, '127.0.0.1', () => connection.write(message));
  take(connection, () => {
    made += 1;
    if (made === WARM) {
      begun = process.hrtime.bigint();
    }
    if (made === WARM + trips) {
      console.log(Number(process.hrtime.bigint() - begun) / 1e3 / trips);
      connection.end();
    } else {
      connection.write(message);
    }
  });
}

if (port) {
  call();
} else {
  serve();
}
