//! Texts by name, as a JSON object.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};

/// Texts by name, sorted by name, each name once.
///
/// A sorted list and not a tree: it holds a handful of entries, and a tree would be a tenth of the widget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextMap(Vec<(String, String)>);

/// A text in several languages, by BCP 47 tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Localised(pub TextMap);

impl TextMap {
    /// How many names there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, text)| text)
    }

    /// Puts a text under a name, in the place of any that was there.
    pub fn insert(&mut self, name: String, text: String) {
        match self.0.iter().position(|(known, _)| *known >= name) {
            Some(at) if self.0[at].0 == name => self.0[at].1 = text,
            Some(at) => self.0.insert(at, (name, text)),
            None => self.0.push((name, text)),
        }
    }

    /// All names with their texts, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

impl<const N: usize> From<[(&str, &str); N]> for TextMap {
    fn from(pairs: [(&str, &str); N]) -> Self {
        let mut map = Self::default();
        pairs.into_iter().for_each(|(name, text)| map.insert(name.into(), text.into()));
        map
    }
}

impl Serialize for TextMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, text) in &self.0 {
            map.serialize_entry(name, text)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for TextMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = TextMap;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut access: A) -> Result<TextMap, A::Error> {
                // Gathered first and sorted once: whoever sends a hundred thousand names pays for it, not we.
                let mut pairs: Vec<(String, String)> = Vec::new();
                while let Some(pair) = access.next_entry()? {
                    pairs.push(pair);
                }
                pairs.sort();
                pairs.dedup_by(|later, earlier| later.0 == earlier.0);
                Ok(TextMap(pairs))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

impl Localised {
    /// Whether there is no text at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text for `locale`: the exact tag, else its primary language, else English, else any.
    #[must_use]
    pub fn get(&self, locale: &str) -> Option<&str> {
        let primary = locale.split('-').next().unwrap_or(locale);
        let Self(texts) = self;
        let any = || texts.iter().next().map(|(_, text)| text);
        texts.get(locale).or_else(|| texts.get(primary)).or_else(|| texts.get("en")).or_else(any)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_falls_back_from_region_to_language_to_english() {
        let text = Localised([("en", "E"), ("pt", "P"), ("pt-BR", "B")].into());
        assert_eq!(text.get("pt-BR"), Some("B"));
        assert_eq!(text.get("pt-PT"), Some("P"));
        assert_eq!(text.get("fr"), Some("E"));
        assert_eq!(Localised::default().get("en"), None);
    }

    proptest! {
        #[test]
        fn map_behaves_like_a_tree(pairs in prop::collection::vec(("[a-d]{1,2}", "[a-z]{0,3}"), 0..12)) {
            let tree: BTreeMap<_, _> = pairs.iter().cloned().collect();
            let mut map = TextMap::default();
            pairs.into_iter().for_each(|(name, text)| map.insert(name, text));
            prop_assert_eq!(serde_json::to_string(&map).unwrap(), serde_json::to_string(&tree).unwrap());
            let read: TextMap = serde_json::from_str(&serde_json::to_string(&tree).unwrap()).unwrap();
            prop_assert_eq!(read, map);
        }
    }
}
