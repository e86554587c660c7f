//! Where a scenario happens: what the worlds of a run share, and what one world shares with its servers.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use anyhow::Context as _;
use tokio::sync::OnceCell;

use super::{
    database::Database,
    mysql::MySql,
    patience::Patience,
    process::{Process, Spec},
    pulse::{Pulse, STALL},
    redis::Shared,
    servers::Servers,
    starts::Starts,
    timeline::Timeline,
};
use crate::{program::Program, stack::Stack, story::Stop};

/// What the worlds of one run share.
pub struct Context {
    pub program: Program,
    /// Marks the processes of this run.
    pub run: String,
    /// Holds the folders of its worlds; removed at the end.
    pub folder: PathBuf,
    /// Delays as the talk has them instead of a tenth.
    pub real_time: bool,
    /// Volumes as the talk has them.
    pub full: bool,
    pub pulse: Arc<Pulse>,
    pub patience: Arc<Patience>,
    /// Told of every process group, so that nothing outlives the run.
    pub watch: Box<dyn Fn(&Process) + Send + Sync>,
    pub stack: Stack,
    servers: OnceCell<Servers>,
    /// What all numbers of this run come from.
    pub seed: u64,
    /// A SQLite file as `migrate` leaves it, made when first needed.
    pub(super) template: OnceCell<Result<Database, Unmigrated>>,
    /// The same of tables that were filled before, by size.
    pub(super) tables: [OnceCell<Result<PathBuf, Unmigrated>>; 3],
    starts: Starts,
}

/// There is no database: why, and the process that should have made it.
pub(super) struct Unmigrated {
    pub stop: Stop,
    pub process: Option<Process>,
}

/// What a scenario and its servers share.
pub struct Stage {
    pub context: Arc<Context>,
    pub timeline: Timeline,
    pub folder: PathBuf,
    processes: Mutex<Vec<Process>>,
}

impl Context {
    pub fn new(
        program: Program,
        run: String,
        folder: PathBuf,
        watch: Box<dyn Fn(&Process) + Send + Sync>,
    ) -> anyhow::Result<Context> {
        let pulse = Arc::new(Pulse::start().context("starting a thread")?);
        Ok(Context {
            program,
            run,
            folder,
            real_time: false,
            full: false,
            patience: Arc::new(Patience::new(pulse.clone())),
            pulse,
            watch,
            stack: Stack::default(),
            seed: 0,
            template: OnceCell::new(),
            tables: Default::default(),
            servers: OnceCell::new(),
            starts: Starts::default(),
        })
    }

    /// Those of the stack `servers`, found or started when they are first asked for.
    pub async fn servers(&self) -> anyhow::Result<&Servers> {
        self.servers.get_or_try_init(|| Servers::find(self)).await
    }

    /// The server that databases are in, if they are in one; `to_fill` asks for one that is nobody else's.
    pub(super) async fn mysql(&self, to_fill: bool) -> anyhow::Result<Option<&MySql>> {
        Ok(match self.stack {
            Stack::Embedded => None,
            Stack::Servers if to_fill => Some(self.servers().await?.own_mysql(self).await?),
            Stack::Servers => Some(self.servers().await?.mysql()),
        })
    }

    /// Somebody's Redis, if there is one to be used.
    pub async fn shared_redis(&self) -> anyhow::Result<Option<&Shared>> {
        match self.stack {
            Stack::Embedded => Ok(None),
            Stack::Servers => self.servers().await?.redis().await,
        }
    }

    /// Starts a process that belongs to no world.
    pub(super) fn spawn(&self, spec: &Spec) -> Result<Process, Stop> {
        let process = Process::spawn(&self.program, spec)?;
        (self.watch)(&process);
        Ok(process)
    }
}

impl Stage {
    pub(super) fn new(context: Arc<Context>, folder: PathBuf) -> Stage {
        Stage { context, timeline: Timeline::start(), folder, processes: Mutex::default() }
    }

    /// Starts a process of the program under test, which ends with this world.
    pub fn spawn(&self, spec: &Spec) -> Result<Process, Stop> {
        self.spawn_program(&self.context.program, spec)
    }

    /// The same for any other program.
    pub fn spawn_program(&self, program: &Program, spec: &Spec) -> Result<Process, Stop> {
        let process = Process::spawn(program, spec)?;
        (self.context.watch)(&process);
        self.processes().push(process.clone());
        Ok(process)
    }

    /// Starts a process, and waits until it is ready.
    pub async fn start(&self, spec: &Spec) -> Result<(Process, SocketAddr), Stop> {
        let starts = &self.context.starts;
        starts.expect_hope(spec)?;
        let began = Instant::now();
        let process = self.spawn(spec)?;
        match process.ready().await {
            Ok(address) => {
                starts.was_ready(spec);
                Ok((process, address))
            }
            Err(stop) => {
                if process.is_running() && self.context.pulse.worst_since(began) < STALL {
                    starts.was_silent(spec, &stop);
                }
                Err(stop)
            }
        }
    }

    pub(super) fn processes(&self) -> MutexGuard<'_, Vec<Process>> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
