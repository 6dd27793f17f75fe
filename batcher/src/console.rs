//! What a program says to people, and what becomes of it where nobody can hear.
//!
//! Whatever is said on standard error is one line that nothing from outside can break, colour, lengthen or give away
//! a secret with: [`tell`](crate::tell). An output that is closed or full ends the program by [`run`], never by a panic
//! that anyone sees.

mod shell;
mod text;

use std::{
    any::Any,
    io::{self, Write},
    panic::{PanicHookInfo, UnwindSafe, catch_unwind, set_hook, take_hook},
    process::ExitCode,
    sync::{Mutex, OnceLock, PoisonError},
};

use clap::error::ErrorKind;

pub use self::shell::ShellCommand;
pub use self::text::{
    ADDRESS_DIGITS, HIDDEN, MAX_REASON, line, lines, shortened, without_keys, without_secrets,
};

/// 128 and the number of SIGPIPE, as a shell has it.
const CLOSED_PIPE: u8 = 141;
/// What bad arguments end with.
const USAGE: u8 = 2;
/// What a bug ends with, as in every program in Rust.
const PANIC: u8 = 101;

/// The first output that could not be written: how the panic of `println` says it.
static FAULT: OnceLock<String> = OnceLock::new();
/// Where the last panic was.
static PLACE: Mutex<String> = Mutex::new(String::new());

/// Says one line on standard error; arguments as `format` takes them.
#[macro_export]
macro_rules! tell {
    ($($argument:tt)*) => { $crate::console::tell(&format!($($argument)*)) };
}

/// See [`tell`](crate::tell). Work goes on where the line cannot be written: nobody else could be told.
pub fn tell(text: &str) {
    let _ = io::stderr().lock().write_all((line(text) + "\n").as_bytes());
}

/// Does all of a program's work and gives its exit code. Where an output is closed, as in `cairn status | head`, the
/// end is quiet; where it is full, it is one line. Unwinding has ended what was begun, as a local L1.
pub fn run(program: &'static str, work: impl FnOnce() -> ExitCode + UnwindSafe) -> ExitCode {
    let usual = take_hook();
    let is_traced = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    set_hook(Box::new(move |panic| {
        note_panic(panic);
        if is_traced && !has_lost_output() {
            usual(panic);
        }
    }));
    let ended = catch_unwind(work);
    match (FAULT.get(), ended) {
        (Some(fault), _) if fault.contains("Broken pipe") => ExitCode::from(CLOSED_PIPE),
        (Some(fault), _) => {
            let what = fault.strip_prefix("failed printing to ").unwrap_or(fault);
            tell(&format!("{program}: {what}"));
            ExitCode::FAILURE
        }
        (None, Ok(code)) => code,
        (None, Err(panic)) => {
            let place = PLACE.lock().unwrap_or_else(PoisonError::into_inner).clone();
            tell(&format!("{program}: this is a bug, at {place}: {}", panic_message(&*panic)));
            ExitCode::from(PANIC)
        }
    }
}

/// Whether an output could not be written: whatever else fails then follows from it.
#[must_use]
pub fn has_lost_output() -> bool {
    FAULT.get().is_some()
}

/// Ends the program as `print` does where standard output cannot be written; for those who write to it themselves.
///
/// # Panics
/// If it could not be written; [`run`] knows this panic.
pub fn expect_written(written: io::Result<()>) {
    if let Err(error) = written {
        panic!("failed printing to stdout: {error}");
    }
}

/// Notes a panic of whatever thread. It is said where nobody has made an error of it, as those do who read files and
/// proofs that may be damaged.
fn note_panic(panic: &PanicHookInfo<'_>) {
    let message = panic_message(panic.payload());
    if message.starts_with("failed printing to std") {
        let _ = FAULT.set(message);
        return;
    }
    let place = panic.location().map_or_else(|| "somewhere".to_owned(), ToString::to_string);
    tracing::error!(place, message, "panicked");
    *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
}

/// What a panic says.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no message".to_owned())
}

/// Says what clap has instead of a command: help as it is, an error in one line.
#[must_use]
pub fn answer_usage(program: &str, error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            expect_written(error.print());
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // To standard error.
            let _ = error.print();
            ExitCode::from(USAGE)
        }
        _ => {
            tell(&format!("{program}: {}; see --help", usage_fault(error)));
            ExitCode::from(USAGE)
        }
    }
}

/// What clap says is wrong with a command line, and what it proposes; without the usage, and without what may be a
/// secret key: clap quotes values, and a key may be in the place of another argument.
#[must_use]
pub fn usage_fault(error: &clap::Error) -> String {
    let text = error.to_string();
    let said = text.strip_prefix("error: ").unwrap_or(&text);
    let is_about_it =
        |part: &&str| !part.starts_with("Usage:") && !part.starts_with("For more information");
    let parts: Vec<String> = said
        .split("\n\n")
        .map(str::trim)
        .filter(is_about_it)
        .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    without_keys(&parts.join("; "))
}

/// Standard error for logs: secrets are left out as in [`line`], and what cannot be written is no failure.
#[derive(Debug, Clone, Copy)]
pub struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let _ = io::stderr().lock().write_all(without_secrets(&text).as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
