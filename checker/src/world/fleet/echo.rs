//! What arrives at a server of what was said to the balancer, and what arrives of its answer.

use hyper::{Method, body::Bytes};
use serde_json::Value;

use super::Fleet;
use crate::{
    story::Stop,
    world::{
        upstream::Digest,
        wire::{Ask, Letter},
    },
};

/// A request as a server got it.
pub struct Echo<'f> {
    fleet: &'f Fleet,
    told: Value,
}

impl Fleet {
    /// Says this to the balancer, and hears from the server what it got.
    pub async fn echo(&self, ask: Ask) -> Result<Echo<'_>, Stop> {
        let why = "Whoever stands in between hands on what they were told.";
        let letter = self.ask(ask, why).await?;
        letter.expect_status(200, why)?;
        match letter.json() {
            Some(told) => Ok(Echo { fleet: self, told }),
            None => self.failed("the server's answer, which is JSON", "another body", why),
        }
    }

    /// The body arrives whole and unchanged, however it is sent.
    pub async fn expect_method_passes(&self, method: Method, body: impl Into<Bytes>) -> Result<(), Stop> {
        let body = body.into();
        let ask = Ask::new(method.clone(), self.unique("/echo"));
        let ask = if body.is_empty() { ask } else { ask.body(body.clone()) };
        let echo = self.echo(ask).await?;
        echo.expect("method", method.as_str())?;
        echo.expect_body(&body)
    }

    /// HEAD comes to a server as HEAD, and its answer says what a GET's would.
    pub async fn expect_head_passes(&self) -> Result<(), Stop> {
        let (path, why) =
            (self.unique("/headers"), "A server that hears HEAD need not make the body that nobody reads.");
        let letter = self.ask(Ask::new(Method::HEAD, path.clone()), why).await?;
        letter.expect_status(200, why)?;
        let arrived = self.servers.iter().flat_map(|server| server.arrivals()).find(|arrival| arrival.path == path);
        let method = arrived.map_or("nothing".to_owned(), |arrival| arrival.method);
        if method != "HEAD" {
            return self.failed("the server gets a HEAD", format!("it got a {method}"), why);
        }
        self.expect_answer_header(&letter, "x-end-to-end", &["stays"], why)
    }

    /// An answer of this status passes as it is, and was given once.
    pub async fn expect_status_passes(&self, status: u16) -> Result<(), Stop> {
        let path = self.unique(&format!("/status/{status}"));
        let why = "What a server answers is passed on: its redirections, its 500s and its 503s as well.";
        let letter = self.ask(Ask::get(path.clone()), why).await?;
        letter.expect_status(status, why)?;
        if self.taker(&path).is_none() {
            let why = "One page that fails says nothing about its server: GET /health does.";
            let saw = format!("{status} by the balancer itself, after the servers had answered some others like it");
            return self.failed(format!("{status} by a server"), saw, why);
        }
        self.expect_visits(&path, 1, why)?;
        let has_body = !matches!(status, 204 | 304);
        let expected = if has_body { format!("{status}\n") } else { String::new() };
        if letter.body != expected {
            let saw = format!("{:?}", String::from_utf8_lossy(&letter.body));
            return self.failed(format!("{status} with the body {expected:?}"), saw, why);
        }
        if (300..304).contains(&status) && letter.header("location") != Some("/light") {
            return self.failed("Location: /light", format!("{:?}", letter.header("location")), why);
        }
        Ok(())
    }

    /// An answer has this header, each of its values in this order; none for one that may not be there.
    pub fn expect_answer_header(&self, letter: &Letter, name: &str, values: &[&str], why: &str) -> Result<(), Stop> {
        if letter.all(name) == values {
            return Ok(());
        }
        self.failed(
            said(name, values),
            said(name, &letter.all(name).iter().map(String::as_str).collect::<Vec<_>>()),
            why,
        )
    }

    /// So many requests with this path came to the servers, all together.
    pub fn expect_visits(&self, path: &str, count: usize, why: &str) -> Result<(), Stop> {
        let came = self.servers.iter().map(|server| server.visits(path)).sum::<usize>();
        if came == count {
            return Ok(());
        }
        let saw = format!("it came {came} times: {}", self.counts(|server| server.visits(path)));
        let path = path.split('?').next().unwrap_or(path);
        self.failed(format!("{path} comes to the servers {}", times(count)), saw, why)
    }
}

impl Echo<'_> {
    /// A part of the request's head: `method`, `uri`.
    pub fn expect(&self, part: &str, expected: &str) -> Result<(), Stop> {
        let got = self.told[part].as_str().unwrap_or_default();
        if got == expected {
            return Ok(());
        }
        let why = "What a request means is the business of its ends.";
        self.fleet.failed(format!("the server gets the {part} {expected}"), got, why)
    }

    /// The server got this header, each of its values in this order, on one line or several; none for one that may not
    /// arrive.
    pub fn expect_header(&self, name: &str, values: &[&str], why: &str) -> Result<(), Stop> {
        let got = self.header(name);
        let in_list = |lines: &[String]| {
            lines.iter().flat_map(|line| line.split(',')).map(|one| one.trim().to_owned()).collect::<Vec<_>>()
        };
        let expected: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        if got == expected || (got.is_empty() == expected.is_empty() && in_list(&got) == in_list(&expected)) {
            return Ok(());
        }
        let got: Vec<&str> = got.iter().map(String::as_str).collect();
        self.fleet.failed(format!("the server gets {}", said(name, values)), said(name, &got), why)
    }

    pub fn expect_body(&self, body: &[u8]) -> Result<(), Stop> {
        if self.told["length"] == body.len() && self.told["digest"] == Digest::of(body) {
            return Ok(());
        }
        let saw = format!("{} bytes, not the same", self.told["length"]);
        self.fleet.failed(format!("the server gets the body, {} bytes", body.len()), saw, "A body passes as it is.")
    }

    fn header(&self, name: &str) -> Vec<String> {
        let pairs = self.told["headers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let values = pairs.iter().filter(|pair| pair[0] == name).filter_map(|pair| pair[1].as_str());
        values.map(str::to_owned).collect()
    }
}

fn said(name: &str, values: &[&str]) -> String {
    if values.is_empty() { format!("no {name}") } else { format!("{name}: {}", values.join(" | ")) }
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}
