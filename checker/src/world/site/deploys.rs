//! Deploys: a server that is started again with what lies in its folders now, and one more beside it with a folder of its own.

use std::path::PathBuf;

use super::{Server, Site};
use crate::{
    story::Stop,
    world::{World, process::Spec},
};

impl Server {
    /// As a deploy does it: it ends, and the next one finds the folders as they are now.
    pub async fn is_restarted(&self) -> Result<(), Stop> {
        self.is_killed().await?;
        self.starts_again().await
    }
}

impl Site {
    /// The door alone, where nobody looks behind it any more.
    pub fn into_door(mut self) -> Server {
        // A site is started with one of them.
        self.balancer.take().unwrap_or_else(|| self.apps.remove(0))
    }

    /// One more server, with its own STATIC_DIR.
    pub async fn is_joined_with(&self, world: &World, static_dir: PathBuf) -> Result<Server, Stop> {
        let mut spec = Spec { name: format!("server {}", self.apps.len() + 1), ..self.spec.clone() };
        spec.settings.insert("STATIC_DIR".to_owned(), static_dir.into());
        world.note(format!("{} is added, with its files in a folder of its own", spec.name));
        Server::start_app(&world.stage, spec, self.redis.as_ref()).await
    }
}
