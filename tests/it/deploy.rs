//! What `deploy/` ships runs exactly `bordergate serve --config …`, with a configuration that is right.

use std::{fs, path::PathBuf};

use bordergate::{
    config::Config,
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
    is_right("bordergate.yaml", deployed("bordergate.yaml"));
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
        .flat_map(|line| {
            [
                line, "
",
            ]
        })
        .collect();
    // A path of the image; here any directory will do.
    let text = text.replace("/etc/bordergate/rules", env!("CARGO_MANIFEST_DIR"));
    is_right("kubernetes.yaml", text);
}

/// What is mounted over a directory hides what the image has in it.
#[test]
fn the_manifest_hides_no_rules_that_are_shipped() {
    let rules = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules");
    let manifest = deployed("kubernetes.yaml");
    let mounts = manifest.lines().filter_map(|line| line.trim().strip_prefix("mountPath: "));
    let below: Vec<&str> =
        mounts.filter_map(|path| path.strip_prefix("/etc/bordergate/rules/")).collect();
    assert_eq!(below.len(), 1, "{below:?}");
    for directory in below {
        assert!(!rules.join(directory).exists(), "{directory}");
    }
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

#[test]
fn the_socket_unit_opens_what_a_listener_can_name() {
    let unit = deployed("bordergate.socket");
    let name = unit.lines().find_map(|line| line.strip_prefix("FileDescriptorName=")).unwrap();
    let listener = format!("address: fd:{name}");
    let config = Config::embedded().text.replace("address: 127.0.0.1:8080", &listener);
    assert!(config.contains(&listener));
    is_right("socket.yaml", config);
}
