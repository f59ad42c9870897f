//! The values in force, read without a lock where it matters.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};

use super::layers::Origin;
use super::row::{Kind, Value};
use super::special::{self, OUTPUT_CLASSES, OutputClass, OutputLimit};
use super::table::{ROWS, Setting};

/// The values in force.
pub struct Settings {
    /// Numbers, switches, words by position and events by bit; 0 for texts.
    numbers: Box<[AtomicU64]>,
    /// Texts; empty for numbers.
    texts: Box<[RwLock<Arc<str>>]>,
    /// The output limits again, taken apart.
    output_limits: [OutputCells; OUTPUT_CLASSES],
    origins: Box<[RwLock<Origin>]>,
    listeners: RwLock<Vec<Listener>>,
    /// Held by whoever changes values, so that a change of several is one.
    pub(super) changing: Mutex<()>,
    /// What the values at start came from.
    pub(super) sources: Vec<String>,
    /// What looked odd at start and was let through.
    pub(super) notes: Vec<String>,
}

/// One output limit, cell by cell.
#[derive(Debug, Default)]
struct OutputCells {
    hard_bytes: AtomicUsize,
    soft_bytes: AtomicUsize,
    soft_seconds: AtomicU64,
}

/// Called behind a change.
type Listener = Box<dyn Fn(&Settings, Setting) + Send + Sync>;

impl Settings {
    /// The number of `setting`, 0 where it is negative.
    ///
    /// Switches are 0 or 1, words their position, events their bits.
    pub fn number(&self, setting: Setting) -> u64 {
        let number = self.raw(setting);
        match setting.row().kind {
            Kind::Integer { .. } | Kind::Clamped { .. } => number.cast_signed().max(0) as u64,
            _ => number,
        }
    }

    /// The number of `setting`, which may be negative.
    pub fn signed(&self, setting: Setting) -> i64 {
        self.raw(setting).cast_signed()
    }

    /// The number of `setting` as a size in memory.
    pub fn size(&self, setting: Setting) -> usize {
        usize::try_from(self.number(setting)).unwrap_or(usize::MAX)
    }

    /// `maxmemory-clients` in bytes; 0: no limit.
    pub fn clients_bytes_max(&self) -> usize {
        let text = self.text(Setting::MaxmemoryClients);
        let bytes = match text.strip_suffix('%').and_then(|share| share.parse::<u64>().ok()) {
            Some(share) => self.number(Setting::Maxmemory).saturating_mul(share) / 100,
            None => text.parse().unwrap_or(0),
        };
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// The number of `setting` as a port.
    pub fn port(&self, setting: Setting) -> u16 {
        u16::try_from(self.number(setting)).unwrap_or_default()
    }

    /// Whether `setting` says yes.
    pub fn flag(&self, setting: Setting) -> bool {
        self.raw(setting) != 0
    }

    /// The word that `setting` has, empty if it is not one of words.
    pub fn word(&self, setting: Setting) -> &'static str {
        let at = usize::try_from(self.raw(setting)).unwrap_or(usize::MAX);
        match setting.row().kind {
            Kind::Word { words, .. } => words.get(at).copied().unwrap_or_default(),
            _ => "",
        }
    }

    /// The text of `setting`; of one that is not a text, what CONFIG GET prints.
    pub fn text(&self, setting: Setting) -> Arc<str> {
        if kept_as_text(setting.row().kind) {
            self.texts[setting as usize].read().clone()
        } else {
            Arc::from(self.print(setting))
        }
    }

    /// The output limit of a class of clients.
    pub fn output_limit(&self, class: OutputClass) -> OutputLimit {
        let cells = &self.output_limits[class as usize];
        OutputLimit {
            hard_bytes: cells.hard_bytes.load(Ordering::Relaxed),
            soft_bytes: cells.soft_bytes.load(Ordering::Relaxed),
            soft_seconds: cells.soft_seconds.load(Ordering::Relaxed),
        }
    }

    /// The value of `setting` as CONFIG GET prints it.
    pub fn print(&self, setting: Setting) -> String {
        self.print_as(setting, setting.name())
    }

    /// The value of `setting` as CONFIG GET `name` prints it.
    pub fn print_as(&self, setting: Setting, name: &str) -> String {
        setting.row().print(name, &self.value(setting))
    }

    /// Where the value of `setting` comes from.
    pub fn origin(&self, setting: Setting) -> Origin {
        self.origins[setting as usize].read().clone()
    }

    /// Names and values for CONFIG GET: everything that matches one of `patterns`.
    ///
    /// A pattern that is a plain name comes back in the letters of the question.
    pub fn get<P: AsRef<[u8]>>(&self, patterns: &[P]) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for row in ROWS.iter().filter(|row| is_shown(row.setting, patterns)) {
            for name in [Some(row.name), row.alias].into_iter().flatten() {
                if let Some(called) = called(name, patterns) {
                    found.push((called, self.print_as(row.setting, name)));
                }
            }
        }
        found
    }

    /// What the values at start came from, in the order in which they count.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// What looked odd at start and was let through.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Calls `listener` behind every change of a value, on the thread that changes it.
    ///
    /// It must be short and must not change settings itself.
    pub fn watch(&self, listener: impl Fn(&Settings, Setting) + Send + Sync + 'static) {
        self.listeners.write().push(Box::new(listener));
    }

    pub(super) fn value(&self, setting: Setting) -> Value {
        if kept_as_text(setting.row().kind) {
            Value::Text(self.text(setting).to_string().into())
        } else {
            Value::Number(self.raw(setting))
        }
    }

    pub(super) fn store(&self, setting: Setting, value: &Value, origin: Origin) {
        match value {
            Value::Number(number) => {
                self.numbers[setting as usize].store(*number, Ordering::Relaxed);
            }
            Value::Text(text) => *self.texts[setting as usize].write() = Arc::from(&**text),
        }
        if let (Setting::ClientOutputBufferLimit, Value::Text(text)) = (setting, value) {
            self.store_output_limits(text);
        }
        *self.origins[setting as usize].write() = origin;
    }

    pub(super) fn tell(&self, setting: Setting) {
        for listener in self.listeners.read().iter() {
            listener(self, setting);
        }
    }

    fn store_output_limits(&self, text: &str) {
        for (cells, limit) in self.output_limits.iter().zip(special::read_output_limits(text)) {
            cells.hard_bytes.store(limit.hard_bytes, Ordering::Relaxed);
            cells.soft_bytes.store(limit.soft_bytes, Ordering::Relaxed);
            cells.soft_seconds.store(limit.soft_seconds, Ordering::Relaxed);
        }
    }

    fn raw(&self, setting: Setting) -> u64 {
        self.numbers[setting as usize].load(Ordering::Relaxed)
    }
}

/// The name to answer with, if one of `patterns` means `name`.
fn called<P: AsRef<[u8]>>(name: &str, patterns: &[P]) -> Option<String> {
    patterns.iter().find_map(|pattern| {
        let pattern = pattern.as_ref();
        if pattern.eq_ignore_ascii_case(name.as_bytes()) {
            return Some(String::from_utf8_lossy(pattern).into_owned());
        }
        let lower = pattern.to_ascii_lowercase();
        lockstep_core::glob::matches(&lower, name.as_bytes()).then(|| name.to_owned())
    })
}

/// Whether a setting is shown to who asks for these patterns: what Redis has for its own tests
/// only to who calls it by name.
fn is_shown<P: AsRef<[u8]>>(setting: Setting, patterns: &[P]) -> bool {
    let name = setting.name().as_bytes();
    setting != Setting::KeyLoadDelay
        || patterns.iter().any(|pattern| pattern.as_ref().eq_ignore_ascii_case(name))
}

fn kept_as_text(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::BytesOrPercent
            | Kind::Text
            | Kind::Secret
            | Kind::Addresses
            | Kind::Seeds
            | Kind::Host
            | Kind::SavePoints
            | Kind::OutputLimits
            | Kind::Percentiles
            | Kind::OomScores
    )
}

impl Default for Settings {
    fn default() -> Settings {
        let settings = Settings {
            numbers: ROWS.iter().map(|_| AtomicU64::new(0)).collect(),
            texts: ROWS.iter().map(|_| RwLock::new(Arc::from(""))).collect(),
            output_limits: Default::default(),
            origins: ROWS.iter().map(|_| RwLock::new(Origin::Default)).collect(),
            listeners: RwLock::default(),
            changing: Mutex::default(),
            sources: Vec::new(),
            notes: Vec::new(),
        };
        for row in ROWS {
            let value = row.parse(row.name, row.default, "").expect("a test reads every default");
            settings.store(row.setting, &value, Origin::Default);
        }
        settings
    }
}

impl fmt::Debug for Settings {
    /// Shows what differs from the defaults, without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_map();
        for setting in Setting::all() {
            if !matches!(self.origin(setting), Origin::Default) && !setting.row().secret() {
                shown.entry(&setting.name(), &self.print(setting));
            }
        }
        shown.finish()
    }
}
