//! Somebody who wants to be somebody else, and edits what the browser sends: fields of a form, cookies.

use super::{
    encoding::{base64, base64_url, hex, unbase64},
    http::{Browser, Request},
    site::Site,
};
use crate::story::Stop;

/// Whose name and id are put in the place of the own ones.
pub struct Imposter {
    own: Identity,
    theirs: Identity,
}

struct Identity {
    name: String,
    id: String,
}

impl Imposter {
    /// `own` as `theirs`; the ids are what the table `users` says.
    pub async fn new(site: &Site, own: &Browser, theirs: &Browser) -> Result<Imposter, Stop> {
        Ok(Imposter { own: identity(site, own).await?, theirs: identity(site, theirs).await? })
    }

    /// In every field that holds the own name or id, and in fields that a handler might look for.
    pub fn edits_fields(&self, request: &mut Request) {
        for (_, value) in &mut request.fields {
            if *value == self.own.name {
                value.clone_from(&self.theirs.name);
            } else if *value == self.own.id {
                value.clone_from(&self.theirs.id);
            }
        }
        for field in ["name", "author", "user", "username", "author_name", "me", "by"] {
            add_field(request, field, &self.theirs.name);
        }
        for field in ["user_id", "author_id", "userid", "id"] {
            add_field(request, field, &self.theirs.id);
        }
    }

    /// In cookies that show whose they are, plainly or in base64, and in cookies that a handler might look for.
    pub fn edits_cookies(&self, browser: &mut Browser) {
        let cookies = browser.cookies().clone();
        for (name, value) in cookies {
            browser.set_cookie(&name, &self.edited(&value));
        }
        for (cookie, value) in [
            ("user", &self.theirs.name),
            ("name", &self.theirs.name),
            ("username", &self.theirs.name),
            ("user_id", &self.theirs.id),
        ] {
            browser.set_cookie(cookie, value);
        }
    }

    /// What a cookie might be that says who somebody is, or is one of a row of numbers of which `own` is another.
    pub fn guesses(&self, own: &str) -> Vec<String> {
        let Identity { name, id } = &self.theirs;
        let mut guesses = vec![
            id.clone(),
            name.clone(),
            format!("{id}:{name}"),
            format!("user={name}"),
            format!("{{\"user_id\":{id}}}"),
            base64(id.as_bytes()),
            base64(name.as_bytes()),
            base64(format!("{{\"user_id\":{id}}}").as_bytes()),
            hex(id.as_bytes()),
            hex(name.as_bytes()),
            self.edited(own),
        ];
        guesses.extend((0..20).map(|number| number.to_string()));
        let near = |number: u64| (1..=8).flat_map(move |step| [number.wrapping_sub(step), number.wrapping_add(step)]);
        if let Ok(number) = own.parse() {
            guesses.extend(near(number).map(|number| number.to_string()));
        }
        if let (width @ 1..=16, Ok(number)) = (own.len(), u64::from_str_radix(own, 16)) {
            guesses.extend(near(number).map(|number| format!("{number:0width$x}")));
        }
        guesses.retain(|guess| guess != own);
        guesses
    }

    /// Their name for the own one, their id for the own one, where it stands by itself; in base64 as well.
    fn edited(&self, value: &str) -> String {
        if let Some(text) = unbase64(value).and_then(|bytes| String::from_utf8(bytes).ok()) {
            let edited = self.edited_plainly(&text);
            if edited != text {
                return if value.contains(['+', '/', '=']) {
                    base64(edited.as_bytes())
                } else {
                    base64_url(edited.as_bytes())
                };
            }
        }
        self.edited_plainly(value)
    }

    fn edited_plainly(&self, text: &str) -> String {
        let text = text.replace(&self.own.name, &self.theirs.name);
        let mut edited = String::new();
        for part in text.split_inclusive(|sign: char| !sign.is_ascii_alphanumeric()) {
            match part.strip_prefix(self.own.id.as_str()) {
                Some(rest) if rest.chars().all(|sign| !sign.is_ascii_alphanumeric()) => {
                    edited.push_str(&self.theirs.id);
                    edited.push_str(rest);
                }
                _ => edited.push_str(part),
            }
        }
        edited
    }
}

async fn identity(site: &Site, browser: &Browser) -> Result<Identity, Stop> {
    let id = site.database.user_id(&browser.name).await?;
    Ok(Identity { name: browser.name.clone(), id: id.to_string() })
}

fn add_field(request: &mut Request, name: &str, value: &str) {
    if !request.fields.iter().any(|(own, _)| own == name) {
        request.fields.push((name.to_owned(), value.to_owned()));
    }
}
