//! `run`: a chapter's system, for people to click at until it hurts.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    pin::pin,
    time::SystemTime,
};

use checker::{
    chapters, course,
    program::Program,
    run::{Options, Run as Started},
    story::{Stop, human},
    world::{
        World,
        city::{self, City},
        site::Site,
    },
};
use clap::Args;
use futures_util::StreamExt;

/// Where the briefs' curl lines knock: at the door, and at the servers behind it.
const USUAL_PORTS: [u16; 3] = [8000, 8001, 8002];

#[derive(Args)]
pub struct Run {
    /// The chapter: 4, 04 or stateless
    #[arg(value_name = "NN")]
    chapter: String,
    /// The command that starts its program
    #[arg(long, value_name = "CMD")]
    program: String,
}

impl Run {
    pub async fn run(self) -> anyhow::Result<u8> {
        let chapter = course::chapter(&self.chapter)?;
        let program: Program = super::program(&self.program, "chapter")?;
        chapters::prepare(chapter.number, false, false).await?;
        let run = Started::start(program, &Options::default())?;
        let mut world = World::new(run.context().clone(), "by-hand", 0)?;
        let (site, cities) = match start(chapter.number, &mut world).await {
            Ok(started) => started,
            Err(Stop::Broken(error)) => return Err(error),
            Err(Stop::Failed(failure)) => {
                eprintln!("failed: it does not start. Expected {}; saw {}", failure.expected, failure.saw);
                for said in world.last_words(failure.process.as_deref(), failure.at) {
                    said.lines.iter().for_each(|line| eprintln!("  {}  {line}", said.process));
                }
                return Ok(1);
            }
        };
        println!("Gossip.com as of {}, chapter {}:\n", chapter.era, chapter.folder_name());
        println!("  http://{}/", site.door().own_address());
        if site.balancer.is_some() {
            for server in &site.apps {
                let (name, address, pid) = (server.name(), server.own_address(), server.process().pid());
                println!("  {name}, behind it: http://{address}/ (kill {pid} ends it)");
            }
        }
        for city in &cities {
            let (near, home) = (human(city::NEAR_AND_BACK), human(city::HOME_AND_BACK));
            println!(
                "  {}, {near} away: http://{}/ (and {home} from there to the site)",
                city.name,
                city.edge.address()
            );
        }
        println!("\n  database  {}", site.database.shown());
        println!("  logs      {}/*.log", checker::run::from_root(world.folder()).display());
        println!("  try       chapters/{}/README.md, \"Run it yourself\"", chapter.folder_name());
        println!("\nEverything begins anew each time, and ends with Ctrl-C.");
        let mut ends = pin!(site.ends());
        while let Some(server) = ends.next().await {
            // Nobody listens there any more.
            server.link.cut();
            println!("{} has ended; the end of its log:", server.name());
            for said in world.last_words(Some(server.name()), SystemTime::now()) {
                said.lines.iter().for_each(|line| println!("  {line}"));
            }
            if server.name() == site.door().name() {
                break;
            }
        }
        Ok(1)
    }
}

/// The era's system, and what stands in front of it in other cities.
async fn start(chapter: u8, world: &mut World) -> Result<(Site, Vec<City>), Stop> {
    let site = chapters::system(chapter, world).listens_at(usual_address).start().await?;
    let cities = match chapters::has_edges(chapter) {
        true => world.cities_as_far_as_they_are(site.door().address()).await?,
        false => Vec::new(),
    };
    Ok((site, cities))
}

/// With the port that the briefs name, or a free one if somebody has it.
fn usual_address(place: usize) -> SocketAddr {
    let port = USUAL_PORTS.get(place).copied().unwrap_or(0);
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if TcpListener::bind(usual).is_ok() {
        return usual;
    }
    eprintln!("Port {port} is taken, so another one it is; put that into the brief's lines.");
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
