//! Pieces that come by chance in a run as is: what a program does for them is no reason to mask it.

use super::victim::{Bench, trace};

/// Takes a number and a line feed, and then as many bytes; what comes with the number it drops. As
/// is the last byte comes alone; in the runs whose numbers stand behind the file it comes with the
/// others, as it does where the program is slow.
const SERVER: &str = "\
import array, fcntl, os, socket, sys, termios, time
with open(sys.argv[1], 'a+') as runs:
    runs.write('x')
    runs.flush()
    number = os.fstat(runs.fileno()).st_size
server = socket.create_server(('127.0.0.1', 0))
conn, _ = server.accept()
if str(number) in sys.argv[2:]:
    conn.sendall(b'k')
    arrived = array.array('i', [0])
    while arrived[0] < 8:
        time.sleep(0.001)
        fcntl.ioctl(conn, termios.FIONREAD, arrived)
    data = conn.recv(1024)
else:
    data = b''
    while b'\\n' not in data:
        data += conn.recv(1024)
    conn.sendall(b'k')
count = int(data.split(b'\\n')[0])
rest = b''
while len(rest) < count and (more := conn.recv(1024)):
    rest += more
print('got', rest[:count].decode())
";

#[test]
fn what_a_run_as_is_does_for_its_pieces_is_not_masked() {
    // The second run, with which the first one is compared; the first one, with which all are; and
    // the first one in which it is seen whether a difference is there as is, too.
    for (numbers, moot) in [(&["2"][..], 1), (&["1"], 1), (&["4", "5"], 2)] {
        let bench = Bench::new();
        let server = bench.write("server.py", SERVER);
        let runs = bench.write("runs", "");
        let steps = trace(&[(0, b"5\nhello"), (1, b"!")]);
        let steps = bench.write("client.jsonl", &steps);
        let command = [&["python3", "-B", &server, &runs], numbers].concat();
        // The schedule takes the number alone, and is the third run where the first two are alike.
        let flags = ["--replay", &steps, "--jobs", "1", "--schedule", "c1:2"];
        let judged = bench.chop(&flags, &command);
        assert_eq!(judged.code, Some(1), "{numbers:?}: {judged:#?}");
        let told = judged.of_type("judged")[0];
        assert_eq!(told["masked"], 0, "{numbers:?}: {judged:#?}");
        assert_eq!(told["other-pieces"], moot, "{numbers:?}: {judged:#?}");
    }
}
