//! For which experiments a knob means anything.

use protocol::peer::Reply;
use protocol::{System, Transport};

use crate::Experiment;

/// Everywhere.
pub(super) fn always(_: &Experiment) -> bool {
    true
}

/// Where there is a stream.
pub(super) fn stream(experiment: &Experiment) -> bool {
    experiment.transport() == Transport::Tcp
}

/// Where the server answers on a stream.
pub(super) fn replies(experiment: &Experiment) -> bool {
    stream(experiment) && experiment.rules().reply != Reply::None
}

/// Where there is a handshake.
pub(super) fn auth(experiment: &Experiment) -> bool {
    experiment.system == System::Auth
}

/// Where there is a second client.
pub(super) fn two(experiment: &Experiment) -> bool {
    experiment.clients.len() > 1
}

/// Where there is a link.
pub(super) fn has_link(experiment: &Experiment) -> bool {
    experiment.link.is_some()
}

/// Whether its messages are datagrams.
pub(super) fn datagrams(experiment: &Experiment) -> bool {
    experiment.transport() == Transport::Udp
}

/// Whether a client's kernel asks after its peer.
pub(super) fn keeps_alive(experiment: &Experiment) -> bool {
    stream(experiment)
        && experiment
            .clients
            .iter()
            .any(|client| client.keep_alive_s > 0)
}
