//! A target folder for one test, with the checker's program in it: what a check leaves there, it and nobody else has left.

pub mod processes;

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use checker::workshop;
use rustix::process::Pid;
use tempfile::TempDir;

/// Long enough for a busy machine; reached only by a test that fails.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The quickest promise of chapter 01, and the usual one here.
pub const PUBLISH: &str = "--scenario publish_shows_on_feed";

pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Place {
        let folder = TempDir::with_prefix_in("place-", env!("CARGO_TARGET_TMPDIR")).expect("there is a place");
        let place = Place { folder };
        place.write("target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
        fs::create_dir(place.path("target/debug")).expect("target/ is there");
        // The same file under another name: what it takes for its target folder is where it was started from.
        fs::hard_link(env!("CARGO_BIN_EXE_checker"), place.path("target/debug/checker")).expect("one file system");
        place
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub fn write(&self, relative: &str, text: &str) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("folders can be made");
        fs::write(&path, text).expect("files can be written");
        path
    }

    /// A program whose role `app` is this shell script, run with the solution's path in $SOLUTION and this folder in
    /// $PLACE; its other roles are the solution's.
    pub fn app(&self, script: &str) -> String {
        self.program(&format!("[ \"$1\" = app ] || exec \"$SOLUTION\" \"$@\"\n{script}"))
    }

    /// A shell script as a program. A word of its command line says where it belongs.
    pub fn program(&self, script: &str) -> String {
        let solution = workshop::target().expect("tests run from a target folder").join("debug/solution01-monolith");
        assert!(solution.is_file(), "solution01-monolith is not built; cargo xtask test builds it");
        let (solution, place) = (solution.display(), self.folder.path().display());
        let file = self.write("program.sh", &format!("SOLUTION='{solution}'\nPLACE='{place}'\n{script}\n"));
        format!("sh '{}'", file.display())
    }

    /// A program of a few lines, for what a shell cannot do.
    pub fn compile(&self, name: &str, source: &str) {
        let file = format!("{name}.rs");
        self.write(&file, source);
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()));
        rustc.args(["--edition", "2024", "-o", name, &file]).current_dir(self.folder.path());
        assert!(rustc.status().expect("rustc is where cargo is").success());
    }

    /// The checker, not run yet.
    pub fn checker(&self, arguments: &str) -> Command {
        let mut checker = Command::new(self.path("target/debug/checker"));
        checker.args(arguments.split_whitespace()).stdin(Stdio::null()).current_dir(self.folder.path());
        checker.env_remove("NO_COLOR").env_remove("CARGO_TARGET_DIR");
        checker
    }

    /// A check of a program with chapter 01, not run yet.
    pub fn check(&self, program: &str, more: &str) -> Command {
        let mut check = self.checker("check 01 --plain --seed 7 --label gossip");
        check.args(["--program", program]).args(more.split_whitespace());
        check
    }

    /// Runs it to its end.
    pub fn run(&self, command: &mut Command) -> Ran {
        Ran::of(self, &command.output().expect("it can be started"))
    }

    /// Waits for the end of one that is under way.
    pub fn ends(&self, mut check: UnderWay) -> Ran {
        let read = |pipe: Option<&mut dyn Read>| {
            let mut bytes = Vec::new();
            pipe.map(|pipe| pipe.read_to_end(&mut bytes).expect("a pipe can be read"));
            bytes
        };
        let stdout = read(check.0.stdout.as_mut().map(|pipe| pipe as &mut dyn Read));
        let stderr = read(check.0.stderr.as_mut().map(|pipe| pipe as &mut dyn Read));
        let status = check.0.wait().expect("it is our child");
        Ran::of(self, &Output { status, stdout, stderr })
    }

    /// Asserts that no process and no folder of this place's checks is left.
    #[track_caller]
    pub fn expect_nothing_left(&self) {
        let left = self.left();
        assert!(left.is_empty(), "left behind: {left:#?}");
    }

    /// Waits for the reaper of a checker that could not wait itself.
    #[track_caller]
    pub fn expect_nothing_left_soon(&self) {
        eventually(|| self.left().is_empty(), || format!("left behind: {:#?}", self.left()));
    }

    /// The process that cleans up after the check that runs here.
    pub fn reaper(&self) -> Option<Pid> {
        let all = processes::of(self.folder.path());
        let reaper = all.iter().find(|process| process.contains(" reaper --run "))?;
        Pid::from_raw(reaper.split_once(':')?.0.parse().ok()?)
    }

    fn left(&self) -> Vec<String> {
        let mut left = processes::of(self.folder.path());
        let worlds = fs::read_dir(self.path("target/worlds")).into_iter().flatten().flatten();
        let names = worlds.map(|entry| entry.file_name().to_string_lossy().into_owned());
        // By these, checks wait for each other.
        left.extend(names.filter(|name| !["births.lock", "turn.gate", "turn.held"].contains(&name.as_str())));
        left
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A test that found something left does not leave it, too.
        processes::end(self.folder.path());
    }
}

/// What a run said and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    folder: PathBuf,
}

impl Ran {
    fn of(place: &Place, output: &Output) -> Ran {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the checker speaks UTF-8");
        Ran {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            folder: place.folder.path().to_owned(),
        }
    }

    #[track_caller]
    pub fn ends(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for word in words {
            assert!(self.stdout.contains(word) || self.stderr.contains(word), "`{word}` is missing in {self:#?}");
        }
    }

    /// All that somebody reads, and the exit code, with what differs from run to run named instead.
    pub fn page(&self) -> String {
        let code = self.code.map_or("a signal".to_owned(), |code| code.to_string());
        let page = format!("{}{}-- {code}", self.stdout, self.stderr);
        page.replace(&self.folder.display().to_string(), "[PLACE]")
    }
}

/// Snapshots in which times, addresses and process numbers are named instead.
pub fn filtered(compare: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    for (pattern, name) in [
        (r"\S*/tmp/place-\w{6}", "[PLACE]"),
        (r"127\.0\.0\.1:\d{4,5}", "[ADDRESS]"),
        (r"(?m)^  \d\d\.\d{3}  ", "  [TIME]  "),
        (r"\b\d+\.\d+ m?s\b", "[TIME]"),
        (r"\b\d{4} MiB\b", "[SIZE]"),
        (r"\brun-[0-9a-f]{8}\b", "[RUN]"),
        (r"'main' \(\d+\)", "'main' ([PID])"),
    ] {
        settings.add_filter(pattern, name);
    }
    settings.bind(compare);
}

/// Waits for something that nobody announces.
#[track_caller]
pub fn eventually(condition: impl Fn() -> bool, otherwise: impl Fn() -> String) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "{}", otherwise());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[track_caller]
pub fn eventually_is_there(file: &Path) {
    eventually(|| file.exists(), || format!("{} never came", file.display()));
}

/// Ends a check that a failing test has left under way.
pub struct UnderWay(pub Child);

impl Drop for UnderWay {
    fn drop(&mut self) {
        // Fails where it has ended already.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}
