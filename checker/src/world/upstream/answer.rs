//! What an upstream answers on which path, and the body that keeps a visit in flight until its last byte is handed over.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, header};
use serde_json::json;
use tokio::sync::{AcquireError, SemaphorePermit, oneshot, watch};
use tokio::time::sleep;

use super::bytes::{Digest, blocks};
use super::log::Visit;
use super::serve::Busy;
use super::{Chunks, Shared};

/// A body up to this size is told back by `/echo`; of a larger one, its length and digest.
const TOLD_BACK: usize = 64 * 1024;
/// What `/die_after_head` promises; it sends a hundredth.
const PROMISED: u64 = 1_000;

/// A header's value in ISO 8859-1, as old programs write them (RFC 9110, 5.5: opaque, and passed on).
pub const NO_ASCII: &[u8] = b"caf\xe9";

/// Why no answer was given: the connection is closed instead.
#[derive(Debug)]
pub struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed without an answer, as asked")
    }
}

impl std::error::Error for Closed {}

/// Answers one request. Dropped when its client goes away, and with it the visit.
pub async fn answer(shared: Arc<Shared>, busy: Busy, request: Request<Incoming>) -> Result<Response<Answer>, Closed> {
    let path = request.uri().path().to_owned();
    let whole = request.uri().path_and_query().map_or(path.as_str(), |path| path.as_str());
    // Before anybody sees it in the log: what a verb does from then on is meant for it, too.
    let signals = Signals::subscribe(&shared, &path);
    let visit = (path != "/health").then(|| Visit::begin(&shared.log, request.method().as_str(), whole));
    let is_head = request.method() == Method::HEAD;

    let mut response = content(&shared, &path, signals, request).await?;
    let name = HeaderValue::from_str(&shared.name).unwrap_or(HeaderValue::from_static("?"));
    response.headers_mut().insert(HeaderName::from_static("x-served-by"), name);
    Ok(response.map(|content| Answer { content, complete: is_head, visit, _busy: busy }))
}

/// What verbs say to a request.
struct Signals {
    chunks: watch::Receiver<Chunks>,
    at_arrival: Chunks,
    /// For `/slow` only.
    released: oneshot::Receiver<()>,
}

impl Signals {
    fn subscribe(shared: &Shared, path: &str) -> Signals {
        let mut chunks = shared.chunks.subscribe();
        let at_arrival = *chunks.borrow_and_update();
        let (release, released) = oneshot::channel();
        if path.starts_with("/slow") {
            shared.slow().push_back(release);
        }
        Signals { chunks, at_arrival, released }
    }
}

async fn content(
    shared: &Arc<Shared>,
    path: &str,
    signals: Signals,
    request: Request<Incoming>,
) -> Result<Response<Content>, Closed> {
    if path.starts_with("/slow") {
        slow(shared, signals.released).await;
        return Ok(text(format!("slow, from {}\n", shared.name)));
    }
    if path.starts_with("/light") {
        let _worker = quick_worker(shared).await;
        sleep(Duration::from_micros(shared.light_takes.load(Relaxed))).await;
        return Ok(text(format!("light, from {}\n", shared.name)));
    }
    let (first, rest) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let number = rest.parse().ok();
    let response = match (first, number) {
        ("health", _) => {
            shared.probes.send_modify(|probes| *probes += 1);
            let mut health = shared.health.subscribe();
            let told = health.wait_for(Option::is_some).await.map(|health| *health);
            let status = told.ok().flatten().ok_or(Closed)?;
            with_status(status, text(format!("{status}\n")))
        }
        ("echo", _) => echo(shared, request).await?,
        ("sink", _) => sink(shared, request).await?,
        ("stream", chunks) => with_content(chunked(signals, chunks.unwrap_or(u64::MAX))),
        ("big", Some(length)) => with_content(Content::sized(length, stream::iter(blocks(length).map(Ok)))),
        ("status", Some(status)) => {
            let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
            with_status(status.unwrap_or(StatusCode::NOT_FOUND), text(format!("{rest}\n")))
        }
        ("headers", _) => with_many_headers(text("headers\n".into())),
        ("wait", Some(millis)) => {
            sleep(Duration::from_millis(millis)).await;
            text(format!("after {millis} ms\n"))
        }
        ("hang", _) => std::future::pending().await,
        ("close", _) => {
            // Read to its end, so that the client is told nothing (a close) and not that it was not heard (a reset).
            drop(request.into_body().collect().await);
            return Err(Closed);
        }
        ("die_after_head", _) => with_content(dying()),
        _ => with_status(StatusCode::NOT_FOUND, text(format!("{} has no {path}\n", shared.name))),
    };
    Ok(response)
}

/// Queues for a worker, and keeps it until released.
async fn slow(shared: &Shared, released: oneshot::Receiver<()>) {
    let _worker = shared.workers.free.acquire().await;
    let _kept = counted(&shared.workers.kept);
    // An error is a release too: the upstream is going.
    let _ = released.await;
}

/// Waits in line for a worker.
async fn quick_worker(shared: &Shared) -> Result<SemaphorePermit<'_>, AcquireError> {
    let _in_line = counted(&shared.workers.quick_in_line);
    shared.workers.free.acquire().await
}

/// Counts one more as long as what it returns lives.
fn counted(count: &AtomicUsize) -> impl Drop + '_ {
    struct Counted<'a>(&'a AtomicUsize);
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, SeqCst);
        }
    }
    count.fetch_add(1, SeqCst);
    Counted(count)
}

async fn echo(shared: &Shared, request: Request<Incoming>) -> Result<Response<Content>, Closed> {
    let (head, mut body) = request.into_parts();
    let (mut digest, mut length, mut kept) = (Digest::default(), 0, Vec::new());
    while let Some(data) = next_data(&mut body).await? {
        digest.update(&data);
        length += data.len();
        if length <= TOLD_BACK {
            kept.extend_from_slice(&data);
        }
    }
    let told = if length <= TOLD_BACK { String::from_utf8(kept).ok() } else { None };
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| [name.to_string(), value.as_bytes().escape_ascii().to_string()]);
    Ok(json(json!({
        "served_by": shared.name,
        "method": head.method.as_str(),
        "uri": head.uri.to_string(),
        "version": format!("{:?}", head.version),
        "headers": headers.collect::<Vec<_>>(),
        "length": length,
        "digest": digest.text(),
        "body": told,
    })))
}

async fn sink(shared: &Shared, request: Request<Incoming>) -> Result<Response<Content>, Closed> {
    let mut body = request.into_body();
    let (mut digest, mut length) = (Digest::default(), 0);
    while let Some(data) = next_data(&mut body).await? {
        digest.update(&data);
        length += data.len();
        shared.sunk.send_modify(|sunk| *sunk += data.len() as u64);
    }
    Ok(json(json!({ "served_by": shared.name, "length": length, "digest": digest.text() })))
}

/// The next bytes of a body, or `Closed` when the client broke it off.
async fn next_data(body: &mut Incoming) -> Result<Option<Bytes>, Closed> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(|_| Closed)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Sends a chunk whenever the test releases one, at most `limit` of them.
fn chunked(signals: Signals, limit: u64) -> Content {
    let Signals { chunks, at_arrival, .. } = signals;
    let chunks = stream::unfold((chunks, 0), move |(mut chunks, sent)| async move {
        if sent == limit {
            return None;
        }
        let now = *chunks
            .wait_for(|now| now.ends > at_arrival.ends || now.released > at_arrival.released + sent)
            .await
            .ok()?;
        let sent = sent + 1;
        (now.released >= at_arrival.released + sent)
            .then(|| (Ok(Frame::data(Bytes::from(format!("chunk {sent}\n")))), (chunks, sent)))
    });
    Content { body: StreamBody::new(chunks).boxed_unsync(), left: None }
}

/// The start of an answer, then the end of the connection.
fn dying() -> Content {
    let chunks = stream::unfold(0, |step| async move {
        match step {
            0 => Some((Ok(Bytes::from_static(b"ten bytes\n")), 1)),
            _ => {
                // Gives the head and the first bytes time to be written.
                tokio::task::yield_now().await;
                Some((Err(io::Error::other("dead, as asked")), 2))
            }
        }
    });
    Content::sized(PROMISED, chunks)
}

/// Repeated ones, which must all arrive, and those that are for the next hop only, which must not travel on.
fn with_many_headers(mut response: Response<Content>) -> Response<Content> {
    let many: [(&str, &[u8]); 7] = [
        ("set-cookie", b"first=1; Path=/"),
        ("set-cookie", b"second=2; Path=/"),
        ("x-end-to-end", b"stays"),
        ("x-no-ascii", NO_ASCII),
        ("connection", b"x-this-hop, keep-alive"),
        ("x-this-hop", b"goes"),
        ("keep-alive", b"timeout=5"),
    ];
    for (name, value) in many {
        // It fails only for control signs.
        if let Ok(value) = HeaderValue::from_bytes(value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    response
}

fn with_status(status: StatusCode, mut response: Response<Content>) -> Response<Content> {
    *response.status_mut() = status;
    if status.is_redirection() {
        response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/light"));
    }
    if status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
        *response.body_mut() = Content::whole(Bytes::new());
    }
    response
}

fn text(text: String) -> Response<Content> {
    let mut response = with_content(Content::whole(text.into()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn json(value: serde_json::Value) -> Response<Content> {
    let mut response = with_content(Content::whole(value.to_string().into()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn with_content(content: Content) -> Response<Content> {
    Response::new(content)
}

pub struct Content {
    body: UnsyncBoxBody<Bytes, io::Error>,
    /// Bytes to come, when known beforehand: they become its Content-Length.
    left: Option<u64>,
}

impl Content {
    fn whole(bytes: Bytes) -> Content {
        let left = Some(bytes.len() as u64);
        Content { body: Full::new(bytes).map_err(|never| match never {}).boxed_unsync(), left }
    }

    fn sized(length: u64, chunks: impl stream::Stream<Item = io::Result<Bytes>> + Send + 'static) -> Content {
        let frames = stream::StreamExt::map(chunks, |chunk| chunk.map(Frame::data));
        Content { body: StreamBody::new(frames).boxed_unsync(), left: Some(length) }
    }
}

/// A body that knows whose visit it answers. It is dropped when its last byte has been handed over, or the client is gone.
pub struct Answer {
    content: Content,
    complete: bool,
    visit: Option<Visit>,
    _busy: Busy,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let polled = Pin::new(&mut self.content.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let sent = frame.data_ref().map_or(0, |data| data.len() as u64);
                self.content.left = self.content.left.map(|left| left.saturating_sub(sent));
            }
            Poll::Ready(None) => self.complete = true,
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.content.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.content.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(visit) = &mut self.visit
            && (self.complete || self.content.left == Some(0))
        {
            visit.is_served();
        }
    }
}
