//! A page as its reader has it: elements with their text, forms with their fields. Not a browser: an element ends where
//! its end tag is, which is enough for pages that people would write.

use std::collections::BTreeMap;

use html5gum::{DefaultEmitter, HtmlString, Token, Tokenizer};

/// Elements that have no content and no end tag.
const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

#[derive(Clone, Debug, Default)]
pub struct Html {
    /// In the order of their start tags.
    elements: Vec<Element>,
}

#[derive(Clone, Debug, Default)]
pub struct Element {
    pub tag: String,
    pub attributes: BTreeMap<String, String>,
    /// All text inside, with entities decoded.
    pub text: String,
    parent: Option<usize>,
}

/// A form with what a browser would send if it were submitted as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    pub action: String,
    pub method: String,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub kind: String,
    pub value: String,
}

impl Html {
    pub fn parse(text: &str) -> Html {
        let mut emitter = DefaultEmitter::default();
        // The text of a textarea, a title or a script is no markup.
        emitter.naively_switch_states(true);
        let mut html = Html::default();
        let mut open: Vec<usize> = Vec::new();
        for token in Tokenizer::new_with_emitter(text, emitter) {
            // Reading from memory cannot fail.
            let Ok(token) = token;
            match token {
                Token::StartTag(tag) => {
                    let name = string(&tag.name);
                    let attributes =
                        tag.attributes.iter().map(|(name, value)| (string(name), string(&value.value))).collect();
                    let is_open = !VOID.contains(&name.as_str()) && !tag.self_closing;
                    let parent = open.last().copied();
                    html.elements.push(Element { tag: name, attributes, text: String::new(), parent });
                    if is_open {
                        open.push(html.elements.len() - 1);
                    }
                }
                Token::EndTag(tag) => {
                    let name = string(&tag.name);
                    if let Some(at) = open.iter().rposition(|&index| html.elements[index].tag == name) {
                        open.truncate(at);
                    }
                }
                Token::String(text) => {
                    let text = string(&text.value);
                    for &index in &open {
                        html.elements[index].text.push_str(&text);
                    }
                }
                Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
            }
        }
        html
    }

    pub fn all<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |element| element.tag == tag)
    }

    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    pub fn by_id(&self, id: &str) -> Option<&Element> {
        self.elements.iter().find(|element| element.attributes.get("id").is_some_and(|own| own == id))
    }

    /// The element with this id, to look inside.
    pub fn part(&self, id: &str) -> Option<Part<'_>> {
        let index = self.elements.iter().position(|element| element.attributes.get("id").is_some_and(|own| own == id));
        index.map(|index| Part { html: self, index })
    }

    /// All elements of a tag, to look inside.
    pub fn parts<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = Part<'a>> {
        let of_tag =
            move |(index, element): (usize, &Element)| (element.tag == tag).then_some(Part { html: self, index });
        self.elements.iter().enumerate().filter_map(of_tag)
    }

    pub fn forms(&self) -> Vec<Form> {
        let is_form = |(_, element): &(usize, &Element)| element.tag == "form";
        self.elements.iter().enumerate().filter(is_form).map(|(index, form)| self.form(index, form)).collect()
    }

    pub fn form_to(&self, action: &str) -> Option<Form> {
        self.forms().into_iter().find(|form| form.action == action)
    }

    fn form(&self, index: usize, form: &Element) -> Form {
        let attribute = |element: &Element, name: &str| element.attributes.get(name).cloned().unwrap_or_default();
        let field = |element: &Element| {
            let name = attribute(element, "name");
            if name.is_empty() {
                return None;
            }
            let (kind, value) = match element.tag.as_str() {
                "input" => {
                    let kind = attribute(element, "type").to_ascii_lowercase();
                    (if kind.is_empty() { "text".to_owned() } else { kind }, attribute(element, "value"))
                }
                // The newline right after the tag is not part of the value.
                "textarea" => {
                    let text = element.text.strip_prefix("\r\n").or(element.text.strip_prefix('\n'));
                    ("textarea".to_owned(), text.unwrap_or(&element.text).to_owned())
                }
                _ => return None,
            };
            Some(Field { name, kind, value })
        };
        Form {
            action: attribute(form, "action"),
            method: attribute(form, "method").to_ascii_lowercase(),
            fields: self.elements.iter().filter(|inner| self.is_inside(inner, index)).filter_map(field).collect(),
        }
    }

    fn is_inside(&self, element: &Element, ancestor: usize) -> bool {
        let mut parent = element.parent;
        while let Some(index) = parent {
            if index == ancestor {
                return true;
            }
            parent = self.elements[index].parent;
        }
        false
    }

    /// Its shape: elements that matter to a user, indented, with the attributes that browsers, screen readers and programs
    /// hold on to, and the words of those that name something.
    pub fn outline(&self) -> String {
        const SHOWN: [&str; 20] = [
            "html", "title", "link", "h1", "h2", "nav", "main", "form", "input", "textarea", "select", "button",
            "label", "article", "a", "header", "footer", "p", "script", "img",
        ];
        const NAMING: [&str; 6] = ["title", "h1", "h2", "button", "label", "a"];
        const ATTRIBUTES: [&str; 14] = [
            "lang",
            "id",
            "action",
            "method",
            "name",
            "type",
            "for",
            "rel",
            "href",
            "src",
            "role",
            "aria-label",
            "autocomplete",
            "required",
        ];
        let mut outline = String::new();
        for element in self.elements.iter().filter(|element| SHOWN.contains(&element.tag.as_str())) {
            let mut depth = 0;
            let mut parent = element.parent;
            while let Some(index) = parent {
                depth += usize::from(SHOWN.contains(&self.elements[index].tag.as_str()));
                parent = self.elements[index].parent;
            }
            outline.push_str(&"  ".repeat(depth));
            outline.push_str(&element.tag);
            for name in ATTRIBUTES {
                match element.attributes.get(name).map(String::as_str) {
                    Some("") => outline.push_str(&format!(" {name}")),
                    Some(value) => outline.push_str(&format!(" {name}={value}")),
                    None => {}
                }
            }
            if NAMING.contains(&element.tag.as_str()) {
                let words: Vec<&str> = element.text.split_whitespace().collect();
                outline.push_str(&format!("  {}", words.join(" ")));
            }
            outline.push('\n');
        }
        outline
    }
}

/// An element of a page, and what is inside.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    html: &'a Html,
    index: usize,
}

impl<'a> Part<'a> {
    /// All text inside.
    pub fn text(&self) -> &'a str {
        &self.html.elements[self.index].text
    }

    pub fn all(self, tag: &'a str) -> impl Iterator<Item = Part<'a>> {
        self.html.parts(tag).filter(move |part| self.holds(part.index))
    }

    /// The first element inside that has this class.
    pub fn with_class(self, class: &str) -> Option<&'a Element> {
        let has_class = |element: &Element| {
            let classes = element.attributes.get("class");
            classes.is_some_and(|classes| classes.split_whitespace().any(|own| own == class))
        };
        let inside = self.html.elements.iter().filter(|element| self.html.is_inside(element, self.index));
        inside.into_iter().find(|element| has_class(element))
    }

    fn holds(self, index: usize) -> bool {
        self.html.is_inside(&self.html.elements[index], self.index)
    }
}

impl Form {
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

fn string(bytes: &HtmlString) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!doctype html><title>A &amp; B</title>
        <p id=me>alice</p>
        <form action="/post" method="POST"><input type=hidden name="form_id" value="7"><br>
        <textarea name=content>
two &lt;b&gt; <b>lines</b>
</textarea><input name="tag"></form>
        <article><p>She said &quot;no&quot;</p></article><article>2</article>"#;

    #[test]
    fn text_is_what_a_reader_reads() {
        let html = Html::parse(PAGE);
        assert_eq!(html.by_id("me").map(|element| element.text.as_str()), Some("alice"));
        let articles: Vec<_> = html.all("article").map(|article| article.text.as_str()).collect();
        assert_eq!(articles, ["She said \"no\"", "2"]);
        assert_eq!(html.all("b").count(), 0, "the text of a textarea is no markup");
    }

    #[test]
    fn a_form_is_what_a_browser_would_send() {
        let form = Html::parse(PAGE).form_to("/post").expect("the page has the form");
        assert_eq!(form.method, "post");
        let fields: Vec<_> = form.fields.iter().map(|field| (&*field.name, &*field.kind, &*field.value)).collect();
        let expected =
            [("form_id", "hidden", "7"), ("content", "textarea", "two <b> <b>lines</b>\n"), ("tag", "text", "")];
        assert_eq!(fields, expected);
    }
}
