//! The load generator beside `wrk`, on the same server in the same run.
//!
//!     cargo bench -p checker --bench load                    # as good as it gets
//!     cargo bench -p checker --bench load --profile dev      # as a check runs it
//!
//! Two questions. Closed loop, each connection asking again as soon as it is answered: how much is lost to the generator
//! where `wrk` loses next to nothing? Open loop, as scenarios measure: up to which rate are requests sent when they should be?

use std::{
    convert::Infallible,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, ensure};
use checker::{
    story::Stop,
    world::load::{Latencies, Load, Outgoing},
};
use http_body_util::Full;
use hyper::{Response, body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 3;
const LASTING: Duration = Duration::from_secs(3);
/// A request that is sent later than this is not sent on time.
const ON_TIME: Duration = Duration::from_millis(20);
/// A rate is sustained when this share of it was answered while it lasted.
const SUSTAINED: f64 = 0.98;

/// Asked for by the bench itself: the server is a process of its own, so that nobody measures their own threads.
const SERVE: &str = "serve";

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some(SERVE) {
        return tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve());
    }
    tokio::runtime::Runtime::new()?.block_on(measure())
}

/// The fixed server: one thread, `ok` to everything.
async fn serve() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = service_fn(async |_| Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"ok")))));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

async fn measure() -> Result<()> {
    let server = Server::start()?;
    let load = || Load::on([server.address]).of(Outgoing::get("/")).connections(CONNECTIONS).lasting(LASTING);
    println!(
        "one server of one thread, {CONNECTIONS} connections, {ROUNDS} rounds of {} s, best of each",
        LASTING.as_secs()
    );

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let latencies = load().saturates().await.map_err(as_error)?;
        ours.push(Measured { rate: latencies.throughput(), p99: latencies.p99() });
        theirs.extend(wrk(server.address)?);
    }
    let ours = best(ours).context("no round was measured")?;
    println!("closed loop  this generator  {ours}");
    match best(theirs) {
        Some(theirs) => println!(
            "             wrk             {theirs}\n             ratio           {:.2} of its rate, {:.2} of its p99",
            ours.rate / theirs.rate,
            ours.p99.as_secs_f64() / theirs.p99.as_secs_f64(),
        ),
        None => println!("             wrk             is not on PATH, and was left out"),
    }

    let at = |rate: f64| load().rate(rate).runs();
    let (mut kept, mut step) = (0.0, ours.rate / 4.0);
    let mut last = None;
    while step > ours.rate / 100.0 {
        let latencies = at(kept + step).await.map_err(as_error)?;
        if is_sustained(&latencies, kept + step) {
            kept += step;
            last = Some(latencies);
        } else {
            step /= 2.0;
        }
    }
    let last = last.context("not even the lowest rate was sustained")?;
    println!("open loop    sustained       {}", Measured { rate: kept, p99: last.p99() });
    let half = at(kept / 2.0).await.map_err(as_error)?;
    println!("             at half of it   {}", Measured { rate: kept / 2.0, p99: half.p99() });
    Ok(())
}

fn is_sustained(latencies: &Latencies, rate: f64) -> bool {
    let wanted = rate * LASTING.as_secs_f64();
    latencies.behind <= ON_TIME
        && latencies.of_status(200) as f64 >= wanted.floor()
        && latencies.throughput() >= SUSTAINED * rate
}

struct Measured {
    /// Answers a second.
    rate: f64,
    p99: Duration,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>7.0} requests/s, p99 {:.2} ms", self.rate, self.p99.as_secs_f64() * 1000.0)
    }
}

/// The round that the rest of the machine disturbed least.
fn best(rounds: Vec<Measured>) -> Option<Measured> {
    rounds.into_iter().max_by(|one, other| one.rate.total_cmp(&other.rate))
}

/// One round of `wrk`; `None` where there is none.
fn wrk(address: SocketAddr) -> Result<Option<Measured>> {
    let told = Command::new("wrk")
        .args(["--latency", "--threads", "2", "--connections", &CONNECTIONS.to_string()])
        .args(["--duration", &LASTING.as_secs().to_string(), &format!("http://{address}/")])
        .output();
    let told = match told {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        told => told.context("running wrk")?,
    };
    let text = String::from_utf8_lossy(&told.stdout);
    ensure!(told.status.success(), "wrk ended with {}: {text}", told.status);
    let after = |label: &str| {
        let line = text.lines().map(str::trim).find(|line| line.starts_with(label));
        line.and_then(|line| line[label.len()..].split_whitespace().next())
            .with_context(|| format!("no {label} in {text}"))
    };
    let rate = after("Requests/sec:")?.parse().context("reading wrk's rate")?;
    Ok(Some(Measured { rate, p99: of_wrk(after("99%")?)? }))
}

/// `812.00us`, `1.25ms`, `1.02s`.
fn of_wrk(time: &str) -> Result<Duration> {
    let unit = time.trim_start_matches(|sign: char| sign.is_ascii_digit() || sign == '.');
    let number: f64 = time[..time.len() - unit.len()].parse().with_context(|| format!("{time} is no time"))?;
    let second = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return Err(anyhow!("{time} has an unknown unit")),
    };
    Ok(Duration::from_secs_f64(number * second))
}

struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start() -> Result<Server> {
        let mut child = Command::new(std::env::current_exe()?).arg(SERVE).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("it is piped")?).read_line(&mut line)?;
        Ok(Server { address: line.trim().parse().context("reading the server's address")?, child })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn as_error(stop: Stop) -> anyhow::Error {
    match stop {
        Stop::Failed(failure) => anyhow!("{}", failure.why),
        Stop::Broken(error) => error,
    }
}
