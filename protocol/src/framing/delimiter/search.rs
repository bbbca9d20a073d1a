//! Looks for the delimiter that ends a message: the longest that fits, behind escapes.

use memchr::memmem::Finder;

use super::super::byte::Byte;
use super::Delimiter;

/// The delimiters as the search for them needs them, made once a decoder.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    /// Which bytes begin a delimiter or are the escape.
    begins: Box<[bool; 256]>,
    /// Finds the only one there is, where nothing escapes it.
    only: Option<Box<Finder<'static>>>,
}

impl Ends {
    pub(super) fn of(settings: &Delimiter) -> Self {
        let mut begins = Box::new([false; 256]);
        for mark in settings.delimiter.iter() {
            if let Some(first) = mark.first() {
                begins[usize::from(*first)] = true;
            }
        }
        if let Some(escape) = settings.escape {
            begins[usize::from(escape.0)] = true;
        }
        let only = match (&settings.delimiter[..], settings.escape) {
            ([only], None) => Some(Box::new(Finder::new(&**only).into_owned())),
            _ => None,
        };
        Self { begins, only }
    }

    /// Whether a byte begins a delimiter or is the escape.
    pub(super) fn begin_with(&self, byte: u8) -> bool {
        self.begins[usize::from(byte)]
    }

    /// Finds the only delimiter there is, where nothing escapes it.
    #[cfg_attr(not(target_family = "wasm"), inline)]
    pub(super) fn only(&self) -> Option<&Finder<'static>> {
        self.only.as_deref()
    }
}

/// Looks for the end of a message.
pub(super) struct Search<'a> {
    settings: &'a Delimiter,
    ends: &'a Ends,
    bytes: &'a [u8],
}

/// What was found.
pub(super) enum Found {
    /// A delimiter of that length.
    At { at: usize, length: usize },
    /// None before `at`, where one may begin or the bytes end. The next search goes on
    /// from there.
    NotBefore { at: usize },
}

impl<'a> Search<'a> {
    pub(super) fn new(settings: &'a Delimiter, ends: &'a Ends, bytes: &'a [u8]) -> Self {
        Self {
            settings,
            ends,
            bytes,
        }
    }

    /// Searches from `start`, which no escape stands in front of. `is_quiet`: a delimiter
    /// that could become a longer one is taken as it is.
    #[cfg_attr(not(target_family = "wasm"), inline)]
    pub(super) fn from(&self, start: usize, is_quiet: bool) -> Found {
        match &self.ends.only {
            Some(only) => self.only(only, start),
            None => self.any(start, is_quiet),
        }
    }

    #[cfg_attr(not(target_family = "wasm"), inline)]
    fn only(&self, delimiter: &Finder<'_>, start: usize) -> Found {
        let length = delimiter.needle().len();
        if let Some(at) = delimiter.find(&self.bytes[start..]) {
            let at = start + at;
            return Found::At { at, length };
        }
        let behind = self.bytes.len().saturating_sub(length.saturating_sub(1));
        Found::NotBefore {
            at: behind.max(start),
        }
    }

    fn any(&self, start: usize, is_quiet: bool) -> Found {
        let mut at = start;
        while let Some(next) = self.bytes[at..]
            .iter()
            .position(|byte| self.ends.begin_with(*byte))
        {
            at += next;
            let rest = &self.bytes[at..];
            if self.settings.escape == Some(Byte(rest[0])) {
                if rest.len() == 1 {
                    return Found::NotBefore { at };
                }
                at += 2;
                continue;
            }
            let all = || self.settings.delimiter.iter().map(|mark| &**mark);
            let longest = all().filter(|mark| rest.starts_with(mark)).map(<[u8]>::len);
            let longest = longest.max();
            let may_be_longer = all().any(|mark| mark.len() > rest.len() && mark.starts_with(rest));
            match longest {
                Some(length) if is_quiet || !may_be_longer => return Found::At { at, length },
                None if !may_be_longer => at += 1,
                _ => return Found::NotBefore { at },
            }
        }
        Found::NotBefore {
            at: self.bytes.len(),
        }
    }
}
