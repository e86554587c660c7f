//! What Redis is asked and what it says, on the wire (RESP 2): commands as arrays of bulk strings, five kinds of replies.

use std::{io, net::SocketAddr};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Also a simple string, such as `OK`.
    Bytes(Vec<u8>),
    Number(i64),
    Nothing,
    List(Vec<Reply>),
    Error(String),
}

/// A connection of the checker's own.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub async fn connect(to: SocketAddr) -> io::Result<Client> {
        Ok(Client { stream: BufReader::new(TcpStream::connect(to).await?) })
    }

    /// Asks, and waits for the reply; an error is one, too.
    pub async fn ask<W: AsRef<[u8]>>(&mut self, words: &[W]) -> anyhow::Result<Reply> {
        self.stream.write_all(&command(words)).await?;
        self.reply().await
    }

    async fn reply(&mut self) -> anyhow::Result<Reply> {
        let line = self.line().await?;
        let (kind, rest) = line.split_at_checked(1).context("a reply begins with its kind")?;
        Ok(match kind {
            "+" => Reply::Bytes(rest.into()),
            "-" => Reply::Error(rest.to_owned()),
            ":" => Reply::Number(rest.parse()?),
            "$" | "*" if rest.starts_with('-') => Reply::Nothing,
            "$" => {
                let mut bytes = vec![0; rest.parse::<usize>()? + 2];
                self.stream.read_exact(&mut bytes).await?;
                bytes.truncate(bytes.len() - 2);
                Reply::Bytes(bytes)
            }
            "*" => {
                let mut list = Vec::new();
                for _ in 0..rest.parse::<usize>()? {
                    list.push(Box::pin(self.reply()).await?);
                }
                Reply::List(list)
            }
            _ => bail!("a reply of no kind: {line}"),
        })
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).await?;
        let line = line.strip_suffix(b"\r\n").context("the connection ended in the middle of a reply")?;
        Ok(String::from_utf8_lossy(line).into_owned())
    }
}

fn command<W: AsRef<[u8]>>(words: &[W]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = word.as_ref();
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend(word);
        bytes.extend(b"\r\n");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn each_kind_of_reply_is_understood() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = Client::connect(server.local_addr().unwrap()).await.unwrap();
        let (mut redis, _) = server.accept().await.unwrap();
        redis.write_all(b"*6\r\n+OK\r\n-ERR no\r\n:-2\r\n$-1\r\n$4\r\na\r\nb\r\n*0\r\n").await.unwrap();

        let reply = client.ask(&["MGET", "é"]).await.unwrap();

        let expected = [
            Reply::Bytes(b"OK".into()),
            Reply::Error("ERR no".into()),
            Reply::Number(-2),
            Reply::Nothing,
            Reply::Bytes(b"a\r\nb".into()),
            Reply::List(Vec::new()),
        ];
        assert_eq!(reply, Reply::List(expected.into()));
        let expected = "*2\r\n$4\r\nMGET\r\n$2\r\né\r\n".as_bytes();
        let mut asked = vec![0; expected.len()];
        redis.read_exact(&mut asked).await.unwrap();
        assert_eq!(asked, expected);
    }
}
