//! A JSON object with its fields in a list: one type for every line, which
//! costs the page less than a type each.

use miniserde::de::{Map, Seq, Visitor};
use miniserde::{Deserialize, Error, Result, json};

/// How deep objects and lists may stand in each other. A line needs five.
const DEEPEST: u8 = 8;
/// Most fields of an object. A line needs fewer than twenty.
const MOST_FIELDS: usize = 64;

/// Fields by name, each name once. Who reads takes them out.
///
/// The accessors give `None` where a field is not of their kind, and
/// `Some(None)` where there is none, or null.
#[derive(Default)]
pub(super) struct Object(Vec<(String, Value)>);

pub(super) enum Value {
    Null,
    Bool(bool),
    Number(u64),
    Text(String),
    List(Vec<Self>),
    Object(Object),
    /// A number that is negative or not whole.
    Other,
}

#[expect(
    clippy::option_option,
    reason = "wrong, absent, there: two `?` tell them apart"
)]
impl Object {
    /// Reads JSON; `None` if it is no object.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let line: Line = json::from_str(text).ok()?;
        match line.0.value {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    fn take(&mut self, name: &str) -> Value {
        let index = self.0.iter().position(|(known, _)| known == name);
        index.map_or(Value::Null, |index| self.0.swap_remove(index).1)
    }

    /// Whether one of `names` is there and null: `serde` takes null for
    /// what may be absent, not for what then has a value all the same.
    pub(super) fn any_null(&self, names: &[&str]) -> bool {
        let mut nulls = self
            .0
            .iter()
            .filter(|(_, value)| matches!(value, Value::Null));
        nulls.any(|(name, _)| names.contains(&name.as_str()))
    }

    /// Whether nothing is left in it.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn number(&mut self, name: &str) -> Option<Option<u64>> {
        match self.take(name) {
            Value::Null => Some(None),
            Value::Number(number) => Some(Some(number)),
            _ => None,
        }
    }

    pub(super) fn small(&mut self, name: &str) -> Option<Option<u32>> {
        match self.number(name)? {
            Some(number) => u32::try_from(number).ok().map(Some),
            None => Some(None),
        }
    }

    pub(super) fn byte(&mut self, name: &str) -> Option<Option<u8>> {
        match self.number(name)? {
            Some(number) => u8::try_from(number).ok().map(Some),
            None => Some(None),
        }
    }

    pub(super) fn bool(&mut self, name: &str) -> Option<Option<bool>> {
        match self.take(name) {
            Value::Null => Some(None),
            Value::Bool(value) => Some(Some(value)),
            _ => None,
        }
    }

    pub(super) fn text(&mut self, name: &str) -> Option<Option<String>> {
        match self.take(name) {
            Value::Null => Some(None),
            Value::Text(text) => Some(Some(text)),
            _ => None,
        }
    }

    pub(super) fn object(&mut self, name: &str) -> Option<Option<Self>> {
        match self.take(name) {
            Value::Null => Some(None),
            Value::Object(object) => Some(Some(object)),
            _ => None,
        }
    }

    /// A list has to be there.
    pub(super) fn list(&mut self, name: &str) -> Option<Vec<Value>> {
        match self.take(name) {
            Value::List(list) => Some(list),
            _ => None,
        }
    }
}

/// The whole line.
struct Line(Slot);

/// Where a value goes, and how deep that is.
struct Slot {
    depth: u8,
    value: Value,
}

impl Slot {
    const fn new(depth: u8) -> Self {
        Self {
            depth,
            value: Value::Null,
        }
    }

    fn below(&self) -> Result<Self> {
        // Bounds what it takes to drop the value.
        if self.depth == DEEPEST {
            return Err(Error);
        }
        Ok(Self::new(self.depth + 1))
    }

    const fn take(&mut self) -> Value {
        std::mem::replace(&mut self.value, Value::Null)
    }
}

impl Deserialize for Line {
    fn begin(out: &mut Option<Self>) -> &mut dyn Visitor {
        &mut out.insert(Self(Slot::new(0))).0
    }
}

impl Visitor for Slot {
    fn null(&mut self) -> Result<()> {
        Ok(())
    }

    fn boolean(&mut self, value: bool) -> Result<()> {
        self.value = Value::Bool(value);
        Ok(())
    }

    fn string(&mut self, text: &str) -> Result<()> {
        self.value = Value::Text(text.to_owned());
        Ok(())
    }

    fn negative(&mut self, _: i64) -> Result<()> {
        self.value = Value::Other;
        Ok(())
    }

    fn nonnegative(&mut self, number: u64) -> Result<()> {
        self.value = Value::Number(number);
        Ok(())
    }

    fn float(&mut self, _: f64) -> Result<()> {
        self.value = Value::Other;
        Ok(())
    }

    fn seq(&mut self) -> Result<Box<dyn Seq + '_>> {
        Ok(Box::new(Elements {
            next: self.below()?,
            any: false,
            list: Vec::new(),
            out: &mut self.value,
        }))
    }

    fn map(&mut self) -> Result<Box<dyn Map + '_>> {
        Ok(Box::new(Fields {
            next: self.below()?,
            name: None,
            object: Object::default(),
            out: &mut self.value,
        }))
    }
}

/// A list on its way.
struct Elements<'a> {
    next: Slot,
    any: bool,
    list: Vec<Value>,
    out: &'a mut Value,
}

impl Elements<'_> {
    fn shift(&mut self) {
        if self.any {
            self.list.push(self.next.take());
        }
        self.any = true;
    }
}

impl Seq for Elements<'_> {
    fn element(&mut self) -> Result<&mut dyn Visitor> {
        self.shift();
        Ok(&mut self.next)
    }

    fn finish(&mut self) -> Result<()> {
        self.shift();
        *self.out = Value::List(std::mem::take(&mut self.list));
        Ok(())
    }
}

/// An object on its way.
struct Fields<'a> {
    next: Slot,
    name: Option<String>,
    object: Object,
    out: &'a mut Value,
}

impl Fields<'_> {
    fn shift(&mut self, name: Option<String>) {
        if let Some(name) = std::mem::replace(&mut self.name, name) {
            self.object.0.push((name, self.next.take()));
        }
    }
}

impl Map for Fields<'_> {
    fn key(&mut self, name: &str) -> Result<&mut dyn Visitor> {
        self.shift(Some(name.to_owned()));
        let fields = &self.object.0;
        if fields.len() == MOST_FIELDS || fields.iter().any(|(known, _)| known == name) {
            return Err(Error);
        }
        Ok(&mut self.next)
    }

    fn finish(&mut self) -> Result<()> {
        self.shift(None);
        *self.out = Value::Object(std::mem::take(&mut self.object));
        Ok(())
    }
}
