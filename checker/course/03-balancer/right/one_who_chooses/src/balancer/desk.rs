//! The one who chooses. Nobody else has the numbers, so nobody has to lock them.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{Server, UnderWay};

/// What is written to the desk. It is read in the order in which it was written.
pub enum Letter {
    Choose { tried: Vec<usize>, chosen: oneshot::Sender<Option<UnderWay>> },
    IsOver { server: usize },
    IsFound { server: usize, well: bool },
}

/// Where to write to.
#[derive(Clone)]
pub struct Desk(mpsc::UnboundedSender<Letter>);

/// What the desk knows of a server.
#[derive(Clone, Copy)]
struct Card {
    is_well: bool,
    under_way: usize,
    /// The number of the choice that fell on it last.
    chosen: u64,
}

impl Desk {
    pub fn open() -> (Desk, mpsc::UnboundedReceiver<Letter>) {
        let (letters, desk) = mpsc::unbounded_channel();
        (Desk(letters), desk)
    }

    pub fn hears(&self, letter: Letter) {
        // At the end of the role nobody reads any more, and nobody has to.
        let _ = self.0.send(letter);
    }

    /// The server with the least under way that is well and was not tried.
    pub async fn chooses(&self, tried: Vec<usize>) -> Option<UnderWay> {
        let (chosen, answer) = oneshot::channel();
        self.hears(Letter::Choose { tried, chosen });
        answer.await.ok().flatten()
    }
}

/// Reads letters as long as there is anybody to write them.
pub async fn work(servers: Vec<Arc<Server>>, mut letters: mpsc::UnboundedReceiver<Letter>) {
    // Well until shown otherwise: at the start nobody has asked them yet, and people come already.
    let mut cards = vec![Card { is_well: true, under_way: 0, chosen: 0 }; servers.len()];
    let mut choices = 0;
    while let Some(letter) = letters.recv().await {
        match letter {
            Letter::IsOver { server } => cards[server].under_way -= 1,
            Letter::IsFound { server, well } => {
                if cards[server].is_well != well {
                    tracing::warn!(server = servers[server].upstream.address(), well, "is found to be");
                }
                cards[server].is_well = well;
            }
            Letter::Choose { tried, chosen } => {
                let may_be_asked = |number: &usize| cards[*number].is_well && !tried.contains(number);
                let least = |number: &usize| (cards[*number].under_way, cards[*number].chosen);
                let best = (0..servers.len()).filter(may_be_asked).min_by_key(least);
                if let Some(number) = best {
                    choices += 1;
                    cards[number].under_way += 1;
                    cards[number].chosen = choices;
                }
                // Whoever asked may be gone: then the server is not busy with them, which comes in a letter.
                let _ = chosen.send(best.map(|number| UnderWay(servers[number].clone())));
            }
        }
    }
}
