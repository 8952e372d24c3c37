use std::sync::Arc;

use super::*;

fn line<'t>(text: &'t str, series: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
}

#[test]
fn every_described_family_is_rendered_with_its_type_and_labels() {
    let metrics = Metrics::new().unwrap();
    metrics.transfer(&TransferLabels::default());
    metrics.findings("user.name", Effect::Redact, 2);
    metrics.inspection(Duration::from_micros(7), 100, Coverage::Full, None);
    metrics.upstream("singapore", Duration::from_millis(3));
    metrics.exchange_error(Side::Upstream, "connect");
    metrics.facts().unavailable("locked");
    metrics.certificates().loaded("mesh", Some(1_800_000_000));
    metrics.certificates().refused("mesh", "no certificate in it");
    metrics.endpoint_healthy("singapore", "https://a.example", true);
    metrics.endpoint_ejected("singapore", "https://a.example");
    metrics.upstream_retry("singapore");
    metrics.data_centres().of("singapore").answered();
    metrics.dns_lookup(true);
    metrics.queue_delay(0, Duration::from_millis(2));
    let text = metrics.render(Exposition::Prometheus);
    for description in Metrics::describe() {
        let name = description.name;
        assert_eq!(
            line(&text, &format!("# TYPE {name}")),
            Some(&*description.kind.to_string()),
            "{name}"
        );
        let sample = text
            .lines()
            .find(|line| {
                line.starts_with(name)
                    && line.contains('{')
                        == (line.contains("le=") || !description.labels.is_empty())
            })
            .unwrap_or_else(|| panic!("no sample of {name}"));
        for label in description.labels {
            assert!(sample.contains(&format!("{label}=\"")), "{sample}");
        }
    }
    let described = Metrics::describe().len();
    assert_eq!(text.lines().filter(|line| line.starts_with("# TYPE ")).count(), described);
}

#[test]
fn a_transfer_is_counted_under_names_of_the_snapshot_only() {
    let metrics = Metrics::new().unwrap();
    metrics.reload_succeeded(3, 1_700_000_000.5, ["cloud_sync"]);
    let labels = TransferLabels {
        origin: Some(Region::new(*b"PK")),
        destination: Some(Region::new(*b"SG")),
        purpose: Some("cloud_sync"),
        outcome: Effect::Redact,
        rule: Some("MI-06"),
    };
    metrics.transfer(&labels);
    metrics.transfer(&labels);
    for purpose in ["sana.k@example.pk", "", "Cloud_Sync"] {
        metrics.transfer(&TransferLabels { purpose: Some(purpose), ..labels });
    }
    metrics.transfer(&TransferLabels { outcome: Effect::Block, ..TransferLabels::default() });
    let text = metrics.render(Exposition::Prometheus);
    let series = |origin: &str, destination: &str, purpose: &str, outcome: &str, rule: &str| {
        let series = format!(
            "bordergate_transfers_total{{destination=\"{destination}\",origin=\"{origin}\",outcome=\"{outcome}\",purpose=\"{purpose}\",rule=\"{rule}\"}}"
        );
        line(&text, &series).map(str::to_owned)
    };
    assert_eq!(series("PK", "SG", "cloud_sync", "redact", "MI-06").as_deref(), Some("2"));
    assert_eq!(series("PK", "SG", "unregistered", "redact", "MI-06").as_deref(), Some("3"));
    assert_eq!(series("unknown", "unknown", "none", "block", "none").as_deref(), Some("1"));
    assert!(!text.contains("sana"), "{text}");
    assert_eq!(line(&text, "bordergate_config_last_reload_successful"), Some("1"));
    assert_eq!(
        line(&text, "bordergate_config_last_reload_success_timestamp_seconds"),
        Some("1700000000.5")
    );
    assert_eq!(line(&text, "bordergate_rules_generation"), Some("3"));
    metrics.reload_failed();
    let text = metrics.render(Exposition::Prometheus);
    assert_eq!(line(&text, "bordergate_config_last_reload_successful"), Some("0"));
    assert_eq!(line(&text, "bordergate_rules_generation"), Some("3"));
    assert_eq!(line(&text, "bordergate_reloads_total{result=\"failure\"}"), Some("1"));
}

#[test]
fn past_the_bound_everything_new_is_one_series() {
    let metrics = Metrics::new().unwrap();
    for number in 0..FINDING_SERIES_MAX + 100 {
        metrics.findings(&format!("user.made_up_{number}"), Effect::Allow, 1);
    }
    let text = metrics.render(Exposition::Prometheus);
    let series = text.lines().filter(|line| line.starts_with("bordergate_findings_total{")).count();
    assert_eq!(series, FINDING_SERIES_MAX + 1);
    assert_eq!(
        line(&text, "bordergate_findings_total{category=\"other\",outcome=\"allow\"}"),
        Some("100")
    );
}

#[test]
fn coverage_has_a_place_for_every_cause() {
    let metrics = Metrics::new().unwrap();
    for cause in GapCause::ALL {
        metrics.inspection(Duration::ZERO, 1, Coverage::Partial, Some(cause));
    }
    metrics.inspection(Duration::ZERO, 1, Coverage::Full, None);
    metrics.inspection(Duration::ZERO, 1, Coverage::Full, Some(GapCause::Malformed));
    let text = metrics.render(Exposition::Prometheus);
    for cause in GapCause::ALL {
        let series = format!(
            "bordergate_coverage_total{{cause=\"{}\",coverage=\"partial\"}}",
            cause.as_str()
        );
        assert_eq!(line(&text, &series), Some("1"), "{series}");
    }
    assert_eq!(
        line(&text, "bordergate_coverage_total{cause=\"none\",coverage=\"full\"}"),
        Some("2")
    );
    let inspected = (GapCause::ALL.len() + 2).to_string();
    assert_eq!(line(&text, "bordergate_inspected_bytes_total"), Some(inspected.as_str()));
}

#[test]
fn an_exchange_is_in_flight_until_its_guard_goes() {
    let metrics = Metrics::new().unwrap();
    let first = metrics.begin_exchange();
    let second = metrics.begin_exchange();
    assert_eq!(
        line(&metrics.render(Exposition::Prometheus), "bordergate_exchanges_in_flight"),
        Some("2")
    );
    drop((first, second));
    assert_eq!(
        line(&metrics.render(Exposition::Prometheus), "bordergate_exchanges_in_flight"),
        Some("0")
    );
}

#[test]
fn threads_count_together() {
    let metrics = Arc::new(Metrics::new().unwrap());
    metrics.reload_succeeded(1, 0.0, ["backup"]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1_000 {
                    metrics.transfer(&TransferLabels {
                        purpose: Some("backup"),
                        ..Default::default()
                    });
                }
            });
        }
    });
    assert!(
        metrics.render(Exposition::Prometheus).contains("purpose=\"backup\",rule=\"none\"} 4000")
    );
}
