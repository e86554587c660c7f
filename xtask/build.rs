//! Stops where the workshop does not run, with one error, before anything else fails for a reason that nobody knows.

#[cfg(not(unix))]
compile_error!("the workshop runs on Linux and macOS; on Windows, clone it inside WSL2 and run it there");

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
