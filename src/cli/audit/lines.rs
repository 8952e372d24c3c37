//! The lines of an audit, file by file in the order in which they were written.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use memchr::memchr;

use crate::{audit::Verifier, cli::progress};

/// Of one read.
const BUFFER_BYTES: usize = 256 << 10;

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
        for (index, path) in self.paths.iter().enumerate() {
            let cannot = || format!("cannot read `{}`", path.display());
            let file: Box<dyn io::Read> = if path == Path::new("-") {
                Box::new(io::stdin().lock())
            } else {
                Box::new(File::open(path).with_context(cannot)?)
            };
            let reader = BufReader::with_capacity(BUFFER_BYTES, file);
            is_finished = each_line(reader, &bar, |number, line| take(index, number, line))
                .with_context(cannot)?;
        }
        bar.finish_and_clear();
        Ok(is_finished)
    }
}

/// Runs `take` on each line where it stands in the reader's buffer; only one that goes on in the next read
/// is put together elsewhere. False when the last line has no end.
fn each_line(
    mut reader: impl BufRead,
    bar: &ProgressBar,
    mut take: impl FnMut(u64, &[u8]),
) -> io::Result<bool> {
    let mut begun = Vec::new();
    let mut number = 0;
    loop {
        let read = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read.is_empty() {
            break;
        }
        let bytes = read.len();
        let mut rest = read;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, after) = (rest.get(..end).unwrap_or_default(), rest.get(end + 1..));
            number += 1;
            if begun.is_empty() {
                take(number, line);
            } else {
                begun.extend_from_slice(line);
                take(number, &begun);
                begun.clear();
            }
            rest = after.unwrap_or_default();
        }
        begun.extend_from_slice(rest);
        reader.consume(bytes);
        bar.inc(bytes as u64);
    }
    if !begun.is_empty() {
        take(number + 1, &begun);
    }
    Ok(begun.is_empty())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_in_blocks_of_any_size() {
        for (text, is_finished) in
            [("one\n\nthree\nfour\n", true), ("one\n\nthree\nfour", false), ("", true)]
        {
            for capacity in 1..text.len() + 2 {
                let reader = BufReader::with_capacity(capacity, text.as_bytes());
                let mut told = Vec::new();
                let finished = each_line(reader, &ProgressBar::hidden(), |number, line| {
                    told.push((number, String::from_utf8_lossy(line).into_owned()));
                });
                let lines: Vec<_> = (1..).zip(text.lines().map(str::to_owned)).collect();
                assert_eq!((finished.unwrap(), told), (is_finished, lines), "{capacity}");
            }
        }
    }
}
