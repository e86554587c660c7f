//! A conversation on a link, word by word: what is said waits until it is let through, one after the other.

use std::{pin::Pin, time::Duration};

use super::proxy::Direction;

/// How long a word may be on its way until it comes to be held; a registration on a busy machine takes a second.
const ON_ITS_WAY: Duration = Duration::from_secs(15);
/// Nobody has that much to say in one request.
const WORDS: usize = 100;

pub struct Words<'l> {
    link: &'l Direction,
    said: usize,
}

impl<'l> Words<'l> {
    /// From now on nothing passes here; it stays so until the link is released.
    pub fn held(link: &'l Direction) -> Words<'l> {
        link.hold();
        Words { link, said: 0 }
    }

    /// Lets the word that is held pass, and waits for the next one; or for the end of what is done meanwhile.
    pub async fn next_or<T>(&mut self, act: &mut Pin<&mut impl Future<Output = T>>) -> Option<T> {
        if self.said > 0 {
            self.link.step();
        }
        self.said += 1;
        if self.said < WORDS {
            tokio::select! {
                done = &mut *act => return Some(done),
                held = self.link.held(ON_ITS_WAY) => if held.is_ok() { return None },
            }
        }
        // It talks without end, or of something else.
        self.link.release();
        Some(act.await)
    }
}
