//! The program in a process of its own: as a command that ends, and as a gateway that serves.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::PATIENCE;

/// Runs a command to its end.
pub(crate) fn bordergate(arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
    bordergate_in(Path::new("."), arguments, input)
}

/// Runs a command in a folder.
pub(crate) fn bordergate_in(folder: &Path, arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
    // What should not start must not hold the tests up when it does.
    let mut child = Command::new("timeout")
        .args(["120", env!("CARGO_BIN_EXE_bordergate")])
        .args(arguments)
        .current_dir(folder)
        .env_remove("BORDERGATE_CONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    child.wait_with_output().unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// What it said to standard error.
pub(crate) fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What it wrote to standard output.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `bordergate serve` in a process of its own.
pub(crate) struct Process {
    child: Child,
    pub(crate) admin: SocketAddr,
    /// Of the first listener.
    pub(crate) address: SocketAddr,
    /// Everything it says.
    pub(crate) log: Arc<Mutex<String>>,
}

impl Process {
    pub(crate) fn start(config: &Path) -> Self {
        Self::start_with(config, &[])
    }

    /// Saying what operators would read, and nothing of each request: for load.
    pub(crate) fn start_quiet(config: &Path) -> Self {
        Self::start_saying(config, &[], "info")
    }

    /// Started by another program, such as `prlimit --nofile=64`, which leaves its place to it.
    pub(crate) fn start_with(config: &Path, by: &[&str]) -> Self {
        // Everything of our own; what other crates trace is theirs to answer for.
        Self::start_saying(config, by, "info,bordergate=trace")
    }

    fn start_saying(config: &Path, by: &[&str], filter: &str) -> Self {
        let words = [by, &[env!("CARGO_BIN_EXE_bordergate"), "serve", "--config"]].concat();
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .arg(config)
            .env("BORDERGATE_LOG", filter)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The log says which ports the system chose.
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let kept = Arc::new(Mutex::new(String::new()));
        let mut address_after = |words: &str| loop {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "{}", kept.lock().unwrap());
            kept.lock().unwrap().push_str(&line);
            if line.contains(words) {
                let other = |at: char| !(at.is_ascii_digit() || at == '.' || at == ':');
                let found = line
                    .split(other)
                    .find_map(|word| word.starts_with("127.").then(|| word.parse().ok()).flatten());
                break found.unwrap_or_else(|| panic!("{line}"));
            }
        };
        let admin = address_after("admin listens");
        let address = address_after("listening");
        let rest = Arc::clone(&kept);
        std::thread::spawn(move || {
            let mut line = String::new();
            while log.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                rest.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        Self { child, admin, address, log: kept }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGHUP.
    pub(crate) fn hang_up(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    }

    pub(crate) fn terminate(&mut self) {
        assert_eq!(self.end(), Some(0));
    }

    /// SIGTERM, and the exit code it comes to.
    pub(crate) fn end(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        // It listens to the network a moment before it listens to signals.
        let listens = || {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            caught.is_some_and(|mask| mask & (1 << 14) != 0)
        };
        let deadline = Instant::now() + PATIENCE;
        while !listens() {
            assert!(Instant::now() < deadline, "SIGTERM would not be caught");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(Command::new("kill").arg(&pid).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
