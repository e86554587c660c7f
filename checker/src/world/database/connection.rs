//! A connection of the checker's to the site's database, whichever it is. SQL is written once, as both understand it: `?`
//! for values, double quotes around names.

use sqlx::{
    Connection as _, Database as Driver, Encode, Executor, FromRow, MySql, MySqlConnection, Row, Sqlite,
    SqliteConnection, Type, mysql::MySqlRow, query::Query, sqlite::SqliteRow,
};

pub enum Connection {
    File(SqliteConnection),
    Server(MySqlConnection),
}

/// What stands for a `?`.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    Text(&'a str),
    Number(i64),
}

impl Connection {
    /// The rows that a query gives.
    pub async fn rows<T>(&mut self, sql: &str, values: &[Value<'_>]) -> sqlx::Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, MySqlRow>,
    {
        match self {
            Connection::File(connection) => {
                let rows = query::<Sqlite>(sql, values).fetch_all(connection).await?;
                rows.iter().map(T::from_row).collect()
            }
            Connection::Server(connection) => {
                let rows = query::<MySql>(sql, values).fetch_all(connection).await?;
                rows.iter().map(T::from_row).collect()
            }
        }
    }

    /// The first row, which must be there.
    pub async fn row<T>(&mut self, sql: &str, values: &[Value<'_>]) -> sqlx::Result<T>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, MySqlRow>,
    {
        self.rows(sql, values).await?.into_iter().next().ok_or(sqlx::Error::RowNotFound)
    }

    /// Changes rows, and says how many.
    pub async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> sqlx::Result<u64> {
        Ok(match self {
            Connection::File(connection) => query::<Sqlite>(sql, values).execute(connection).await?.rows_affected(),
            Connection::Server(connection) => query::<MySql>(sql, values).execute(connection).await?.rows_affected(),
        })
    }

    /// Keeps what has been done since `begin`.
    pub async fn commit(mut self) -> sqlx::Result<()> {
        self.command("commit").await?;
        self.close().await
    }

    /// A statement without values, as it is: MySQL prepares no locks and no transactions.
    pub async fn command(&mut self, sql: &str) -> sqlx::Result<()> {
        let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
        match self {
            Connection::File(connection) => connection.execute(sql).await.map(|_| ()),
            Connection::Server(connection) => connection.execute(sql).await.map(|_| ()),
        }
    }

    /// Every row of a table, as far as it can be read as text; bytes as hexadecimal.
    pub async fn texts(&mut self, table: &str) -> sqlx::Result<Vec<Vec<String>>> {
        let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(format!("select * from {}", quoted(table))));
        let mut texts = Vec::new();
        match self {
            Connection::File(connection) => {
                for row in connection.fetch_all(sql).await? {
                    let text = |column| {
                        let text = row.try_get_unchecked::<String, _>(column).ok();
                        text.or_else(|| Some(readable(row.try_get_unchecked(column).ok()?)))
                    };
                    texts.push((0..row.len()).filter_map(text).collect());
                }
            }
            // What was not prepared comes as text, numbers too.
            Connection::Server(connection) => {
                for row in connection.fetch_all(sql).await? {
                    let text = |column| Some(readable(row.try_get_unchecked(column).ok()?));
                    texts.push((0..row.len()).filter_map(text).collect());
                }
            }
        }
        Ok(texts)
    }

    pub async fn close(self) -> sqlx::Result<()> {
        match self {
            Connection::File(connection) => connection.close().await,
            Connection::Server(connection) => connection.close().await,
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Value<'a> {
        Value::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Value<'a> {
        Value::Text(text)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Value::Number(number)
    }
}

fn query<'q, DB: Driver>(sql: &str, values: &[Value<'q>]) -> Query<'q, DB, DB::Arguments>
where
    &'q str: Encode<'q, DB> + Type<DB>,
    i64: Encode<'q, DB> + Type<DB>,
{
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
    for value in values {
        query = match *value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        };
    }
    query
}

/// A name in SQL.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn readable(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| error.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}
