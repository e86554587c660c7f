//! 2009: a stylesheet, in three cities far from where it is made.

use std::time::{Duration, Instant};

use super::{Bench, Better, Figure};
use crate::{
    story::Stop,
    world::{World, city::City, origin::Exhibit, wire::Ask},
};

pub const BENCH: Bench = Bench {
    measure: |world| Box::pin(measure(world)),
    notes: &[
        "Distances are the talk's own, whole, with or without --real-time: 400 ms from a city to the origin and back, 12 ms from \
         a reader to the edge and back. The sixth of eleven readers, after one who came first.",
    ],
};

const READERS: usize = 11;
const PATH: &str = "/static/gossip.css";

async fn measure(world: &mut World) -> Result<Vec<Figure>, Stop> {
    let origin = world.origin().await?;
    origin.has(PATH, Exhibit::text("body { color: #222; }\n".repeat(150)).keeps(600).tagged());
    let cities = world.cities_as_far_as_they_are(origin.address()).await?;
    let times = futures_util::future::try_join_all(cities.iter().map(loads)).await?;
    let asked = origin.asked(PATH);
    let mut figures: Vec<Figure> = cities
        .iter()
        .zip(times)
        .map(|(city, time)| Figure::time(&format!("a stylesheet in {}", city.name), time))
        .collect();
    let readers = cities.len() * (1 + READERS);
    figures.push(Figure::count(&format!("times the origin was asked, by {readers} readers"), asked, Better::Lower));
    Ok(figures)
}

/// How long the middle one of those who come after the first waits.
async fn loads(city: &City) -> Result<Duration, Stop> {
    let mut times = Vec::new();
    for _ in 0..=READERS {
        let mut reader = city.wire_from_afar().await?;
        let began = Instant::now();
        reader.expect(Ask::get(PATH), "Every page has it.").await?.expect_status(200, "Every page has it.")?;
        times.push(began.elapsed());
    }
    times.remove(0);
    times.sort();
    Ok(times[READERS / 2])
}
