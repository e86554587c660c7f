//! The shape of pages that the contract names: forms with their fields, labels, a language, a title, a stylesheet.

use super::http::Page;
use crate::story::{Stop, failed};

impl Page {
    /// A form that posts there, with these fields.
    pub fn expect_form(&self, action: &str, fields: &[&str]) -> Result<(), Stop> {
        let why = "Whoever has no browser at hand sends this form too: its address and names are the contract.";
        let Some(form) = self.html.form_to(action) else {
            return failed(format!("a form with action \"{action}\""), "there is none", why);
        };
        if form.method != "post" {
            return failed("method \"post\"", format!("method \"{}\"", form.method), why);
        }
        match fields.iter().find(|field| form.field(field).is_none()) {
            None => Ok(()),
            Some(field) => failed(format!("a field \"{field}\" in the form to {action}"), "there is none", why),
        }
    }

    /// A language, a title, a heading, a main part, and a label for each field that is seen.
    pub fn expect_accessible(&self) -> Result<(), Stop> {
        let why = "A page must work for those who hear it instead of seeing it, and without scripts.";
        let html = &self.html;
        if html.all("html").all(|html| html.attributes.get("lang").is_none_or(String::is_empty)) {
            return failed("<html lang=…>", "no language is named", why);
        }
        if html.all("title").next().is_none_or(|title| title.text.trim().is_empty()) {
            return failed("a <title>", "there is none", why);
        }
        for (tag, times) in [("h1", html.all("h1").count()), ("main", html.all("main").count())] {
            if times != 1 {
                return failed(format!("one <{tag}>"), format!("{times}"), why);
            }
        }
        let labelled: Vec<_> = html.all("label").filter_map(|label| label.attributes.get("for")).collect();
        let inputs = html.elements().iter().filter(|element| matches!(element.tag.as_str(), "input" | "textarea"));
        for input in inputs.filter(|input| input.attributes.get("type").is_none_or(|kind| kind != "hidden")) {
            let is_labelled = input.attributes.get("id").is_some_and(|id| labelled.contains(&id));
            if !is_labelled && !input.attributes.contains_key("aria-label") {
                let name = input.attributes.get("name").cloned().unwrap_or_default();
                return failed(format!("a <label> for the field \"{name}\""), "it has none", why);
            }
        }
        Ok(())
    }

    /// Where its stylesheet is.
    pub fn expect_stylesheet(&self, why: &str) -> Result<String, Stop> {
        let sheet =
            self.html.all("link").find(|link| link.attributes.get("rel").is_some_and(|rel| rel == "stylesheet"));
        match sheet.and_then(|link| link.attributes.get("href")) {
            Some(sheet) => Ok(sheet.clone()),
            None => failed("one stylesheet", "no <link rel=\"stylesheet\">", why),
        }
    }

    pub fn expect_content_type(&self, kind: &str, why: &str) -> Result<(), Stop> {
        match self.header("content-type") {
            Some(own) if own.starts_with(kind) => Ok(()),
            own => failed(format!("content-type {kind}"), own.unwrap_or("none"), why),
        }
    }
}
