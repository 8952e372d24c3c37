use std::sync::Arc;

use parking_lot::Mutex;

use super::*;

const TEXT: &str = "\
listeners: [{ name: egress, address: 127.0.0.1:0 }]
data_centres: [{ id: sg, jurisdiction: SG, endpoints: ['http://sg.example'] }]
routes:
  - { id: all, data_centre: sg }
";

/// A file that is followed, and the ids of the routes that were put in service.
struct House {
    folder: tempfile::TempDir,
    routes: RoutesFile,
    served: Arc<Mutex<Vec<String>>>,
}

impl House {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bordergate.yaml");
        fs::write(&path, TEXT).unwrap();
        let file = SourceFile { name: path.display().to_string(), text: TEXT.to_owned() };
        let config = Config::parse(&file).unwrap();
        let served = Arc::new(Mutex::new(Vec::new()));
        let put = Arc::clone(&served);
        let reroute: Reroute = Box::new(move |config, file, diagnostics| {
            let id = &config.routes[0].id;
            assert_ne!(id.value, "panic");
            if id.value == "refused" {
                diagnostics.error(id.place(file), "not this one");
                return false;
            }
            put.lock().push(id.value.clone());
            true
        });
        let settings = RoutesSettings { file, config, reroute, restart_needed: Box::new(Vec::new) };
        let mut routes = RoutesFile::new(settings, now(), None);
        assert!(routes.looks_changed(), "what happened since it was read is not known");
        assert!(routes.refresh(None, now()).is_none());
        Self { folder, routes, served }
    }

    fn write(&self, text: &str) {
        let next = self.folder.path().join("next");
        fs::write(&next, text).unwrap();
        fs::rename(next, self.folder.path().join("bordergate.yaml")).unwrap();
    }
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now())
}

#[test]
fn a_change_is_taken_once() {
    let mut house = House::start();
    assert!(!house.routes.looks_changed());
    house.write(&TEXT.replace("id: all", "id: some"));
    assert!(house.routes.looks_changed());
    let rerouted = house.routes.refresh(None, now()).unwrap();
    let entry = rerouted.entry.unwrap();
    assert_eq!(
        (rerouted.is_taken, entry.of, entry.generation),
        (true, Subject::Routes, Generation(2))
    );
    assert_eq!((entry.files[0].added, entry.files[0].removed), (1, 1));
    assert!(house.routes.refresh(None, now()).is_none());
    assert_eq!(*house.served.lock(), ["some"]);
    let status = house.routes.status();
    assert_eq!((status.generation.0, status.routes, status.stale), (2, 1, false));
    assert_eq!(status.attempted_by, Trigger::Change);

    // Words that say nothing new are another file and the same routes.
    house.write(&TEXT.replace("id: all", "id: some").replace("routes:", "# ours\nroutes:"));
    let rerouted = house.routes.refresh(None, now()).unwrap();
    assert!(rerouted.is_taken && rerouted.entry.is_none());
    let after = house.routes.status();
    assert_eq!(after.generation, status.generation);
    assert_ne!(after.hash, status.hash);
    assert_eq!(house.served.lock().len(), 1);
}

#[test]
fn what_is_not_in_order_leaves_the_routes_before_and_says_why() {
    let mut house = House::start();
    let hash = house.routes.status().hash;
    for (text, line, words) in [
        (TEXT.replace("data_centre: sg", "data_centre: mars"), 4, "mars"),
        (TEXT.replace("id: all", "id: refused"), 4, "not this one"),
        (TEXT.replace("id: all", "id: panic"), 0, "the compiler failed"),
        ("routes: [".to_owned(), 2, "not readable"),
        (String::new(), 1, ""),
    ] {
        house.write(&text);
        let rerouted = house.routes.refresh(None, now()).unwrap();
        assert!(!rerouted.is_taken, "{text}");
        assert!(rerouted.entry.unwrap().errors > 0, "{text}");
        let told = house.routes.refusal().unwrap();
        assert!(
            told.iter().any(|it| it.place.line == line && it.message.contains(words)),
            "{text}: {told}"
        );
        let status = house.routes.status();
        assert_eq!((status.generation.0, status.stale, &status.hash), (1, true, &hash));
        assert_eq!(status.last_failure.unwrap().diagnostics.len(), told.len());
        // Asked again it says so again, and it is one event still.
        let again = house.routes.refresh(Some((Trigger::Operator, None)), now()).unwrap();
        assert!(!again.is_taken && again.entry.is_none(), "{text}");
    }
    fs::remove_file(house.folder.path().join("bordergate.yaml")).unwrap();
    assert!(!house.routes.refresh(None, now()).unwrap().is_taken);
    assert!(house.routes.refusal().unwrap().to_string().contains("cannot be read"));
    house.write(TEXT);
    assert!(house.routes.refresh(None, now()).unwrap().is_taken);
    let status = house.routes.status();
    assert_eq!((status.generation.0, status.stale), (1, false));
    assert!(status.last_failure.is_some() && house.routes.refusal().is_none());
    assert!(house.served.lock().is_empty());
}

#[test]
fn what_needs_a_restart_is_told_for_as_long_as_it_does() {
    let mut house = House::start();
    house.write(&format!("{TEXT}workers: 3\nlimits: {{ headers_max: 99 }}\n"));
    assert!(house.routes.refresh(None, now()).unwrap().is_taken);
    assert_eq!(house.routes.status().restart_needed, ["workers", "limits"]);
    house.write(&format!("{}workers: 3\n", TEXT.replace("id: all", "id: some")));
    assert!(house.routes.refresh(None, now()).unwrap().is_taken);
    let status = house.routes.status();
    assert_eq!((status.restart_needed.as_slice(), status.generation.0), (&["workers"][..], 2));
    house.write(TEXT);
    house.routes.refresh(None, now()).unwrap();
    assert!(house.routes.status().restart_needed.is_empty());
}
