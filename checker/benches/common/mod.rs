//! Contenders beside each other: ours and what others use, in front of the same servers, in turns.

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
    world::load::{Latencies, Load, Outgoing},
};
use rustix::process::{Pid, Signal, kill_process_group};

const ROUNDS: usize = 5;
/// Of each kind of load, in each round: ten seconds for each contender, all together.
const LASTING: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 32;
/// The load on which latencies are measured, as a share of what the slowest can do.
const SHARE: f64 = 0.4;
const STARTS: Duration = Duration::from_secs(10);

/// Somebody who runs, and what was measured of them.
pub struct Contender {
    pub name: &'static str,
    pub address: SocketAddr,
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

/// Builds the solution for speed, and measures.
pub fn run(package: &str, measure: impl AsyncFnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    // `cargo test --benches` runs this too, and has no minute to spare.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    limits::raise_open_files();
    let ours = build(package)?;
    let runtime = tokio::runtime::Runtime::new().context("starting threads")?;
    runtime.block_on(async {
        tokio::select! {
            measured = measure(&ours) => measured,
            // What was started is dropped, and ends.
            _ = tokio::signal::ctrl_c() => bail!("ended by Ctrl-C"),
        }
    })
}

fn build(package: &str) -> anyhow::Result<PathBuf> {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "-p", package])
        .current_dir(workshop::root())
        .status()
        .context("starting cargo")?;
    ensure!(built.success(), "the solution does not build");
    Ok(workshop::target()?.join("release").join(package))
}

impl Contender {
    /// What stands behind all of them.
    pub fn without(name: &'static str, address: SocketAddr) -> Contender {
        Contender { name, address, rounds: Vec::new(), _process: None }
    }

    /// Starts our own on a free port, in this role before these.
    pub fn ours(program: &Path, folder: &Path, role: &str, behind: &[SocketAddr]) -> anyhow::Result<Contender> {
        start("solution", folder, |address, _| {
            let mut command = Command::new(program);
            // As the others: nothing is logged of what works.
            command.arg(role).env("RUST_LOG", "warn").env("LISTEN_ADDR", address.to_string());
            command.env("UPSTREAMS", behind.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
            Ok(command)
        })
    }

    /// Starts one that reads its settings from a file; none if it is not on PATH.
    pub fn installed(
        name: &'static str,
        flags: &[&str],
        folder: &Path,
        settings: impl FnOnce(SocketAddr) -> String,
    ) -> anyhow::Result<Option<Contender>> {
        if Command::new(name).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            println!("{name} is not on PATH, and is left out");
            return Ok(None);
        }
        let contender = start(name, folder, |address, folder| {
            let file = folder.join(format!("{name}.conf"));
            let settings = settings(address).replace("FOLDER", &folder.display().to_string());
            fs::write(&file, settings.replace("ADDRESS", &address.to_string())).context("writing settings")?;
            let mut command = Command::new(name);
            command.args(flags).arg(file);
            Ok(command)
        })?;
        Ok(Some(contender))
    }
}

/// Starts one on a free port, and waits until it answers.
fn start(
    name: &'static str,
    folder: &Path,
    command: impl FnOnce(SocketAddr, &Path) -> anyhow::Result<Command>,
) -> anyhow::Result<Contender> {
    // Not everybody says which port 0 became, so one is looked for, and free a moment later with luck.
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

/// Rounds go through all of them in turn, so that whatever else the machine does meets each of them; then shows what came
/// of it.
pub async fn compete(contenders: &mut [Contender], path: &str) -> anyhow::Result<()> {
    let before = load_average();
    let mut slowest = f64::INFINITY;
    for contender in contenders.iter() {
        slowest = slowest.min(saturated(contender, path).await?.throughput());
    }
    for round in 1..=ROUNDS {
        for contender in contenders.iter_mut() {
            let throughput = saturated(contender, path).await?.throughput();
            let load = Load::on([contender.address]).of(Outgoing::get(path)).connections(CONNECTIONS);
            let steady =
                load.rate(slowest * SHARE).lasting(LASTING).runs().await.map_err(|stop| anyhow!("{stop:?}"))?;
            expect_answered(contender, &steady)?;
            contender.rounds.push([throughput, steady.p50().as_secs_f64(), steady.p99().as_secs_f64()]);
        }
        println!("round {round} of {ROUNDS}");
    }
    show(contenders, slowest * SHARE);
    println!(
        "{} cores; load average {before} before, {} after. Medians of {ROUNDS} rounds of {} s each, {CONNECTIONS} connections.",
        headline::cores(),
        load_average(),
        LASTING.as_secs()
    );
    Ok(())
}

/// As much as it can do.
async fn saturated(contender: &Contender, path: &str) -> anyhow::Result<Latencies> {
    let load = Load::on([contender.address]).of(Outgoing::get(path)).connections(CONNECTIONS).lasting(LASTING);
    let latencies = load.saturates().await.map_err(|stop| anyhow!("{stop:?}"))?;
    expect_answered(contender, &latencies)?;
    Ok(latencies)
}

/// Who answers 502 quickly is not quick.
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
    let Some(ours) = contenders.iter().find(|one| one.name == "solution") else { return };
    let [throughput, _, p99] = medians(ours);
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
