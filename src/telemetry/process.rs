//! The process's own figures, read from `/proc` when somebody asks for the metrics.
//!
//! The prometheus crate has a collector too; it counts processor time in whole seconds, which makes a
//! rate over a minute useless. Where `/proc` is not readable the figures stay at 0.

use std::fs;

use prometheus::{Counter, Gauge, Registry};

use super::{
    catalogue as c,
    instruments::{float_counter, float_gauge},
    log::DROPPED,
};

use parking_lot::Mutex;

#[derive(Debug)]
pub(super) struct ProcessMetrics {
    cpu: Counter,
    /// What `cpu` was last raised to; two scrapes at once must not both add the difference.
    cpu_seen: Mutex<f64>,
    resident: Gauge,
    virtual_memory: Gauge,
    open_fds: Gauge,
    max_fds: Gauge,
    threads: Gauge,
    start: Gauge,
}

/// What `/proc/<pid>/stat` counts in (`USER_HZ`, proc(5)); 100 on every architecture Linux still supports.
const TICKS_PER_SECOND: f64 = 100.0;

impl ProcessMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        registry.register(Box::new(DROPPED.clone()))?;
        Ok(Self {
            cpu: float_counter(registry, &c::PROCESS_CPU)?,
            cpu_seen: Mutex::new(0.0),
            resident: float_gauge(registry, &c::PROCESS_RESIDENT)?,
            virtual_memory: float_gauge(registry, &c::PROCESS_VIRTUAL)?,
            open_fds: float_gauge(registry, &c::PROCESS_FDS)?,
            max_fds: float_gauge(registry, &c::PROCESS_FDS_MAX)?,
            threads: float_gauge(registry, &c::PROCESS_THREADS)?,
            start: float_gauge(registry, &c::PROCESS_START)?,
        })
    }

    pub(super) fn refresh(&self) {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        if let Some(stat) = Stat::parse(&read("/proc/self/stat")) {
            let mut seen = self.cpu_seen.lock();
            if stat.cpu_seconds > *seen {
                self.cpu.inc_by(stat.cpu_seconds - *seen);
                *seen = stat.cpu_seconds;
            }
            self.threads.set(stat.threads);
            if let Some(boot) = number_after(&read("/proc/stat"), "btime") {
                self.start.set(boot + stat.start_seconds_after_boot);
            }
        }
        let status = read("/proc/self/status");
        if let Some(kibibytes) = number_after(&status, "VmRSS:") {
            self.resident.set(kibibytes * 1024.0);
        }
        if let Some(kibibytes) = number_after(&status, "VmSize:") {
            self.virtual_memory.set(kibibytes * 1024.0);
        }
        if let Some(soft_limit) = number_after(&read("/proc/self/limits"), "Max open files") {
            self.max_fds.set(soft_limit);
        }
        if let Ok(entries) = fs::read_dir("/proc/self/fd") {
            // Reading the directory holds one descriptor itself.
            self.open_fds.set(f64::from(u32::try_from(entries.count()).unwrap_or(0)) - 1.0);
        }
    }
}

#[derive(Debug, PartialEq)]
struct Stat {
    cpu_seconds: f64,
    threads: f64,
    start_seconds_after_boot: f64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The second field is the command in parentheses and may hold anything; the third follows the
        // last parenthesis (proc(5), fields 3 and on).
        let (_, rest) = text.rsplit_once(") ")?;
        let field =
            |number: usize| rest.split_ascii_whitespace().nth(number - 3)?.parse::<f64>().ok();
        Some(Self {
            cpu_seconds: (field(14)? + field(15)?) / TICKS_PER_SECOND,
            threads: field(20)?,
            start_seconds_after_boot: field(22)? / TICKS_PER_SECOND,
        })
    }
}

/// The first number after `name` at the start of a line.
fn number_after(text: &str, name: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_fields_behind_a_command_with_parentheses_and_spaces() {
        let text = "42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 7 0 12300 1000 10";
        assert_eq!(
            Stat::parse(text),
            Some(Stat { cpu_seconds: 3.0, threads: 7.0, start_seconds_after_boot: 123.0 })
        );
        assert_eq!(Stat::parse("42 (a) S 1"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn reads_the_number_of_a_line() {
        let text =
            "VmPeak:  9 kB\nVmRSS:\t  1234 kB\nMax open files            1024   4096  files\n";
        assert_eq!(number_after(text, "VmRSS:"), Some(1234.0));
        assert_eq!(number_after(text, "Max open files"), Some(1024.0));
        assert_eq!(number_after(text, "VmSize:"), None);
    }
}
