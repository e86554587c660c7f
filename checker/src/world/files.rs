//! The folder of static files that a site is started with: written by the checker, changed as a deploy changes it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use rand::RngExt;

use super::{World, site::SiteBuilder};
use crate::story::Stop;

/// What each page has.
pub const CSS: &str = "gossip.css";
pub const SVG: &str = "gossip.svg";

/// Old enough for a browser to take a copy for good for ten days, if nobody says anything about it.
const OLD: Duration = Duration::from_secs(100 * 24 * 60 * 60);

/// A STATIC_DIR with a stylesheet and a picture.
pub struct Files {
    folder: PathBuf,
    /// Of all files; it stays when one changes, as it does where a build sets it.
    time: SystemTime,
    /// What was in the stylesheet so far, the last being in it now; then the same of the picture.
    versions: [Vec<String>; 2],
}

impl World {
    /// A site with these files, where nobody is turned away for having waited: how busy it is is not what is looked at.
    pub fn site_of(&mut self, files: &Files) -> SiteBuilder<'_> {
        self.site().with("STATIC_DIR", files.folder()).with("QUEUE_DEADLINE", "60s")
    }

    pub fn files(&mut self) -> Result<Files, Stop> {
        let mut files =
            Files { folder: self.folder().join("static"), time: SystemTime::now() - OLD, versions: Default::default() };
        fs::create_dir_all(&files.folder).context("making a folder for static files; is the disk full?")?;
        files.become_new(self, CSS)?;
        files.become_new(self, SVG)?;
        Ok(files)
    }
}

impl Files {
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn versions(&self, name: &str) -> &Vec<String> {
        &self.versions[usize::from(name == SVG)]
    }

    /// What is in it now.
    pub fn content(&self, name: &str) -> String {
        self.versions(name).last().cloned().unwrap_or_default()
    }

    /// A deploy writes another version over it: of the same length, and with the same time.
    pub fn is_deployed(&mut self, world: &mut World, name: &str) -> Result<(), Stop> {
        self.become_new(world, name)?;
        world.note(format!("{name} is written anew, version {}", self.versions(name).len()));
        Ok(())
    }

    /// A deploy goes back to the version before.
    pub fn is_rolled_back(&mut self, world: &World, name: &str) -> Result<(), Stop> {
        let versions = self.versions(name).len();
        let before = self.versions(name)[versions - 2].clone();
        world.note(format!("{name} is what it was before, version {}", versions - 1));
        self.write(name, before)
    }

    /// The same files, copied a moment ago to another folder.
    pub fn copied(&self, world: &World) -> Result<PathBuf, Stop> {
        let to = world.folder().join("copied");
        fs::create_dir_all(&to)?;
        for name in [CSS, SVG] {
            // Not fs::copy, which may clone the times with the rest.
            fs::write(to.join(name), self.content(name))?;
        }
        Ok(to)
    }

    fn become_new(&mut self, world: &mut World, name: &str) -> Result<(), Stop> {
        // Long enough for whoever carries it across an ocean to be told from whoever asks about it.
        const LINES: usize = 600;
        let mut line = || format!("{:016x}{:016x}", world.rng().random::<u64>(), world.rng().random::<u64>());
        let lines: Vec<String> = (0..LINES).map(|_| line()).collect();
        let content = match name {
            SVG => format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><desc>\n{}\n</desc></svg>\n", lines.join("\n")),
            _ => format!("/*\n{}\n*/\nbody {{ color: #222; }}\n", lines.join("\n")),
        };
        self.write(name, content)
    }

    fn write(&mut self, name: &str, content: String) -> Result<(), Stop> {
        let path = self.folder.join(name);
        // A new file in the place of the old one, as every careful copy does it.
        let new = self.folder.join(format!(".{name}.new"));
        fs::write(&new, &content).context("writing a static file; is the disk full?")?;
        fs::File::options().write(true).open(&new)?.set_modified(self.time)?;
        fs::rename(&new, &path)?;
        self.versions[usize::from(name == SVG)].push(content);
        Ok(())
    }

    /// Which version this is: `version 2`, or no version that there was.
    pub fn version_of(&self, name: &str, body: &str) -> String {
        match self.versions(name).iter().rposition(|version| version == body) {
            Some(index) => format!("version {}", index + 1),
            None => format!("{} bytes that were never in it", body.len()),
        }
    }
}
