//! The talk's figures beside what was measured here: what history did, and what the chapter's answer does, in the same run.

use serde::Serialize;

use super::{Look, clean, json, look};

/// One chapter's figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Headline {
    /// `02-ceiling`
    pub chapter: String,
    /// The talk's figure, in a line.
    pub talk: String,
    pub rows: Vec<Row>,
    /// What must be known to read them: `delays at a tenth`, `this machine ends at 2 cores`.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    pub what: String,
    pub before: String,
    pub after: String,
    /// `46×`, where the two can be compared.
    pub ratio: Option<String>,
}

#[derive(Serialize)]
struct Document {
    chapters: Vec<Headline>,
}

/// A table for each chapter, one under the other, with the same columns.
pub fn text(look: Look, headlines: &[Headline]) -> String {
    let headlines: Vec<Headline> = headlines.iter().map(cleaned).collect();
    let cells = |cell: fn(&Row) -> &str| {
        let rows = headlines.iter().flat_map(|headline| &headline.rows);
        rows.map(|row| look::width(cell(row))).max().unwrap_or(0)
    };
    let ratio = cells(|row| row.ratio.as_deref().unwrap_or_default());
    let (before, after) = (cells(|row| &row.before).max(6), cells(|row| &row.after).max(5));
    // What is left of the line; a name that is longer runs on under itself.
    let figures = 2 + before + 4 + after + 2 + ratio;
    let what = cells(|row| &row.what).min(look.width.saturating_sub(2 + figures)).max(20);

    let mut text = String::new();
    for (at, headline) in headlines.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        text.push_str(&format!("{}\n", look.strong(&headline.chapter)));
        text.push_str(&look.labelled("the talk", 10, &headline.talk, str::to_owned));
        text.push('\n');
        let names =
            format!("  {}  {}    {}", look::left("", what), look::right("before", before), look::right("after", after));
        text.push_str(&format!("{}\n", look.quiet(&names)));
        for row in &headline.rows {
            text.push_str(&table_row(look, row, what, (before, after, ratio)));
        }
        if !headline.notes.is_empty() {
            text.push('\n');
            text.extend(headline.notes.iter().map(|note| look.paragraph(2, note)));
        }
    }
    text
}

fn table_row(look: Look, row: &Row, what: usize, (before, after, ratio): (usize, usize, usize)) -> String {
    let mut text = String::new();
    for (at, name) in look::wrap(&row.what, what).iter().enumerate() {
        if at > 0 {
            text.push_str(&format!("  {name}\n"));
            continue;
        }
        let arrow = if look.plain { "    " } else { "  → " };
        let cells = format!(
            "  {}  {}{arrow}{}  {}",
            look::left(name, what),
            look.bad(&look::right(&row.before, before)),
            look.good(&look::right(&row.after, after)),
            look.strong(&look::right(row.ratio.as_deref().unwrap_or_default(), ratio)),
        );
        text.push_str(&format!("{}\n", cells.trim_end()));
    }
    text
}

/// `{"chapters": [{"chapter", "talk", "rows", "notes"}]}`
pub fn document(headlines: &[Headline]) -> anyhow::Result<String> {
    json::text_of(&Document { chapters: headlines.iter().map(cleaned).collect() })
}

/// A figure of a table is one line, whatever it holds.
fn cleaned(headline: &Headline) -> Headline {
    let line = |text: &String| clean::text(text).replace('\n', " ");
    let row = |row: &Row| Row {
        what: line(&row.what),
        before: line(&row.before),
        after: line(&row.after),
        ratio: row.ratio.as_ref().map(line),
    };
    Headline {
        chapter: line(&headline.chapter),
        talk: line(&headline.talk),
        rows: headline.rows.iter().map(row).collect(),
        notes: headline.notes.iter().map(line).collect(),
    }
}
