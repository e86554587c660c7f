//! A port that stays ours while nobody listens on it, so that a server can be away and come back at its old address.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// Room for the connections of a crowd that are established and not yet accepted.
/// The kernel cuts it down to its own limit (4,096 on Linux), and macOS to 128.
const BACKLOG: u32 = 4_096;

/// A loopback port taken from the kernel (port 0: two checks run at once never want the same one).
///
/// While no listener stands on it, connecting is refused, as when a process has died. On Linux a socket that is bound
/// and does not listen keeps the port from being given to somebody else meanwhile; where the system does not allow two
/// sockets on a port, it is only likely to be free still.
pub struct Port {
    address: SocketAddr,
    /// Never listens: it is held for being bound.
    _reservation: Option<TcpSocket>,
}

impl Port {
    /// Takes a free port and listens on it.
    pub fn open() -> io::Result<(Port, TcpListener)> {
        let reservation = bound_to(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = reservation.local_addr()?;
        match bound_to(address) {
            Ok(socket) => Ok((Port { address, _reservation: Some(reservation) }, socket.listen(BACKLOG)?)),
            Err(_) => Ok((Port { address, _reservation: None }, reservation.listen(BACKLOG)?)),
        }
    }

    /// Listens again, after the listener before was dropped.
    pub fn listen(&self) -> io::Result<TcpListener> {
        bound_to(self.address)?.listen(BACKLOG)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn bound_to(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Without it the connections of a moment ago, which linger in TIME_WAIT, keep the address taken for a minute.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
