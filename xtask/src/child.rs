//! Runs a program to its end, whatever happens to us meanwhile: the checker has processes to end and folders to remove.

use std::{
    fs::File,
    os::{fd::AsFd, unix::process::ExitStatusExt},
    process::{Command, ExitStatus},
    sync::{
        Once,
        atomic::{AtomicI32, Ordering},
    },
    thread,
};

use anyhow::{Context, Result};
use rustix::{
    process::{Pid, Signal, getpgrp, kill_process},
    termios::tcgetpgrp,
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

/// Who a signal is passed on to; 0 is nobody. Written by `run`, read by the thread that waits for signals.
static CHILD: AtomicI32 = AtomicI32::new(0);
/// The last signal that asked us to end, 0 while none has.
static ASKED_TO_END: AtomicI32 = AtomicI32::new(0);
static WATCHING: Once = Once::new();

/// Runs the command and returns the exit code, 128 and more for a signal, as a shell says it. From the first call on,
/// signals end the child, and us only after it.
pub fn run(command: &mut Command) -> Result<u8> {
    watch_signals()?;
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().with_context(|| format!("cannot run {program}"))?;
    CHILD.store(child.id().cast_signed(), Ordering::SeqCst);
    let status = child.wait();
    CHILD.store(0, Ordering::SeqCst);
    Ok(code(status.with_context(|| format!("waiting for {program}"))?))
}

/// Whether a loop of checks should stop.
pub fn asked_to_end() -> bool {
    ASKED_TO_END.load(Ordering::SeqCst) != 0
}

pub fn code(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    u8::try_from(code).unwrap_or(2)
}

/// From here on a signal ends the child, not us.
pub fn watch_signals() -> Result<()> {
    let mut started = Ok(());
    WATCHING.call_once(|| started = start_watching());
    started
}

fn start_watching() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot watch for signals")?;
    thread::spawn(move || {
        for signal in signals.forever() {
            ASKED_TO_END.store(signal, Ordering::SeqCst);
            let Some(child) = Pid::from_raw(CHILD.load(Ordering::SeqCst)) else { continue };
            // The terminal sends its Ctrl-C to all of us; a second one might mean to the child that it should hurry.
            if signal == SIGINT && terminal_sent_it() {
                continue;
            }
            if let Some(signal) = Signal::from_named_raw(signal) {
                // It may have ended in this instant.
                let _ = kill_process(child, signal);
            }
        }
    });
    Ok(())
}

fn terminal_sent_it() -> bool {
    File::open("/dev/tty").is_ok_and(|tty| tcgetpgrp(tty.as_fd()).is_ok_and(|group| group == getpgrp()))
}
