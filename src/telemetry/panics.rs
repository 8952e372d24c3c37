//! What is said of a panic: where, never what.
//!
//! Nothing that arrives can panic, as far as we know; this is for what we do not know. The message of a panic
//! may quote what was at hand (slicing a text where no character begins does), so only a message that was
//! written into the program is repeated.

use std::{any::Any, panic, thread};

/// From here on a panic is a line in the log with its place.
pub(crate) fn hush_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let thread = thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        tracing::error!(place, thread, message = message(info.payload()), "a panic");
    }));
}

/// A constant of the program; anything else was made of what was at hand.
fn message(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("withheld, for it may quote a value")
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    #[expect(clippy::string_slice, reason = "it is to panic")]
    fn the_log_says_where_and_no_value() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        let value = String::from("sana.kh\u{e1}n@example.pk");
        let before = panic::take_hook();
        hush_panics();
        tracing::subscriber::with_default(subscriber, || {
            let middle = value.find('\u{e1}').unwrap() + 1;
            assert!(panic::catch_unwind(|| value[middle..].len()).is_err());
            assert!(panic::catch_unwind(|| panic!("not a number: {value}")).is_err());
            assert!(panic::catch_unwind(|| panic!("a constant")).is_err());
        });
        panic::set_hook(before);
        let text = String::from_utf8(log.0.lock().clone()).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(!text.contains("sana") && !text.contains("example.pk"), "{text}");
        assert_eq!(text.matches("withheld").count(), 2);
        assert!(text.contains("a constant") && text.contains("panics.rs:"), "{text}");
    }
}
