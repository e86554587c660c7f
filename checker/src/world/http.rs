//! Somebody with a browser: cookies, hidden inputs, Origin; no redirect followed unseen.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use anyhow::Context;
use cookie::time::OffsetDateTime;
use futures_util::StreamExt;
use reqwest::{
    Client, Method, StatusCode,
    header::{self, HeaderMap},
    redirect::Policy,
};

use super::{
    html::{Form, Html},
    page::set_cookies,
    patience::Patience,
    stage::Stage,
    timeline::Timeline,
};
use crate::story::human;

pub use super::page::{Page, Seen, quoted, quoted_at_length};

/// Pages are small; a body beyond this is cut off.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// A user, with a browser and its cookies.
#[derive(Clone)]
pub struct Browser {
    pub name: String,
    pub password: String,
    at: SocketAddr,
    /// What it says in `Origin`; the address that it looks at, unless the site has a name.
    origin: Option<String>,
    /// By name; browsers keep them by host, not by port.
    cookies: BTreeMap<String, String>,
    client: Client,
    timeline: Timeline,
    patience: Arc<Patience>,
}

/// A request as a browser would send it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: Method,
    pub path: String,
    /// Sent as a form, where there are any.
    pub fields: Vec<(String, String)>,
    /// Replaces what the browser would say in `Origin`.
    pub origin: Option<String>,
    /// Of a program that is no browser: nothing is said in `Origin`.
    pub is_no_browsers: bool,
    pub headers: Vec<(String, String)>,
}

impl Browser {
    pub fn new(name: String, password: String, at: SocketAddr, stage: &Stage) -> anyhow::Result<Browser> {
        let (timeline, patience) = (stage.timeline.clone(), stage.context.patience.clone());
        Ok(Browser {
            name,
            password,
            at,
            origin: None,
            cookies: BTreeMap::new(),
            client: client()?,
            timeline,
            patience,
        })
    }

    /// The same browser, now looking at another address.
    pub fn at(&self, address: SocketAddr) -> Browser {
        Browser { at: address, ..self.clone() }
    }

    /// Another browser of the same person: no cookies, connections of its own.
    pub fn another(&self) -> anyhow::Result<Browser> {
        Ok(Browser { cookies: BTreeMap::new(), client: client()?, ..self.clone() })
    }

    /// The address that the site has for its users, where that is not the one of its server.
    pub fn comes_from(&mut self, origin: &str) {
        self.origin = Some(origin.to_owned());
    }

    fn origin_of(&self, request: &Request) -> Option<String> {
        if request.is_no_browsers {
            return None;
        }
        let own = request.origin.as_ref().or(self.origin.as_ref());
        Some(own.cloned().unwrap_or_else(|| format!("http://{}", self.at)))
    }

    pub fn address(&self) -> SocketAddr {
        self.at
    }

    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    pub fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    /// Puts a cookie in by hand, as a thief or a forger would.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub fn forget_cookies(&mut self) {
        self.cookies.clear();
    }

    /// As the `Cookie` header has them.
    pub fn cookie_header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    pub async fn visits(&mut self, path: &str) -> Seen {
        let moment = self.timeline.begin(format!("{} opens {path}", self.name));
        let seen = self.sends(&Request::get(path)).await;
        moment.end(seen.summary());
        seen
    }

    /// Registers under this name and password, through the form's page.
    pub async fn registers(&mut self) -> Seen {
        let (name, password) = (self.name.clone(), self.password.clone());
        self.fills_in("registers", "/register", "/register", &[("name", &name), ("password", &password)]).await
    }

    pub async fn logs_in(&mut self) -> Seen {
        let (name, password) = (self.name.clone(), self.password.clone());
        self.fills_in("logs in", "/login", "/login", &[("name", &name), ("password", &password)]).await
    }

    pub async fn logs_out(&mut self) -> Seen {
        let moment = self.timeline.begin(format!("{} logs out", self.name));
        let seen = self.sends(&Request::post("/logout", &[])).await;
        moment.end(seen.summary());
        seen
    }

    /// Opens the feed, types a gossip and publishes it.
    pub async fn publishes(&mut self, content: &str) -> Seen {
        let act = format!("publishes {}", quoted_at_length(content));
        self.fills_in(&act, "/", "/post", &[("content", content), ("tag", "gossip")]).await
    }

    /// Opens a page, fills in its form for `action`, hidden inputs as they are, and sends it.
    pub async fn fills_in(&mut self, act: &str, page: &str, action: &str, fields: &[(&str, &str)]) -> Seen {
        let moment = self.timeline.begin(format!("{} {act}", self.name));
        let seen = match self.sends(&Request::get(page)).await {
            Seen::Answered(answer) if answer.status == StatusCode::OK => {
                // Without the form, as a program that knows the contract would send it.
                let form = answer.html.form_to(action).unwrap_or_default();
                self.sends(&Request::form(action, &form, fields)).await
            }
            no_page => no_page,
        };
        moment.end(seen.summary());
        seen
    }

    /// Sends a request, told as this act.
    pub async fn does(&mut self, act: impl Into<String>, request: &Request) -> Seen {
        let moment = self.timeline.begin(act);
        let seen = self.sends(request).await;
        moment.end(seen.summary());
        seen
    }

    /// Sends a request without a word in the timeline.
    pub async fn sends(&mut self, request: &Request) -> Seen {
        let began = Instant::now();
        let seen = self.try_send(request).await;
        match &seen {
            Seen::Answered(page) => self.keep_cookies(&page.headers),
            Seen::Refused(_) | Seen::Unsure(_) => self.patience.gave_up(began),
        }
        seen
    }

    async fn try_send(&self, request: &Request) -> Seen {
        self.timeline.request(self.as_curl(request));
        let url = format!("http://{}{}", self.at, request.path);
        let patience = self.patience.now();
        let mut outgoing = self.client.request(request.method.clone(), url).timeout(patience);
        if !self.cookies.is_empty() {
            outgoing = outgoing.header(header::COOKIE, self.cookie_header());
        }
        if request.method != Method::GET && request.method != Method::HEAD {
            if let Some(origin) = self.origin_of(request) {
                outgoing = outgoing.header(header::ORIGIN, origin);
            }
            outgoing = outgoing.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(request.body());
        }
        for (name, value) in &request.headers {
            outgoing = outgoing.header(name, value);
        }
        let began = Instant::now();
        let answer = match outgoing.send().await {
            Ok(answer) => answer,
            Err(error) => return unanswered(&error, patience),
        };
        self.patience.was_answered();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(chunk) if body.len() < BODY_LIMIT => body.extend_from_slice(&chunk),
                Ok(_) => break,
                Err(error) => {
                    return Seen::Unsure(format!("{} and then a broken page: {}", status.as_u16(), cause(&error)));
                }
            }
        }
        let body = String::from_utf8_lossy(&body).into_owned();
        let html = Html::parse(&body);
        Seen::Answered(Arc::new(Page { status, headers, body, html, took: began.elapsed() }))
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for cookie in set_cookies(headers) {
            let over = cookie.max_age().is_some_and(|age| age.whole_seconds() <= 0)
                || cookie.expires_datetime().is_some_and(|at| at <= OffsetDateTime::from(SystemTime::now()));
            if over {
                self.cookies.remove(cookie.name());
            } else {
                self.cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
        }
    }

    fn as_curl(&self, request: &Request) -> String {
        let mut command = format!("curl -i -X {}", request.method);
        if !self.cookies.is_empty() {
            command += &format!(" -b {}", shell_quoted(&self.cookie_header()));
        }
        if let Some(origin) = self.origin_of(request).filter(|_| request.method != Method::GET) {
            command += &format!(" -H {}", shell_quoted(&format!("Origin: {origin}")));
        }
        for (name, value) in &request.headers {
            command += &format!(" -H {}", shell_quoted(&format!("{name}: {value}")));
        }
        for (name, value) in &request.fields {
            command += &format!(" --data-urlencode {}", shell_quoted(&format!("{name}={value}")));
        }
        command + &format!(" {}", shell_quoted(&format!("http://{}{}", self.at, request.path)))
    }
}

impl Request {
    pub fn get(path: &str) -> Request {
        Request { method: Method::GET, path: path.to_owned(), ..Request::default() }
    }

    pub fn post(path: &str, fields: &[(&str, &str)]) -> Request {
        let fields = fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Request { method: Method::POST, path: path.to_owned(), fields, ..Request::default() }
    }

    /// A form filled in: what it holds already, but for the fields that were typed into.
    pub fn form(action: &str, form: &Form, typed: &[(&str, &str)]) -> Request {
        let untouched = form.fields.iter().filter(|field| !typed.iter().any(|(name, _)| *name == field.name));
        let untouched = untouched.map(|field| (field.name.clone(), field.value.clone()));
        // A browser sends the end of a line as CR LF.
        let typed = typed.iter().map(|&(name, value)| (name.to_owned(), with_crlf(value)));
        Request {
            method: Method::POST,
            path: action.to_owned(),
            fields: untouched.chain(typed).collect(),
            ..Request::default()
        }
    }

    pub fn with_origin(self, origin: &str) -> Request {
        Request { origin: Some(origin.to_owned()), ..self }
    }

    pub fn without_origin(self) -> Request {
        Request { is_no_browsers: true, ..self }
    }

    pub fn with_header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The fields as a form's body.
    pub fn body(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish()
    }
}

fn client() -> anyhow::Result<Client> {
    Client::builder().redirect(Policy::none()).no_proxy().build().context("making an HTTP client")
}

fn unanswered(error: &reqwest::Error, patience: Duration) -> Seen {
    let cause = cause(error);
    if error.is_connect() {
        Seen::Refused(cause)
    } else if error.is_timeout() {
        Seen::Unsure(format!("nothing within {}", human(patience)))
    } else {
        Seen::Unsure(cause)
    }
}

/// The innermost cause, which names what happened; the outer ones repeat the address.
fn cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    // `Connection refused (os error 111)`: the number differs between systems.
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
