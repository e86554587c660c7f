//! `servers`: what the stack of that name would take on this machine.

use checker::world::servers;

pub async fn run() -> anyhow::Result<u8> {
    for (what, source) in servers::plan().await? {
        println!("{what:10}{source}");
    }
    Ok(0)
}
