//! Decodes and encodes what its input says, each line with the module that it names.

fn unhex(text: &str) -> Vec<u8> {
    let text = if text == "-" { "" } else { text };
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".to_owned();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `finish` of a decoder for which the end of the stream may complete a message gives nothing.
trait Ended<E> {
    fn ended(self) -> Result<(), E>;
}

impl<E> Ended<E> for () {
    fn ended(self) -> Result<(), E> {
        Ok(())
    }
}

impl<E> Ended<E> for Result<(), E> {
    fn ended(self) -> Self {
        self
    }
}

/// Runs one line with a module.
macro_rules! run {
    ($module:ident, $goes_on:expr, $task:expr, $words:expr) => {{
        use $module::{Decoder, FrameError, encode};
        /// What a decoder has for which a silence means something. Others take these.
        trait Listens {
            fn idle(&mut self) {}
            fn reply(&mut self) -> &'static [u8] {
                b""
            }
        }
        impl Listens for Decoder {}
        fn told(error: &FrameError) -> String {
            format!("error {} {} {error}", error.kind, error.offset)
        }
        fn drain(decoder: &mut Decoder, said: &mut String) -> Result<(), FrameError> {
            loop {
                match decoder.next_message() {
                    Ok(Some(message)) => *said += &format!("m:{} ", hex(&message)),
                    Ok(None) => return Ok(()),
                    Err(error) if $goes_on => *said += &[&told(&error), " "].concat(),
                    Err(error) => return Err(error),
                }
            }
        }
        fn decode(words: &[&str], said: &mut String) -> Result<(), FrameError> {
            let mut decoder = Decoder::default();
            for word in words {
                let chunk = unhex(word.trim_start_matches('~'));
                // Behind a tilde nobody asks what is complete with the silence.
                if chunk.is_empty() || word.starts_with('~') {
                    decoder.idle();
                }
                decoder.feed(&chunk);
                drain(&mut decoder, said)?;
                let reply = decoder.reply();
                if !reply.is_empty() {
                    *said += &format!("r:{} ", hex(reply));
                    drain(&mut decoder, said)?;
                }
                *said += "/ ";
            }
            Ended::<FrameError>::ended(decoder.finish())?;
            drain(&mut decoder, said)
        }
        let words: &[&str] = $words;
        let mut said = String::new();
        if $task == "E" {
            match encode(&unhex(words[0])) {
                Ok(frame) => said += &format!("ok {}", hex(&frame)),
                Err(_) => said += "refused",
            }
        } else {
            match decode(words, &mut said) {
                Ok(()) => said += "ok",
                Err(error) => said += &told(&error),
            }
        }
        println!("{said}");
    }};
}
