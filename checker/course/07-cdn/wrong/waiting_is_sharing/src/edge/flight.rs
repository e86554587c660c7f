//! Questions that are on their way to the origin: whoever asks the same meanwhile waits for that answer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{body::Bytes, http::response::Parts};
use tokio::sync::watch;

use super::kept::Kept;

/// Addresses that are being asked about, each with how it ended.
#[derive(Default)]
pub struct Flights(Mutex<HashMap<String, watch::Receiver<Option<Landed>>>>);

/// How it ended.
#[derive(Clone)]
pub enum Landed {
    /// An answer for all whom it is for.
    Kept(Arc<Kept>),
    /// An answer for all who are here.
    Shared(Parts, Bytes),
    /// No answer.
    Failed,
}

pub enum Seat<'a> {
    /// Nobody asks yet: this one does, and tells the others.
    First(Flight<'a>),
    Behind(Behind),
}

/// Somebody who asks. When it is dropped without a word (a reader who has left), the next one asks.
pub struct Flight<'a> {
    flights: &'a Flights,
    key: String,
    tell: watch::Sender<Option<Landed>>,
}

pub struct Behind(watch::Receiver<Option<Landed>>);

impl Flights {
    pub fn seat(&self, key: String) -> Seat<'_> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&key) {
            return Seat::Behind(Behind(flight.clone()));
        }
        let (tell, told) = watch::channel(None);
        flights.insert(key.clone(), told);
        Seat::First(Flight { flights: self, key, tell })
    }
}

impl Flight<'_> {
    pub fn lands(self, landed: Landed) {
        self.tell.send_replace(Some(landed));
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.flights.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl Behind {
    /// `None` if whoever asked has left.
    pub async fn landed(mut self) -> Option<Landed> {
        self.0.wait_for(Option::is_some).await.ok().and_then(|landed| landed.clone())
    }
}
