//! What `cargo xtask` runs. It depends on nothing, so it is compiled in a second, and in a fresh clone it tells the
//! incident while the command line, the checker and the chapter are built, all in one call of cargo. Then, and ever
//! after, it is replaced by the command line.
//!
//! `--workspace --bin`, not `--package`: cargo gives a dependency the features that the selected packages ask for, and
//! compiles it again for each other set of features.

#[cfg(windows)]
compile_error!(
    "the workshop needs Linux or macOS; on Windows, run it in WSL2: https://learn.microsoft.com/windows/wsl"
);

mod course;

use std::{
    env,
    error::Error,
    ffi::OsString,
    io::{BufRead, BufReader, IsTerminal, stderr},
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use course::Chapter;

/// Tells the command line that the incident was told.
const TOLD: &str = "WORKSHOP_INCIDENT_TOLD";
const PLAIN_EVERY: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let error = match run() {
        Ok(code) => return code,
        Err(error) => error,
    };
    eprintln!("error: {error}");
    ExitCode::from(2)
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    // Cargo puts all programs of a profile into one folder.
    let xtask = env::current_exe()?.with_file_name("xtask");
    let mut command = Command::new(&xtask);
    if !xtask.is_file() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let words: Vec<_> = args.iter().filter_map(|arg| arg.to_str()).collect();
        let chapter = course::asked_for(&root, &words);
        if let Some(chapter) = &chapter {
            tell(chapter, &words);
            command.env(TOLD, "1");
        }
        build_all(chapter.as_ref())?;
    }
    // Cargo says what is wrong, if anything is.
    if !cargo(&["xtask"]).arg("--quiet").status().map_err(no_cargo)?.success() {
        return Err("the workshop's command line could not be built; cargo says above why. The first time it needs a \
                    network, for the crates that it is made of."
            .into());
    }
    Err(format!("cannot run {}: {}", xtask.display(), command.args(args).exec()).into())
}

/// On stdout, where a check tells it too, unless that is for a document.
fn tell(chapter: &Chapter, words: &[&str]) {
    let text = format!(
        "\n{}  {}  {}, {} minutes\n\n{}\n{}",
        chapter.number,
        chapter.title,
        chapter.era,
        chapter.minutes,
        indented(&chapter.incident),
        indented(&chapter.question)
    );
    if words.iter().any(|word| word.starts_with("--format")) { eprintln!("{text}") } else { println!("{text}") }
}

/// Four columns in, and never wider than a terminal has always been.
fn indented(text: &str) -> String {
    const ROOM: usize = 75;
    let mut page = String::new();
    for line in text.trim().lines() {
        let mut column = 0;
        for word in line.split_whitespace() {
            let width = word.chars().count();
            match column {
                0 => page.push_str("    "),
                _ if column + 1 + width > ROOM => {
                    page.push_str("\n    ");
                    column = 0;
                }
                _ => {
                    page.push(' ');
                    column += 1;
                }
            }
            page.push_str(word);
            column += width;
        }
        page.push('\n');
    }
    page
}

/// Everything that the command will want, so that it is compiled together. What fails is built again by whoever needs it,
/// and told there.
fn build_all(chapter: Option<&Chapter>) -> Result<(), Box<dyn Error>> {
    let mut programs = vec!["xtask"];
    if let Some(chapter) = chapter {
        programs.extend(["checker", &chapter.package]);
    }
    let mut building = cargo(&programs)
        .args(["--keep-going", "--quiet", "--message-format=json"])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(no_cargo)?;
    let stdout = building.stdout.take().ok_or("cargo has no stdout")?;
    let (began, mut crates, mut next) = (Instant::now(), 0, PLAIN_EVERY);
    for line in BufReader::new(stdout).lines() {
        if !line?.starts_with(r#"{"reason":"compiler-artifact""#) {
            continue;
        }
        crates += 1;
        let done = format!("building {}: {crates} parts done, {} s", programs.join(", "), began.elapsed().as_secs());
        if redraws() {
            eprint!("\r\x1b[K{done}");
        } else if began.elapsed() >= next {
            eprintln!("{done}");
            next = began.elapsed() + PLAIN_EVERY;
        }
    }
    if redraws() {
        eprint!("\r\x1b[K");
    }
    building.wait()?;
    Ok(())
}

fn redraws() -> bool {
    let plain = env::args_os().any(|arg| arg == "--plain");
    !plain && stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The cargo that runs us: a toolchain chosen with `cargo +beta` stays chosen.
fn cargo(programs: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--workspace"]).stdin(Stdio::null());
    cargo.args(programs.iter().map(|program| format!("--bin={program}")));
    cargo
}

fn no_cargo(error: std::io::Error) -> String {
    format!("cannot run cargo: {error}. Install Rust from https://rustup.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        let text = indented(&"word ".repeat(20));
        assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [4 + 74, 4 + 24]);
    }
}
