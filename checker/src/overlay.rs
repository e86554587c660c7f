//! Files laid over a chapter, and the program that cargo makes of them: an entry of the gallery, or somebody's copy of a
//! chapter's folder from anywhere.
//!
//! A crate cannot inherit from a workspace that it is not in, so each is laid into a scratch workspace under target/ that
//! has the root's versions, lints and profiles, and shares its compiled dependencies. Cargo compiles a dependency with the
//! features that all crates of one build ask for; a crate that does nothing but ask for what the checker asks for keeps
//! them what they are everywhere else. A file is written only where it differs, so that what has not changed is not
//! compiled again.

pub(crate) mod cargo;
mod laid;
mod migrations;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use tokio::{process::Command, task::spawn_blocking};
use toml::{Table, Value};

use self::laid::{write_changed, write_changes};
pub use self::migrations::expect_runs_on;
use crate::{
    course::{self, Chapter},
    gallery::{self, Entry},
    program::{Program, known_names},
    stack::Stack,
    workshop,
};

/// What a learner's answer consists of. Anything else in a copied folder is left alone.
const PARTS: [&str; 4] = ["src", "migrations", "templates", "static"];

/// What came of building somebody's copy: its program, or what is wrong with it.
pub type Copied = Result<Program, String>;

/// What came of building one crate.
#[derive(Clone, Debug)]
pub enum Built {
    Program(PathBuf),
    /// What is wrong with it, as cargo or a rule says.
    Refused(String),
}

/// The files of a crate, by their place in it.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Asks for the dependencies of the checker, and has no code.
const FEATURES: &str = "features-of-the-checker";

/// A scratch workspace.
struct Scratch {
    folder: PathBuf,
    /// Locked while it is laid and built.
    _lock: fs::File,
}

/// Builds entries of the gallery, all in one call of cargo, in the order given.
pub async fn build_entries(entries: &[(Chapter, Entry)], stack: Stack) -> anyhow::Result<Vec<Built>> {
    let mut crates = BTreeMap::new();
    for (chapter, entry) in entries {
        crates.insert(entry.package(chapter), files_of(chapter, entry, &entry.package(chapter))?);
    }
    let packages: Vec<String> = entries.iter().map(|(chapter, entry)| entry.package(chapter)).collect();
    let scratch = Scratch::open("gallery").await?;
    scratch.forget_what_is_gone()?;
    scratch.build(&crates, &packages, stack).await
}

/// Builds one entry.
pub async fn build_entry(chapter: &Chapter, entry: &Entry, stack: Stack) -> anyhow::Result<Built> {
    let built = build_entries(&[(chapter.clone(), entry.clone())], stack).await?;
    built.into_iter().next().context("one entry was built")
}

/// The program of an entry that [`build_entries`] has built, if its files have not changed since.
pub fn built_entry(chapter: &Chapter, entry: &Entry, stack: Stack) -> anyhow::Result<PathBuf> {
    let package = entry.package(chapter);
    let files = files_of(chapter, entry, &package)?;
    let laid = workshop::target()?.join("scratch/gallery").join(&package);
    let program = workshop::programs(stack)?.join(&package);
    let same = files.iter().all(|(place, bytes)| fs::read(laid.join(place)).is_ok_and(|laid| laid == *bytes));
    if !same || !program.is_file() {
        bail!("{package} is not built as it stands: cargo run -p checker -- build-gallery");
    }
    Ok(program)
}

/// Builds somebody's copy of a chapter's folder, which they know by this label.
pub async fn build_copy(chapter: &Chapter, folder: &Path, label: &str, stack: Stack) -> anyhow::Result<Copied> {
    let folder = folder.canonicalize().with_context(|| format!("there is no folder {}", folder.display()))?;
    if !folder.join("src/main.rs").is_file() {
        let reason = format!("{} has no src/main.rs: what is wanted is a copy of a chapter's folder", folder.display());
        return Ok(Err(reason));
    }
    if let Some(refusal) = new_dependencies(chapter, &folder)? {
        return Ok(Err(refusal));
    }
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    let name = format!("copy-{:016x}", hasher.finish());
    let package = format!("{name}-{:02}", chapter.number);

    let mut files = Files::new();
    for name in ["Cargo.toml", "build.rs"] {
        read_into(&mut files, &chapter.solution(), Path::new(name))?;
    }
    for part in PARTS {
        read_into(&mut files, &folder, Path::new(part))?;
    }
    rename(&mut files, &package)?;
    let crates = BTreeMap::from([(package.clone(), files)]);
    let scratch = Scratch::open(&name).await?;
    let built = scratch.build(&crates, std::slice::from_ref(&package), stack).await?;
    // Where it was laid says nothing to its author.
    let own = format!("ch{}", chapter.folder_name());
    let names = vec![
        (scratch.folder.join(&package).display().to_string(), folder.display().to_string()),
        (format!("{package}/"), format!("{}/", label.trim_end_matches('/'))),
        (package.replace('-', "_"), own.replace('-', "_")),
        (package, own),
    ];
    Ok(match built.into_iter().next().context("one crate was built")? {
        Built::Program(file) => Ok(Program { names, ..Program::binary(&file, label) }),
        Built::Refused(why) => Err(known_names(&names, &why).into_owned()),
    })
}

/// The solution with the entry laid over it.
fn files_of(chapter: &Chapter, entry: &Entry, package: &str) -> anyhow::Result<Files> {
    let mut files = Files::new();
    read_into(&mut files, &chapter.solution(), Path::new(""))?;
    files.retain(|place, _| place != Path::new("README.md"));
    for place in &entry.removes {
        if files.remove(place).is_none() {
            bail!("{} removes {}, which the solution does not have", entry.name, place.display());
        }
    }
    read_into(&mut files, &entry.folder, Path::new(""))?;
    files.remove(Path::new("entry.toml"));
    rename(&mut files, package)?;
    Ok(files)
}

/// Reads a file, or all files of a folder, at this place in `root`; nothing where there is none. A link is no file of the
/// crate, wherever it leads.
fn read_into(files: &mut Files, root: &Path, place: &Path) -> anyhow::Result<()> {
    let path = root.join(place);
    let kind = match path.symlink_metadata() {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    if kind.is_dir() {
        for entry in fs::read_dir(&path).with_context(|| format!("reading {}", path.display()))? {
            let name = entry?.file_name();
            // What editors and systems leave beside a file.
            if !name.to_string_lossy().starts_with('.') && name != "target" {
                read_into(files, root, &place.join(name))?;
            }
        }
    } else if kind.is_file() {
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        files.insert(place.to_owned(), bytes);
    }
    Ok(())
}

fn rename(files: &mut Files, package: &str) -> anyhow::Result<()> {
    let manifest = files.get_mut(Path::new("Cargo.toml")).context("a crate has a Cargo.toml")?;
    let text = str::from_utf8(manifest).context("Cargo.toml is text")?;
    let lines = text.lines().map(|line| match line.strip_prefix("name = ") {
        Some(_) => format!("name = \"{package}\"\n"),
        None => format!("{line}\n"),
    });
    *manifest = lines.collect::<String>().into_bytes();
    Ok(())
}

/// A sentence about dependencies that the chapter does not have. They would have to be fetched, in a room without wifi too;
/// and the exercise is to write the pattern by hand.
fn new_dependencies(chapter: &Chapter, folder: &Path) -> anyhow::Result<Option<String>> {
    let Ok(text) = fs::read_to_string(folder.join("Cargo.toml")) else { return Ok(None) };
    let names = |text: &str| -> Result<BTreeSet<String>, toml::de::Error> {
        let manifest: Table = toml::from_str(text)?;
        let dependencies = manifest.get("dependencies").and_then(Value::as_table);
        Ok(dependencies.map(|table| table.keys().cloned().collect()).unwrap_or_default())
    };
    let own = chapter.solution().join("Cargo.toml");
    let own = fs::read_to_string(&own).with_context(|| format!("reading {}", own.display()))?;
    let there = match names(&text) {
        Ok(there) => there,
        Err(error) => return Ok(Some(format!("its Cargo.toml cannot be read: {error}"))),
    };
    let new: Vec<String> = there.difference(&names(&own)?).cloned().collect();
    Ok((!new.is_empty()).then(|| {
        format!(
            "its Cargo.toml adds {}: a copy is checked with the dependencies that the chapter has; check it in its own clone instead",
            new.join(", ")
        )
    }))
}

impl Scratch {
    async fn open(name: &str) -> anyhow::Result<Scratch> {
        let folder = workshop::target()?.join("scratch").join(name);
        fs::create_dir_all(&folder)
            .with_context(|| format!("making {}; is the disk full or read-only?", folder.display()))?;
        let lock = folder.join("lock");
        let lock = fs::File::options().create(true).truncate(false).write(true).open(&lock).context("making a lock")?;
        // On a thread of its own: whoever is asked to end meanwhile does not wait for it.
        let locked = spawn_blocking(move || lock.lock().map(|()| lock)).await;
        let lock = locked.context("waiting for another build")?.context("waiting for another build")?;
        Ok(Scratch { folder, _lock: lock })
    }

    /// Lays the crates and builds these of them.
    async fn build(
        &self,
        crates: &BTreeMap<String, Files>,
        packages: &[String],
        stack: Stack,
    ) -> anyhow::Result<Vec<Built>> {
        let mut refused = BTreeMap::new();
        if stack == Stack::Servers {
            refused.extend(crates.iter().filter_map(|(package, files)| Some((package, migrations::lacking(files)?))));
        }
        for (package, files) in crates {
            write_changes(&self.folder.join(package), files)?;
        }
        write_changes(&self.folder.join(FEATURES), &features()?)?;
        let members = self.members()?;
        self.write_manifest(&members)?;

        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.current_dir(&self.folder).args(["build", "--keep-going", "--message-format=json", "--quiet"]);
        cargo.arg(format!("--package={FEATURES}"));
        for package in packages.iter().filter(|package| !refused.contains_key(package)) {
            cargo.arg(format!("--package={package}"));
            cargo.args((stack == Stack::Servers).then(|| format!("--features={package}/mysql")));
        }
        cargo::keep_apart(&mut cargo, stack)?;
        // Nobody edits these between two builds.
        cargo.env("CARGO_INCREMENTAL", "0");
        let output = cargo::output(cargo).await?;
        let messages = String::from_utf8_lossy(&output.stdout);
        let said = String::from_utf8_lossy(&output.stderr);
        let built = |package: &String| match refused.get(package) {
            Some(why) => Built::Refused(why.clone()),
            None => built(package, &messages, &said),
        };
        Ok(packages.iter().map(built).collect())
    }

    /// Removes the crates of entries that the gallery no longer has.
    fn forget_what_is_gone(&self) -> anyhow::Result<()> {
        let mut known = BTreeSet::new();
        for chapter in course::chapters()? {
            known.extend(gallery::entries(&chapter)?.iter().map(|entry| entry.package(&chapter)));
        }
        known.insert(FEATURES.to_owned());
        for package in self.members()?.iter().filter(|package| !known.contains(*package)) {
            let folder = self.folder.join(package);
            fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
        }
        Ok(())
    }

    /// Every crate that was laid here, now or before: cargo builds only those asked for.
    fn members(&self) -> anyhow::Result<Vec<String>> {
        let mut members = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.path().join("Cargo.toml").is_file() {
                members.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        members.sort();
        Ok(members)
    }

    /// The root's manifest and lock with other members.
    fn write_manifest(&self, members: &[String]) -> anyhow::Result<()> {
        let read = |name: &str| -> anyhow::Result<Table> {
            let file = workshop::root().join(name);
            let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
            toml::from_str(&text).with_context(|| format!("understanding {}", file.display()))
        };
        let mut manifest = read("Cargo.toml")?;
        let workspace =
            manifest.get_mut("workspace").and_then(Value::as_table_mut).context("the root is a workspace")?;
        workspace.insert("members".to_owned(), Value::from(members.to_vec()));
        // The dependencies' profile is unchanged, so theirs are not compiled again; these crates stay small.
        if let Some(dev) = manifest.get_mut("profile").and_then(|profile| profile.get_mut("dev")) {
            dev.as_table_mut().context("a profile is a table")?.insert("debug".to_owned(), Value::Boolean(false));
        }
        let text = toml::to_string(&manifest)?;
        write_changed(&self.folder.join("Cargo.toml"), text.as_bytes())?;
        // The root's lock says which versions are compiled already. Cargo adds the members to it.
        let lock = self.folder.join("Cargo.lock");
        let root = workshop::root().join("Cargo.lock");
        let newer = |file: &Path| file.metadata().and_then(|metadata| metadata.modified()).ok();
        if newer(&lock) < newer(&root) {
            fs::copy(&root, &lock).with_context(|| format!("writing {}", lock.display()))?;
        }
        Ok(())
    }
}

/// The checker's manifest without anything of its own.
fn features() -> anyhow::Result<Files> {
    let file = workshop::root().join("checker/Cargo.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let mut manifest: Table = toml::from_str(&text).with_context(|| format!("understanding {}", file.display()))?;
    manifest.retain(|section: &str, _| matches!(section, "package" | "dependencies"));
    let mut files = Files::from([
        (PathBuf::from("Cargo.toml"), toml::to_string(&manifest)?.into_bytes()),
        (PathBuf::from("src/lib.rs"), Vec::new()),
    ]);
    rename(&mut files, FEATURES)?;
    Ok(files)
}

/// What cargo's messages say of one package.
fn built(package: &str, messages: &str, said: &str) -> Built {
    let mut rendered = String::new();
    for message in messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()) {
        let is_about = message["target"]["name"] == package;
        if let (true, Some(program)) = (is_about, message["executable"].as_str()) {
            return Built::Program(program.into());
        }
        if is_about && message["message"]["level"] == "error" {
            rendered.push_str(message["message"]["rendered"].as_str().unwrap_or_default());
        }
    }
    Built::Refused(if rendered.is_empty() { said.to_owned() } else { rendered })
}
