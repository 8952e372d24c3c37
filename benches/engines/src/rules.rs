//! The same ten rules in the four languages: what a general engine can say of a transfer, and nothing
//! that only one of them can. Each stops the transfers of one kind that lack one thing.

/// For the gateway's own engine.
pub const BORDERGATE: &str = r#"
layer: organisation
title: Ten rules
rules:
  - {id: E-01, title: t, statute: s, reason: r., when: {purpose: data_sale}, effect: block}
  - {id: E-02, title: t, statute: s, reason: r., require: {transport: tls}, effect: block}
  - id: E-03
    title: t
    statute: s
    reason: r.
    when: {origin: DE, destination: CN}
    require: {all: [{mechanism: {type: eu_scc}}, {mechanism: {type: eu_tia}}]}
    effect: block
  - id: E-04
    title: t
    statute: s
    reason: r.
    when: {origin: CN, destination_not: CN}
    require: {consent: {scope: cross_border, type: separate_explicit}}
    effect: block
  - id: E-05
    title: t
    statute: s
    reason: r.
    when: {origin: SG, destination_not: SG}
    require: {any: [{mechanism: {type: sg_contract}}, {consent: {scope: cross_border}}]}
    effect: block
  - id: E-06
    title: t
    statute: s
    reason: r.
    when: {recipient: {class: service_provider}}
    require: {mechanism: {type: processor_contract}}
    effect: block
  - id: E-07
    title: t
    statute: s
    reason: r.
    when: {minor: true}
    require: {consent: {scope: guardian, type: guardian}}
    effect: block
  - id: E-08
    title: t
    statute: s
    reason: r.
    when: {purpose: direct_marketing}
    require: {all: [{consent: {scope: direct_marketing}}, {not: {opt_out: direct_marketing}}]}
    effect: block
  - id: E-09
    title: t
    statute: s
    reason: r.
    when: {origin: US, destination: CN, counter: {key: us_bulk.identifiers, over: 100000}}
    require: {mechanism: {type: us_dsp_compliance}}
    effect: block
  - id: E-10
    title: t
    statute: s
    reason: r.
    when: {purpose: cloud_sync, setting: {name: cloud_sync, is: false}}
    effect: block
  - {id: E-99, title: t, statute: s, reason: r., effect: allow}
"#;

pub const CEDAR: &str = r#"
permit (principal, action, resource);
forbid (principal, action, resource) when { context.purpose == "data_sale" };
forbid (principal, action, resource) when { context.transport != "tls" };
forbid (principal, action, resource)
  when { context.origin == "DE" && context.destination == "CN" }
  unless { context.mechanisms.containsAll(["eu_scc", "eu_tia"]) };
forbid (principal, action, resource)
  when { context.origin == "CN" && context.destination != "CN" }
  unless { context.consents.contains("cross_border/separate_explicit") };
forbid (principal, action, resource)
  when { context.origin == "SG" && context.destination != "SG" }
  unless { context.mechanisms.contains("sg_contract")
    || context.consents.containsAny(["cross_border/explicit", "cross_border/separate_explicit"]) };
forbid (principal, action, resource)
  when { context.class == "service_provider" }
  unless { context.mechanisms.contains("processor_contract") };
forbid (principal, action, resource)
  when { context.minor }
  unless { context.consents.contains("guardian/guardian") };
forbid (principal, action, resource)
  when { context.purpose == "direct_marketing" }
  unless { context.consents.contains("direct_marketing/explicit")
    && !context.opt_outs.contains("direct_marketing") };
forbid (principal, action, resource)
  when { context.origin == "US" && context.destination == "CN" && context.identifiers > 100000 }
  unless { context.mechanisms.contains("us_dsp_compliance") };
forbid (principal, action, resource)
  when { context.purpose == "cloud_sync" && !context.cloud_sync };
"#;

pub const REGO: &str = r#"
package transfer
import rego.v1

default blocked := false

blocked if input.purpose == "data_sale"
blocked if input.transport != "tls"
blocked if {
  input.origin == "DE"
  input.destination == "CN"
  not clauses
}
clauses if {
  "eu_scc" in input.mechanisms
  "eu_tia" in input.mechanisms
}
blocked if {
  input.origin == "CN"
  input.destination != "CN"
  not "cross_border/separate_explicit" in input.consents
}
blocked if {
  input.origin == "SG"
  input.destination != "SG"
  not comparable
}
comparable if "sg_contract" in input.mechanisms
comparable if "cross_border/explicit" in input.consents
comparable if "cross_border/separate_explicit" in input.consents
blocked if {
  input.class == "service_provider"
  not "processor_contract" in input.mechanisms
}
blocked if {
  input.minor
  not "guardian/guardian" in input.consents
}
blocked if {
  input.purpose == "direct_marketing"
  not wanted
}
wanted if {
  "direct_marketing/explicit" in input.consents
  not "direct_marketing" in input.opt_outs
}
blocked if {
  input.origin == "US"
  input.destination == "CN"
  input.identifiers > 100000
  not "us_dsp_compliance" in input.mechanisms
}
blocked if {
  input.purpose == "cloud_sync"
  not input.cloud_sync
}
"#;

/// One program a rule; the transfer is blocked when one of them says so.
pub const CEL: [&str; 10] = [
    r#"t.purpose == "data_sale""#,
    r#"t.transport != "tls""#,
    r#"t.origin == "DE" && t.destination == "CN" && !("eu_scc" in t.mechanisms && "eu_tia" in t.mechanisms)"#,
    r#"t.origin == "CN" && t.destination != "CN" && !("cross_border/separate_explicit" in t.consents)"#,
    r#"t.origin == "SG" && t.destination != "SG" && !("sg_contract" in t.mechanisms || "cross_border/explicit" in t.consents || "cross_border/separate_explicit" in t.consents)"#,
    r#"t.class == "service_provider" && !("processor_contract" in t.mechanisms)"#,
    r#"t.minor && !("guardian/guardian" in t.consents)"#,
    r#"t.purpose == "direct_marketing" && !("direct_marketing/explicit" in t.consents && !("direct_marketing" in t.opt_outs))"#,
    r#"t.origin == "US" && t.destination == "CN" && t.identifiers > 100000 && !("us_dsp_compliance" in t.mechanisms)"#,
    r#"t.purpose == "cloud_sync" && !t.cloud_sync"#,
];
