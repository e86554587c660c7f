//! A body that is handed to somebody, and can be taken back as long as nobody has begun to read it.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

/// The end that stays here.
pub struct Handed(Arc<Mutex<Option<Body>>>);

/// The end that is given away.
struct Try {
    waiting: Arc<Mutex<Option<Body>>>,
    /// Once it is being read.
    body: Option<Body>,
}

impl Handed {
    pub fn over(body: Body) -> Handed {
        Handed(Arc::new(Mutex::new(Some(body))))
    }

    /// The body for one try; of several, the first that is read has it.
    pub fn for_one_try(&self) -> Body {
        Body::new(Try { waiting: self.0.clone(), body: None })
    }

    pub fn is_untouched(&self) -> bool {
        lock(&self.0).is_some()
    }
}

fn lock(body: &Mutex<Option<Body>>) -> MutexGuard<'_, Option<Body>> {
    body.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HttpBody for Try {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.body.is_none() {
            let body = lock(&self.waiting).take();
            self.body = body;
        }
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body
            .as_ref()
            .map_or_else(|| lock(&self.waiting).as_ref().is_none_or(Body::is_end_stream), Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(
            || lock(&self.waiting).as_ref().map_or_else(SizeHint::default, Body::size_hint),
            Body::size_hint,
        )
    }
}
