//! The wire types as plain values, between the structs that the panel thinks in and whatever carries them.
//!
//! serde would do this too, and did: its visitors, one for each type, were a third of the widget. Reading the dozen
//! types that the panel meets takes a line for each; the tests hold every line against what serde makes of the same.

use candor_protocol::{
    Asked, Attachments, Brand, Consent, Contact, ContactField, Field, FieldKind, Form, Kind, Localised, Need,
    Policy, Purpose, Rating, Scale, Size, Submission, Terms, TextMap, Timestamp, UserAgent,
};
use uuid::Uuid;

use crate::panel::{Headless, Kept, KeptConsent, Prefill, Receipt, Refused, Site};

/// What JSON can say, and `undefined`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Also `null`: what is left out and what is nothing are the same to the wire.
    Nothing,
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Self>),
    Fields(Vec<(String, Self)>),
}

/// Can be read. What does not fit takes `sound` away and reads as whatever is at hand: with early returns the
/// compiler would write out, for each field, how to drop all the fields before it.
pub(crate) trait Read: Sized {
    fn read(value: &Value, sound: &mut bool) -> Self;
}

/// Can be written.
pub(crate) trait Write {
    fn write(&self) -> Value;
}

/// Reads a value; `None` where it is not of the documented shape.
pub(crate) fn read<T: Read>(value: &Value) -> Option<T> {
    let mut sound = true;
    let read = T::read(value, &mut sound);
    sound.then_some(read)
}

impl Value {
    /// The field with this name.
    #[inline(never)]
    pub(crate) fn field(&self, name: &str) -> &Self {
        self.fields().iter().find(|(known, _)| known == name).map_or(&Self::Nothing, |(_, value)| value)
    }

    /// Adds a field with a name that is not there yet.
    #[inline(never)]
    pub(crate) fn add(&mut self, name: &str, value: Self) {
        if let Self::Fields(fields) = self {
            fields.push((name.into(), value));
        }
    }

    /// Whether there are no fields but these.
    #[inline(never)]
    fn has_only(&self, names: &[&str]) -> bool {
        self.fields().iter().all(|(known, _)| names.contains(&known.as_str()))
    }

    #[inline(never)]
    fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    fn fields(&self) -> &[(String, Self)] {
        match self {
            Self::Fields(fields) => fields,
            _ => &[],
        }
    }
}

/// Reads a UUID's 32 digits, however they are grouped: of the notations that the `uuid` crate reads, only this one
/// ever comes.
pub(crate) fn uuid(text: &str) -> Option<Uuid> {
    let mut digits = 0;
    let mut id = 0;
    for digit in text.chars().filter(|letter| *letter != '-') {
        id = id << 4 | u128::from(digit.to_digit(16)?);
        digits += 1;
    }
    (digits == 32).then(|| Uuid::from_u128(id))
}

/// Says of a struct which of its fields travel, each under its own name. `strict`: what a page hands over and may
/// have misspelt.
macro_rules! record {
    (read $type:ident: $($field:ident)+) => {
        impl Read for $type {
            fn read(value: &Value, sound: &mut bool) -> Self {
                Self { $($field: Read::read(value.field(stringify!($field)), sound)),+ }
            }
        }
    };
    (strict $type:ident: $($field:ident)+) => {
        impl Read for $type {
            fn read(value: &Value, sound: &mut bool) -> Self {
                *sound &= value.has_only(&[$(stringify!($field)),+]) && matches!(value, Value::Fields(_) | Value::Nothing);
                Self { $($field: Read::read(value.field(stringify!($field)), sound)),+ }
            }
        }
    };
    (write $type:ident: $($field:ident)+) => {
        impl Write for $type {
            fn write(&self) -> Value {
                let mut value = Value::Fields(Vec::new());
                $(value.add(stringify!($field), self.$field.write());)+
                value
            }
        }
    };
}

record! { read Site: site name form policy }
record! { read Form: kinds rating contact fields attachments keep_query keep_fragment bubble_hidden_days }
record! { read Attachments: types count bytes }
record! { read Field: key label kind required }
record! { read Policy: version url terms }
record! { read Terms: purpose need days text }
record! { read Receipt: number kept }
record! { read Kept: purpose until }
record! { read Refused: code policy }
record! { read KeptConsent: policy purposes at }
record! { strict Prefill: kind message name email rating custom }
record! { strict Contact: name email id avatar }
record! { strict Headless: kind message rating custom contact purposes evidence files }

// Two are not among them: `browser`, whose facts are values already, and `reporter`, whom the ledger puts in.
record! { write Submission: id site kind message rating custom locale contact consent }
record! { write Consent: policy purposes given_at asked evidence }
record! { write Contact: name email id avatar }
record! { write Rating: scale value }
record! { write Size: width height }
record! { write Brand: brand version }
record! { write KeptConsent: policy purposes at }

/// The types that are one name out of a few.
macro_rules! names {
    ($(read $read:ident)+; $(write $write:ident)+) => {
        $(impl Read for $read {
            fn read(value: &Value, sound: &mut bool) -> Self {
                let known = Self::ALL.iter().find(|known| matches!(value, Value::Text(name) if known.as_str() == name));
                *sound &= known.is_some();
                *known.unwrap_or(&Self::ALL[0])
            }
        })+
        $(impl Write for $write {
            fn write(&self) -> Value {
                Value::text(self.as_str())
            }
        })+
    };
}

names! {
    read Kind read Scale read Purpose read Need read ContactField;
    write Kind write Scale write Purpose write Asked
}

impl Read for Value {
    fn read(value: &Value, _: &mut bool) -> Self {
        value.clone()
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: &Value, sound: &mut bool) -> Self {
        (!matches!(value, Value::Nothing)).then(|| T::read(value, sound))
    }
}

impl<T: Write> Write for Option<T> {
    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Nothing, T::write)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: &Value, sound: &mut bool) -> Self {
        let Value::List(list) = value else {
            *sound = false;
            return Self::new();
        };
        list.iter().map(|entry| T::read(entry, sound)).collect()
    }
}

impl<T: Write> Write for Vec<T> {
    fn write(&self) -> Value {
        Value::List(self.iter().map(T::write).collect())
    }
}

impl<T: Read> Read for Box<T> {
    fn read(value: &Value, sound: &mut bool) -> Self {
        Self::new(T::read(value, sound))
    }
}

impl Read for String {
    #[inline(never)]
    fn read(value: &Value, sound: &mut bool) -> Self {
        if let Value::Text(text) = value {
            return text.clone();
        }
        *sound = false;
        Self::new()
    }
}

impl Write for String {
    fn write(&self) -> Value {
        Value::text(self)
    }
}

impl Read for bool {
    fn read(value: &Value, sound: &mut bool) -> Self {
        *sound &= matches!(value, Value::Flag(_));
        *value == Value::Flag(true)
    }
}

impl Read for f64 {
    #[inline(never)]
    fn read(value: &Value, sound: &mut bool) -> Self {
        if let Value::Number(number) = value {
            return *number;
        }
        *sound = false;
        0.0
    }
}

impl Write for f64 {
    fn write(&self) -> Value {
        Value::Number(*self)
    }
}

macro_rules! whole_numbers {
    ($($type:ident)+) => {
        $(impl Read for $type {
            fn read(value: &Value, sound: &mut bool) -> Self {
                let number = f64::read(value, sound);
                let whole = number as Self;
                *sound &= f64::from(whole) == number;
                whole
            }
        }
        impl Write for $type {
            fn write(&self) -> Value {
                Value::Number((*self).into())
            }
        })+
    };
}

whole_numbers! { u8 u16 u32 }

impl Read for Uuid {
    fn read(value: &Value, sound: &mut bool) -> Self {
        let id = uuid(&String::read(value, sound));
        *sound &= id.is_some();
        id.unwrap_or_default()
    }
}

impl Write for Uuid {
    fn write(&self) -> Value {
        Value::text(self.hyphenated().encode_lower(&mut Self::encode_buffer()))
    }
}

impl Write for Timestamp {
    fn write(&self) -> Value {
        Value::Text(self.to_ascii().into_iter().map(char::from).collect())
    }
}

impl Read for TextMap {
    fn read(value: &Value, sound: &mut bool) -> Self {
        *sound &= matches!(value, Value::Fields(_) | Value::Nothing);
        let mut map = Self::default();
        for (name, text) in value.fields() {
            map.insert(name.clone(), Read::read(text, sound));
        }
        map
    }
}

impl Write for TextMap {
    fn write(&self) -> Value {
        Value::Fields(self.iter().map(|(name, text)| (name.into(), Value::text(text))).collect())
    }
}

impl Read for Localised {
    fn read(value: &Value, sound: &mut bool) -> Self {
        Self(TextMap::read(value, sound))
    }
}

impl Read for FieldKind {
    fn read(value: &Value, sound: &mut bool) -> Self {
        match value {
            Value::Text(name) if name == "text" => Self::Text,
            Value::Text(name) if name == "long_text" => Self::LongText,
            Value::Text(name) if name == "check" => Self::Check,
            _ => Self::Choice(Read::read(value.field("choice"), sound)),
        }
    }
}

impl Write for UserAgent {
    fn write(&self) -> Value {
        match self {
            Self::Text(text) => text.write(),
            Self::Hints { brands, platform, mobile, model } => Value::Fields(vec![
                ("brands".into(), brands.write()),
                ("platform".into(), platform.write()),
                ("mobile".into(), Value::Flag(*mobile)),
                ("model".into(), model.write()),
            ]),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
