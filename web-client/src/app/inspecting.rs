//! What there is to inspect: the selected, else the current chunk; and what of it is
//! copied.

use trace::Call;

use super::chunk::{Chunk, Layer};
use super::{ChunkCopied, Effect, State};
use crate::literal::{self, Notation};
use crate::scene::Target;

impl State {
    /// The chunk of the selected byte, else of the event in focus.
    pub fn chunk(&self) -> Option<Chunk<'_>> {
        let analysis = self.analysis();
        if let Some(Target::Byte {
            connection,
            direction,
            offset,
        }) = self.selection
        {
            let lane = analysis.lane(connection, direction)?;
            let way = lane.itinerary(offset)?;
            let (layer, number, span) = match (way.recv, way.send) {
                (Some(recv), _) => (Layer::Recv, recv, lane.recvs[recv]),
                (None, Some(send)) => (Layer::Send, send, lane.sends[send]),
                (None, None) => return None,
            };
            return Some(Chunk {
                lane,
                layer,
                number,
                span,
                byte: Some(offset),
            });
        }
        let (index, event) = self.focus()?;
        let lane = analysis.lane_of(event)?;
        let (layer, number, span) = if event.call.is_packet() {
            let packets = &lane.wire;
            let number = packets.binary_search_by_key(&index, |packet| packet.span.event);
            let number = number.ok()?;
            (Layer::Packet, number, packets[number].span)
        } else {
            let (layer, spans) = if event.call == Call::Send {
                (Layer::Send, &lane.sends)
            } else {
                (Layer::Recv, &lane.recvs)
            };
            let number = spans.binary_search_by_key(&index, |span| span.event).ok()?;
            (layer, number, spans[number])
        };
        Some(Chunk {
            lane,
            layer,
            number,
            span,
            byte: None,
        })
    }

    /// What is copied: of the chunk's layers the chosen one, else the chunk itself.
    pub fn copied_layer(&self) -> Option<(Layer, usize)> {
        let layers = self.chunk()?.layers();
        let chosen = layers
            .iter()
            .find(|(layer, _)| Some(*layer) == self.copied_layer);
        chosen.or(layers.first()).copied()
    }

    /// What became of the chunk that was copied last.
    pub const fn chunk_copied(&self) -> Option<ChunkCopied> {
        self.chunk_copied
    }

    /// Has the chunk copied.
    pub(super) fn copy_chunk(&self, notation: Notation, effects: &mut Vec<Effect>) {
        if let (Some(chunk), Some(layer)) = (self.chunk(), self.copied_layer()) {
            let bytes = chunk.bytes(layer);
            let is_exact = notation != Notation::Text || std::str::from_utf8(bytes).is_ok();
            effects.push(Effect::CopyText {
                text: literal::write(bytes, notation),
                is_exact,
            });
        }
    }
}
