//! `prepare`: what checks need besides the program under test, for a room without wifi.

use checker::world::{redis, table};

pub async fn run() -> anyhow::Result<u8> {
    let server = redis::prepare().await?;
    println!("Redis is {}", server.display());
    table::prepare(false, false).await?;
    println!("the big table is there");
    Ok(0)
}
