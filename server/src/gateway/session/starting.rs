//! How a session's run begins: it takes its place, waits, starts, or is given up.

use std::io;

use trace::Experiment;
use trace::link::{Ended, Ending, Line};

use super::queue::Standing;
use super::stage::{Stage, Waiting};
use super::{Session, patiently};
use crate::gateway::metrics::Reason;
use crate::lab::Conditions;
use crate::priority::Priority;

impl Session {
    pub(super) async fn stop(&mut self) -> io::Result<()> {
        match &self.stage {
            Stage::Idle => Ok(()),
            Stage::Waits(_) => self.give_up().await,
            Stage::Goes(lab) => {
                lab.stop();
                Ok(())
            }
        }
    }

    /// The run that waits will not start.
    async fn give_up(&mut self) -> io::Result<()> {
        self.stage = Stage::Idle;
        self.say(&Line::Ended(Ended {
            events: 0,
            why: Ending::Stopped,
            missed: None,
            dropped: None,
        }))
        .await
    }

    /// Ends the run before, to its last line, and starts the next, or lets it
    /// wait.
    pub(super) async fn start(&mut self, run: u32, experiment: Experiment) -> io::Result<()> {
        self.stop().await?;
        while let Stage::Goes(lab) = &mut self.stage {
            match lab.told().await {
                Some(told) => {
                    self.pass_on(told).await;
                    patiently(self.web.flush()).await?;
                }
                None => self.stage = Stage::Idle,
            }
        }
        let place = match self.runs.admit(self.client.0, false) {
            Ok(place) => place,
            Err(refusal) => {
                self.metrics.refused(Reason::Runs);
                self.runs.log("lab run", self.client.0, refusal);
                let message = format!("run {run}: too many runs ({refusal}): try again later");
                return self.refuse(&message).await;
            }
        };
        let mut entry = self.queue.join(self.client.0, experiment.busy);
        let standing = entry.standing();
        self.stage = Stage::Waits(Box::new(Waiting {
            run,
            experiment,
            place,
            entry,
            early: Vec::new(),
            size: 0,
        }));
        self.move_up(standing).await
    }

    /// The run that waits has another place now, or starts.
    pub(super) async fn move_up(&mut self, standing: Standing) -> io::Result<()> {
        let waiting = match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Waits(waiting) => waiting,
            other => {
                self.stage = other;
                return Ok(());
            }
        };
        let run = waiting.run;
        if let Standing::Waits(place) = standing {
            self.stage = Stage::Waits(waiting);
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            return self.say(&Line::Queued { run, place }).await;
        }
        let conditions = Conditions {
            priority: Priority::Experiment,
            backlog: Some(self.turn.backlog()),
            held: Some(Box::new((waiting.entry, waiting.place))),
            ..Conditions::default()
        };
        let (experiment, early) = (waiting.experiment, waiting.early);
        // It blocks for the moment it takes to listen.
        let runner = self.runner.clone();
        let start = move || runner.start(conditions, experiment, run);
        match tokio::task::spawn_blocking(start).await {
            Ok(Ok(lab)) => {
                self.metrics.runs.inc();
                for (client, command, _held) in early {
                    let (calls, bytes) = command.count();
                    // There is room for all of it: nothing else has any.
                    let room = lab.room(calls, bytes).await;
                    command.tell(&lab, client, room);
                }
                self.stage = Stage::Goes(lab);
                Ok(())
            }
            Ok(Err(error)) => self.refuse(&format!("run {run}: {error}")).await,
            Err(error) => {
                self.refuse(&format!("run {run} could not start: {error}"))
                    .await
            }
        }
    }
}
