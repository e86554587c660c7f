//! What the program under test is given for a database and a cache: files and small servers that every machine has, or the
//! servers that production has.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stack {
    // SQLite, a file; a Redis of the checker's own.
    #[default]
    Embedded,
    // MySQL or MariaDB, and Redis.
    Servers,
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stack::Embedded => "embedded",
            Stack::Servers => "servers",
        })
    }
}
