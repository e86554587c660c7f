//! What a reader expects of a page beyond its status: order, authors, text that stayed text, a form that still holds
//! what was typed.

use super::{
    html::Element,
    http::{Page, Seen, quoted, quoted_at_length},
};
use crate::story::{Stop, failed};

impl Seen {
    /// While something is broken: an error that says so, or the page as it should be, and nothing between.
    pub fn expect_error_or_known(&self, name: &str, why: &str) -> Result<(), Stop> {
        let page = self.expect_answer(why)?;
        if page.status.is_server_error() || page.greets().is_some_and(|greeted| greeted == name) {
            return Ok(());
        }
        failed(format!("5xx, or a page that greets {name}"), self.summary(), why)
    }

    /// While something is broken: an error that says so, or what was asked for.
    pub fn expect_error_or_redirect_to(&self, path: &str, why: &str) -> Result<(), Stop> {
        let page = self.expect_answer(why)?;
        if page.status.is_server_error() {
            return Ok(());
        }
        self.expect_redirect_to(path, why)
    }
}

impl Page {
    pub fn expect_does_not_greet(&self, name: &str, why: &str) -> Result<(), Stop> {
        match self.greets() {
            Some(greeted) if greeted == name => failed("a page for somebody else", format!("it greets {name}"), why),
            _ => Ok(()),
        }
    }

    /// These posts, each above the next one.
    pub fn expect_newest_first(&self, contents: &[&String]) -> Result<(), Stop> {
        let mut above = None;
        for content in contents {
            let place = self.expect_post(content, "What was told must be where everybody looks.")?;
            if above.is_some_and(|above| place < above) {
                return failed(
                    format!("newest first, ties by id: {} further down", quoted(content)),
                    "it stands above a newer one",
                    "People read the top of the page, and expect the newest there.",
                );
            }
            above = Some(place);
        }
        Ok(())
    }

    /// A post with this text, under this name.
    pub fn expect_post_by(&self, author: &str, content: &str, why: &str) -> Result<(), Stop> {
        let place = self.expect_post(content, why)?;
        let post = &self.posts()[place];
        if post.contains(author) {
            return Ok(());
        }
        failed(format!("{} is by {author}", quoted(content)), format!("the page says {}", quoted(post)), why)
    }

    /// A post with this text, under this tag.
    pub fn expect_tag(&self, tag: &str, content: &str, why: &str) -> Result<(), Stop> {
        let place = self.expect_post(content, why)?;
        let post = &self.posts()[place];
        if post.split_whitespace().any(|word| word == format!("#{tag}")) {
            return Ok(());
        }
        failed(format!("{} has the tag #{tag}", quoted(content)), format!("the page says {}", quoted(post)), why)
    }

    /// No post with this text.
    pub fn expect_no_post(&self, content: &str, why: &str) -> Result<(), Stop> {
        self.expect_times(content, 0, why)
    }

    /// As many posts with this text.
    pub fn expect_times(&self, content: &str, times: usize, why: &str) -> Result<(), Stop> {
        let expected = match times {
            0 => format!("{} is not on the page", quoted(content)),
            times => format!("{} is on the page {times}×", quoted(content)),
        };
        match self.count_of(content) {
            shown if shown == times => Ok(()),
            0 => failed(expected, "it is not there", why),
            1 => failed(expected, "it is there", why),
            shown => failed(expected, format!("it is there {shown}×"), why),
        }
    }

    pub fn expect_at_least_one_post(&self, why: &str) -> Result<(), Stop> {
        if self.posts().is_empty() { failed("the newest posts", "no post", why) } else { Ok(()) }
    }

    pub fn expect_at_most(&self, posts: usize, why: &str) -> Result<(), Stop> {
        let shown = self.posts().len();
        if shown <= posts { Ok(()) } else { failed(format!("at most {posts} posts"), format!("{shown} posts"), why) }
    }

    /// No element of the page carries the mark: text stayed text.
    pub fn expect_harmless(&self, mark: &str) -> Result<(), Stop> {
        match self.html.by_id(mark) {
            None => Ok(()),
            Some(element) => failed(
                "what somebody typed is shown as text",
                format!("it became a <{}> element of the page", element.tag),
                "Whoever can write an element can write a script, and that runs in every reader's browser, as that reader.",
            ),
        }
    }

    /// Says what is wrong, where a screen reader reads it out.
    pub fn expect_alert(&self, why: &str) -> Result<(), Stop> {
        let is_alert = |element: &&Element| element.attributes.get("role").is_some_and(|role| role == "alert");
        match self.html.elements().iter().find(is_alert) {
            Some(alert) if !alert.text.trim().is_empty() => Ok(()),
            Some(_) => failed("a word on what is wrong (role=\"alert\")", "it is empty", why),
            None => failed("a word on what is wrong (role=\"alert\")", "no element with that role", why),
        }
    }

    /// This secret is nowhere in the page.
    pub fn expect_without(&self, secret: &str, why: &str) -> Result<(), Stop> {
        if self.body.contains(secret) {
            failed("a page without the password", "it is in the page", why)
        } else {
            Ok(())
        }
    }

    /// Nothing to send there.
    pub fn expect_no_form_to(&self, action: &str, why: &str) -> Result<(), Stop> {
        match self.html.form_to(action) {
            None => Ok(()),
            Some(_) => failed(format!("no form to {action}"), "there is one", why),
        }
    }

    /// The form to publish, with nothing in it.
    pub fn expect_empty_form(&self, why: &str) -> Result<(), Stop> {
        let form = self.html.form_to("/post");
        match form.and_then(|form| form.field("content").map(|field| field.value.trim().to_owned())) {
            Some(typed) if typed.is_empty() => Ok(()),
            Some(typed) => failed("an empty form", format!("it holds {}", quoted_at_length(&typed)), why),
            None => failed("an empty form", "no form with a field \"content\"", why),
        }
    }

    /// The form to publish, with this text in it.
    pub fn expect_still_typed(&self, text: &str, why: &str) -> Result<(), Stop> {
        self.expect_still_in("/post", "content", text, why)
    }

    /// The form for `action`, with this text in one of its fields.
    pub fn expect_still_in(&self, action: &str, field: &str, text: &str, why: &str) -> Result<(), Stop> {
        let form = self.html.form_to(action);
        let typed = form.and_then(|form| form.field(field).map(|field| field.value.replace("\r\n", "\n")));
        let expected = format!("the form again, with {} still in it", quoted_at_length(text));
        match typed {
            Some(typed) if typed == text => Ok(()),
            Some(typed) if typed.is_empty() => failed(expected, "an empty form", why),
            Some(typed) => failed(expected, format!("it holds {}", quoted_at_length(&typed)), why),
            None => failed(expected, format!("no form with a field \"{field}\""), why),
        }
    }
}
