//! Rebuilds the program when a migration is added: they are embedded in it.

#[cfg(not(unix))]
compile_error!("Gossip.com runs on Linux and macOS. On Windows, build it inside WSL2.");

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
