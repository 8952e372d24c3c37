//! Routes beside the rules: when they are read, and what whoever asked is told of them.

use std::path::Path;

use super::{Worker, now, send, watch};
use crate::control::{
    reload::{Answer, Refused, ReloadRequest, Reloaded, RoutesReloaded, Trigger},
    routes::{RoutesFile, RoutesSettings},
    status::Status,
};

impl Worker {
    pub(super) fn follow_routes(&mut self, settings: RoutesSettings) {
        let path = Path::new(&settings.file.name);
        let watch = if self.settings.watch { watch(path, &self.requests) } else { None };
        self.routes = Some(RoutesFile::new(settings, now(), watch));
        self.show_routes();
    }

    /// Reads them when their file changed or somebody asked.
    pub(super) fn refresh_routes(&mut self, asked: &[ReloadRequest]) {
        let Some(routes) = &mut self.routes else { return };
        let first = asked.first().map(|one| (one.by, one.who.clone()));
        let is_noticed = routes.notice_files();
        let Some(rerouted) = routes.refresh(first, now()) else {
            if is_noticed {
                self.show_routes();
            }
            return;
        };
        self.metrics.routes().reloaded(rerouted.is_taken);
        self.show_routes();
        if let Some(entry) = rerouted.entry {
            self.shared.remember(entry);
        }
    }

    fn show_routes(&self) {
        let Some(routes) = self.routes.as_ref().map(RoutesFile::status) else { return };
        self.metrics.routes().serving(routes.generation.0, !routes.restart_needed.is_empty());
        let status = Status { routes: Some(routes), ..Status::clone(&self.shared.status()) };
        self.shared.set_status(status);
    }

    /// Answers whoever asked about the rules, and about the routes where they were to be read as well.
    pub(super) fn tell(&self, asked: Vec<ReloadRequest>, answer: Option<Answer>) {
        let Some(answer) = answer else { return };
        let of_rules_alone = |one: &ReloadRequest| one.by == Trigger::Push;
        let (pushed, asked) = asked.into_iter().partition(of_rules_alone);
        send(pushed, Some(answer.clone()));
        send(asked, Some(self.with_routes(answer)));
    }

    fn with_routes(&self, answer: Answer) -> Answer {
        let Some(routes) = &self.routes else { return answer };
        match (answer, routes.refusal()) {
            (Ok(reloaded), None) => {
                let status = routes.status();
                let routes = RoutesReloaded {
                    generation: status.generation,
                    restart_needed: status.restart_needed,
                };
                Ok(Reloaded { routes: Some(routes), ..reloaded })
            }
            (Ok(_), Some(diagnostics)) => Err(Refused::Routes(diagnostics.clone())),
            (Err(Refused::Rules(mut all)), Some(diagnostics)) => {
                all.extend(diagnostics.clone());
                Err(Refused::Rules(all))
            }
            (Err(refused), _) => Err(refused),
        }
    }
}
