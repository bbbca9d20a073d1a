//! Names of parties on the stage.

use trace::text::Catalog;
use trace::{Call, ClientId, ConnectionId, End, PartyId, Reason, SERVER, explain};

use super::StageModel;
use crate::source::mark;

impl StageModel<'_> {
    /// The connections that are drawn: of an experiment its clients'
    /// conversations, else all on which bytes went.
    pub(super) fn conversations(&self) -> Vec<ConnectionId> {
        let connections = self.trace.connections.iter().map(|c| c.connection);
        if self.trace.plan.is_some() {
            return connections.filter(|&id| ClientId::of(id).1 == 0).collect();
        }
        let mut all: Vec<_> = self
            .analysis
            .lanes
            .iter()
            .map(|lane| lane.connection)
            .collect();
        all.dedup();
        all
    }

    /// Whether it is an experiment's with one client: then nothing is numbered.
    pub(super) fn is_of_one_client(&self) -> bool {
        let plan = self.trace.plan.as_ref();
        plan.is_some_and(|plan| plan.clients.len() == 1)
    }

    /// Both ends of the connection; and what tells it from that of `other`, where both are of
    /// the same two.
    pub(super) fn ends_beside(&self, other: &Self, catalog: &Catalog) -> Option<String> {
        let ends = |of: &Self| {
            let connection = of.trace.connections.first()?;
            let names = End::ALL.map(|end| of.end_name(catalog, connection.connection, end));
            Some((names.join(" → "), mark(connection)))
        };
        let (own, mark) = ends(self)?;
        let is_same = ends(other).is_some_and(|(names, _)| names == own);
        Some(if is_same {
            [&own, " ", &mark].concat()
        } else {
            own
        })
    }

    /// What a party is called.
    pub(super) fn party_name(&self, catalog: &Catalog, party: PartyId) -> String {
        if self.trace.plan.is_some() {
            let alone = self.is_of_one_client();
            if party == SERVER {
                return catalog.text("stage.server");
            }
            let mut clients = ClientId::ALL.into_iter();
            if let Some(client) = clients.find(|client| client.party() == party) {
                let key = [
                    "stage.client1",
                    "stage.client2",
                    "stage.client3",
                    "stage.client4",
                ];
                let key = if alone {
                    "stage.client"
                } else {
                    key[client.index()]
                };
                return catalog.text(key);
            }
        }
        catalog.value(&explain::name(self.trace, party))
    }

    /// The name of the party at an end of a connection.
    pub(super) fn end_name(&self, catalog: &Catalog, connection: ConnectionId, end: End) -> String {
        match self.trace.party_at(connection, end) {
            Some(party) => self.party_name(catalog, party),
            None => catalog.value(&explain::end_name(self.trace, connection, end)),
        }
    }
}

/// What was decided, and why, in a few words.
pub fn decision(call: Call, reason: Reason, catalog: &Catalog) -> [String; 2] {
    [call.name(), reason.name()].map(|name| catalog.text(&["decision.", name].concat()))
}
