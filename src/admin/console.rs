//! The operators' page: three files inside the program, and what they ask for.
//!
//! The page fetches nothing from anywhere else, and its policy says so to the browser. It holds no
//! secret: a token is typed in and kept for the tab.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::{
    access::{Caller, Role},
    reply::{self, Reply},
    server::{Operators, ShownDataCentre},
};
use crate::{
    domain::{Effect, Region},
    policy::{Layer, Mode, RuleTold, Words},
    telemetry::RuleHits,
};

const FILES: [(&str, &str, &str); 3] = [
    ("/-/console/", "text/html; charset=utf-8", include_str!("console/index.html")),
    ("/-/console/style.css", "text/css; charset=utf-8", include_str!("console/style.css")),
    ("/-/console/console.js", "text/javascript; charset=utf-8", include_str!("console/console.js")),
];

/// Content Security Policy Level 3: nothing but what comes from here, and nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'";

pub(super) fn file(path: &str) -> Option<Reply> {
    let (_, media_type, text) = FILES.iter().find(|(name, ..)| *name == path)?;
    let mut reply = reply::with_type(StatusCode::OK, media_type, text.as_bytes().to_vec());
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Some(reply)
}

pub(super) fn redirect() -> Reply {
    let mut reply = reply::with_type(StatusCode::SEE_OTHER, "text/plain", Vec::new());
    reply.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/-/console/"));
    reply
}

/// What the page needs once: who is looking, where data may go, and which purposes there are.
pub(super) fn about(operators: &Operators, caller: &Caller) -> Reply {
    #[derive(Serialize)]
    struct About<'a> {
        version: &'static str,
        who: &'a str,
        /// False for whoever is on this machine where nobody is listed.
        signed_in: bool,
        /// This machine may look, and whoever changes something shows a token.
        changes_need_token: bool,
        roles: Vec<Role>,
        data_centres: &'a [ShownDataCentre],
        routes: Vec<Route<'a>>,
        purposes: Vec<&'a str>,
        /// What is known of people is in a store, which is asked for whoever may know.
        has_facts: bool,
    }
    #[derive(Serialize)]
    struct Route<'a> {
        id: &'a str,
        data_centre: &'a str,
        purpose: Option<&'a str>,
        origin: Option<Region>,
    }
    let snapshot = operators.context.reloads.snapshots().load_full();
    let map = operators.settings.destinations.now();
    let routes = map.stated_by_route.iter().zip(&map.data_centre_of_route).map(
        |((id, base), data_centre)| Route {
            id,
            data_centre,
            purpose: base.purpose.as_deref(),
            origin: base.origin,
        },
    );
    let mut purposes: Vec<&str> = snapshot.engine.rules().purposes().collect();
    purposes.sort_unstable();
    let about = About {
        version: env!("CARGO_PKG_VERSION"),
        who: &caller.name,
        signed_in: caller.is_listed,
        changes_need_token: operators.settings.access.has_token(),
        roles: caller.roles(),
        data_centres: &map.data_centres,
        routes: routes.collect(),
        purposes,
        has_facts: operators.context.facts.is_some(),
    };
    reply::json(StatusCode::OK, &about)
}

/// Every rule, those that are switched off last, and how often it decided. Of an `only` one that is asked for, the parts
/// with their conditions: those are read from its file, which takes a while the first time.
pub(super) fn rules(operators: &Operators, only: Option<&str>) -> Reply {
    #[derive(Serialize)]
    struct Page<'p> {
        generation: u64,
        hash: &'p str,
        source: &'p str,
        rules: Vec<Rule<'p>>,
    }
    #[derive(Serialize)]
    struct Rule<'r> {
        id: &'r str,
        #[serde(skip_serializing_if = "Option::is_none")]
        part: Option<&'r str>,
        layer: Layer,
        title: &'r str,
        statute: &'r str,
        reason: &'r str,
        effect: Option<Effect>,
        mode: Mode,
        file: &'r str,
        line: u32,
        #[serde(flatten)]
        hits: RuleHits,
        #[serde(flatten)]
        conditions: Option<Conditions>,
    }
    #[derive(Serialize)]
    struct Conditions {
        applies: Vec<Words>,
        unless: Option<Words>,
        requires: Option<Words>,
    }
    let snapshot = operators.context.reloads.snapshots().load_full();
    let hits = operators.context.metrics.rule_hits();
    let rules = snapshot.engine.rules();
    let told = only.map(|id| snapshot.engine.explainer().rules_of(rules, id)).unwrap_or_default();
    let conditions = |part: Option<&str>| {
        let told = told.iter().find(|told| told.part.as_deref() == part)?;
        let RuleTold { applies, unless, requires, .. } = told.clone();
        Some(Conditions { applies, unless, requires })
    };
    let all = rules.rules().map(|(_, info)| info).chain(rules.asleep());
    let asked = all.filter(|info| only.is_none_or(|id| info.id == id));
    let asked = asked.map(|info| Rule {
        id: &info.id,
        part: info.part.as_deref(),
        layer: info.layer,
        title: &info.title,
        statute: &info.statute,
        reason: &info.reason,
        effect: info.effect,
        mode: info.mode,
        file: &info.file,
        line: info.line,
        hits: hits.get(&info.id).copied().unwrap_or_default(),
        conditions: conditions(info.part.as_deref()),
    });
    let page = Page {
        generation: snapshot.generation.0,
        hash: &snapshot.rules_hash,
        source: &snapshot.rules_source,
        rules: asked.collect(),
    };
    reply::json(StatusCode::OK, &page)
}

/// What the rules judged beside decide otherwise.
pub(super) fn shadow(operators: &Operators) -> Reply {
    let status = operators.context.reloads.status();
    let snapshots = operators.context.reloads.snapshots();
    let live = snapshots.load().generation;
    let compared = snapshots.shadow().map(|shadow| shadow.tally.compared(live));
    reply::json(
        StatusCode::OK,
        &serde_json::json!({ "shadow": status.shadow, "pinned": status.pinned, "compared": compared }),
    )
}

pub(super) fn history(operators: &Operators) -> Reply {
    let history = operators.context.reloads.history();
    reply::json(StatusCode::OK, &serde_json::json!({ "reloads": history }))
}
