//! `bordergate-bench-scanners regex|datadog PATTERNS FILE`: looks for the patterns in each line of a file, and says
//! how often they were found. To be timed whole, beside `bordergate scan` over the same file.

use std::{env, fs};

use anyhow::{Context, bail};
use dd_sds::{RegexRuleConfig, RootRuleConfig, Scanner};
use regex_automata::{meta::Regex, util::syntax};

/// As in the gateway.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [engine, patterns, file] = arguments.as_slice() else {
        bail!("usage: bordergate-bench-scanners regex|datadog PATTERNS FILE");
    };
    let patterns = fs::read_to_string(patterns).with_context(|| patterns.clone())?;
    let patterns: Vec<&str> = patterns
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .map(|(_, pattern)| pattern)
        .collect();
    let text = fs::read_to_string(file).with_context(|| file.clone())?;
    let found = match engine.as_str() {
        "regex" => regex(&patterns, &text)?,
        "datadog" => datadog(&patterns, &text)?,
        other => bail!("`{other}` is no engine: `regex` or `datadog`"),
    };
    println!("{found}");
    Ok(())
}

/// All of the patterns as one automaton.
fn regex(patterns: &[&str], text: &str) -> anyhow::Result<usize> {
    // Without the classes of Unicode, which would only take longer.
    let ascii = syntax::Config::new().unicode(false).utf8(false);
    let regex = Regex::builder().syntax(ascii).build_many(patterns)?;
    Ok(text.lines().map(|line| regex.find_iter(line).count()).sum())
}

fn datadog(patterns: &[&str], text: &str) -> anyhow::Result<usize> {
    let rules: Vec<_> = patterns
        .iter()
        .map(|pattern| RootRuleConfig::new(RegexRuleConfig::new(pattern).build()))
        .collect();
    let scanner = Scanner::builder(&rules).build().map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let mut found = 0;
    for line in text.lines() {
        let matches = scanner.scan(&mut line.to_owned());
        found += matches.map_err(|error| anyhow::anyhow!("{error:?}"))?.len();
    }
    Ok(found)
}
