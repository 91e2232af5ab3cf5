//! What is read and written here is what serde reads and writes.

use candor_protocol::{Code, Fact, Problem, PublicSite};
use serde_json::Value as Json;

use super::*;

/// As the browser's `JSON.parse` would hand it over.
pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nothing,
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Number(number) => Value::Number(number.as_f64().unwrap()),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(list) => Value::List(list.iter().map(from_json).collect()),
        Json::Object(fields) => {
            Value::Fields(fields.iter().map(|(name, value)| (name.clone(), from_json(value))).collect())
        }
    }
}

/// As the browser's `JSON.stringify` would write it: whole numbers without a point.
pub(crate) fn to_json(value: &Value) -> Json {
    match value {
        Value::Nothing => Json::Null,
        Value::Flag(flag) => (*flag).into(),
        Value::Number(number) if number.fract() == 0.0 => (*number as i64).into(),
        Value::Number(number) => (*number).into(),
        Value::Text(text) => text.clone().into(),
        Value::List(list) => list.iter().map(to_json).collect(),
        Value::Fields(fields) => fields
            .iter()
            .filter(|(_, value)| *value != Value::Nothing)
            .map(|(name, value)| (name.clone(), to_json(value)))
            .collect(),
    }
}

/// A type of the collector's JSON.
pub(crate) fn read_json<T: Read>(text: &str) -> Option<T> {
    read(&from_json(&serde_json::from_str(text).unwrap()))
}

const SITE: &str = include_str!("../../../crates/protocol/golden/v1/site.json");
const CHANGED: &str = include_str!("../../../crates/protocol/golden/v1/problem-policy-changed.json");

#[test]
fn site_is_read_as_serde_reads_it() {
    let mut expected: PublicSite = serde_json::from_str(SITE).unwrap();
    // The golden file does not say all there is to say.
    expected.policy.url = Some("https://shop.example/privacy".into());
    expected.policy.terms[0].text = Localised([("en", "We read it."), ("de", "Wir lesen es.")].into());
    expected.form.keep_query = true;
    expected.form.attachments =
        Some(Attachments { types: vec!["text/*".into()], count: 3, bytes: 4_000_000_000 });
    for kind in [FieldKind::LongText, FieldKind::Check] {
        expected.form.fields.push(Field { kind, ..expected.form.fields[0].clone() });
    }
    for rating in Scale::ALL.map(Some).into_iter().chain([None]) {
        expected.form.rating = rating;
        for need in Need::ALL {
            expected.policy.terms[0].need = need;
            let site: Site = read_json(&serde_json::to_string(&expected).unwrap()).unwrap();
            assert_eq!(
                (site.site, &site.name, &site.form, &site.policy),
                (expected.site, &expected.name, &expected.form, &expected.policy)
            );
        }
    }
    assert_eq!(read_json::<Form>(&serde_json::to_string(&Form::default()).unwrap()), Some(Form::default()));
}

#[test]
fn answers_are_read_as_serde_reads_them() {
    let receipt = include_str!("../../../crates/protocol/golden/v1/receipt.json");
    let expected: candor_protocol::Receipt = serde_json::from_str(receipt).unwrap();
    let read: Receipt = read_json(receipt).unwrap();
    let kept = expected.kept.iter().map(|kept| Kept { purpose: kept.purpose, until: kept.until.to_string() });
    assert_eq!(read, Receipt { number: expected.number, kept: kept.collect() });

    let expected: Problem = serde_json::from_str(CHANGED).unwrap();
    let read: Refused = read_json(CHANGED).unwrap();
    assert_eq!((read.code.as_str(), read.policy), (Code::PolicyChanged.as_str(), expected.policy));
}

#[test]
fn submission_is_written_as_serde_writes_it() {
    for golden in [
        include_str!("../../../crates/protocol/golden/v1/submission-full.json"),
        include_str!("../../../crates/protocol/golden/v1/submission-minimal.json"),
    ] {
        let expected: Submission = serde_json::from_str(golden).unwrap();
        let json: Json = serde_json::from_str(golden).unwrap();
        let mut written = expected.write();
        written.add("reporter", expected.reporter.write());
        if let Some(facts) = &expected.browser {
            let mut rest = json["browser"].clone();
            let (viewport, agent) = (Fact::Viewport.as_str(), Fact::UserAgent.as_str());
            rest.as_object_mut().unwrap().retain(|name, _| name != viewport && name != agent);
            let mut browser = from_json(&rest);
            browser.add(viewport, facts.viewport.write());
            browser.add(agent, facts.user_agent.write());
            written.add("browser", browser);
        }
        let sent = to_json(&written);
        assert_eq!(serde_json::from_value::<Submission>(sent.clone()).unwrap(), expected, "{sent:#}");
        for (name, value) in json.as_object().unwrap() {
            assert_eq!(sent[name], *value, "{name}");
        }
    }
}

#[test]
fn kept_consent_comes_back_as_it_was_kept() {
    let kept = KeptConsent { policy: 3, purposes: vec![Purpose::Message, Purpose::FollowUp], at: 1.795e12 };
    assert_eq!(read(&kept.write()), Some(kept));
}

#[test]
fn only_an_id_of_full_length_is_one() {
    let id = Uuid::from_u128(0x8c5c_1a0e_0c1d_4f6e_9d36_1d2f_55aa_0001);
    assert_eq!(uuid(&id.to_string()), Some(id));
    assert_eq!(uuid(&id.to_string().to_uppercase()), Some(id));
    for bad in
        ["", "8c5c1a0e", "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa00010", "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa000g"]
    {
        assert_eq!(uuid(bad), None, "{bad}");
    }
}

#[test]
fn every_name_is_the_one_that_serde_uses() {
    let name = |json: serde_json::Result<Json>| json.unwrap();
    assert!(Need::ALL.iter().all(|need| name(serde_json::to_value(need)) == need.as_str()));
    assert!(Scale::ALL.iter().all(|scale| name(serde_json::to_value(scale)) == scale.as_str()));
    assert!(Kind::ALL.iter().all(|kind| name(serde_json::to_value(kind)) == kind.as_str()));
    assert!(ContactField::ALL.iter().all(|field| name(serde_json::to_value(field)) == field.as_str()));
    assert!([Asked::Panel, Asked::Page].iter().all(|by| name(serde_json::to_value(by)) == by.as_str()));
    use candor_protocol::ColorScheme::{Dark, Light};
    assert!([Light, Dark].iter().all(|scheme| name(serde_json::to_value(scheme)) == scheme.as_str()));
}

#[test]
fn what_a_page_misspells_is_no_prefill() {
    assert_eq!(read_json(r#"{"message": "Hi", "rating": 4}"#).map(|it: Prefill| it.rating), Some(Some(4)));
    assert_eq!(read::<Prefill>(&Value::Nothing), Some(Prefill::default()));
    for bad in [
        r#"{"mesage": "Hi"}"#,
        r#"{"rating": 4.5}"#,
        r#"{"rating": 256}"#,
        r#"{"kind": "rant"}"#,
        "\"Hi\"",
        "[]",
    ] {
        assert_eq!(read_json::<Prefill>(bad), None, "{bad}");
    }
    assert!(read_json::<Headless>(r#"{"kind": "bug"}"#).is_none(), "purposes are not left out");
}

#[test]
fn missing_or_wrong_part_of_an_answer_is_no_answer() {
    for name in ["site", "name", "form", "policy"] {
        let mut json: Json = serde_json::from_str(SITE).unwrap();
        json[name] = Json::Null;
        assert!(read_json::<Site>(&json.to_string()).is_none(), "{name}");
    }
    assert!(read_json::<Site>(&SITE.replace("0197a1c0-", "")).is_none());
    assert!(read_json::<Receipt>("{}").is_none());
    assert!(read_json::<Refused>("23").is_none());
}
