//! What an origin has under an address: a status, headers, and a content that may depend on who asks.

use std::fmt;

use hyper::{
    HeaderMap, StatusCode,
    header::{self, HeaderName, HeaderValue},
};

use crate::world::upstream::Digest;

#[derive(Clone)]
pub struct Exhibit {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) content: Content,
}

#[derive(Clone)]
pub(super) enum Content {
    Text(String),
    /// The site and the address that were asked for, then the text.
    Addressed(String),
    /// What the asker said in this header, after its name.
    Heard(&'static str),
    /// All that the asker said: the target, each header, the body.
    Everything,
    /// That many bytes, as `/big` of an upstream has them.
    Big(u64),
    /// The text, and less of it than is promised.
    Half(String),
}

impl Exhibit {
    fn of(content: Content) -> Exhibit {
        Exhibit { status: StatusCode::OK, headers: HeaderMap::new(), content }
    }

    /// The same text for everybody.
    pub fn text(text: impl Into<String>) -> Exhibit {
        Exhibit::of(Content::Text(text.into()))
    }

    /// A text that says where it lies.
    pub fn addressed(text: impl Into<String>) -> Exhibit {
        Exhibit::of(Content::Addressed(text.into()))
    }

    /// What the asker says in a header.
    pub fn heard(header: &'static str) -> Exhibit {
        Exhibit::of(Content::Heard(header))
    }

    /// All that the asker says.
    pub fn mirror() -> Exhibit {
        Exhibit::of(Content::Everything)
    }

    pub fn big(bytes: u64) -> Exhibit {
        Exhibit::of(Content::Big(bytes))
    }

    /// The start of a text, and then the end of the connection.
    pub fn half(text: impl Into<String>) -> Exhibit {
        Exhibit::of(Content::Half(text.into()))
    }

    pub fn status(self, status: StatusCode) -> Exhibit {
        Exhibit { status, ..self }
    }

    /// One header more, beside those of the same name.
    pub fn says(mut self, name: &'static str, value: &str) -> Exhibit {
        // The checker's own values are ASCII without control signs.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.append(HeaderName::from_static(name), value);
        }
        self
    }

    /// To be kept by anybody for so many seconds.
    pub fn keeps(self, seconds: u32) -> Exhibit {
        self.says("cache-control", &format!("public, max-age={seconds}"))
    }

    /// With a tag of its text, and a 304 for whoever names it.
    pub fn tagged(self) -> Exhibit {
        let text = match &self.content {
            Content::Text(text) | Content::Addressed(text) | Content::Half(text) => text.clone(),
            Content::Big(bytes) => bytes.to_string(),
            Content::Heard(_) | Content::Everything => String::new(),
        };
        let tag = format!("\"{}\"", &Digest::of(text.as_bytes())[..16]);
        self.says("etag", &tag)
    }

    pub(super) fn tag(&self) -> Option<&HeaderValue> {
        self.headers.get(header::ETAG)
    }
}

/// As a timeline has it: `200, public, max-age=60`.
impl fmt::Display for Exhibit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status.as_u16())?;
        for (name, value) in self.headers.iter().filter(|(name, _)| **name != header::ETAG) {
            let value = value.to_str().unwrap_or_default();
            match *name == header::CACHE_CONTROL {
                true => write!(f, ", {value}")?,
                false => write!(f, ", {name}: {value}")?,
            }
        }
        Ok(())
    }
}
