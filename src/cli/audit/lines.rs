//! The lines of an audit, file by file in the order in which they were written.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;

use crate::{cli::progress, telemetry::Verifier};

/// Of one read.
const BUFFER_BYTES: usize = 1 << 20;
/// Lines between two looks at the bar.
const LINES_PER_TICK: u64 = 4_096;

/// Files to be read one after the other.
pub(in crate::cli) struct AuditFiles {
    pub(in crate::cli) paths: Vec<PathBuf>,
    bytes: u64,
}

impl AuditFiles {
    /// Each path as it is given, `-` for standard input; of a directory every `*.jsonl` in it, by the numbers they begin with.
    pub(in crate::cli) fn find(given: &[PathBuf]) -> anyhow::Result<Self> {
        let mut paths = Vec::new();
        for path in given {
            if path.is_dir() {
                paths.extend(in_directory(path)?);
            } else {
                paths.push(path.clone());
            }
        }
        let bytes = paths.iter().map(|path| fs::metadata(path).map_or(0, |it| it.len())).sum();
        Ok(Self { paths, bytes })
    }

    pub(in crate::cli) fn name(&self, file: usize) -> String {
        self.paths.get(file).map(|path| path.display().to_string()).unwrap_or_default()
    }

    /// Runs `take` on each line without its end: the file's index, the line's number from 1. False when
    /// the last line of the last file has no end.
    pub(in crate::cli) fn each(
        &self,
        mut take: impl FnMut(usize, u64, &[u8]),
    ) -> anyhow::Result<bool> {
        let bar = progress::bar(Some(self.bytes));
        let mut is_finished = true;
        let mut line = Vec::new();
        for (index, path) in self.paths.iter().enumerate() {
            let cannot = || format!("cannot read `{}`", path.display());
            let file: Box<dyn io::Read> = if path == Path::new("-") {
                Box::new(io::stdin().lock())
            } else {
                Box::new(File::open(path).with_context(cannot)?)
            };
            let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
            let mut number = 0;
            let mut ticked = 0;
            loop {
                line.clear();
                let bytes = reader.read_until(b'\n', &mut line).with_context(cannot)?;
                if bytes == 0 {
                    break;
                }
                number += 1;
                is_finished = line.pop_if(|end| *end == b'\n').is_some();
                take(index, number, &line);
                ticked += bytes as u64;
                if number % LINES_PER_TICK == 0 {
                    tick(&bar, &mut ticked);
                }
            }
            tick(&bar, &mut ticked);
        }
        bar.finish_and_clear();
        Ok(is_finished)
    }
}

fn tick(bar: &ProgressBar, bytes: &mut u64) {
    bar.inc(std::mem::take(bytes));
}

fn in_directory(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let cannot = || format!("cannot read `{}`", directory.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        if path.extension().is_some_and(|ending| ending == "jsonl") && path.is_file() {
            let mut line = Vec::new();
            let file =
                File::open(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            BufReader::new(file).read_until(b'\n', &mut line).with_context(cannot)?;
            let number = Verifier::number(line.trim_ascii_end());
            found.push((number.unwrap_or(0), path));
        }
    }
    if found.is_empty() {
        bail!("`{}` holds no file that ends in `.jsonl`", directory.display());
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}
