//! The wire types as the browser's own objects, through which its own `JSON` reads and writes them.
//!
//! This does what `serde-wasm-bindgen` does, for the shapes that the protocol has, and with an error that carries no
//! text. Nobody reads these errors (what cannot be read is no answer of a collector), and composing them would link
//! the whole of `core::fmt`, floats included: it is what the widget weighs most with, measured.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeSeed, IntoDeserializer, Visitor, value::StrDeserializer},
    forward_to_deserialize_any,
    ser::{self, Impossible},
};
use wasm_bindgen::{JsCast, JsValue};

use js_sys::{Array, Object, Reflect};

/// The value is not of the shape that was asked for.
#[derive(Debug)]
pub(crate) struct Mismatch;

/// Reads a value of the browser's.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(value: &JsValue) -> Result<T, Mismatch> {
    T::deserialize(Reader(value))
}

/// Writes a value as the browser's.
pub(crate) fn write(value: &impl Serialize) -> Result<JsValue, Mismatch> {
    value.serialize(Writer)
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Mismatch {}

impl de::Error for Mismatch {
    fn custom<T>(_: T) -> Self {
        Self
    }
    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }
    fn invalid_value(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }
    fn invalid_length(_: usize, _: &dyn de::Expected) -> Self {
        Self
    }
    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
    fn missing_field(_: &'static str) -> Self {
        Self
    }
    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

impl ser::Error for Mismatch {
    fn custom<T>(_: T) -> Self {
        Self
    }
}

impl From<Mismatch> for JsValue {
    fn from(_: Mismatch) -> Self {
        js_sys::TypeError::new("candor: not of the documented shape").into()
    }
}

struct Reader<'a>(&'a JsValue);

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let value = self.0;
        if let Some(text) = value.as_string() {
            return visitor.visit_string(text);
        }
        if let Some(flag) = value.as_bool() {
            return visitor.visit_bool(flag);
        }
        if let Some(number) = value.as_f64() {
            // serde's numbers take whichever of these loses nothing.
            let whole = number as i64;
            return if whole as f64 == number { visitor.visit_i64(whole) } else { visitor.visit_f64(number) };
        }
        if let Some(list) = value.dyn_ref::<Array>() {
            return visitor.visit_seq(Items { list: list.clone(), at: 0 });
        }
        if !value.is_object() {
            return visitor.visit_unit();
        }
        let keys = keys(value.unchecked_ref());
        visitor.visit_map(Entries { object: value, keys, at: 0 })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.0.is_undefined() || self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        if let Some(name) = self.0.as_string() {
            return visitor.visit_enum(Variant { name, content: JsValue::UNDEFINED });
        }
        let name = keys(self.0.dyn_ref().ok_or(Mismatch)?).get(0);
        let content = Reflect::get(self.0, &name).map_err(|_| Mismatch)?;
        visitor.visit_enum(Variant { name: name.as_string().ok_or(Mismatch)?, content })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

fn keys(object: &Object) -> Array {
    Object::keys(object).unchecked_into()
}

struct Items {
    list: Array,
    at: u32,
}

impl<'de> de::SeqAccess<'de> for Items {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        if self.at >= self.list.length() {
            return Ok(None);
        }
        self.at += 1;
        seed.deserialize(Reader(&self.list.get(self.at - 1))).map(Some)
    }
}

struct Entries<'a> {
    object: &'a JsValue,
    keys: Array,
    at: u32,
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        if self.at >= self.keys.length() {
            return Ok(None);
        }
        self.at += 1;
        seed.deserialize(Reader(&self.keys.get(self.at - 1))).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let value = Reflect::get(self.object, &self.keys.get(self.at - 1)).map_err(|_| Mismatch)?;
        seed.deserialize(Reader(&value))
    }
}

struct Variant {
    name: String,
    content: JsValue,
}

impl<'de> de::EnumAccess<'de> for Variant {
    type Error = Mismatch;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Mismatch> {
        let name: StrDeserializer<'_, Mismatch> = self.name.as_str().into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mismatch> {
        seed.deserialize(Reader(&self.content))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Mismatch> {
        Err(Mismatch)
    }
    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Mismatch> {
        Err(Mismatch)
    }
}

struct Writer;

/// A list, or an object whose `key` waits for its value.
struct Growing {
    made: JsValue,
    key: JsValue,
}

macro_rules! numbers {
    ($($name:ident $kind:ty,)+) => {
        $(fn $name(self, value: $kind) -> Result<JsValue, Mismatch> { Ok(JsValue::from_f64(value as f64)) })+
    };
}

impl Serializer for Writer {
    type Ok = JsValue;
    type Error = Mismatch;
    type SerializeSeq = Growing;
    type SerializeTuple = Impossible<JsValue, Mismatch>;
    type SerializeTupleStruct = Impossible<JsValue, Mismatch>;
    type SerializeTupleVariant = Impossible<JsValue, Mismatch>;
    type SerializeMap = Growing;
    type SerializeStruct = Growing;
    type SerializeStructVariant = Impossible<JsValue, Mismatch>;

    numbers! {
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64,
        serialize_f32 f32, serialize_f64 f64,
    }

    fn serialize_bool(self, value: bool) -> Result<JsValue, Mismatch> {
        Ok(value.into())
    }
    fn serialize_char(self, _: char) -> Result<JsValue, Mismatch> {
        Err(Mismatch)
    }
    fn serialize_str(self, value: &str) -> Result<JsValue, Mismatch> {
        Ok(value.into())
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<JsValue, Mismatch> {
        Err(Mismatch)
    }
    fn serialize_none(self) -> Result<JsValue, Mismatch> {
        Ok(JsValue::NULL)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<JsValue, Mismatch> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<JsValue, Mismatch> {
        Ok(JsValue::NULL)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<JsValue, Mismatch> {
        Ok(JsValue::NULL)
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
    ) -> Result<JsValue, Mismatch> {
        Ok(name.into())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<JsValue, Mismatch> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<JsValue, Mismatch> {
        Err(Mismatch)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Growing, Mismatch> {
        Ok(Growing { made: Array::new().into(), key: JsValue::UNDEFINED })
    }
    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Mismatch> {
        Err(Mismatch)
    }
    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Mismatch> {
        Err(Mismatch)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Mismatch> {
        Err(Mismatch)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Growing, Mismatch> {
        Ok(Growing { made: Object::new().into(), key: JsValue::UNDEFINED })
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Growing, Mismatch> {
        self.serialize_map(None)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Mismatch> {
        Err(Mismatch)
    }
}

impl Growing {
    fn put(&self, key: &JsValue, value: &JsValue) -> Result<(), Mismatch> {
        Reflect::set(&self.made, key, value).map(drop).map_err(|_| Mismatch)
    }
}

impl ser::SerializeSeq for Growing {
    type Ok = JsValue;
    type Error = Mismatch;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
        self.made.unchecked_ref::<Array>().push(&value.serialize(Writer)?);
        Ok(())
    }
    fn end(self) -> Result<JsValue, Mismatch> {
        Ok(self.made)
    }
}

impl ser::SerializeMap for Growing {
    type Ok = JsValue;
    type Error = Mismatch;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Mismatch> {
        self.key = key.serialize(Writer)?;
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
        self.put(&self.key, &value.serialize(Writer)?)
    }
    fn end(self) -> Result<JsValue, Mismatch> {
        Ok(self.made)
    }
}

impl ser::SerializeStruct for Growing {
    type Ok = JsValue;
    type Error = Mismatch;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Mismatch> {
        self.put(&key.into(), &value.serialize(Writer)?)
    }
    fn end(self) -> Result<JsValue, Mismatch> {
        Ok(self.made)
    }
}
