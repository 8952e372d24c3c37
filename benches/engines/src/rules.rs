//! The same twelve rules in the four languages: what a general engine can say of a transfer, and nothing
//! that only one of them can. Ten stop the transfers of one kind that lack one thing, two take fields out.
//! Each engine has to say which of the ten stop a transfer and, when none does, which fields go.

/// The categories a payload is made of; a field of each at most.
pub const TAGS: [&str; 5] = ["name", "phone", "email", "account_id", "imei"];

/// Which rule takes which categories out, for an engine that can only name the rule.
pub const TAKEN_OUT: [(usize, &[&str]); 2] = [(10, &["account_id"]), (11, &["phone", "email"])];

/// For the gateway's own engine.
pub const BORDERGATE: &str = r#"
layer: organisation
title: Twelve rules
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
  - id: E-11
    title: t
    statute: s
    reason: r.
    when: {recipient: {class: affiliate}, data: account_id}
    require: {consent: {scope: cross_border}}
    effect: redact
  - id: E-12
    title: t
    statute: s
    reason: r.
    when: {origin_not: SG, data: [phone, email]}
    require: {mechanism: {type: processor_contract}}
    effect: redact
  - {id: E-99, title: t, statute: s, reason: r., effect: allow}
"#;

/// The first policy permits; those after it are in the order of the rules.
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
forbid (principal, action, resource)
  when { context.class == "affiliate" && context.tags.contains("account_id") }
  unless { context.consents.containsAny(["cross_border/explicit", "cross_border/separate_explicit"]) };
forbid (principal, action, resource)
  when { context.origin != "SG" && context.tags.containsAny(["phone", "email"]) }
  unless { context.mechanisms.contains("processor_contract") };
"#;

pub const REGO: &str = r#"
package transfer
import rego.v1

stopped contains 1 if input.purpose == "data_sale"
stopped contains 2 if input.transport != "tls"
stopped contains 3 if {
  input.origin == "DE"
  input.destination == "CN"
  not clauses
}
clauses if {
  "eu_scc" in input.mechanisms
  "eu_tia" in input.mechanisms
}
stopped contains 4 if {
  input.origin == "CN"
  input.destination != "CN"
  not "cross_border/separate_explicit" in input.consents
}
stopped contains 5 if {
  input.origin == "SG"
  input.destination != "SG"
  not comparable
}
comparable if "sg_contract" in input.mechanisms
comparable if "cross_border/explicit" in input.consents
comparable if "cross_border/separate_explicit" in input.consents
stopped contains 6 if {
  input.class == "service_provider"
  not "processor_contract" in input.mechanisms
}
stopped contains 7 if {
  input.minor
  not "guardian/guardian" in input.consents
}
stopped contains 8 if {
  input.purpose == "direct_marketing"
  not wanted
}
wanted if {
  "direct_marketing/explicit" in input.consents
  not "direct_marketing" in input.opt_outs
}
stopped contains 9 if {
  input.origin == "US"
  input.destination == "CN"
  input.identifiers > 100000
  not "us_dsp_compliance" in input.mechanisms
}
stopped contains 10 if {
  input.purpose == "cloud_sync"
  not input.cloud_sync
}

taken_out contains "account_id" if {
  input.class == "affiliate"
  "account_id" in input.tags
  not agreed
}
agreed if "cross_border/explicit" in input.consents
agreed if "cross_border/separate_explicit" in input.consents
taken_out contains tag if {
  input.origin != "SG"
  not "processor_contract" in input.mechanisms
  some tag in input.tags
  tag in {"phone", "email"}
}
"#;

/// One program a rule; the transfer is stopped by those that say so.
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

/// What a rule takes out, where it does.
pub const CEL_TAKEN_OUT: [&str; 2] = [
    r#"t.class == "affiliate" && !("cross_border/explicit" in t.consents || "cross_border/separate_explicit" in t.consents) ? t.tags.filter(tag, tag == "account_id") : []"#,
    r#"t.origin != "SG" && !("processor_contract" in t.mechanisms) ? t.tags.filter(tag, tag in ["phone", "email"]) : []"#,
];
