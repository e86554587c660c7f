//! Answers for an origin, over real connections.

use std::{convert::Infallible, fmt::Write as _, io, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Frame, Incoming},
    header,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, time::sleep};

use super::{
    Shared,
    exhibit::{Content, Exhibit},
};
use crate::world::upstream::blocks;

/// From the start of an answer to its breaking off.
const MOMENT: Duration = Duration::from_millis(50);

type Body = UnsyncBoxBody<Bytes, io::Error>;

pub async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        // Without it a second small piece may wait for the acknowledgement of the first.
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(shared.clone(), request));
            // What ends it is its client, or an answer that breaks off on purpose.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let target = head.uri.to_string();
    shared.heard.send_modify(|heard| heard.push((head.method.to_string(), target.clone())));
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let exhibit = shared.exhibits().get(head.uri.path()).cloned();
    let mut waits = shared.waits.subscribe();
    // It fails only when the origin is gone, and this with it.
    let _ = waits.wait_for(|path| path.as_deref() != Some(head.uri.path())).await;
    let Some(exhibit) = exhibit else {
        return Ok(with_status(StatusCode::NOT_FOUND, whole("there is no such thing\n")));
    };

    let mut response = match &exhibit.content {
        Content::Text(text) => part(text, head.headers.get(header::RANGE).and_then(|range| range.to_str().ok())),
        Content::Addressed(text) => {
            let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            whole(format!("{host} {target}: {text}"))
        }
        Content::Heard(name) => {
            let said = head.headers.get(*name).and_then(|said| said.to_str().ok()).unwrap_or("nothing");
            whole(format!("{name}: {said}"))
        }
        Content::Everything => {
            let mut all = format!("{} {target}\n", head.method);
            for (name, value) in &head.headers {
                // Writing to a string cannot fail.
                _ = writeln!(all, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
            }
            whole(all + &String::from_utf8_lossy(&body))
        }
        Content::Big(bytes) => sized(*bytes, stream::iter(blocks(*bytes).map(Ok))),
        Content::Half(text) => {
            let (first, rest) = (Bytes::from(text.clone()), io::Error::other("broken off, as asked"));
            // The head and the first bytes have gone when the rest fails.
            let rest = stream::once(async move {
                sleep(MOMENT).await;
                Err(rest)
            });
            sized(2 * text.len() as u64, stream::once(async { Ok(first) }).chain(rest))
        }
    };
    if response.status() == StatusCode::OK {
        *response.status_mut() = exhibit.status;
    }
    response.headers_mut().extend(exhibit.headers.clone());
    if exhibit.status == StatusCode::OK && has_it(&exhibit, &head.headers) {
        response = with_status(StatusCode::NOT_MODIFIED, Response::new(Full::default().map_err(never).boxed_unsync()));
        response.headers_mut().extend(exhibit.headers);
    }
    Ok(response)
}

fn has_it(exhibit: &Exhibit, asker: &header::HeaderMap) -> bool {
    let tag = exhibit.tag().and_then(|tag| tag.to_str().ok());
    let said = asker.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    tag.is_some_and(|tag| said.flat_map(|list| list.split(',')).any(|one| one.trim() == tag))
}

/// The whole text, or the part that was asked for.
fn part(text: &str, range: Option<&str>) -> Response<Body> {
    let bounds = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let bounds = bounds.and_then(|(from, to)| Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()?)));
    match bounds.filter(|(from, to)| from <= to && *to < text.len()) {
        None => whole(text.to_owned()),
        Some((from, to)) => {
            let mut response = with_status(StatusCode::PARTIAL_CONTENT, whole(text[from..=to].to_owned()));
            let range = format!("bytes {from}-{to}/{}", text.len());
            // Numbers are fine header values.
            response.headers_mut().extend(range.parse().ok().map(|range| (header::CONTENT_RANGE, range)));
            response
        }
    }
}

fn whole(text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(text.into()).map_err(never).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
    response
}

fn sized(length: u64, pieces: impl stream::Stream<Item = io::Result<Bytes>> + Send + 'static) -> Response<Body> {
    let frames = pieces.map(|piece| piece.map(Frame::data));
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}

fn with_status(status: StatusCode, mut response: Response<Body>) -> Response<Body> {
    *response.status_mut() = status;
    response
}

fn never(never: Infallible) -> io::Error {
    match never {}
}
