//! The names of a struct's fields, in their order, as serde reads them.

use std::fmt;

use serde::{
    Deserialize,
    de::{self, Deserializer, Visitor},
    forward_to_deserialize_any,
};

/// The fields that `T` reads; none if it is no struct.
pub(super) fn names<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    match T::deserialize(Spy) {
        Err(Seen(fields)) => fields,
        Ok(_) => &[],
    }
}

/// Gives no value, but tells which struct it was asked for.
struct Spy;

#[derive(Debug)]
struct Seen(&'static [&'static str]);

impl<'de> Deserializer<'de> for Spy {
    type Error = Seen;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Seen> {
        Err(Seen(fields))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Seen> {
        Err(Seen(&[]))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl std::error::Error for Seen {}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fields {:?}", self.0)
    }
}

impl de::Error for Seen {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self(&[])
    }
}
