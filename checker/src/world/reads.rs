//! What a query reads in a table that grows: rows that it looks for, or rows that there are.

use super::{
    World,
    query::{Of, Reading, Which, told},
    table::{Size, USER},
};
use crate::story::{Stop, failed, with_commas};

/// The same query in tables of three sizes, the smallest first; the rows that it looks for are the same in all.
pub struct Readings {
    query: String,
    readings: Vec<Reading>,
}

impl World {
    /// Asks for the posts of user 42 in tables of three sizes.
    pub async fn asks_for_user_42(&self, which: Which) -> Result<Readings, Stop> {
        self.asks(&Of::User(USER), which).await
    }

    /// The same for somebody whom only this run has.
    pub async fn asks_for_a_regular(&self, which: Which) -> Result<Readings, Stop> {
        self.asks(&Of::User(self.regular().id), which).await
    }

    /// The same for a tag that only this run has.
    pub async fn asks_for_a_tag(&self, which: Which) -> Result<Readings, Stop> {
        self.asks(&Of::Tag(self.regular().tag), which).await
    }

    async fn asks(&self, of: &Of, which: Which) -> Result<Readings, Stop> {
        let query = told(of, which);
        let mut readings = Vec::new();
        for size in Size::ALL {
            let table = self.table(size).await?;
            let reading = table.reads(of, which).await?;
            let moment = self.timeline().begin(format!("{query}, of {}", with_commas(reading.table)));
            let read = format!("{} found, {} steps", reading.found, with_commas(reading.steps));
            moment.end(match reading.plan.scans() {
                true => format!("{} rows read, {read}", with_commas(reading.rows())),
                false => read,
            });
            readings.push(reading);
        }
        Ok(Readings { query, readings })
    }
}

impl Readings {
    /// In the largest table.
    pub fn whole(&self) -> &Reading {
        // There is one of each size.
        self.readings.last().expect("there are three readings")
    }

    /// It searches, and what it reads is what it finds, however large the table is.
    pub fn expect_only_what_is_found(&self, why: &str) -> Result<(), Stop> {
        let (small, whole) = (&self.readings[0], self.whole());
        let expected =
            format!("{}: the database searches, and reads the {} rows that it finds", self.query, whole.found);
        if whole.plan.scans() {
            let plan = whole.plan.text();
            let saw = format!("{plan}: {} rows read. To find {}.", with_commas(whole.rows()), whole.found);
            return failed(expected, saw, why);
        }
        // The depth of a B-tree is no step; a few are spent on how a search begins.
        if whole.found == small.found && whole.steps <= small.steps * 3 / 2 + 100 {
            return Ok(());
        }
        let saw = format!(
            "{}: the table grew {} times, and the steps from {} to {}. To find {}.",
            whole.plan.text(),
            whole.table / small.table,
            with_commas(small.steps),
            with_commas(whole.steps),
            whole.found,
        );
        failed(expected, saw, why)
    }

    /// The rows come in the list's order, and it ends when a page is full.
    pub fn expect_no_sort(&self, why: &str) -> Result<(), Stop> {
        for reading in &self.readings {
            if reading.plan.sorts() {
                let expected =
                    format!("{}: the rows are read in this order, and no more of them than a page has", self.query);
                return failed(expected, format!("{}: all are read and sorted first", reading.plan.text()), why);
            }
        }
        Ok(())
    }
}
