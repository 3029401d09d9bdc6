//! The one progress display: a single line on a terminal, plain lines elsewhere, nothing when quiet.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use holometer_core::model::Cancel;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// A line that updates in place.
    Bar,
    /// A line now and then.
    Lines,
    /// Nothing.
    Nothing,
}

impl Show {
    /// By where standard error goes and what was asked for.
    pub(crate) fn choose(quiet: bool) -> Self {
        if quiet {
            Self::Nothing
        } else if std::io::stderr().is_terminal() {
            Self::Bar
        } else {
            Self::Lines
        }
    }
}

/// How often a plain line is printed.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Everything said on standard error while a command works.
pub(crate) struct Talk {
    show: Show,
    bar: ProgressBar,
    lines: Mutex<Lines>,
    warnings: Mutex<Vec<(String, usize)>>,
}

struct Lines {
    last: Instant,
}

impl Talk {
    pub(crate) fn new(quiet: bool) -> Self {
        let show = Show::choose(quiet);
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        Self {
            show,
            bar,
            lines: Mutex::new(Lines { last: Instant::now() }),
            warnings: Mutex::default(),
        }
    }

    /// Says a line, above the progress.
    pub(crate) fn say(&self, line: &str) {
        tracing::info!("{line}");
        if self.show != Show::Nothing {
            self.bar.suspend(|| eprintln!("{line}"));
        }
    }

    /// Warns: printed once, counted after that.
    pub(crate) fn warn(&self, line: &str) {
        tracing::warn!("{line}");
        let mut warnings = self.warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, count)) = warnings.iter_mut().find(|(known, _)| known == line) {
            *count += 1;
            return;
        }
        warnings.push((line.to_owned(), 1));
        drop(warnings);
        self.bar.suspend(|| eprintln!("warning: {line}"));
    }

    /// Warnings that came more than once, with their counts.
    pub(crate) fn say_repeated_warnings(&self) {
        let warnings = self.warnings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (line, count) in warnings.iter().filter(|(_, count)| *count > 1) {
            self.bar.suspend(|| eprintln!("warning ({count} times): {line}"));
        }
    }

    /// Begins work of a known length.
    pub(crate) fn begin(&self, what: &str, length: u64, unit: Unit) {
        let template = match unit {
            Unit::Requests => "{msg} {wide_bar:.cyan/dim} {pos}/{len} {per_sec} eta {eta}",
            Unit::Bytes => "{msg} {wide_bar:.cyan/dim} {bytes}/{total_bytes} {bytes_per_sec}",
        };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        if self.show == Show::Bar {
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        }
        self.bar.set_style(style);
        self.bar.reset();
        self.bar.set_length(length);
        self.bar.set_message(what.to_owned());
        self.bar.enable_steady_tick(Duration::from_millis(250));
    }

    /// Says anew what the work is.
    pub(crate) fn name_work(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// Goes on by `count`.
    pub(crate) fn advance(&self, count: u64) {
        self.bar.inc(count);
        if self.show != Show::Lines {
            return;
        }
        let mut lines = self.lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if lines.last.elapsed() >= LINE_EVERY {
            lines.last = Instant::now();
            let (done, all) = (self.bar.position(), self.bar.length().unwrap_or(0));
            eprintln!(
                "{}: {done} of {all} ({:.0}%)",
                self.bar.message(),
                100.0 * done as f64 / all.max(1) as f64
            );
        }
    }

    /// Ends what [`Talk::begin`] began.
    pub(crate) fn end(&self) {
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
    }
}

/// What a progress line counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Requests to a model.
    Requests,
    /// Downloaded bytes.
    Bytes,
}

impl holometer_data::Progress for Talk {
    fn started(&self, name: &str, total: Option<u64>) {
        self.say(&format!("fetching {name}"));
        self.begin(name, total.unwrap_or(0), Unit::Bytes);
    }

    fn advanced(&self, _name: &str, bytes: u64) {
        self.advance(bytes);
    }

    fn finished(&self, _name: &str) {
        self.end();
    }

    fn warned(&self, text: &str) {
        self.warn(text);
    }
}

/// Several downloads at once, shown as one.
pub(crate) struct Together<'a> {
    talk: &'a Talk,
    files: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    finished: usize,
    /// Bytes announced and arrived, by file.
    sizes: HashMap<String, (u64, u64)>,
    /// Bytes in all, as far as they were known beforehand.
    expected: u64,
}

impl<'a> Together<'a> {
    /// So many files, with so many bytes as far as they are known.
    pub(crate) fn new(talk: &'a Talk, files: usize, bytes: u64) -> Self {
        if files > 0 {
            talk.begin(&format!("0 of {files} files"), bytes, Unit::Bytes);
        }
        Self { talk, files, state: Mutex::new(State { expected: bytes, ..State::default() }) }
    }

    /// Ends the display.
    pub(crate) fn end(&self) {
        self.talk.end();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl holometer_data::Progress for Together<'_> {
    fn started(&self, name: &str, total: Option<u64>) {
        let mut state = self.state();
        let size = state.sizes.entry(name.to_owned()).or_default();
        size.0 += total.unwrap_or(0);
        let announced: u64 = state.sizes.values().map(|(announced, _)| announced).sum();
        self.talk.bar.set_length(state.expected.max(announced));
    }

    fn advanced(&self, name: &str, bytes: u64) {
        self.state().sizes.entry(name.to_owned()).or_default().1 += bytes;
        self.talk.advance(bytes);
    }

    fn finished(&self, name: &str) {
        let mut state = self.state();
        state.finished += 1;
        let (finished, files) = (state.finished, self.files.max(state.finished));
        let arrived = state.sizes.get(name).map_or(0, |(_, arrived)| *arrived);
        drop(state);
        tracing::info!("{name} is here");
        self.talk.name_work(&format!("{finished} of {files} files"));
        if self.talk.show == Show::Lines {
            self.talk
                .say(&format!("{finished} of {files}: {name}, {}", crate::size::show(arrived)));
        }
    }

    fn warned(&self, text: &str) {
        self.talk.warn(text);
    }
}

/// Turns the first Ctrl-C (or termination signal) into a wish to stop, and the second into an immediate end.
pub(crate) fn stop_on_signal(cancel: &Cancel) {
    /// The wish that the present stage looks at; a later stage's takes its place.
    static PRESENT: Mutex<Option<Cancel>> = Mutex::new(None);
    let present = || PRESENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    *present() = Some(cancel.clone());
    // A failure only means that a handler is there already, which looks at the same place.
    let _ = ctrlc::set_handler(move || {
        let cancel = present().clone().unwrap_or_default();
        if cancel.is_cancelled() {
            crate::pipeline::stop_all();
            std::process::exit(130);
        }
        eprintln!(
            "\nstopping after what is in flight; press Ctrl-C again to stop at once (nothing that is done is lost)"
        );
        cancel.cancel();
    });
}
