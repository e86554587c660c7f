//! Passing requests and answers on: what stays behind, what is added, and what cannot be passed on at all. (RFC 9110 and
//! 9112 say what belongs to one connection only.) Nothing here knows where a request goes.

use std::{
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, Version,
        header::{
            CONNECTION, CONTENT_LENGTH, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING,
            UPGRADE,
        },
        uri::{self, PathAndQuery},
    },
};
use hyper::body::{Frame, SizeHint};

use crate::error::AppError;

/// What is between two neighbours, besides what `Connection` names.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The request as the next server gets it, for a client who is at `from`.
pub fn outgoing(request: Request, from: IpAddr) -> Result<Request, AppError> {
    let (mut head, body) = request.into_parts();
    let host = host(&head.headers, &head.uri, head.version)?;
    let target = target(&head.method, &head.uri)?;
    let chunked = is_chunked(&head.headers).ok_or(AppError::BadRequest("that transfer coding is not known here"))?;

    let mut headers = std::mem::take(&mut head.headers);
    remove_hop_by_hop(&mut headers);
    headers.insert(HOST, host);
    headers.insert(FORWARDED_FOR, forwarded_for(&headers, from));
    if chunked {
        // Where one body ends and the next request begins is told in one way only, or two servers read two requests out
        // of the same bytes. Said aloud, since the client library takes a GET for one without a body otherwise.
        headers.remove(CONTENT_LENGTH);
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }

    let mut request = Request::new(body);
    *request.method_mut() = head.method;
    *request.uri_mut() = target;
    *request.headers_mut() = headers;
    Ok(request)
}

/// A body cannot be had twice without keeping it, and keeping it is what whoever passes it on must not do.
pub fn copy_if_repeatable(request: &Request) -> Option<Request> {
    let repeatable = matches!(*request.method(), Method::GET | Method::HEAD) && request.body().is_end_stream();
    repeatable.then(|| {
        let mut copy = Request::new(Body::empty());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        copy
    })
}

/// The answer as the client gets it, to a request with this method.
pub fn answer<B>(method: &Method, response: Response<B>) -> Result<Response<Body>, AppError>
where
    B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    let (mut head, body) = response.into_parts();
    let chunked = is_chunked(&head.headers).filter(|_| !head.status.is_informational());
    let chunked = chunked.ok_or_else(|| AppError::BadGateway(anyhow::anyhow!("an answer that cannot be passed on")))?;

    remove_hop_by_hop(&mut head.headers);
    head.version = Version::HTTP_11;
    let bodiless = *method == Method::HEAD || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if bodiless {
        // Its length, if it has one, is that of the body which a GET would have had.
        return Ok(Response::from_parts(head, Body::new(Nothing)));
    }
    if chunked {
        head.headers.remove(CONTENT_LENGTH);
    } else if let Some(length) = body.size_hint().exact() {
        // Said twice, it would be said twice again.
        head.headers.insert(CONTENT_LENGTH, length.into());
    }
    Ok(Response::from_parts(head, Body::new(body)))
}

/// The path as it was sent: what it means is the next server's business.
fn target(method: &Method, uri: &Uri) -> Result<Uri, AppError> {
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    // `*` asks about the server as a whole. A tunnel (CONNECT) is what other proxies are for.
    let known = path.starts_with('/') || (path == "*" && *method == Method::OPTIONS);
    if *method == Method::CONNECT || !known {
        return Err(AppError::BadRequest("that is no address on this site"));
    }
    let mut parts = uri::Parts::default();
    parts.path_and_query = uri.path_and_query().cloned();
    Uri::from_parts(parts).map_err(|_| AppError::BadRequest("that is no address on this site"))
}

/// Which site the client means. An address in the request line outranks `Host`.
fn host(headers: &HeaderMap, uri: &Uri, version: Version) -> Result<HeaderValue, AppError> {
    let mut hosts = headers.get_all(HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    match (uri.authority(), first) {
        _ if second.is_some() => Err(AppError::BadRequest("a request has one Host")),
        (Some(authority), _) => {
            let address = authority.as_str().rsplit('@').next().unwrap_or_default();
            HeaderValue::from_str(address).map_err(|_| AppError::BadRequest("that is no Host"))
        }
        (None, Some(host)) => Ok(host.clone()),
        // Nobody had to say it then, and an empty one says that nothing was said.
        (None, None) if version < Version::HTTP_11 => Ok(HeaderValue::from_static("")),
        (None, None) => Err(AppError::BadRequest("a request has a Host")),
    }
}

/// Whether the body comes in chunks; `None` if it is coded in a way that we would have to undo.
fn is_chunked(headers: &HeaderMap) -> Option<bool> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Some(false),
        (Some(coding), None) if coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => Some(true),
        _ => None,
    }
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // These two belong to the message whoever names them; without them it would mean something else.
        .filter(|name| *name != HOST && *name != CONTENT_LENGTH)
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// Who asked, and for whom: each proxy adds the address that it saw. Only the last entry is ours; what stands before it
/// is what the client said.
fn forwarded_for(headers: &HeaderMap, from: IpAddr) -> HeaderValue {
    let mut list = Vec::new();
    for value in headers.get_all(FORWARDED_FOR) {
        list.extend_from_slice(value.as_bytes());
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(from.to_canonical().to_string().as_bytes());
    HeaderValue::from_bytes(&list).expect("header values and an address, with commas between")
}

/// No body, and nothing said about how long one would be: otherwise the head would be given a length of 0.
struct Nothing;

impl HttpBody for Nothing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7));

    fn request(target: &str, headers: &[(&str, &str)]) -> Request {
        let request = Request::get(target);
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value))
            .body(Body::empty())
            .unwrap()
    }

    fn sent(target: &str, headers: &[(&str, &str)]) -> Request {
        outgoing(request(target, headers), READER).unwrap()
    }

    #[test]
    fn what_is_between_neighbours_stays_behind() {
        let request = sent(
            "/?a=%2f",
            &[
                ("host", "gossip.example"),
                ("connection", "keep-alive, X-Mine"),
                ("connection", "host, content-length"),
                ("x-mine", "1"),
                ("content-length", "0"),
                ("te", "trailers"),
                ("upgrade", "websocket"),
                ("cookie", "session=1"),
            ],
        );
        let mut names: Vec<&str> = request.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-length", "cookie", "host", "x-forwarded-for"]);
        assert_eq!(request.uri(), "/?a=%2f");
    }

    #[test]
    fn the_readers_address_is_the_last() {
        let headers = [("host", "a"), ("x-forwarded-for", "1.1.1.1, 2.2.2.2"), ("x-forwarded-for", "3.3.3.3")];
        assert_eq!(sent("/", &headers).headers()[FORWARDED_FOR], "1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.7");
        assert_eq!(sent("/", &headers[..1]).headers()[FORWARDED_FOR], "10.0.0.7");
    }

    #[test]
    fn a_request_has_one_host() {
        let request = sent("http://gossip.example:81/u/may", &[("host", "other.example")]);
        assert_eq!((request.headers()[HOST].as_bytes(), request.uri().path()), (&b"gossip.example:81"[..], "/u/may"));
        assert!(request.uri().authority().is_none());
        for headers in [&[][..], &[("host", "a"), ("host", "b")]] {
            assert!(matches!(outgoing(self::request("/", headers), READER), Err(AppError::BadRequest(_))));
        }
    }

    #[test]
    fn a_body_has_one_length() {
        let headers = [("host", "a"), ("content-length", "5"), ("transfer-encoding", "chunked")];
        let request = sent("/", &headers);
        assert!(!request.headers().contains_key(CONTENT_LENGTH));
        assert_eq!(request.headers()[TRANSFER_ENCODING], "chunked");
        let headers = [("host", "a"), ("transfer-encoding", "gzip, chunked")];
        assert!(outgoing(self::request("/", &headers), READER).is_err());
    }
}
