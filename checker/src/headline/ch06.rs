//! 2009: one user's rows out of all, explained before and after, and what the shortcut costs whoever writes.

use super::{Bench, Better, Figure};
use crate::{
    limits,
    story::{Stop, with_commas},
    world::{
        World,
        query::{Of, Which},
        table::{Size, USER},
    },
};

pub const BENCH: Bench = Bench {
    measure: |world| Box::pin(measure(world)),
    notes: &[
        "select * from posts where user_id = 42; the plan is that of the largest table.",
        "The times are of the query, with its rows looked at and not sent, at best of five; no page is made of them. SQLite may \
         keep 128 MiB in memory, as MySQL does by default.",
        "Each of the 1,000 posts is a transaction of its own; the bytes are those of SQLite's write-ahead log.",
        "--full is the talk's table: 10,000,000 posts, made once, in a minute or two.",
    ],
};

async fn measure(world: &mut World) -> Result<Vec<Figure>, Stop> {
    let user = Of::User(USER);
    let mut rows = Vec::new();
    for size in Size::ALL {
        let reading = world.table(size).await?.reads(&user, Which::All).await?;
        let (read, what) = (reading.rows(), format!("rows read, of {}", with_commas(reading.table)));
        rows.push(Figure { shown: with_commas(read), ..Figure::count(&what, usize::try_from(read)?, Better::Lower) });
    }

    let table = world.table(Size::Whole).await?;
    let all = table.reads(&user, Which::All).await?;
    let newest = table.reads(&user, Which::Newest).await?;
    let took = table.looks_at(&user).await?;
    let written = world.writes_a_thousand_posts().await?;

    let index = all.plan.indexes().first().map_or("none", |index| *index).to_owned();
    let mut figures =
        vec![Figure::words("type", if all.plan.scans() { "SCAN" } else { "SEARCH" }), Figure::words("key", &index)];
    figures.extend(rows);
    figures.extend([
        Figure::words("matched", &all.found.to_string()),
        Figure::time("the query", took),
        Figure::words("the newest 50 of them", if newest.plan.sorts() { "all sorted" } else { "in order" }),
        Figure::time("1,000 posts, written one by one", written.took),
        Figure {
            shown: limits::size(written.bytes),
            ..Figure::count("what was written for them", usize::try_from(written.bytes)?, Better::Lower)
        },
    ]);
    Ok(figures)
}
