//! The running panel: hands events to the state machine, draws what comes of it, and performs the effects.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use candor_protocol::{Asked, LedgerKey, Timestamp};
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::ShadowRoot;

use crate::{
    dom::{Happening, Surface, at, get, then},
    facts,
    ledger::{Ledger, fresh_id, submission_id},
    panel::{Effect, Event, Failure, Headless, KeptConsent, Receipt, Site, State, step, submission},
    send,
    text::Texts,
    value::{Value, Write},
    view::view,
    wire,
};

/// What the loader has prepared.
pub(crate) struct Ground {
    pub(crate) root: ShadowRoot,
    pub(crate) css: String,
    /// All that the loader hands over: `widget/files` reads it, too.
    pub(crate) host: JsValue,
    /// The collector's.
    pub(crate) origin: String,
    pub(crate) site: Site,
    pub(crate) texts: Texts,
    pub(crate) asked: Asked,
    pub(crate) evidence: Option<String>,
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
    /// The door to what is fetched later: name, arguments; see `widget/files/door.js`.
    files: Function,
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
        state.evidence = ground.evidence;
        if let Some(consent) = kept_consent(&ledger) {
            ledger.expire(Timestamp::from_unix_ms(consent.at as i64), now());
        }
        let gpc = at("navigator.globalPrivacyControl").is_truthy();
        state.recall(ledger.get(LedgerKey::VisitorEmail), kept_consent(&ledger), gpc);

        let app = Rc::<Cell<Weak<Self>>>::default();
        let this = app.clone();
        let tell = move |happening| {
            let app = this.take();
            this.set(app.clone());
            if let Some(app) = app.upgrade() {
                app.happen(happening);
            }
        };
        let surface = Surface::new(ground.root, &ground.css, Box::new(tell))?;
        let open: Function = get(&get(&ground.host, "program"), "files").unchecked_into();
        let files = open.call2(&JsValue::NULL, &ground.host, surface.dialog())?;
        let running = Rc::new(Self {
            state: RefCell::new(state),
            surface: RefCell::new(surface),
            ledger,
            origin: ground.origin,
            visible: ground.visible,
            emit: ground.emit,
            files: files.unchecked_into(),
        });
        app.set(Rc::downgrade(&running));
        Ok(running)
    }

    /// Takes an event into account, draws, performs.
    pub(crate) fn dispatch(self: &Rc<Self>, event: Event) {
        let effects = step(&mut self.state.borrow_mut(), event);
        let tree = view(&self.state.borrow());
        report(self.surface.borrow_mut().draw(tree));
        self.files("place", &JsValue::UNDEFINED, &JsValue::UNDEFINED);
        for effect in effects {
            report(self.perform(effect));
        }
    }

    /// Has `widget/files` or `widget/mine` do something; what comes of it, they tell by themselves. A promise for who wants to know.
    #[inline(never)]
    pub(crate) fn files(&self, name: &str, first: &JsValue, second: &JsValue) -> JsValue {
        self.files.call3(&JsValue::NULL, &name.into(), first, second).unwrap_or_default()
    }

    /// This browser's reporter id.
    fn reporter(&self) -> Result<JsValue, JsValue> {
        Ok(wire::give(&self.ledger.reporter(fresh_id()?).write()))
    }

    /// Sends a written submission under this browser's reporter id; see [`send::submit`].
    fn send(&self, submission: &Value) -> Result<Promise, JsValue> {
        let body = wire::give(submission);
        Reflect::set(&body, &"reporter".into(), &self.reporter()?)?;
        send::submit(&self.origin, &wire::to_json(&body)?)
    }

    /// Sends what the page has asked for itself, and the files after it. The promise is kept with the receipt and what
    /// became of each file, or broken with an `Error` that carries the problem's `code`.
    pub(crate) fn submit(self: &Rc<Self>, asked: Headless, files: JsValue) -> Result<Promise, JsValue> {
        let (app, has_files) = (self.clone(), asked.files != Value::Nothing);
        let now = now();
        let submission = submission(&self.state.borrow(), asked, Asked::Page, now, submission_id(now)?);
        let explain = move |outcome: Result<JsValue, JsValue>| {
            let follow = |receipt| if has_files { app.files("send", &receipt, &files) } else { receipt };
            outcome.map(follow).map_err(|problem| {
                let failure = failure(&problem);
                let error = js_sys::Error::new(failure.code());
                drop(Reflect::set(&error, &"code".into(), &failure.code().into()));
                error.into()
            })
        };
        Ok(then(&self.send(&submission)?, Box::new(explain)))
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
            Happening::Files(files) => Event::Files(files),
            Happening::Input(hook, value) => Event::Input(hook, value),
            Happening::Press(hook) => Event::Press(hook),
            Happening::Close => Event::Close,
            Happening::Submit => {
                let now = now();
                match submission_id(now) {
                    Ok(id) => Event::Submit(now, id),
                    Err(error) => return report(Err(error)),
                }
            }
        });
    }

    fn perform(self: &Rc<Self>, effect: Effect) -> Result<(), JsValue> {
        match effect {
            Effect::Show => self.surface.borrow().show()?,
            Effect::Hide => self.surface.borrow().hide(),
            Effect::Focus(hook) => self.surface.borrow().focus(&hook)?,
            Effect::Gather => {
                let app = self.clone();
                let keeps = {
                    let form = &self.state.borrow().site.form;
                    (form.keep_query, form.keep_fragment)
                };
                facts::gather(keeps, &self.visible, move |facts| app.dispatch(Event::Gathered(facts)))?;
            }
            Effect::Send(submission) => {
                let app = self.clone();
                let tell = move |outcome: Result<JsValue, JsValue>| {
                    app.dispatch(match outcome {
                        Ok(receipt) => {
                            drop(app.reporter().map(|reporter| app.files("follow", &receipt, &reporter)));
                            app.stored(&receipt)
                        }
                        Err(problem) => Event::Failed(failure(&problem)),
                    });
                    Ok(JsValue::UNDEFINED)
                };
                match self.send(&submission) {
                    Ok(sent) => drop(then(&sent, Box::new(tell))),
                    Err(_) => self.dispatch(Event::Failed(Failure::Unreachable)),
                }
            }
            Effect::Copy(text) => {
                let app = self.clone();
                let tell = move |outcome: Result<JsValue, JsValue>| {
                    if outcome.is_err() {
                        report(app.surface.borrow().select("message"));
                    }
                    app.dispatch(Event::Copied(outcome.is_ok()));
                    Ok(JsValue::UNDEFINED)
                };
                let copied = copy(&text).unwrap_or_else(|error| Promise::reject(&error));
                drop(then(&copied, Box::new(tell)));
            }
            Effect::Remember(Some(email)) => self.ledger.put(LedgerKey::VisitorEmail, &email),
            Effect::Remember(None) => self.ledger.remove(LedgerKey::VisitorEmail),
            Effect::KeepConsent(Some(consent)) => {
                self.ledger.put(LedgerKey::Consent, &wire::to_json(&wire::give(&consent.write()))?);
            }
            Effect::KeepConsent(None) => self.ledger.remove(LedgerKey::Consent),
            Effect::HideBubble => {
                let now_ms = wire::to_json(&js_sys::Date::now().into())?;
                self.ledger.put(LedgerKey::BubbleHiddenAt, &now_ms);
            }
            Effect::Files(name) => drop(self.files(name, &JsValue::UNDEFINED, &JsValue::UNDEFINED)),
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
    fn stored(&self, receipt: &JsValue) -> Event {
        let Ok(mut receipt) = wire::take::<Receipt>(receipt) else {
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
    wire::take(&js_sys::JSON::parse(&text).ok()?).ok()
}

/// What the collector answered, if it was the collector.
fn failure(problem: &JsValue) -> Failure {
    wire::take(problem).map_or(Failure::Unreachable, Failure::Refused)
}

fn copy(text: &str) -> Result<Promise, JsValue> {
    let clipboard = at("navigator.clipboard");
    let write: Function = get(&clipboard, "writeText").dyn_into()?;
    Ok(write.call1(&clipboard, &text.into())?.unchecked_into())
}

/// What the page's DOM refused is told to developers; the visitor's text stays where it is.
fn report(outcome: Result<(), JsValue>) {
    if let Err(error) = outcome {
        web_sys::console::warn_2(&"candor:".into(), &error);
    }
}
