//! A reader in each city, doing the same: what each of them had of a page, and what they expect of it.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::{
    World,
    city::City,
    files::Files,
    people::joined,
    reader::{Came, Loaded, Reader},
    wire::Ask,
};
use crate::story::{Failure, Stop, human};

/// What is good for less is asked about by whoever comes back after a holiday.
const A_MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub struct FarReaders(Vec<Reader>);

/// What each of them had.
pub struct Views(Vec<View>);

struct View {
    city: &'static str,
    edge: String,
    files: Vec<Loaded>,
}

impl World {
    /// Somebody in each city whose browser has nothing yet.
    pub fn a_reader_each(&mut self, cities: &[City]) -> Result<FarReaders, Stop> {
        cities.iter().map(|city| self.reader(city)).collect::<Result<_, _>>().map(FarReaders)
    }
}

impl FarReaders {
    /// They register, and are logged in.
    pub async fn join(&mut self) -> Result<(), Stop> {
        for reader in &mut self.0 {
            reader.browser = joined(reader.browser.clone()).await?;
        }
        Ok(())
    }

    /// Their browsers have nothing any more.
    pub fn forget_copies(&mut self) {
        self.0.iter_mut().for_each(Reader::forgets_copies);
    }

    /// They open the front page, with what belongs to it.
    pub async fn open(&mut self, cities: &[City]) -> Result<Views, Stop> {
        let each = self.0.iter_mut().zip(cities).map(|(reader, city)| async move {
            let files = reader.opens_page().await?;
            Ok(View::of(city, reader.loads(files).await?))
        });
        try_join_all(each).await.map(Views)
    }

    /// The same, while the origin cannot be asked for anything static.
    pub async fn open_without_home(&mut self, cities: &[City], why: &str) -> Result<Views, Stop> {
        let each = self.0.iter_mut().zip(cities).map(|(reader, city)| async move {
            let files = reader.opens_page().await?;
            Ok(View::of(city, city.while_nobody_asks_home(reader.loads(files), why).await?))
        });
        try_join_all(each).await.map(Views)
    }
}

impl View {
    fn of(city: &City, files: Vec<Loaded>) -> View {
        View { city: city.name, edge: city.edge.name().to_owned(), files }
    }

    fn failed<T>(&self, expected: String, saw: String, why: &str) -> Result<T, Stop> {
        Err(Stop::Failed(Failure::new(format!("in {}, {expected}", self.city), saw, why).of(&*self.edge)))
    }
}

impl Views {
    fn files(&self) -> impl Iterator<Item = (&View, &Loaded)> {
        self.0.iter().flat_map(|view| view.files.iter().map(move |file| (view, file)))
    }

    /// Each file is as the folder has it now.
    pub fn expect_current(&self, files: &Files, why: &str) -> Result<(), Stop> {
        let Some((view, file)) = self.files().find(|(_, file)| file.body != files.content(file.name)) else {
            return Ok(());
        };
        let from = match file.came {
            Came::FromOwnCopy => "a copy that the browser had, and took to be good",
            Came::NotModified => "a copy that the browser had, confirmed by a 304",
            Came::Whole => "what came over the wire",
        };
        let name = file.name;
        let expected = format!("the page has {name} as it is now, {}", files.version_of(name, &files.content(name)));
        view.failed(expected, format!("{}: {from}", files.version_of(name, &file.body)), why)
    }

    /// These files have the addresses that they had there.
    pub fn expect_addresses_of(&self, before: &Views, names: &[&str], why: &str) -> Result<(), Stop> {
        for (view, file) in self.files().filter(|(_, file)| names.contains(&file.name)) {
            let known = before.files().find(|(_, known)| known.name == file.name).map(|(_, known)| &known.address);
            if known != Some(&file.address) {
                let known = known.map_or("nothing", String::as_str);
                return view.failed(
                    format!("{} is {known}, as before", file.name),
                    format!("it is {}", file.address),
                    why,
                );
            }
        }
        Ok(())
    }

    pub fn expect_good_for_a_month(&self, why: &str) -> Result<(), Stop> {
        match self.files().find(|(_, file)| file.lifetime < A_MONTH) {
            None => Ok(()),
            Some((view, file)) => {
                let saw = match file.lifetime {
                    Duration::ZERO => "it has to be asked about each time".to_owned(),
                    lifetime => format!("for {}", human(lifetime)),
                };
                view.failed(format!("a copy of {} is good for a month at least", file.address), saw, why)
            }
        }
    }

    pub fn expect_from_own_copies(&self, why: &str) -> Result<(), Stop> {
        match self.files().find(|(_, file)| file.came != Came::FromOwnCopy) {
            None => Ok(()),
            Some((view, file)) => {
                let expected = format!("a browser that has {} asks nobody for it", file.address);
                view.failed(expected, "it had to ask".to_owned(), why)
            }
        }
    }

    /// Whoever asks for these addresses now, next to the edge, has what is in the folder.
    pub async fn expect_still_there(&self, cities: &[City], files: &Files, why: &str) -> Result<(), Stop> {
        for (city, view) in cities.iter().zip(&self.0) {
            for file in &view.files {
                // By the name by which readers know the site.
                let ask = Ask::get(&*file.address).with("host", city.edge.address().to_string());
                city.edge.expect_now(files, file.name, ask, why).await?;
            }
        }
        Ok(())
    }

    /// How long the slowest of them waited for this file, in milliseconds.
    pub fn slowest(&self, name: &str) -> f64 {
        let slowest = self.files().filter(|(_, file)| file.name == name).map(|(_, file)| file.took).max();
        (slowest.unwrap_or_default().as_secs_f64() * 10_000.0).round() / 10.0
    }
}
