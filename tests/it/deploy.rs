//! What `deploy/` ships runs exactly `bordergate serve --config …`, with a configuration that is right.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use bordergate::{
    config::Config,
    control::RulesSource,
    engine::Engine,
    redact::PseudonymKey,
    source::{Diagnostics, SourceFile},
};

fn deployed(name: &str) -> String {
    fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)).unwrap()
}

fn is_right(name: &str, text: String) {
    let mut diagnostics = Diagnostics::default();
    let config = Config::check(&SourceFile { name: name.to_owned(), text }, &mut diagnostics);
    assert!(config.is_some() && diagnostics.is_empty(), "{diagnostics}");
}

#[test]
fn the_example_configuration_is_right() {
    is_right("bordergate.yaml", here(&deployed("bordergate.yaml")));
}

/// A path of the image or the unit; here any directory will do.
fn here(text: &str) -> String {
    text.replace("/etc/bordergate/rules", env!("CARGO_MANIFEST_DIR"))
}

/// The rules that the instructions copy are the ones that serve.
#[test]
fn every_configuration_names_the_rules_that_are_copied() {
    for name in ["bordergate.yaml", "kubernetes.yaml"] {
        let text = deployed(name);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let at =
            lines.iter().position(|line| *line == "rules:").unwrap_or_else(|| panic!("{name}"));
        assert_eq!(lines[at + 1], "directory: /etc/bordergate/rules", "{name}");
    }
    assert!(deployed("Dockerfile").contains("/image/rules /etc/bordergate/rules"));
    assert!(deployed("bordergate.service").contains("cp -r rules /etc/bordergate/"));
}

#[test]
fn the_configuration_inside_the_program_is_right() {
    is_right("default.yaml", Config::embedded().text);
}

#[test]
fn the_configuration_in_the_manifest_is_right() {
    let manifest = deployed("kubernetes.yaml");
    let (_, rest) = manifest.split_once("bordergate.yaml: |\n").unwrap();
    let text: String = rest
        .lines()
        .map_while(|line| line.strip_prefix("    "))
        .flat_map(|line| [line, "\n"])
        .collect();
    is_right("kubernetes.yaml", here(&text));
}

/// Where the manifest mounts the ConfigMap, below the directory of rules.
fn mounted() -> String {
    let manifest = deployed("kubernetes.yaml");
    let mounts = manifest.lines().filter_map(|line| line.trim().strip_prefix("mountPath: "));
    let below: Vec<&str> =
        mounts.filter_map(|path| path.strip_prefix("/etc/bordergate/rules/")).collect();
    assert_eq!(below.len(), 1, "{below:?}");
    below[0].to_owned()
}

/// What is mounted over a directory hides what the image has in it.
#[test]
fn the_manifest_hides_no_rules_that_are_shipped() {
    let rules = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules");
    assert!(!rules.join(mounted()).exists(), "{}", mounted());
}

const OWN_RULE: &str = "layer: organisation
title: Our own
rules:
  - id: OWN-1
    title: Nothing to the moon
    statute: None
    when: {destination: KP}
    effect: block
    reason: Nothing goes there.
";

/// A rule in the ConfigMap of the manifest, laid out as the kubelet does, is a rule that serves.
#[test]
fn rules_of_the_manifests_config_map_serve() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = RulesSource::Embedded.load(&mut Diagnostics::default());
    for file in &shipped.files {
        write(&folder.path().join(&file.name), &file.text);
    }
    let mount = folder.path().join(mounted());
    write(&mount.join("..2026_11_30/own.yaml"), OWN_RULE);
    symlink("..2026_11_30", mount.join("..data")).unwrap();
    symlink("..data/own.yaml", mount.join("own.yaml")).unwrap();
    let mut diagnostics = Diagnostics::default();
    let loaded = RulesSource::Directory(folder.path().to_owned()).load(&mut diagnostics);
    let engine = Engine::compile(
        &loaded.files,
        PseudonymKey::new(b"a key of the tests, no longer than it needs to be"),
        &mut diagnostics,
    );
    let engine = engine.unwrap_or_else(|| panic!("{diagnostics}"));
    assert!(diagnostics.is_empty(), "{diagnostics}");
    assert!(engine.rules().rules().any(|(_, rule)| rule.id == "OWN-1"));
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Whoever builds as the Dockerfile says has the image that the manifest asks for.
#[test]
fn the_image_has_one_name() {
    let image = format!("bordergate:{}", env!("CARGO_PKG_VERSION"));
    let words = |name: &str| -> BTreeSet<String> {
        let is_image = |word: &&str| word.starts_with("bordergate:") && word.contains('.');
        deployed(name).split_whitespace().filter(is_image).map(str::to_owned).collect()
    };
    for name in ["Dockerfile", "kubernetes.yaml"] {
        assert_eq!(words(name), BTreeSet::from([image.clone()]), "{name}");
    }
}

/// A number of seconds in the manifest or in its configuration.
fn seconds(text: &str, before: &str) -> u32 {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before}"));
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// The pod goes on taking what still comes, and has the time to finish it.
#[test]
fn the_manifest_waits_before_it_drains_and_until_it_has() {
    let manifest = deployed("kubernetes.yaml");
    let pause = seconds(&manifest, "sleep: { seconds: ");
    let drain = seconds(&manifest, "drain:\n      timeout: ");
    let grace = seconds(&manifest, "terminationGracePeriodSeconds: ");
    assert!(pause > 0 && grace > pause + drain + 2, "{pause} {drain} {grace}");
}

#[test]
fn everything_deployed_runs_serve() {
    for (name, words) in [
        ("Dockerfile", r#"CMD ["serve", "--config", "/etc/bordergate/bordergate.yaml"]"#),
        (
            "kubernetes.yaml",
            r#"args: ["serve", "--config", "/etc/bordergate/config/bordergate.yaml"]"#,
        ),
        (
            "bordergate.service",
            "ExecStart=/usr/local/bin/bordergate serve --config /etc/bordergate/bordergate.yaml",
        ),
    ] {
        assert!(deployed(name).contains(words), "{name}");
    }
}

/// What the sidecar says of a transfer is what the header can say, in the words of the rules.
#[test]
fn the_sidecar_names_a_purpose_that_there_is() {
    let sidecar = deployed("envoy.yaml");
    let (_, rest) = sidecar.split_once("key: bordergate-transfer, value: \"").unwrap();
    let (header, _) = rest.split_once('"').unwrap();
    let members: Vec<(&str, &str)> =
        header.split(", ").map(|member| member.split_once('=').unwrap()).collect();
    let purpose = members.iter().find_map(|(name, word)| (*name == "purpose").then_some(*word));
    let rules = RulesSource::Embedded.load(&mut Diagnostics::default());
    let engine = Engine::compile(
        &rules.files,
        PseudonymKey::new(b"a key of the tests, no longer than it needs to be"),
        &mut Diagnostics::default(),
    );
    assert!(engine.unwrap().rules().purposes().any(|known| Some(known) == purpose), "{header}");
    let manifest = deployed("kubernetes.yaml");
    assert!(manifest.contains("  name: bordergate\n  namespace: bordergate\nspec:\n  selector:"));
    assert!(sidecar.contains("address: bordergate.bordergate.svc, port_value: 80 }"));
}

#[test]
fn the_socket_unit_opens_what_a_listener_can_name() {
    let unit = deployed("bordergate.socket");
    let name = unit.lines().find_map(|line| line.strip_prefix("FileDescriptorName=")).unwrap();
    let listener = format!("address: fd:{name}");
    let config = Config::embedded().text.replace("address: 127.0.0.1:8080", &listener);
    assert!(config.contains(&listener));
    is_right("socket.yaml", config);
}

/// What systemd does to a call that the unit filters out: the value of seccomp(2).
fn filtered(unit: &str) -> &'static str {
    const SECCOMP_RET_KILL_PROCESS: &str = "0x80000000";
    const SECCOMP_RET_ERRNO_EPERM: &str = "0x00050001";
    let is_told = unit.lines().any(|line| line == "SystemCallErrorNumber=EPERM");
    if is_told { SECCOMP_RET_ERRNO_EPERM } else { SECCOMP_RET_KILL_PROCESS }
}

/// Filters what systemd means by `@resources` out of the calls of the program it then becomes.
#[cfg(target_arch = "x86_64")]
const WITHOUT_RESOURCES: &str = r"
import ctypes, os, struct, sys
# mbind set_mempolicy migrate_pages move_pages set_mempolicy_home_node, sched_setparam sched_setscheduler
# sched_setaffinity sched_setattr, setpriority, setrlimit, ioprio_set
RESOURCES = [237, 238, 256, 279, 450, 142, 144, 203, 314, 141, 160, 251]
LOAD, EQUAL, RETURN, ALLOW = 0x20, 0x15, 0x06, 0x7fff0000
steps = [(LOAD, 0, 0, 0)]
for call in RESOURCES:
    steps += [(EQUAL, 0, 1, call), (RETURN, 0, 0, int(sys.argv[1], 16))]
steps.append((RETURN, 0, 0, ALLOW))
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *step) for step in steps))
class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('steps', ctypes.c_void_p)]
program = Program(len(steps), ctypes.cast(code, ctypes.c_void_p))
prctl = ctypes.CDLL(None).prctl
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2
assert prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
assert prctl(SECCOMP, FILTER, ctypes.byref(program), 0, 0) == 0
os.execv(sys.argv[2], sys.argv[2:])
";

/// The unit takes calls away that the program makes: it serves without them, and reads its rules anew.
#[cfg(target_arch = "x86_64")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_serves_under_the_units_filter() {
    use crate::harness::{Connection, Process, Upstream};

    let unit = deployed("bordergate.service");
    assert!(unit.contains("SystemCallFilter=~@privileged @resources"), "{unit}");
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("bordergate.yaml");
    let text = format!(
        "listeners: [{{ name: test, address: \"127.0.0.1:0\" }}]
admin: {{ address: \"127.0.0.1:0\" }}
data_centres: [{{ id: dc, jurisdiction: SG, endpoints: [\"http://{}\"], transport: tls }}]
routes: [{{ id: all, data_centre: dc }}]
",
        upstream.address
    );
    fs::write(&config, text).unwrap();
    let gateway =
        Process::start_with(&config, &["python3", "-c", WITHOUT_RESOURCES, filtered(&unit)]);
    let request = http::Request::post("/-/reload").header("host", "localhost");
    let request = request.body(http_body_util::Full::<bytes::Bytes>::default()).unwrap();
    let answer = Connection::open(gateway.admin).await.send(request).await;
    assert_eq!(answer.status, http::StatusCode::OK, "{}", answer.text());
}

/// A call that is filtered out and has no error number is the end of the program.
#[test]
fn every_unit_that_filters_calls_refuses_them() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let mut filtering = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_unit = [".service", ".socket"].iter().any(|end| name.ends_with(end));
        if is_unit && deployed(&name).contains("\nSystemCallFilter=") {
            filtering += 1;
            assert_eq!(filtered(&deployed(&name)), "0x00050001", "{name}");
        }
    }
    assert_eq!(filtering, 1);
}

/// The unit makes the directories that the example configuration names.
#[test]
fn the_units_directories_are_those_of_the_configuration() {
    let unit = deployed("bordergate.service");
    let state = unit.lines().find_map(|line| line.strip_prefix("StateDirectory=")).unwrap();
    let cache = deployed("bordergate.yaml");
    let cache = cache.lines().find_map(|line| line.split_once("cache: /var/lib/")).unwrap().1;
    assert!(state.split(' ').any(|made| made == cache), "{cache} is not made: {state}");
}
