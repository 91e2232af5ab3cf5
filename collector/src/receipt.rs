//! Signed receipts: what a visitor keeps as proof of what they agreed to, and how anybody checks one.
//!
//! A receipt is a compact JWS (RFC 7515) signed with Ed25519 (RFC 8037) over the fields of ISO/IEC TS 27560. The public
//! keys are published and stay so when another takes over, for a receipt outlives the key that signed it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use candor_protocol::{Purpose, Receipt, Timestamp};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::chance::Rng;

/// Which edition of the fields a receipt has: the specification's year, and our own count.
pub const SCHEMA: &str = "ISO/IEC TS 27560:2023; candor 1";
/// What the head of a receipt says it is.
const TYPE: &str = "candor-receipt+jwt";
/// Bytes of a receipt beyond which nothing looks at it.
pub const BYTES_MAX: usize = 16 * 1024;

/// Who keeps the data, and under which terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controller {
    /// The site's name, as its owner gave it.
    pub name: String,
    /// The site's key.
    pub site: Uuid,
    /// The page with the full text, where the policy has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_url: Option<String>,
}

/// One reason for keeping something, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFor {
    /// The purpose.
    pub purpose: Purpose,
    /// Why that is lawful: always `consent`.
    pub legal_basis: String,
    /// What sorts of data are kept for it.
    pub data: Vec<String>,
    /// From this moment on it is neither served nor kept.
    pub until: Timestamp,
}

/// How consent is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// Where, on the collector: with the reporter id as bearer.
    pub at: String,
    /// By which call.
    pub method: String,
}

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// [`SCHEMA`].
    pub schema_version: String,
    /// The report's id.
    pub receipt_id: Uuid,
    /// The same for people.
    pub number: String,
    /// The visitor, by the name under which members know them; it leads to nobody outside the instance.
    pub subject: String,
    /// Who keeps it.
    pub controller: Controller,
    /// When it was stored, and consent recorded.
    pub issued_at: Timestamp,
    /// The version of the policy that was agreed to.
    pub policy_version: u32,
    /// What is kept, for what.
    pub purposes: Vec<KeptFor>,
    /// How it is taken back.
    pub withdrawal: Withdrawal,
}

impl Statement {
    /// What a receipt says of a stored report.
    #[must_use]
    pub fn of(receipt: &Receipt, controller: Controller, pseudonym: [u8; 4]) -> Self {
        let purposes = receipt.kept.iter().map(|kept| KeptFor {
            purpose: kept.purpose,
            legal_basis: "consent".into(),
            data: data_kinds(kept.purpose).iter().map(|kind| (*kind).to_owned()).collect(),
            until: kept.until,
        });
        Self {
            schema_version: SCHEMA.into(),
            receipt_id: receipt.report,
            number: receipt.number.clone(),
            subject: crate::audit::pseudonym_text(pseudonym),
            controller,
            issued_at: receipt.stored_at,
            policy_version: receipt.policy,
            purposes: purposes.collect(),
            withdrawal: Withdrawal { at: "/v1/me/withdraw".into(), method: "POST".into() },
        }
    }
}

/// The sorts of data that are kept for a purpose.
#[must_use]
pub const fn data_kinds(purpose: Purpose) -> &'static [&'static str] {
    match purpose {
        Purpose::Message => &["message", "rating", "fields of the form"],
        Purpose::Contact => &["name", "e-mail address", "identity handed over by the page"],
        Purpose::Picture => &["picture of the page"],
        Purpose::Attachment => &["attached files"],
        Purpose::Browser => &["facts about page and browser"],
        Purpose::Diagnostics => &["errors and timings"],
        Purpose::FollowUp => &["consent to be written to"],
    }
}

/// Signs receipts.
pub struct Signer {
    key: SigningKey,
    id: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.id)
    }
}

impl Signer {
    /// A signer with a fresh key.
    #[must_use]
    pub fn fresh(rng: &Rng) -> Self {
        Self::of(&Zeroizing::new(rng.bytes()))
    }

    /// The signer with this secret.
    #[must_use]
    pub fn of(secret: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(secret);
        Self { id: key_id(key.verifying_key().as_bytes()), key }
    }

    /// The secret, to be kept sealed.
    #[must_use]
    pub fn secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes())
    }

    /// The public half, as it is published.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The receipt, signed: the same statement is signed alike.
    #[must_use]
    pub fn sign(&self, statement: &Statement) -> String {
        let head = Head { alg: "EdDSA".into(), kid: self.id.clone(), typ: TYPE.into() };
        let json = |value: serde_json::Result<Vec<u8>>| {
            URL_SAFE_NO_PAD.encode(value.expect("texts, numbers and lists are JSON"))
        };
        let signed = format!("{}.{}", json(serde_json::to_vec(&head)), json(serde_json::to_vec(statement)));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()).to_bytes());
        format!("{signed}.{signature}")
    }
}

#[derive(Serialize, Deserialize)]
struct Head {
    alg: String,
    kid: String,
    typ: String,
}

/// A public key as it is published (RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// `OKP`.
    pub kty: String,
    /// `Ed25519`.
    pub crv: String,
    /// The key, in base64url.
    pub x: String,
    /// Its thumbprint (RFC 7638): what a receipt's head names it by.
    pub kid: String,
    /// `sig`.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// All public keys of an instance, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys.
    pub keys: Vec<Jwk>,
}

impl JwkSet {
    /// The set of these keys.
    #[must_use]
    pub fn of(keys: &[[u8; 32]]) -> Self {
        let jwk = |key: &[u8; 32]| Jwk {
            kty: "OKP".into(),
            crv: "Ed25519".into(),
            x: URL_SAFE_NO_PAD.encode(key),
            kid: key_id(key),
            purpose: Some("sig".into()),
        };
        Self { keys: keys.iter().map(jwk).collect() }
    }
}

/// The thumbprint of a public key (RFC 7638).
fn key_id(public: &[u8; 32]) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public));
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
}

/// Why something is not a receipt of this instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGenuine {
    /// It does not have the form of a receipt.
    #[error("this is no signed receipt")]
    Shape,
    /// None of the keys signed it.
    #[error("it was signed with a key that is not one of these")]
    UnknownKey,
    /// The key that it names did not sign this.
    #[error("it was changed after it was signed")]
    Changed,
}

/// The receipt in a text: a compact JWS by itself, or in the answer to a submission.
#[must_use]
pub fn find(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.starts_with('{') {
        // People copy with line breaks.
        return Some(text.split_whitespace().collect());
    }
    serde_json::from_str::<Receipt>(text).ok()?.signed
}

/// What a signed receipt says, if one of these keys signed it.
///
/// # Errors
/// It is none, was changed, or is from elsewhere.
pub fn verify(signed: &str, keys: &JwkSet) -> Result<Statement, NotGenuine> {
    if signed.len() > BYTES_MAX {
        return Err(NotGenuine::Shape);
    }
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| NotGenuine::Shape);
    let (said, signature) = signed.rsplit_once('.').ok_or(NotGenuine::Shape)?;
    let (head, statement) = said.split_once('.').ok_or(NotGenuine::Shape)?;
    let head: Head = serde_json::from_slice(&decode(head)?).map_err(|_| NotGenuine::Shape)?;
    // The algorithm is ours to choose, not the receipt's.
    if head.alg != "EdDSA" || head.typ != TYPE {
        return Err(NotGenuine::Shape);
    }
    let known = keys.keys.iter().filter(|key| key.kty == "OKP" && key.crv == "Ed25519");
    let key = known.filter_map(|key| decode(&key.x).ok()?.try_into().ok());
    let key = key.into_iter().find(|key: &[u8; 32]| key_id(key) == head.kid).ok_or(NotGenuine::UnknownKey)?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| NotGenuine::UnknownKey)?;
    let signature = Signature::from_slice(&decode(signature)?).map_err(|_| NotGenuine::Shape)?;
    key.verify_strict(said.as_bytes(), &signature).map_err(|_| NotGenuine::Changed)?;
    serde_json::from_slice(&decode(statement)?).map_err(|_| NotGenuine::Shape)
}

#[cfg(test)]
mod tests {
    use candor_protocol::{Kept, ReceiptNumber};

    use super::*;

    fn signer(seed: u8) -> Signer {
        Signer::of(&[seed; 32])
    }

    fn statement() -> Statement {
        let report = Uuid::from_u128(0x0197_a1c0_8000_7000_8000_0000_0000_f00d);
        let at = Timestamp::from_unix_ms(1_795_000_000_000);
        let receipt = Receipt {
            report,
            number: ReceiptNumber::of(report).to_string(),
            submission: Uuid::from_u128(2),
            site: Uuid::from_u128(1),
            stored_at: at,
            policy: 3,
            kept: vec![Kept { purpose: Purpose::Message, until: at.plus_days(365) }],
            signed: None,
        };
        let controller = Controller { name: "Shop".into(), site: receipt.site, policy_url: None };
        Statement::of(&receipt, controller, [1, 2, 3, 4])
    }

    #[test]
    fn a_receipt_is_checked_with_the_published_keys_alone_also_after_a_rotation() {
        let (old, new) = (signer(1), signer(2));
        let keys = JwkSet::of(&[new.public(), old.public()]);
        for signer in [&old, &new] {
            assert_eq!(verify(&signer.sign(&statement()), &keys), Ok(statement()));
        }
        let published = serde_json::to_string(&keys).unwrap();
        let read: JwkSet = serde_json::from_str(&published).unwrap();
        assert_eq!(verify(&old.sign(&statement()), &read), Ok(statement()));
        assert_eq!(verify(&signer(3).sign(&statement()), &keys), Err(NotGenuine::UnknownKey));
        assert_eq!(old.sign(&statement()), old.sign(&statement()), "a retry gets the same");
    }

    #[test]
    fn whatever_letter_is_changed_it_is_no_receipt_any_more() {
        let keys = JwkSet::of(&[signer(1).public()]);
        let signed = signer(1).sign(&statement());
        for at in 0..signed.len() {
            let mut changed = signed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert!(verify(&String::from_utf8(changed).unwrap(), &keys).is_err(), "letter {at}");
            assert!(verify(&signed[..at], &keys).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_receipt_does_not_choose_how_it_is_checked() {
        let keys = JwkSet::of(&[signer(1).public()]);
        let signed = signer(1).sign(&statement());
        let (_, rest) = signed.split_once('.').unwrap();
        let kid = key_id(&signer(1).public());
        for alg in ["none", "HS256", "RS256", ""] {
            let head = format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{TYPE}"}}"#);
            let forged = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(head));
            assert_eq!(verify(&forged, &keys), Err(NotGenuine::Shape), "{alg}");
        }
    }

    #[test]
    fn keys_are_named_as_the_standard_names_them() {
        // The example of RFC 8037, appendix A.3.
        let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(key_id(&x.try_into().unwrap()), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_receipt_that_another_implementation_signed_is_as_ours() {
        let golden = include_str!("../../crates/protocol/golden/v1/receipt-signed.json");
        let signed = find(golden).unwrap();
        let said = verify(&signed, &JwkSet::of(&[signer(1).public()])).unwrap();
        assert_eq!(said.controller.policy_url.as_deref(), Some("https://shop.example/privacy"));
        assert_eq!(signer(1).sign(&said), signed, "letter for letter");
    }

    #[test]
    fn a_receipt_is_found_with_line_breaks_and_in_the_answer_to_a_submission() {
        assert_eq!(find(" a.b\n.c ").as_deref(), Some("a.b.c"));
        let golden = include_str!("../../crates/protocol/golden/v1/receipt-signed.json");
        assert_eq!(find(golden), serde_json::from_str::<Receipt>(golden).unwrap().signed);
        assert_eq!(find("{}"), None);
    }
}
