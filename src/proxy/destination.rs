//! Routes as the data plane uses them: the table, and for each route its data centre and the facts a
//! transfer by it begins with.

use serde_json::Value;

use crate::{
    config::{self, Config, DataCentre, Facts, RouteSection},
    domain::{Region, ShortStr},
    policy::{Exporter, RuleSet, Transfer, Transport},
    route::{RouteId, RouteTable, Selector},
    source::{At, Diagnostics, Place},
};

/// Where a route leads.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    /// The route's id.
    pub(super) route: String,
    /// The data centre's id, and its number in the order of the configuration.
    pub(super) data_centre: String,
    pub(super) data_centre_number: usize,
    pub(super) jurisdiction: Region,
    /// What is known of every transfer by this route.
    pub(super) base: Box<Transfer>,
}

/// All routes.
#[derive(Debug)]
pub(super) struct Destinations {
    pub(super) table: RouteTable,
    destinations: Vec<Destination>,
}

impl Destinations {
    /// Every problem with the facts in the configuration goes to `diagnostics`.
    pub(super) fn compile(
        config: &Config,
        file: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let before = diagnostics.error_count();
        let table = RouteTable::compile(config.routes.iter().map(|route| selector(config, route)));
        let mut destinations = Vec::with_capacity(config.routes.len());
        for route in &config.routes {
            let number = config
                .data_centres
                .iter()
                .position(|one| one.id.value == route.data_centre.value)?;
            let data_centre = config.data_centres.get(number)?;
            destinations.push(Destination {
                route: route.id.value.clone(),
                data_centre: data_centre.id.value.clone(),
                data_centre_number: number,
                jurisdiction: *data_centre.jurisdiction,
                base: Box::new(base(config, route, data_centre, file, diagnostics)),
            });
        }
        (diagnostics.error_count() == before).then_some(Self { table, destinations })
    }

    /// By the ids of routes.
    pub(super) fn stated(self) -> Vec<(String, Transfer)> {
        self.destinations.into_iter().map(|one| (one.route, *one.base)).collect()
    }

    pub(super) fn get(&self, id: RouteId) -> Option<&Destination> {
        self.destinations.get(usize::from(id.0))
    }
}

/// Complains of destinations that a context in the configuration puts on a list of the rules, and that are none.
pub(super) fn check_lists(
    config: &Config,
    file: &str,
    rules: &RuleSet,
    diagnostics: &mut Diagnostics,
) {
    let of_routes = config.routes.iter().filter_map(|route| route.context.as_ref());
    let of_workloads = config.workloads.iter().filter_map(|workload| workload.context.as_ref());
    for facts in config.context.iter().chain(of_routes).chain(of_workloads) {
        // One in another shape is complained about where it is read.
        let read = Transfer::read_strictly(Value::Object(facts.value.clone()));
        for (list, name) in read.iter().flat_map(|stated| rules.unknown_destinations(stated)) {
            let words = format!(
                "`config` of `context` has `{name}` on `{list}`, which is neither an ISO 3166-1 alpha-2 code nor a zone"
            );
            diagnostics
                .error(facts.place(file), words)
                .remedy("use a code of two letters such as `CN`, or a zone that the rules declare");
        }
    }
}

/// Doubts purposes and recipients' classes that the rules do not know: every transfer by such a route is blocked, for a
/// reason that speaks of the policy and not of the slip. And sectors of the exporter: what the law keeps in the country
/// for a sector would leave it.
pub(super) fn misnamed(
    config: &Config,
    file: &str,
    rules: &RuleSet,
    diagnostics: &mut Diagnostics,
) {
    let mut doubt = |place: Place, kind: &str, noun: &str, name: Option<&str>| {
        let Some(name) = name else { return };
        if let Some(misnamed) = rules.misnamed(kind, name) {
            let remedy = match misnamed.meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => {
                    format!("use a {noun} that a register of the rules declares, or declare it")
                }
            };
            diagnostics
                .warning(place, format!("nothing in the rules knows the {noun} `{name}`"))
                .remedy(remedy);
        }
    };
    fn member<'f>(facts: &'f At<Facts>, name: &str) -> Option<&'f str> {
        facts.value.get(name).and_then(Value::as_str)
    }
    const CLASS: &str = "recipient class";
    let sector = |exporter: Option<&Value>| {
        let stated: Option<Exporter> = serde_json::from_value(exporter?.clone()).ok();
        stated?.sector
    };
    for exporter in config.routes.iter().filter_map(|route| route.exporter.as_ref()) {
        let stated = sector(Some(&Value::Object(exporter.value.clone())));
        doubt(exporter.place(file), "sector", "sector", stated.as_deref());
    }
    for route in &config.routes {
        let purpose = route.purpose.as_ref();
        if let Some(purpose) = purpose {
            doubt(purpose.place(file), "purpose", "purpose", Some(&purpose.value));
        }
    }
    let recipients = config.routes.iter().filter_map(|route| route.recipient.as_ref());
    let of_data_centres = config.data_centres.iter().filter_map(|one| one.recipient.as_ref());
    for recipient in recipients.chain(of_data_centres) {
        doubt(recipient.place(file), "class", CLASS, member(recipient, "class"));
    }
    let of_routes = config.routes.iter().filter_map(|route| route.context.as_ref());
    let of_workloads = config.workloads.iter().filter_map(|workload| workload.context.as_ref());
    for facts in config.context.iter().chain(of_routes).chain(of_workloads) {
        doubt(facts.place(file), "purpose", "purpose", member(facts, "purpose"));
        let class = facts.value.get("recipient").and_then(|it| it.get("class"));
        doubt(facts.place(file), "class", CLASS, class.and_then(Value::as_str));
        let stated = sector(facts.value.get("exporter"));
        doubt(facts.place(file), "sector", "sector", stated.as_deref());
    }
}

fn selector(config: &Config, route: &RouteSection) -> Selector {
    let number = |id: &At<String>| {
        let at = config.workloads.iter().position(|workload| workload.id.value == id.value)?;
        u16::try_from(at).ok()
    };
    Selector {
        host: route.matches.host.as_ref().map(|host| host.value.clone()),
        path_prefix: route
            .matches
            .path_prefix
            .as_ref()
            .map_or_else(String::new, |p| p.value.clone()),
        methods: route.matches.methods.iter().map(|method| method.value.clone()).collect(),
        workloads: route.matches.workloads.iter().filter_map(number).collect(),
        destinations: route.matches.destinations.iter().map(|network| network.0).collect(),
    }
}

/// The route's own facts, then those of its data centre, then those that hold everywhere.
fn base(
    config: &Config,
    route: &RouteSection,
    data_centre: &DataCentre,
    file: &str,
    diagnostics: &mut Diagnostics,
) -> Transfer {
    let mut read = |key: &str, facts: &Option<At<Facts>>| -> Transfer {
        let Some(facts) = facts else { return Transfer::default() };
        let value = if key == "context" {
            Value::Object(facts.value.clone())
        } else {
            serde_json::json!({ key: facts.value })
        };
        Transfer::read_strictly(value).unwrap_or_else(|error| {
            diagnostics
                .error(
                    facts.place(file),
                    format!("`{key}` is not in the shape of a decision request: {error}"),
                )
                .remedy("compare it with the context that `bordergate decide` takes");
            Transfer::default()
        })
    };
    let mut transfer = read("context", &route.context);
    // The section's own keys say it more plainly than the context does.
    for (key, facts) in [("exporter", &route.exporter), ("recipient", &route.recipient)] {
        let mut stated = read(key, facts);
        std::mem::swap(&mut transfer, &mut stated);
        transfer.fill_from(stated);
    }
    transfer.origin = route.origin.as_ref().map(|origin| origin.value).or(transfer.origin);
    transfer.purpose =
        route.purpose.as_ref().map(|it| ShortStr::new(&it.value)).or(transfer.purpose);
    transfer.fill_from(read("recipient", &data_centre.recipient));
    transfer.fill_from(read("context", &config.context));
    transfer.recipient.id.get_or_insert_with(|| ShortStr::new(&data_centre.id.value));
    transfer.recipient.class.get_or_insert_with(|| ShortStr::new_static("first_party_facility"));
    transfer.destination = Some(*data_centre.jurisdiction);
    transfer
        .remote_access_from
        .extend(data_centre.remote_access_from.iter().map(|region| **region));
    transfer.transport = Some(transport(data_centre));
    transfer
}

fn transport(data_centre: &DataCentre) -> Transport {
    let scheme_is_tls = data_centre.endpoints.iter().all(|endpoint| endpoint.tls);
    match data_centre.transport.as_ref().map(|stated| stated.value) {
        Some(config::Transport::Tls) => Transport::Tls,
        Some(config::Transport::Plaintext) => Transport::Plaintext,
        None if scheme_is_tls => Transport::Tls,
        None => Transport::Plaintext,
    }
}

#[cfg(test)]
impl Destination {
    pub(super) fn for_test(base: Transfer) -> Self {
        Self {
            route: "test".into(),
            data_centre: "test".into(),
            data_centre_number: 0,
            jurisdiction: base.destination.unwrap(),
            base: Box::new(base),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        route::{Arrival, Selection},
        source::SourceFile,
    };

    const CONFIG: &str = "\
listeners: [{ name: egress, address: 127.0.0.1:0 }]
data_centres:
  - id: us
    jurisdiction: US
    remote_access_from: [CN]
    recipient: { covered_person: false, shift: night }
    endpoints: ['https://us.example']
  - { id: sg, jurisdiction: SG, endpoints: ['http://sg.example'] }
context: { policy_versions: [{ id: '2019-03-18', effective_from: 2019-03-18 }], transport: plaintext }
routes:
  - id: us
    data_centre: us
    match: { host: us.example }
    purpose: backup
    origin: PK
    exporter: { role: controller, flags: [x] }
    context: { purpose: statistics, mechanisms: [{ type: eu_scc, id: s }] }
  - { id: sg, data_centre: sg, recipient: { class: affiliate, id: games } }
";

    fn compile(text: &str) -> (Option<Destinations>, String) {
        let file = SourceFile { name: "b.yaml".into(), text: text.into() };
        let config = Config::parse(&file).unwrap();
        let mut diagnostics = Diagnostics::default();
        let destinations = Destinations::compile(&config, &file.name, &mut diagnostics);
        (destinations, diagnostics.to_string())
    }

    #[test]
    fn a_route_knows_its_facts_from_near_to_far() {
        let (destinations, complaints) = compile(CONFIG);
        let destinations = destinations.unwrap_or_else(|| panic!("{complaints}"));
        let Selection::Route(id) =
            destinations.table.select("GET", "us.example", "/", Arrival::default())
        else {
            panic!()
        };
        let destination = destinations.get(id).unwrap();
        assert_eq!((destination.route.as_str(), destination.data_centre.as_str()), ("us", "us"));
        let base = &destination.base;
        assert_eq!(base.purpose.as_deref(), Some("backup"));
        assert_eq!(base.origin, Some(Region::new(*b"PK")));
        assert_eq!(base.destination, Some(Region::new(*b"US")));
        assert_eq!(base.remote_access_from, [Region::new(*b"CN")]);
        assert_eq!(base.exporter.flags, ["x"]);
        assert_eq!(base.recipient.id.as_deref(), Some("us"));
        assert_eq!(base.recipient.class.as_deref(), Some("first_party_facility"));
        assert_eq!(base.recipient.covered_person, Some(false));
        assert_eq!(base.recipient.other["shift"], "night");
        assert_eq!(base.mechanisms[0].id, "s");
        assert_eq!(base.policy_versions[0].id, "2019-03-18");
        assert_eq!(base.transport, Some(Transport::Tls));
        let Selection::Route(id) = destinations.table.select("GET", "x", "/", Arrival::default())
        else {
            panic!()
        };
        let base = &destinations.get(id).unwrap().base;
        assert_eq!(base.recipient.class.as_deref(), Some("affiliate"));
        assert_eq!(base.recipient.id.as_deref(), Some("games"));
        assert_eq!(base.transport, Some(Transport::Plaintext));
    }

    #[test]
    fn facts_of_the_wrong_shape_are_named_with_their_line() {
        let (destinations, complaints) = compile(
            &CONFIG.replace("role: controller", "role: emperor").replace("type: eu_scc", "type: 7"),
        );
        assert!(destinations.is_none());
        assert!(complaints.contains("b.yaml:16:"), "{complaints}");
        assert!(complaints.contains("`exporter`"), "{complaints}");
        assert!(complaints.contains("b.yaml:17:"), "{complaints}");
    }
}
