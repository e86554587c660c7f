//! The talk's architecture diagram, as far as each chapter has earned it. What the chapter added is drawn in double lines, so
//! that it can be told without colours; on a terminal it is lit as well.

use super::look::Look;

/// A drawing of at most 12 lines and 78 columns, and what it shows in a sentence.
pub struct Diagram {
    lines: &'static str,
    pub sentence: &'static str,
}

/// What stands after this chapter; a chapter that adds no box has none.
pub fn after(chapter: u8) -> Option<Diagram> {
    let (lines, sentence) = match chapter {
        1 => (MONOLITH, "The diagram: a browser, and one box with everything in it. All of it is new."),
        2 => (
            CEILING,
            "The diagram: a browser, and one box with the program and its database. New in the box: a queue in front of the \
             program, and a door that turns away whoever waited too long.",
        ),
        3 => (
            BALANCER,
            "The diagram: a browser, a load balancer, three servers, one database. New: the load balancer, which knows who is \
             alive and who has least to do.",
        ),
        4 => (
            STATELESS,
            "The diagram: a browser, a load balancer, three servers, one database. New: the sessions stand in the database, and \
             the servers forget.",
        ),
        5 => (
            CACHE,
            "The diagram: a browser, a load balancer, three servers, one database. New: Redis beside the database, which all \
             servers ask first.",
        ),
        6 => (
            INDEX,
            "The diagram: a browser, a load balancer, three servers, Redis, one database. New: two indexes beside the table of \
             posts, which lead to one user's, or one tag's, without a look at the others.",
        ),
        7 => (
            CDN,
            "The diagram: browsers in three cities, a load balancer, three servers, Redis and one database. New: an edge in each \
             city, 12 ms from its readers, where static files are; pages go home, 400 ms away.",
        ),
        _ => return None,
    };
    Some(Diagram { lines: lines.trim_matches('\n'), sentence })
}

const MONOLITH: &str = "
                          one box, $5 a month
 ┌─────────┐              ╔═════════════════════════════════════════════╗
 │ Browser │              ║  app                                        ║
 │         │─── HTTP ────▶║  routing · auth · sessions · pages · posts  ║
 └─────────┘              ║    │                                        ║
                          ║    ▼                                        ║
                          ║  database                                   ║
                          ║  users · posts                              ║
                          ╚═════════════════════════════════════════════╝
";

const CEILING: &str = "
                 one box, $640 a month: the ceiling
 ┌─────────┐     ┌─────────────────────────────────────────────────────────┐
 │ Browser │     │ ╔═════════════════╗   ┌────────────────┐   ┌──────────┐ │
 │  × 847  │────▶│ ║ queue · · · · · ║──▶│ app            │──▶│ database │ │
 └─────────┘     │ ╠═════════════════╣   │ takes only     │   │ users    │ │
      ▲          │ ║ door            ║   │ what it can do │   │ posts    │ │
      └── 503 ───│─║ waited too long ║   └────────────────┘   └──────────┘ │
   Retry-After   │ ╚═════════════════╝                                     │
                 └─────────────────────────────────────────────────────────┘
";

const BALANCER: &str = "
                                         ┌──────────┐
                                      ┌─▶│ Server 1 │──┐
                                      │  └──────────┘  │
 ┌─────────┐   ╔═══════════════════╗  │  ┌──────────┐  │  ┌───────────────┐
 │ Browser │──▶║   Load Balancer   ║──┼─▶│ Server 2 │──┼─▶│   database    │
 └─────────┘   ║ alive, least busy ║  │  └──────────┘  │  │ users · posts │
               ╚═══════════════════╝  │  ┌──────────┐  │  └───────────────┘
                                      └─▶│ Server 3 │──┘
                                         └──────────┘
";

const STATELESS: &str = "
                                         ┌──────────┐
                                      ┌─▶│ Server 1 │──┐  ┌──────────────────┐
                                      │  └──────────┘  │  │ database         │
 ┌─────────┐   ┌───────────────────┐  │  ┌──────────┐  │  │ users · posts    │
 │ Browser │──▶│   Load Balancer   │──┼─▶│ Server 2 │──┼─▶│ ╔══════════════╗ │
 └─────────┘   │ alive, least busy │  │  └──────────┘  │  │ ║   sessions   ║ │
               └───────────────────┘  │  ┌──────────┐  │  │ ╚══════════════╝ │
                                      └─▶│ Server 3 │──┘  └──────────────────┘
                                         └──────────┘
                                          forget you         remembers you
";

const CACHE: &str = "
                                         ┌──────────┐    ╔═══════════════════╗
                                      ┌─▶│ Server 1 │──┐ ║       Redis       ║
                                      │  └──────────┘  ├▶║ ask once, for all ║
 ┌─────────┐   ┌───────────────────┐  │  ┌──────────┐  │ ║  until it changes ║
 │ Browser │──▶│   Load Balancer   │──┼─▶│ Server 2 │──┤ ╚═══════════════════╝
 └─────────┘   │ alive, least busy │  │  └──────────┘  │ ┌───────────────────┐
               └───────────────────┘  │  ┌──────────┐  └▶│     database      │
                                      └─▶│ Server 3 │──┘ │  users · posts ·  │
                                         └──────────┘    │ likes · sessions  │
                                                         └───────────────────┘
";

const INDEX: &str = "
                                         ┌──────────┐    ┌─────────┐
                                      ┌─▶│ Server 1 │──┐ │  Redis  │
                                      │  └──────────┘  ├▶└─────────┘
 ┌─────────┐   ┌───────────────────┐  │  ┌──────────┐  │ ┌───────────────────┐
 │ Browser │──▶│   Load Balancer   │──┼─▶│ Server 2 │──┼▶│ database          │
 └─────────┘   │ alive, least busy │  │  └──────────┘  │ │ ╔════════════╗    │
               └───────────────────┘  │  ┌──────────┐  │ │ ║ user, time ║─┐  │
                                      └─▶│ Server 3 │──┘ │ ║ tag, time  ║ │  │
                                         └──────────┘    │ ╚════════════╝ ▼  │
                                                         │ posts, users …    │
                                                         └───────────────────┘
                                                     10,000,000 rows: 847 read
";

const CDN: &str = "
 ┌─────────┐       ╔═════════════════╗
 │ Browser │─12 ms▶║   Edge, Tokyo   ║──┐
 └─────────┘       ╚═════════════════╝  │          ┌──────────┐  ┌──────────┐
 ┌─────────┐       ╔═════════════════╗  │          │   Load   │  │ Server 1 │
 │ Browser │─12 ms▶║ Edge, Frankfurt ║──┼─ 400 ms ▶│ Balancer │─▶│ Server 2 │
 └─────────┘       ╚═════════════════╝  │          └──────────┘  │ Server 3 │
 ┌─────────┐       ╔═════════════════╗  │                        └────┬─────┘
 │ Browser │─12 ms▶║ Edge, São Paulo ║──┘                             ▼
 └─────────┘       ╚═════════════════╝                         Redis, database
                    static files stay     pages go home
";

impl Diagram {
    pub fn width(&self) -> usize {
        self.lines.lines().map(|line| line.chars().count()).max().unwrap_or(0)
    }

    /// The drawing, with what is new in it lit.
    pub fn lit(&self, look: Look) -> String {
        let mut text = String::new();
        for line in self.lines.lines() {
            let mut rest = line;
            while let Some((old, new, after)) = split_at_new(rest) {
                text.extend([old, &look.bright(new)]);
                rest = after;
            }
            text.extend([rest, "\n"]);
        }
        text
    }
}

/// One row of a box in double lines, with what stands before and after it. Such a box has nothing double inside.
fn split_at_new(row: &str) -> Option<(&str, &str, &str)> {
    let (from, side) = row.char_indices().find(|(_, letter)| "╔║╠╚".contains(*letter))?;
    let other_side = match side {
        '╔' => '╗',
        '╠' => '╣',
        '╚' => '╝',
        _ => '║',
    };
    let inside = from + side.len_utf8();
    let to = inside + row[inside..].find(other_side)? + other_side.len_utf8();
    Some((&row[..from], &row[from..to], &row[to..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_drawing_fits_a_terminal() {
        for diagram in (1..=7).filter_map(after) {
            assert!(diagram.width() <= 78, "{} columns:\n{}", diagram.width(), diagram.lines);
            assert!(diagram.lines.lines().count() <= 12, "{}", diagram.lines);
        }
    }

    #[test]
    fn only_what_is_new_is_lit() {
        let (old, new, after) = split_at_new(" │ ║ door ║──▶ app │").expect("there is something new in it");
        assert_eq!((old, new, after), (" │ ", "║ door ║", "──▶ app │"));
        assert_eq!(split_at_new(after), None);
    }
}
