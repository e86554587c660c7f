//! Programs of this machine that the checker starts beside the one it judges: where they are, and where they may listen.

use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
};

use anyhow::Context;

/// How often another port is tried: one is free when we look, and may be another's when the server does.
pub const PORTS: usize = 5;

/// The program of that name on PATH, or in one of these folders.
pub fn found(name: &str, beyond: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(beyond.iter().map(PathBuf::from));
    let may_run = |file: &PathBuf| {
        fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    };
    folders.map(|folder| folder.join(name)).find(may_run)
}

pub fn free_port() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
    Ok(listener.local_addr()?)
}
