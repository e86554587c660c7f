//! The balancer of chapter 03 beside nginx and haproxy, in front of the same two servers: how much passes, and how late the
//! latest of a hundred is. `cargo bench -p checker --bench balancer`
//!
//! The solution is built here with `--release`; nginx (`least_conn`) and haproxy (`leastconn`) are those on PATH, and who is
//! not there is left out, aloud. Rounds go through all of them in turn, so that whatever else the machine does meets each of
//! them. The load, the servers and the balancers share the cores: the figures are for comparing, not for boasting.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow, bail, ensure};
use checker::{
    headline, limits,
    story::human,
    workshop,
    world::{
        load::{Latencies, Load, Outgoing},
        upstream::Upstream,
    },
};
use rustix::process::{Pid, Signal, kill_process_group};

const ROUNDS: usize = 5;
/// Of each kind of load, in each round: ten seconds for each balancer, all together.
const LASTING: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 32;
/// The load on which latencies are measured, as a share of what the slowest can do.
const SHARE: f64 = 0.4;
const STARTS: Duration = Duration::from_secs(10);
const PATH: &str = "/status/200";

const NGINX: &str = "
daemon off; pid FOLDER/nginx.pid; error_log FOLDER/error.log error;
worker_processes auto;
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path FOLDER/a; proxy_temp_path FOLDER/b; fastcgi_temp_path FOLDER/c;
    uwsgi_temp_path FOLDER/d; scgi_temp_path FOLDER/e;
    upstream servers { zone servers 64k; least_conn; server FIRST; server SECOND; keepalive 32; keepalive_requests 10000000; }
    server {
        listen ADDRESS;
        keepalive_requests 10000000;
        location / {
            proxy_pass http://servers;
            proxy_http_version 1.1; proxy_set_header Connection '';
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }
    }
}
";

const HAPROXY: &str = "
defaults
    mode http
    option forwardfor
    timeout connect 1s
    timeout client 30s
    timeout server 30s
frontend door
    bind ADDRESS
    default_backend servers
backend servers
    balance leastconn
    option httpchk GET /health
    server first FIRST check
    server second SECOND check
";

/// A balancer that runs, and what was measured of it.
struct Contender {
    name: &'static str,
    address: SocketAddr,
    /// Answers a second, and p50 and p99 of the steady load, in seconds.
    rounds: Vec<[f64; 3]>,
    _process: Option<Group>,
}

/// A process and its children, which end with this.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            // Gone already is as good.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.0.wait();
    }
}

fn main() -> anyhow::Result<()> {
    // `cargo test --benches` runs this too, and has no minute to spare.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    limits::raise_open_files();
    let ours = build()?;
    let runtime = tokio::runtime::Runtime::new().context("starting threads")?;
    runtime.block_on(async {
        tokio::select! {
            measured = measure(&ours) => measured,
            // What was started is dropped, and ends.
            _ = tokio::signal::ctrl_c() => bail!("ended by Ctrl-C"),
        }
    })
}

fn build() -> anyhow::Result<PathBuf> {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "-p", "solution03-balancer"])
        .current_dir(workshop::root())
        .status()
        .context("starting cargo")?;
    ensure!(built.success(), "the solution does not build");
    Ok(workshop::target()?.join("release/solution03-balancer"))
}

async fn measure(ours: &Path) -> anyhow::Result<()> {
    let servers = [Upstream::start("server 1", 64)?, Upstream::start("server 2", 64)?];
    let behind = servers.each_ref().map(Upstream::address);
    let folder = tempfile::tempdir().context("making a folder")?;
    let mut contenders =
        vec![Contender { name: "no balancer", address: behind[0], rounds: Vec::new(), _process: None }];
    contenders.push(start("solution", folder.path(), |address, _| {
        let mut command = Command::new(ours);
        // As the others: nothing is logged of what works.
        command.arg("balancer").env("RUST_LOG", "warn").env("LISTEN_ADDR", address.to_string());
        command.env("UPSTREAMS", behind.map(|server| server.to_string()).join(","));
        Ok(command)
    })?);
    for (name, flags, settings) in [("nginx", &["-c"][..], NGINX), ("haproxy", &["-db", "-f"], HAPROXY)] {
        if Command::new(name).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            println!("{name} is not on PATH, and is left out");
            continue;
        }
        contenders.push(start(name, folder.path(), |address, folder| {
            let file = folder.join(format!("{name}.conf"));
            let settings = settings
                .replace("FOLDER", &folder.display().to_string())
                .replace("ADDRESS", &address.to_string())
                .replace("FIRST", &behind[0].to_string())
                .replace("SECOND", &behind[1].to_string());
            fs::write(&file, settings).context("writing settings")?;
            let mut command = Command::new(name);
            command.args(flags).arg(file);
            Ok(command)
        })?);
    }

    let before = load_average();
    let mut slowest = f64::INFINITY;
    for contender in &contenders {
        slowest = slowest.min(saturated(contender).await?.throughput());
    }
    for round in 1..=ROUNDS {
        for contender in &mut contenders {
            let throughput = saturated(contender).await?.throughput();
            let load = Load::on([contender.address]).of(Outgoing::get(PATH)).connections(CONNECTIONS);
            let steady =
                load.rate(slowest * SHARE).lasting(LASTING).runs().await.map_err(|stop| anyhow!("{stop:?}"))?;
            expect_answered(contender, &steady)?;
            contender.rounds.push([throughput, steady.p50().as_secs_f64(), steady.p99().as_secs_f64()]);
        }
        println!("round {round} of {ROUNDS}");
    }
    show(&contenders, slowest * SHARE);
    println!(
        "{} cores; load average {before} before, {} after. Medians of {ROUNDS} rounds of {} s each, {CONNECTIONS} connections.",
        headline::cores(),
        load_average(),
        LASTING.as_secs()
    );
    Ok(())
}

/// Starts one on a free port, and waits until it answers.
fn start(
    name: &'static str,
    folder: &Path,
    command: impl FnOnce(SocketAddr, &Path) -> anyhow::Result<Command>,
) -> anyhow::Result<Contender> {
    // Neither nginx nor haproxy says which port 0 became, so one is looked for, and free a moment later with luck.
    let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).context("finding a port")?;
    let mut command = command(address, folder)?;
    let log = folder.join(format!("{name}.log"));
    let file = fs::File::create(&log).context("making a log")?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).process_group(0);
    let mut process = Group(command.spawn().with_context(|| format!("starting {name}"))?);
    let deadline = Instant::now() + STARTS;
    while TcpStream::connect(address).is_err() {
        if process.0.try_wait()?.is_some() || Instant::now() > deadline {
            bail!("{name} does not start: {}", fs::read_to_string(&log).unwrap_or_default());
        }
        sleep(Duration::from_millis(20));
    }
    Ok(Contender { name, address, rounds: Vec::new(), _process: Some(process) })
}

/// As much as it can do.
async fn saturated(contender: &Contender) -> anyhow::Result<Latencies> {
    let load = Load::on([contender.address]).of(Outgoing::get(PATH)).connections(CONNECTIONS).lasting(LASTING);
    let latencies = load.saturates().await.map_err(|stop| anyhow!("{stop:?}"))?;
    expect_answered(contender, &latencies)?;
    Ok(latencies)
}

/// A balancer that answers 502 quickly is not quick.
fn expect_answered(contender: &Contender, latencies: &Latencies) -> anyhow::Result<()> {
    let (all, good) = (latencies.requests(), latencies.of_status(200));
    ensure!(good * 1000 >= all * 999, "{} did not answer with 200: {latencies}", contender.name);
    Ok(())
}

fn show(contenders: &[Contender], rate: f64) {
    println!("\n{:<12} {:>12} {:>10} {:>10}   (latencies at {rate:.0} a second)", "", "a second", "p50", "p99");
    let medians =
        |of: &Contender| [0, 1, 2].map(|column| median(of.rounds.iter().map(|round| round[column]).collect()));
    for one in contenders {
        let [throughput, p50, p99] = medians(one);
        let [p50, p99] = [p50, p99].map(|seconds| human(Duration::from_secs_f64(seconds)));
        println!("{:<12} {throughput:>12.0} {p50:>10} {p99:>10}", one.name);
    }
    println!();
    let [throughput, _, p99] = medians(&contenders[1]);
    for other in contenders.iter().filter(|one| one.name != "solution") {
        let [other_throughput, _, other_p99] = medians(other);
        let (more, later) = (throughput / other_throughput, p99 / other_p99);
        println!("solution beside {}: {more:.2} of its throughput, {later:.2} of its p99", other.name);
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn load_average() -> String {
    let told = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    told.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned()
}
