//! What there is to inspect, of all that a byte went through.

use protocol::Offset;
use trace::Call;
use trace::lane::{Lane, Span};

/// What bytes come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// What one send handed over.
    Send,
    /// What one packet carried.
    Packet,
    /// What one recv returned.
    Recv,
    /// What the framing gave back; without header and end mark.
    Message,
}

impl Layer {
    protocol::all_variants! {
        /// All of them, in the order a byte goes through them.
        Send, Packet, Recv, Message
    }

    /// What made it; of a message the recv that completed it.
    pub const fn made(self) -> Call {
        match self {
            Self::Send => Call::Send,
            Self::Packet => Call::Segment,
            Self::Recv | Self::Message => Call::Recv,
        }
    }

    /// As the value of a choice.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Packet => "packet",
            Self::Recv => "recv",
            Self::Message => "message",
        }
    }
}

/// What there is to inspect.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The direction that it is of.
    pub lane: &'a Lane,
    /// What it is; no message.
    pub layer: Layer,
    /// Which of the lane's, from 0.
    pub number: usize,
    /// Where it lies in the lane.
    pub span: Span,
    /// The byte in it that is selected.
    pub byte: Option<Offset>,
}

impl<'a> Chunk<'a> {
    /// The chunk itself, and the others that its selected (else its first) byte came
    /// in, each with its number from 0.
    pub fn layers(&self) -> Vec<(Layer, usize)> {
        let first = (!self.span.is_empty()).then_some(self.span.start);
        let offset = self.byte.or(first);
        let way = offset.and_then(|offset| self.lane.itinerary(offset));
        let mut layers = vec![(self.layer, self.number)];
        if let Some(way) = way {
            let of = |layer, number: Option<usize>| number.map(|number| (layer, number));
            let others = [
                of(Layer::Send, way.send),
                of(Layer::Packet, way.packet),
                of(Layer::Recv, way.recv),
                of(Layer::Message, way.message.map(|(number, _)| number)),
            ];
            let others = others.into_iter().flatten();
            layers.extend(others.filter(|(layer, _)| *layer != self.layer));
        }
        layers
    }

    /// The bytes of one of [`layers`](Self::layers).
    pub(super) fn bytes(&self, (layer, number): (Layer, usize)) -> &'a [u8] {
        let lane = self.lane;
        let span = match layer {
            Layer::Send => lane.sends.get(number),
            Layer::Packet => lane.wire.get(number).map(|packet| &packet.span),
            Layer::Recv => lane.recvs.get(number),
            Layer::Message => {
                let message = lane.messages.get(number);
                return message.map_or(&[], |message| &message.frame.body);
            }
        };
        span.map_or(&[], |span| lane.slice(span.range()))
    }
}
