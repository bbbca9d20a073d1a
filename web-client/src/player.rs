//! The cursor over a run: a number of events that have happened, and whether
//! it moves by itself. Stepping back is as exact as stepping forward, because
//! nothing else is kept.

/// Speeds to choose from, as factors.
pub const SPEEDS: [f64; 5] = [0.5, 1.0, 2.0, 4.0, 8.0];
/// Steps a second at speed 1, for runs of up to [`LONGEST_S`] seconds at that pace.
const PACE: f64 = 2.0;
/// However many events a run has, playing it at speed 1 takes no longer.
const LONGEST_S: f64 = 60.0;

/// Cursor, playing, speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Player {
    step: usize,
    playing: bool,
    speed: usize,
    /// The part of the next step that has passed already, 0 to 1.
    progress: f64,
}

impl Default for Player {
    fn default() -> Self {
        Self {
            step: 0,
            playing: false,
            speed: 1,
            progress: 0.0,
        }
    }
}

impl Player {
    /// How many events have happened.
    pub const fn step(&self) -> usize {
        self.step
    }

    /// Whether it moves by itself.
    pub const fn is_playing(&self) -> bool {
        self.playing
    }

    /// The speed as a factor.
    pub fn speed(&self) -> f64 {
        SPEEDS[self.speed]
    }

    /// Goes to `step` of `events` and stops there.
    pub fn go(&mut self, step: usize, events: usize) {
        self.playing = false;
        self.progress = 0.0;
        self.step = step.min(events);
    }

    /// Goes `by` steps on, or back.
    pub fn go_by(&mut self, by: isize, events: usize) {
        self.go(self.step.saturating_add_signed(by), events);
    }

    /// Plays on, from the start if it stands at the end; or pauses.
    pub fn play_pause(&mut self, events: usize) {
        if self.playing {
            self.playing = false;
        } else if events > 0 {
            self.play(events);
        }
    }

    /// Plays on, from the start if it stands at the end.
    pub fn play(&mut self, events: usize) {
        if self.step >= events {
            self.step = 0;
        }
        self.progress = 0.0;
        self.playing = events > 0;
    }

    /// The next speed, behind the last the first.
    pub fn next_speed(&mut self) {
        self.speed = (self.speed + 1) % SPEEDS.len();
    }

    /// Time passes. Tells whether the step changed or playing ended.
    pub fn advance(&mut self, elapsed_ms: f64, events: usize) -> bool {
        if !self.playing {
            return false;
        }
        #[expect(clippy::cast_precision_loss, reason = "a pace, not a count")]
        let pace = PACE.max(events as f64 / LONGEST_S) * self.speed();
        // Time during which the page was in the background does not advance the cursor.
        self.progress += elapsed_ms.clamp(0.0, 250.0) / 1000.0 * pace;
        let whole = self.progress.floor();
        self.progress -= whole;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and a quarter second of steps"
        )]
        let whole = whole as usize;
        self.step = (self.step + whole).min(events);
        if self.step == events {
            self.playing = false;
            self.progress = 0.0;
            return true;
        }
        whole > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stay_within_the_run() {
        let mut player = Player::default();
        player.go_by(-1, 5);
        assert_eq!(player.step(), 0);
        player.go_by(10, 5);
        assert_eq!(player.step(), 5);
        player.go_by(isize::MIN, 5);
        assert_eq!(player.step(), 0);
        player.go(3, 5);
        player.go(3, 2);
        assert_eq!(player.step(), 2);
    }

    #[test]
    fn playing_takes_two_steps_a_second_and_stops_at_the_end() {
        let mut player = Player::default();
        player.play_pause(3);
        assert!(player.is_playing());
        let mut steps = Vec::new();
        for _ in 0..8 {
            player.advance(250.0, 3);
            steps.push(player.step());
        }
        assert_eq!(steps, [0, 1, 1, 2, 2, 3, 3, 3]);
        assert!(!player.is_playing());
        player.play_pause(3);
        assert_eq!(player.step(), 0, "at the end play starts over");
    }

    #[test]
    fn speeds_come_round() {
        let mut player = Player::default();
        let speeds: Vec<_> = (0..6)
            .map(|_| {
                player.next_speed();
                player.speed()
            })
            .collect();
        assert_eq!(speeds, [2.0, 4.0, 8.0, 0.5, 1.0, 2.0]);
    }

    #[test]
    fn a_stalled_page_does_not_leap_and_a_long_run_ends_within_a_minute() {
        let mut player = Player::default();
        player.play(100);
        player.advance(60_000.0, 100);
        assert_eq!(player.step(), 0);
        let mut long = Player::default();
        long.play(60_000);
        for _ in 0..=60 * 60 {
            long.advance(1000.0 / 60.0, 60_000);
        }
        assert_eq!(long.step(), 60_000);
    }

    #[test]
    fn an_empty_run_does_not_play() {
        let mut player = Player::default();
        player.play_pause(0);
        assert!(!player.is_playing());
    }
}
