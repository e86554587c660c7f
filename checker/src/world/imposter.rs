//! Somebody who wants to be somebody else, and edits what the browser sends: fields of a form, cookies.

use super::{
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

    /// In cookies that show whose they are, and in cookies that a handler might look for.
    pub fn edits_cookies(&self, browser: &mut Browser) {
        let cookies = browser.cookies().clone();
        for (name, value) in cookies {
            let forged = if value == self.own.id {
                self.theirs.id.clone()
            } else {
                value.replace(&self.own.name, &self.theirs.name)
            };
            browser.set_cookie(&name, &forged);
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
