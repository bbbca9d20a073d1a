//! What bounds an experiment: those of each knob, and those of all of it together.

use emulation::MAX_MTU;
use protocol::{Framing, System, Transport};

use crate::experiment::{
    MAX_BUFFER, MAX_CLIENTS, MAX_CONNECTIONS, MAX_FRAMED, MAX_MESSAGE, MAX_PIECES, MAX_SIZES,
    MAX_TOTAL,
};
use crate::knob::Knob;
use crate::{Answer, ClientId, Experiment, ExperimentError, IpVersion};

/// RFC 8200, 5.
const LEAST_MTU_OF_IPV6: usize = 1_280;

impl Experiment {
    /// Refuses what would be too big, too long or impossible. Whoever runs an
    /// experiment from elsewhere calls this first.
    pub fn validate(&self) -> Result<(), ExperimentError> {
        if self.clients.is_empty() || self.clients.len() > MAX_CLIENTS {
            return Err(ExperimentError::Clients(self.clients.len()));
        }
        if self.transport() == Transport::Udp {
            match self.framing {
                None | Some(Framing::None) => {}
                Some(_) => return Err(ExperimentError::Datagrams("framing")),
            }
        }
        for knob in Knob::ALL {
            knob.validate(self)?;
        }
        let range = ExperimentError::range;
        if let (IpVersion::V6, Some(link)) = (self.ip, &self.link) {
            range(
                "mtu",
                link.mtu as usize,
                LEAST_MTU_OF_IPV6,
                MAX_MTU as usize,
            )?;
        }
        range("recv-sizes", self.recv_sizes.len(), 0, MAX_SIZES)?;
        for size in &self.recv_sizes {
            range("recv-sizes", *size as usize, 1, MAX_BUFFER as usize)?;
        }
        self.validate_answers()?;
        let (mut total, mut framed, mut pieces, mut connections) = (0, 0, 0, 0);
        for (client, id) in self.clients.iter().zip(ClientId::ALL) {
            connections += usize::from(client.connections);
            let most = usize::from(MAX_CONNECTIONS) + 1;
            range("connections in all", connections, 1, most)?;
            for message in &client.messages {
                range("message length", message.len(), 0, MAX_MESSAGE)?;
                total += message.len();
            }
            range("bytes in all", total, 0, MAX_TOTAL)?;
            let framing = self.client_rules(client).framing;
            framing.validate().map_err(ExperimentError::Framing)?;
            for (index, message) in client.messages.iter().enumerate() {
                if let Some(error) = message.mistake() {
                    return Err(ExperimentError::NoMessage {
                        client: id,
                        message: index + 1,
                        error,
                    });
                }
                // A delimiter inside a message is sent as it is: that is what happens then.
                let parts = framing.parts_unchecked(&message.bytes());
                let parts = parts.map_err(|error| ExperimentError::Message {
                    client: id,
                    message: index + 1,
                    error,
                })?;
                framed += parts.header.len() + parts.body.len();
                range("bytes in all, framed", framed, 0, MAX_FRAMED)?;
                if client.piece > 0 {
                    let piece = client.piece as usize;
                    pieces += parts.header.len().div_ceil(piece) + parts.body.len().div_ceil(piece);
                    range("pieces in all", pieces, 0, MAX_PIECES)?;
                }
            }
        }
        Ok(())
    }

    /// Who replays an answer needs another client that gives one.
    fn validate_answers(&self) -> Result<(), ExperimentError> {
        let answers = |answer| {
            let found = self.clients.iter().position(|c| c.answer == answer);
            found.filter(|_| self.system == System::Auth)
        };
        match (answers(Answer::Replayed), answers(Answer::Own)) {
            (Some(index), None) => Err(ExperimentError::NothingToReplay(ClientId::ALL[index])),
            _ => Ok(()),
        }
    }
}
