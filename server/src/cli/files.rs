//! Messages that are in files, as in `--set messages=file:PATH`.

use std::fs::File;
use std::io::Read as _;

use anyhow::{Context as _, Result, bail};
use trace::experiment::{MAX_MESSAGE, MAX_TOTAL};
use trace::{Experiment, Message};

/// Puts what the files hold in place of the messages that name them. Each file is read
/// up to the largest message ([`MAX_MESSAGE`]), and all of them up to what clients may send
/// together ([`MAX_TOTAL`]).
///
/// # Errors
/// A file that can't be read or is too large, by its name.
pub(super) fn read(experiment: &mut Experiment) -> Result<()> {
    let mut total = 0;
    let clients = &mut experiment.clients;
    for message in clients.iter_mut().flat_map(|client| &mut client.messages) {
        let Some((path, times)) = message.file() else {
            continue;
        };
        let file = File::open(path).with_context(|| format!("cannot read {path}"))?;
        let mut bytes = Vec::new();
        let most = file.take(MAX_MESSAGE as u64 + 1).read_to_end(&mut bytes);
        most.with_context(|| format!("cannot read {path}"))?;
        if bytes.len() > MAX_MESSAGE {
            bail!("{path} is no message: it has more than {MAX_MESSAGE} bytes");
        }
        total += bytes.len();
        if total > MAX_TOTAL {
            bail!("{path} is one too many: clients send at most {MAX_TOTAL} bytes together");
        }
        let one = Message::of(&bytes);
        *message = match times {
            1 => one,
            times => Message(format!("{}×{times}", one.0)),
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::System;
    use std::io::Write as _;

    fn check(content: &[u8], behind: &str, expected: &str) {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(content).expect("it is written");
        let path = file.path().display();
        let text = format!("file:{path}{behind}");
        let mut experiment = Experiment::new(System::Sink, &["first", &text]);
        read(&mut experiment).expect("it is read");
        assert_eq!(experiment.clients[0].messages[1].0, expected);
    }

    #[test]
    fn a_file_is_a_message() {
        check(b"two\nlines\n", "", "two\nlines\n");
        check(b"", "", "");
        check(b"\xff\x00", "×2", "hex:ff00×2");
        // What would be taken for something else.
        check(b"hex:", "", "hex:6865783a");
        check("a×3".as_bytes(), "", "hex:61c39733");
        check(b"5x1B", "", "hex:35783142");
    }

    #[test]
    fn a_file_without_end_is_refused() {
        let mut experiment = Experiment::new(System::Sink, &["file:/dev/zero"]);
        let error = read(&mut experiment).unwrap_err().to_string();
        assert_eq!(
            error,
            "/dev/zero is no message: it has more than 262144 bytes"
        );
        let mut experiment = Experiment::new(System::Sink, &["file:/none"]);
        let error = read(&mut experiment).unwrap_err().to_string();
        assert_eq!(error, "cannot read /none");
    }
}
