//! Cities far from the site: an edge near its users, a long way from there to the origin, a short one to its users.

use std::{collections::BTreeMap, ffi::OsString, net::SocketAddr, time::Duration};

use super::{World, process::Spec, proxy::Link, site::Server, wire::Wire};
use crate::story::Stop;

/// Where the talk's users are.
pub const CITIES: [&str; 3] = ["Tokyo", "Frankfurt", "São Paulo"];

/// From a city to the origin in Singapore and back.
pub const HOME_AND_BACK: Duration = Duration::from_millis(400);
/// From a user to the nearest edge and back.
pub const NEAR_AND_BACK: Duration = Duration::from_millis(12);

/// An edge, to be described and started.
pub struct CityBuilder<'w> {
    world: &'w World,
    name: &'static str,
    origin: SocketAddr,
    settings: BTreeMap<String, OsString>,
    home: Duration,
    near: Duration,
}

pub struct City {
    pub name: &'static str,
    /// Its users reach it through its link.
    pub edge: Server,
    /// From the edge to the origin.
    pub home: Link,
}

impl World {
    /// An edge before this origin, with no distance anywhere.
    pub fn city(&self, origin: SocketAddr) -> CityBuilder<'_> {
        let (home, near) = (Duration::ZERO, Duration::ZERO);
        CityBuilder { world: self, name: CITIES[0], origin, settings: BTreeMap::new(), home, near }
    }

    /// Three edges before this origin, as far from it and as near to their users as the talk has them.
    pub async fn cities(&self, origin: SocketAddr) -> Result<Vec<City>, Stop> {
        let (home, near) = (self.delay(HOME_AND_BACK), self.delay(NEAR_AND_BACK));
        let starting = CITIES.map(|name| self.city(origin).named(name).far(home, near).start());
        futures_util::future::try_join_all(starting).await
    }

    /// The same, without making anything shorter.
    pub async fn cities_as_far_as_they_are(&self, origin: SocketAddr) -> Result<Vec<City>, Stop> {
        let starting = CITIES.map(|name| self.city(origin).named(name).far(HOME_AND_BACK, NEAR_AND_BACK).start());
        futures_util::future::try_join_all(starting).await
    }
}

impl CityBuilder<'_> {
    pub fn named(self, name: &'static str) -> Self {
        CityBuilder { name, ..self }
    }

    /// So long it takes from here to the origin and back, and from its users to here and back.
    fn far(self, home: Duration, near: Duration) -> Self {
        CityBuilder { home, near, ..self }
    }

    /// A setting of the edge.
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.settings.insert(name.to_owned(), value.into());
        self
    }

    pub async fn start(self) -> Result<City, Stop> {
        let home = Link::to(self.origin)?;
        let mut settings = BTreeMap::from([
            ("LISTEN_ADDR".to_owned(), OsString::from("127.0.0.1:0")),
            ("UPSTREAMS".to_owned(), home.address().to_string().into()),
            // A busy machine is no silent origin.
            ("ORIGIN_TIMEOUT".to_owned(), "30s".into()),
        ]);
        settings.extend(self.settings);
        let stage = &self.world.stage;
        let spec = Spec {
            name: format!("the edge in {}", self.name),
            role: "edge",
            settings,
            open_files: None,
            folder: stage.folder.clone(),
            run: stage.context.run.clone(),
        };
        let edge = Server::start(stage, spec).await?;
        for way in [home.requests(), home.replies()] {
            way.slow(self.home / 2);
        }
        for way in [edge.link.requests(), edge.link.replies()] {
            way.slow(self.near / 2);
        }
        Ok(City { name: self.name, edge, home })
    }
}

impl City {
    /// A new connection to the edge, from next to it.
    pub async fn wire(&self) -> Result<Wire, Stop> {
        self.edge.wire(self.edge.timeline()).await
    }

    /// A new connection to the edge, from where its users are.
    pub async fn wire_from_afar(&self) -> Result<Wire, Stop> {
        Wire::open(self.edge.name(), self.edge.address(), self.edge.timeline()).await
    }
}
