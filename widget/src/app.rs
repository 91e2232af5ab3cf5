//! The running panel: hands events to the state machine, draws what comes of it, and performs the effects.

use std::{cell::RefCell, rc::Rc};

use candor_protocol::{Asked, Consent, Kind, LedgerKey, Purpose, Scale, Submission, Timestamp};
use js_sys::{Function, Reflect};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::ShadowRoot;

use crate::{
    dom::{Happening, Surface, window},
    facts,
    ledger::{Ledger, fresh_id},
    panel::{Effect, Event, Failure, Receipt, ShownEntry, Site, State, step},
    send,
    text::Texts,
    view::view,
    wire,
};

/// What the loader has prepared.
pub(crate) struct Ground {
    pub(crate) root: ShadowRoot,
    pub(crate) css: String,
    /// The collector's.
    pub(crate) origin: String,
    pub(crate) site: Site,
    pub(crate) texts: Texts,
    pub(crate) asked: Asked,
    pub(crate) may_store: bool,
    /// Milliseconds for which the page has been visible.
    pub(crate) visible: Function,
    /// Tells the page: name, detail.
    pub(crate) emit: Function,
}

/// The panel in its page.
pub(crate) struct App {
    state: RefCell<State>,
    surface: RefCell<Surface>,
    ledger: Ledger,
    origin: String,
    visible: Function,
    emit: Function,
}

/// What the ledger keeps under `consent`.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeptConsent {
    policy: u32,
    purposes: Vec<Purpose>,
    /// Unix milliseconds.
    at: f64,
}

/// The real clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix_ms(js_sys::Date::now() as i64)
}

impl App {
    /// A closed panel that remembers what the ledger holds.
    pub(crate) fn start(ground: Ground) -> Result<Rc<Self>, JsValue> {
        let ledger = Ledger::open(ground.site.site, ground.may_store);
        let mut state = State::new(ground.site, ground.texts, ground.asked, ground.may_store);
        let consent = kept_consent(&ledger);
        if let Some(consent) = &consent {
            ledger.expire(Timestamp::from_unix_ms(consent.at as i64), now());
        }
        let consent = kept_consent(&ledger).map(|consent| (consent.policy, consent.purposes));
        let navigator: JsValue = window()?.navigator().into();
        let gpc = Reflect::get(&navigator, &"globalPrivacyControl".into())?.is_truthy();
        state.recall(ledger.get(LedgerKey::VisitorEmail), consent, gpc);

        let app = Rc::<RefCell<Option<std::rc::Weak<Self>>>>::default();
        let this = app.clone();
        let surface = Surface::new(ground.root, &ground.css, move |happening| {
            if let Some(app) = this.borrow().as_ref().and_then(std::rc::Weak::upgrade) {
                app.happen(happening);
            }
        })?;
        let running = Rc::new(Self {
            state: RefCell::new(state),
            surface: RefCell::new(surface),
            ledger,
            origin: ground.origin,
            visible: ground.visible,
            emit: ground.emit,
        });
        app.replace(Some(Rc::downgrade(&running)));
        Ok(running)
    }

    /// Takes an event into account, draws, performs.
    pub(crate) fn dispatch(self: &Rc<Self>, event: Event) {
        let effects = step(&mut self.state.borrow_mut(), event);
        let tree = view(&self.state.borrow());
        report(self.surface.borrow_mut().draw(tree));
        for effect in effects {
            report(self.perform(effect));
        }
    }

    /// Sends a submission under this browser's reporter id.
    pub(crate) async fn send(&self, mut submission: Submission) -> Result<JsValue, Failure> {
        let fresh = fresh_id().map_err(|_| Failure::Unreachable)?;
        submission.reporter = self.ledger.reporter(fresh);
        send::submit(&self.origin, &submission).await
    }

    /// An empty submission for which the page has asked.
    pub(crate) fn blank(&self) -> Result<Submission, JsValue> {
        let state = self.state.borrow();
        Ok(Submission {
            id: fresh_id()?,
            site: state.site.site,
            reporter: Uuid::nil(),
            kind: Kind::Bug,
            message: String::new(),
            rating: None,
            custom: Default::default(),
            locale: Some(state.texts.locale().into()),
            contact: None,
            browser: None,
            consent: Consent {
                policy: state.site.policy.version,
                purposes: Vec::new(),
                given_at: now(),
                asked: Asked::Page,
                evidence: None,
            },
        })
    }

    /// The scale that the site rates on.
    pub(crate) fn scale(&self) -> Option<Scale> {
        self.state.borrow().site.form.rating
    }

    /// What the visitor has agreed to in this browser.
    pub(crate) fn consent_status(&self) -> Option<KeptConsent> {
        kept_consent(&self.ledger)
    }

    /// What the ledger holds, by the names that the browser's own tools show.
    pub(crate) fn entries(&self) -> Vec<(String, String)> {
        self.ledger.list().into_iter().map(|(key, value)| (self.ledger.name(key), value)).collect()
    }

    /// Empties the ledger.
    pub(crate) fn forget(&self) {
        self.ledger.clear();
    }

    fn happen(self: &Rc<Self>, happening: Happening) {
        self.dispatch(match happening {
            Happening::Input(hook, value) => Event::Input(hook, value),
            Happening::Press(hook) => Event::Press(hook),
            Happening::Close => Event::Close,
            Happening::Submit => match fresh_id() {
                Ok(id) => Event::Submit(now(), id),
                Err(error) => return report(Err(error)),
            },
        });
    }

    fn perform(self: &Rc<Self>, effect: Effect) -> Result<(), JsValue> {
        match effect {
            Effect::Show => self.surface.borrow().show()?,
            Effect::Hide => self.surface.borrow().hide(),
            Effect::Focus(hook) => self.surface.borrow().focus(&hook)?,
            Effect::Gather => {
                let app = self.clone();
                spawn_local(async move {
                    let form = app.state.borrow().site.form.clone();
                    if let Ok((facts, shown)) = facts::gather(&form, &app.visible).await {
                        app.dispatch(Event::Gathered(Box::new(facts), shown));
                    }
                });
            }
            Effect::Send(submission) => {
                let app = self.clone();
                spawn_local(async move {
                    let event = match app.send(*submission).await {
                        Ok(receipt) => app.stored(receipt),
                        Err(failure) => Event::Failed(failure),
                    };
                    app.dispatch(event);
                });
            }
            Effect::Copy(text) => {
                let app = self.clone();
                spawn_local(async move {
                    let copied = copy(&text).await.is_ok();
                    if !copied {
                        report(app.surface.borrow().select("message"));
                    }
                    app.dispatch(Event::Copied(copied));
                });
            }
            Effect::Remember(Some(email)) => self.ledger.put(LedgerKey::VisitorEmail, &email),
            Effect::Remember(None) => self.ledger.remove(LedgerKey::VisitorEmail),
            Effect::KeepConsent(Some((policy, purposes, at))) => {
                let kept = js_sys::JSON::stringify(&wire::write(&KeptConsent {
                    policy,
                    purposes,
                    at: at.unix_ms() as f64,
                })?)?;
                self.ledger.put(LedgerKey::Consent, &String::from(kept));
            }
            Effect::KeepConsent(None) => self.ledger.remove(LedgerKey::Consent),
            Effect::HideBubble => {
                let now_ms =
                    String::from(js_sys::Number::from(js_sys::Date::now()).to_string_with_radix(10)?);
                self.ledger.put(LedgerKey::BubbleHiddenAt, &now_ms);
            }
            Effect::List => {
                let shown =
                    self.entries().into_iter().map(|(key, value)| ShownEntry { key, value }).collect();
                self.dispatch(Event::Listed(shown));
            }
            Effect::Clear => self.forget(),
            Effect::Emit(name, detail) => {
                let detail = detail.map_or(JsValue::UNDEFINED, JsValue::from);
                self.emit.call2(&JsValue::NULL, &name.into(), &detail)?;
            }
        }
        Ok(())
    }

    /// The receipt with its dates as the visitor's language writes them. Without one that can be read there are no
    /// thanks: whatever answered, it was no collector.
    fn stored(&self, receipt: JsValue) -> Event {
        let Ok(mut receipt) = wire::read::<Receipt>(&receipt) else {
            return Event::Failed(Failure::Unreachable);
        };
        let locale = self.state.borrow().texts.locale().to_owned();
        let options = js_sys::Object::new();
        drop(Reflect::set(&options, &"dateStyle".into(), &"long".into()));
        for kept in &mut receipt.kept {
            let date = js_sys::Date::new(&kept.until.as_str().into());
            kept.until = String::from(date.to_locale_date_string(&locale, &options));
        }
        Event::Stored(receipt)
    }
}

fn kept_consent(ledger: &Ledger) -> Option<KeptConsent> {
    let text = ledger.get(LedgerKey::Consent)?;
    wire::read(&js_sys::JSON::parse(&text).ok()?).ok()
}

async fn copy(text: &str) -> Result<(), JsValue> {
    let navigator: JsValue = window()?.navigator().into();
    let clipboard = Reflect::get(&navigator, &"clipboard".into())?;
    let write: Function = Reflect::get(&clipboard, &"writeText".into())?.dyn_into()?;
    JsFuture::from(write.call1(&clipboard, &text.into())?.unchecked_into::<js_sys::Promise>()).await?;
    Ok(())
}

/// What the page's DOM refused is told to developers; the visitor's text stays where it is.
fn report(outcome: Result<(), JsValue>) {
    if let Err(error) = outcome {
        web_sys::console::warn_2(&"candor:".into(), &error);
    }
}
