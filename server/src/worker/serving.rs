//! What such a process does: one run, by the requests on its standard input.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::thread;

use tokio::runtime;
use tokio::sync::mpsc::{Receiver, channel};
use trace::link::{Line, MAX_REQUEST, Request};

use super::network;
use super::said::LeftOut;
use crate::lab::{Conditions, Lab};
use crate::priority::Priority;

/// Address space of a process, in bytes.
const MEMORY: u64 = 2 * 1024 * 1024 * 1024;
/// Memory of its own that it may write to, in bytes.
const DATA: u64 = 512 * 1024 * 1024;
/// Its descriptors: three times what the largest run takes.
const DESCRIPTORS: u64 = 512;
/// Its processor time, in seconds: eight threads that keep processors busy and three that
/// never wait, for 30 s, and some more.
const PROCESSOR: u64 = 360;
/// From here on lines are written before there are more.
const PIECE: usize = 64 * 1024;

/// Serves one run from standard input to standard output, its threads with this priority.
/// Ends the process when standard input ends: whoever asked for the run is gone.
///
/// # Errors
/// Standard input has no request for a run; standard output is closed; the system has no
/// thread left.
pub fn serve(priority: Priority) -> io::Result<()> {
    // Before there is a second thread. Until the first request the process waits, perhaps for
    // long: what takes time is done by then.
    let chosen = network::Chosen::new()?;
    // Where it fails it is tried again for the run, which says why.
    let prepared = kernel::Prepared::new().ok();
    let mut input = BufReader::new(io::stdin());
    if input.fill_buf()?.is_empty() {
        // No run is wanted any more.
        return Ok(());
    }
    let first = read_line(&mut input)?;
    let (run, experiment) = match serde_json::from_slice(&first) {
        Ok(Request::Run { run, experiment }) => (run, *experiment),
        Ok(_) => return Err(wrong("the first request is for no run")),
        Err(error) => return Err(wrong(&error.to_string())),
    };
    // Before the signal of its parent's death is asked for, which new capabilities take back.
    let network = chosen.complete(experiment.link.is_some())?;
    confine();
    priority.apply();
    #[cfg(target_os = "linux")]
    if priority != Priority::Normal
        && let Err(error) = kernel::dependent::schedule_as_batch()
    {
        tracing::debug!(%error, "SCHED_BATCH");
    }
    let conditions = Conditions {
        priority,
        no_namespace: network.refused,
        restriction: network.restriction,
        prepared,
        ..Conditions::default()
    };
    let lab = match Lab::start_under(conditions, experiment, run) {
        Ok(lab) => lab,
        Err(error) => {
            let message = match run {
                0 => error.to_string(),
                run => format!("run {run}: {error}"),
            };
            return say(&Line::Error { message }.to_json());
        }
    };
    // One at a time: what is not read yet waits in the pipe.
    let (asking, asked) = channel(1);
    let reader = thread::Builder::new().name("requests".to_owned());
    reader.spawn(move || {
        while let Ok(line) = read_line(&mut input) {
            if let Ok(request) = serde_json::from_slice::<Request>(&line)
                && asking.blocking_send(request).is_err()
            {
                return;
            }
        }
        // Nobody is there any more who wants to know what comes of the run.
        std::process::exit(0);
    })?;
    let runtime = runtime::Builder::new_current_thread().build()?;
    runtime.block_on(go(lab, asked))
}

async fn go(mut lab: Lab, mut asked: Receiver<Request>) -> io::Result<()> {
    loop {
        tokio::select! {
            line = lab.line() => {
                let Some(mut line) = line else { return Ok(()) };
                let mut text = String::new();
                loop {
                    if let Line::Ended(_) = &line {
                        let left_out = lab.left_out();
                        text += &serde_json::to_string(&LeftOut { left_out })?;
                        text.push('\n');
                    }
                    text += &line.to_json();
                    text.push('\n');
                    // What is there already goes with it.
                    let next = if text.len() < PIECE { lab.line_now() } else { None };
                    match next {
                        Some(next) => line = next,
                        None => break,
                    }
                }
                write(text.as_bytes())?;
            }
            // The director bounds what is asked of the clients.
            Some(request) = asked.recv() => match request {
                Request::Send { client, sends } => lab.send(client, sends),
                Request::Part { client, bytes } => lab.part(client, bytes, None),
                Request::Close { client, after } => lab.close(client, after),
                Request::Stop => lab.stop(),
                Request::Run { .. } | Request::Watch | Request::Read { .. } => {}
            }
        }
    }
}

/// Lowers what the process may take (setrlimit(2)), and has it die with whoever started it
/// (prctl(2), PR_SET_PDEATHSIG). What the system refuses is not needed for a run.
#[cfg(unix)]
fn confine() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
            tracing::debug!(%error, "PR_SET_PDEATHSIG");
        }
    }
    for (resource, most) in [
        (Resource::As, MEMORY),
        (Resource::Data, DATA),
        (Resource::Nofile, DESCRIPTORS),
        (Resource::Cpu, PROCESSOR),
        (Resource::Core, 0),
    ] {
        let hard = getrlimit(resource).maximum;
        let most = Some(hard.map_or(most, |hard| hard.min(most)));
        let lowered = Rlimit {
            current: most,
            maximum: most,
        };
        if let Err(error) = setrlimit(resource, lowered) {
            tracing::debug!(%error, ?resource, "setrlimit");
        }
    }
}

#[cfg(not(unix))]
const fn confine() {}

/// A line with its end, at most as long as a request may be.
fn read_line(input: &mut impl io::BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let most = MAX_REQUEST as u64 + 1;
    input.take(most).read_until(b'\n', &mut line)?;
    match line.last() {
        Some(b'\n') => Ok(line),
        Some(_) => Err(wrong("a request is too long, or was cut off")),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn say(json: &str) -> io::Result<()> {
    write(format!("{json}\n").as_bytes())
}

fn write(text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()
}
