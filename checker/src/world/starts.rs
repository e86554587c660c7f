//! How the starts of a run went: where a role was never ready, nobody waits for it a second time.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::process::Spec;
use crate::story::{Failure, Stop};

/// A role, and the files it may open: what a start depends on.
type Kind = (&'static str, Option<u64>);

enum Start {
    WasReady,
    WasSilent(Failure),
}

/// Known to all worlds of a run.
#[derive(Default)]
pub struct Starts {
    known: Mutex<BTreeMap<Kind, Start>>,
}

impl Starts {
    /// Fails where such a process ran for as long as a start may take and never said that it was ready, and no other did.
    pub fn expect_hope(&self, spec: &Spec) -> Result<(), Stop> {
        match self.known().get(&kind(spec)) {
            Some(Start::WasSilent(failure)) => Err(Stop::Failed(failure.clone())),
            Some(Start::WasReady) | None => Ok(()),
        }
    }

    pub fn was_ready(&self, spec: &Spec) {
        self.known().insert(kind(spec), Start::WasReady);
    }

    /// One that is late once is no reason to give up those that come after it.
    pub fn was_silent(&self, spec: &Spec, stop: &Stop) {
        if let Stop::Failed(failure) = stop {
            self.known().entry(kind(spec)).or_insert_with(|| Start::WasSilent(failure.clone()));
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Kind, Start>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kind(spec: &Spec) -> Kind {
    (spec.role, spec.open_files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(role: &'static str) -> Spec {
        Spec {
            name: role.to_owned(),
            role,
            settings: BTreeMap::new(),
            open_files: None,
            folder: "nowhere".into(),
            run: "run-1".to_owned(),
        }
    }

    #[test]
    fn a_role_that_was_never_ready_is_given_up_and_no_other() {
        let starts = Starts::default();
        let silent = Stop::Failed(Failure::new("", "no such line within 20 s", ""));
        assert!(starts.expect_hope(&spec("app")).is_ok());
        starts.was_silent(&spec("app"), &silent);
        match starts.expect_hope(&spec("app")) {
            Err(Stop::Failed(failure)) => assert_eq!(failure.saw, "no such line within 20 s"),
            other => panic!("{other:?}"),
        }
        assert!(starts.expect_hope(&spec("balancer")).is_ok());
        assert!(starts.expect_hope(&Spec { open_files: Some(64), ..spec("app") }).is_ok());

        starts.was_ready(&spec("balancer"));
        starts.was_silent(&spec("balancer"), &silent);
        assert!(starts.expect_hope(&spec("balancer")).is_ok(), "it was ready before, so it may be again");
    }
}
