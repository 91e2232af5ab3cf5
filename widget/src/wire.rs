//! Plain values as the browser's own objects, through which its own `JSON` reads and writes them.

use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::value::{Read, Value, read};

/// Levels of objects in objects that are looked into: what a page hands over may contain itself.
const DEPTH_MAX: u32 = 8;

/// Reads a value of the browser's.
///
/// # Errors
/// A `TypeError` where it is not of the documented shape.
pub(crate) fn take<T: Read>(value: &JsValue) -> Result<T, JsValue> {
    read(&from_js(value, DEPTH_MAX)).ok_or_else(mismatch)
}

/// Writes a value of the browser's as JSON.
pub(crate) fn to_json(value: &JsValue) -> Result<String, JsValue> {
    JSON::stringify(value).map(String::from)
}

#[inline(never)]
fn mismatch() -> JsValue {
    js_sys::TypeError::new("candor: not of the documented shape").into()
}

#[inline(never)]
fn from_js(value: &JsValue, depth: u32) -> Value {
    if let Some(text) = value.as_string() {
        return Value::Text(text);
    }
    if let Some(flag) = value.as_bool() {
        return Value::Flag(flag);
    }
    if let Some(number) = value.as_f64() {
        return Value::Number(number);
    }
    if !value.is_object() || depth == 0 {
        return Value::Nothing;
    }
    if Array::is_array(value) {
        return Value::List(entries(value.unchecked_ref(), depth - 1));
    }
    let object: &Object = value.unchecked_ref();
    let names = entries(Object::keys(object).unchecked_ref(), 1).into_iter();
    let values = entries(Object::values(object).unchecked_ref(), depth - 1);
    let fields = names.zip(values).map(|(name, value)| match name {
        Value::Text(name) => (name, value),
        _ => (String::new(), value),
    });
    Value::Fields(fields.collect())
}

#[inline(never)]
fn entries(list: &Array, depth: u32) -> Vec<Value> {
    (0..list.length()).map(|at| from_js(&list.get(at), depth)).collect()
}

/// Writes a value as the browser's.
pub(crate) fn give(value: &Value) -> JsValue {
    match value {
        Value::Nothing => JsValue::NULL,
        Value::Flag(flag) => (*flag).into(),
        Value::Number(number) => (*number).into(),
        Value::Text(text) => text.into(),
        Value::List(list) => {
            let made = Array::new();
            for entry in list {
                made.push(&give(entry));
            }
            made.into()
        }
        Value::Fields(fields) => {
            let made = Object::new().into();
            for (name, value) in fields {
                if !matches!(value, Value::Nothing) {
                    // A plain object of ours takes any property.
                    drop(Reflect::set(&made, &name.into(), &give(value)));
                }
            }
            made
        }
    }
}
