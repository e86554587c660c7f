//! The bytes of one direction of one connection that have been read and not yet passed on, and which of them may go now.
//! Pure bookkeeping: no socket, no clock of its own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// Bytes kept of a direction that is not delayed: a slow reader soon makes the writer slow, as without a proxy.
const BUFFER: usize = 64 * 1024;
/// Bytes on their way in a direction that is delayed, as a TCP window would have it: what 10 MB/s need at 100 ms.
const WINDOW: usize = 1024 * 1024;
/// An empty buffer larger than this is given back: a thousand idle connections cost next to nothing.
const KEPT_WHEN_EMPTY: usize = 4 * 1024;
/// Chunks that arrive this close together share a due time: timers are no finer.
const ONE_ARRIVAL: Duration = Duration::from_millis(1);

/// What is asked of one direction of a link. Written by the verbs, read by every connection.
#[derive(Clone, Default)]
pub struct Way {
    /// How long each byte is on its way.
    pub delay: Duration,
    pub gate: Gate,
    /// Raised whenever the gate is set: connections start looking for its pattern from there.
    pub armed: u64,
}

#[derive(Clone, Default)]
pub enum Gate {
    #[default]
    Open,
    Held,
    /// Open for what had arrived when it was set.
    Step,
    /// Open up to the end of the first match on a connection.
    After(Arc<Pattern>),
    /// Open up to the start of the first match on a connection.
    Before(Arc<Pattern>),
}

/// A byte string to be found in a stream that comes in pieces (Knuth, Morris and Pratt: no byte is looked at twice, so a
/// match may lie across any number of pieces that are gone by then).
pub struct Pattern {
    bytes: Vec<u8>,
    /// How many bytes are still matched when, after `n + 1` of them, the next one does not fit.
    fallback: Vec<usize>,
}

impl Pattern {
    /// `None` for the empty pattern, which matches before anything is there.
    pub fn new(bytes: Vec<u8>) -> Option<Pattern> {
        let mut fallback = vec![0; bytes.len()];
        let mut matched = 0;
        for index in 1..bytes.len() {
            while matched > 0 && bytes[index] != bytes[matched] {
                matched = fallback[matched - 1];
            }
            matched += usize::from(bytes[index] == bytes[matched]);
            fallback[index] = matched;
        }
        (!bytes.is_empty()).then_some(Pattern { bytes, fallback })
    }

    fn step(&self, mut matched: usize, byte: u8) -> usize {
        while matched > 0 && byte != self.bytes[matched] {
            matched = self.fallback[matched - 1];
        }
        matched + usize::from(byte == self.bytes[matched])
    }
}

/// Positions count the bytes of the direction since the connection was opened.
#[derive(Default)]
pub struct Transit {
    bytes: VecDeque<u8>,
    /// Position of the first of `bytes`, which is the number of bytes passed on.
    passed: u64,
    /// Up to which position bytes had arrived when; ascending in both.
    arrivals: VecDeque<(u64, Instant)>,
    /// When the sender said that nothing follows.
    ended: Option<Instant>,
    search: Search,
}

/// How far this connection has looked for the pattern of its gate.
#[derive(Default)]
struct Search {
    armed: u64,
    scanned: u64,
    /// Bytes of the pattern that the last scanned ones match.
    matched: usize,
    /// Where the gate closed.
    closed_at: Option<u64>,
    /// Whether the end had come by then, and may follow.
    lets_end: bool,
}

impl Transit {
    pub fn arrive(&mut self, bytes: &[u8], now: Instant) {
        self.bytes.extend(bytes);
        let end = self.passed + self.bytes.len() as u64;
        match self.arrivals.back_mut() {
            Some((last, at)) if now.duration_since(*at) < ONE_ARRIVAL => *last = end,
            _ => self.arrivals.push_back((end, now)),
        }
    }

    pub fn end(&mut self, now: Instant) {
        self.ended = Some(now);
    }

    /// Whether more should be read from the sender.
    pub fn has_room(&self, way: &Way) -> bool {
        let limit = if way.delay.is_zero() { BUFFER } else { WINDOW };
        self.ended.is_none() && self.bytes.len() < limit
    }

    /// How many of the first bytes may be passed on now.
    pub fn passable(&mut self, way: &Way, now: Instant) -> usize {
        if self.search.armed != way.armed {
            self.search = Search { armed: way.armed, scanned: self.passed, ..Search::default() };
            let arrived = self.passed + self.bytes.len() as u64;
            self.search.closed_at = matches!(way.gate, Gate::Step).then_some(arrived);
            self.search.lets_end = self.ended.is_some();
        }
        let due = self.due(way, now);
        let until = match &way.gate {
            Gate::Open => due,
            Gate::Held => self.passed,
            Gate::Step => self.search.closed_at.unwrap_or(due).min(due),
            Gate::After(pattern) => {
                self.scan(pattern, due, 0);
                self.search.closed_at.unwrap_or(due)
            }
            Gate::Before(pattern) => {
                self.scan(pattern, due, pattern.bytes.len());
                // What may yet turn out to be the start of a match waits, unless nothing can follow it.
                let undecided = if self.end_is_due(way, now) { 0 } else { self.search.matched as u64 };
                self.search.closed_at.unwrap_or(due - undecided)
            }
        };
        (until - self.passed) as usize
    }

    /// Looks for the pattern in what is due, and closes the gate `back` bytes before the end of a match.
    fn scan(&mut self, pattern: &Pattern, due: u64, back: usize) {
        if self.search.closed_at.is_some() {
            return;
        }
        let search = &mut self.search;
        let from = (search.scanned - self.passed) as usize;
        let to = (due - self.passed) as usize;
        for byte in self.bytes.range(from..to) {
            search.matched = pattern.step(search.matched, *byte);
            search.scanned += 1;
            if search.matched == pattern.bytes.len() {
                search.closed_at = Some(search.scanned - back as u64);
                return;
            }
        }
    }

    /// Up to which position bytes have been on their way for long enough.
    fn due(&self, way: &Way, now: Instant) -> u64 {
        if way.delay.is_zero() {
            return self.passed + self.bytes.len() as u64;
        }
        let due = self.arrivals.iter().take_while(|(_, at)| *at + way.delay <= now).last();
        due.map_or(self.passed, |(end, _)| *end)
    }

    fn end_is_due(&self, way: &Way, now: Instant) -> bool {
        self.ended.is_some_and(|at| at + way.delay <= now)
    }

    /// The first bytes, as many of the `passable` ones as lie together.
    pub fn front(&self, passable: usize) -> &[u8] {
        let (front, _) = self.bytes.as_slices();
        &front[..passable.min(front.len())]
    }

    pub fn pass(&mut self, count: usize) {
        self.bytes.drain(..count);
        self.passed += count as u64;
        while self.arrivals.front().is_some_and(|(end, _)| *end <= self.passed) {
            self.arrivals.pop_front();
        }
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT_WHEN_EMPTY {
            self.bytes = VecDeque::new();
        }
    }

    /// Whether the gate keeps something that would otherwise have gone: bytes, the end, or what follows the match.
    pub fn is_held(&self, way: &Way, now: Instant) -> bool {
        match way.gate {
            Gate::Open => false,
            Gate::Held => self.due(way, now) > self.passed || self.end_is_due(way, now),
            Gate::Step => {
                let is_closed = self.search.closed_at == Some(self.passed);
                let end_is_kept = self.end_is_due(way, now) && !self.search.lets_end;
                is_closed && (self.due(way, now) > self.passed || end_is_kept)
            }
            Gate::After(_) | Gate::Before(_) => self.search.closed_at == Some(self.passed),
        }
    }

    /// Whether everything has been passed on, so that the end may follow.
    pub fn is_done(&self, way: &Way, now: Instant) -> bool {
        let open = match way.gate {
            Gate::Open => true,
            Gate::Held => false,
            Gate::Step => self.search.lets_end,
            Gate::After(_) | Gate::Before(_) => self.search.closed_at.is_none(),
        };
        open && self.bytes.is_empty() && self.end_is_due(way, now)
    }

    /// When the next bytes, or the end, will have been on their way for long enough; `None` when none is waiting.
    pub fn next_due(&self, way: &Way, now: Instant) -> Option<Instant> {
        let arrivals = self.arrivals.iter().map(|(_, at)| *at).chain(self.ended);
        arrivals.map(|at| at + way.delay).find(|due| *due > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(gate: Gate) -> Way {
        Way { delay: Duration::ZERO, gate, armed: 1 }
    }

    fn pattern(text: &str) -> Arc<Pattern> {
        Arc::new(Pattern::new(text.into()).expect("the pattern has bytes"))
    }

    /// What passes when `pieces` arrive one after the other, and whether the rest is held.
    fn passes(pieces: &[&str], way: &Way) -> (String, bool) {
        let now = Instant::now();
        let mut transit = Transit::default();
        let mut passed = Vec::new();
        for piece in pieces {
            transit.arrive(piece.as_bytes(), now);
            loop {
                let passable = transit.passable(way, now);
                let front = transit.front(passable).to_vec();
                if front.is_empty() {
                    break;
                }
                transit.pass(front.len());
                passed.extend(front);
            }
        }
        (String::from_utf8(passed).expect("the pieces are text"), transit.is_held(way, now))
    }

    #[test]
    fn a_match_is_found_wherever_the_pieces_are_cut() {
        let text = "aababaabaabc and more";
        let after = way(Gate::After(pattern("aabaabc")));
        let before = way(Gate::Before(pattern("aabaabc")));
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(passes(&pieces, &after), ("aababaabaabc".into(), true), "{pieces:?}");
                assert_eq!(passes(&pieces, &before), ("aabab".into(), true), "{pieces:?}");
            }
        }
    }

    #[test]
    fn without_a_match_everything_passes_but_a_beginning_of_one() {
        assert_eq!(passes(&["one ", "two"], &way(Gate::After(pattern("three")))), ("one two".into(), false));
        assert_eq!(passes(&["one two th"], &way(Gate::Before(pattern("three")))), ("one two ".into(), false));
        assert_eq!(passes(&["one two th", "in"], &way(Gate::Before(pattern("three")))), ("one two thin".into(), false));
    }

    #[test]
    fn a_beginning_of_a_match_passes_when_nothing_follows() {
        let way = way(Gate::Before(pattern("three")));
        let now = Instant::now();
        let mut transit = Transit::default();
        transit.arrive(b"thr", now);
        assert_eq!(transit.passable(&way, now), 0);

        transit.end(now);
        assert_eq!(transit.passable(&way, now), 3);
        transit.pass(3);
        assert!(transit.is_done(&way, now));
    }

    #[test]
    fn setting_the_gate_again_starts_a_new_search() {
        let now = Instant::now();
        let mut transit = Transit::default();
        let mut way = way(Gate::After(pattern("ab")));
        transit.arrive(b"abab", now);
        assert_eq!(transit.passable(&way, now), 2);
        transit.pass(2);
        assert!(transit.is_held(&way, now));

        way.armed += 1;
        assert_eq!(transit.passable(&way, now), 2, "the match before the gate was set anew does not count");
    }

    #[test]
    fn delayed_bytes_wait_their_time_and_keep_their_order() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let mut way = Way { delay: ms(100), ..Way::default() };
        let mut transit = Transit::default();
        transit.arrive(b"one", start);
        transit.arrive(b"three", start + ms(40));
        transit.end(start + ms(50));

        assert_eq!(transit.passable(&way, start + ms(99)), 0);
        assert_eq!(transit.passable(&way, start + ms(100)), 3);
        transit.pass(3);
        assert_eq!(transit.next_due(&way, start + ms(100)), Some(start + ms(140)));
        assert_eq!(transit.passable(&way, start + ms(140)), 5);
        transit.pass(5);
        assert!(!transit.is_done(&way, start + ms(149)));
        assert!(transit.is_done(&way, start + ms(150)));

        way.delay = Duration::ZERO;
        assert!(transit.is_done(&way, start + ms(50)), "what is under way arrives at once when the delay ends");
    }

    #[test]
    fn what_is_on_its_way_is_bounded() {
        let now = Instant::now();
        for (delay, limit) in [(Duration::ZERO, BUFFER), (Duration::from_secs(1), WINDOW)] {
            let way = Way { delay, ..Way::default() };
            let mut transit = Transit::default();
            while transit.has_room(&way) {
                transit.arrive(&[0; 16 * 1024], now);
            }
            assert_eq!(transit.bytes.len(), limit);
            assert_eq!(transit.arrivals.len(), 1);
        }
    }
}
