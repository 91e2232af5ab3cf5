//! What a visitor does: clicks, types and reads in the widget, through its open shadow root.

use std::path::Path;

use anyhow::{Context as _, Result};
use fantoccini::{
    Client, Locator,
    actions::{InputSource as _, KeyAction, KeyActions, MouseActions, PointerAction},
    elements::Element,
    key::Key,
};
use serde_json::Value;

use crate::wait::until;

/// The element that carries the widget's shadow root.
const HOST: &str = "candor-widget";

/// Somebody with a browser on a page that has the widget.
#[derive(Debug)]
pub struct Visitor {
    client: Client,
}

impl Visitor {
    /// Somebody at this browser.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The WebDriver session, for what has no method here.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The widget's element with this `data-t`, as soon as it is there and shown.
    ///
    /// # Errors
    /// It does not appear.
    pub async fn sees(&self, hook: &str) -> Result<Element> {
        until(&format!("`{hook}` is shown"), async || {
            Ok(match self.find(hook).await? {
                Some(element) if element.is_displayed().await? => Some(element),
                _ => None,
            })
        })
        .await
    }

    /// Waits until there is no shown element with this `data-t`.
    ///
    /// # Errors
    /// It stays.
    pub async fn sees_no(&self, hook: &str) -> Result<()> {
        until(&format!("`{hook}` is gone"), async || {
            Ok(match self.find(hook).await? {
                Some(element) if element.is_displayed().await? => None,
                _ => Some(()),
            })
        })
        .await
    }

    /// Whether the widget has such an element just now, shown or not.
    ///
    /// # Errors
    /// The session is lost.
    pub async fn has(&self, hook: &str) -> Result<bool> {
        Ok(self.find(hook).await?.is_some())
    }

    /// Clicks it as a person would: it has to be shown and not covered.
    ///
    /// # Errors
    /// It does not appear, or something lies over it for good.
    pub async fn click(&self, hook: &str) -> Result<()> {
        // Found anew each time: between finding and clicking the panel may have been drawn again.
        until(&format!("`{hook}` takes a click"), async || {
            let Some(element) = self.find(hook).await? else { return Ok(None) };
            element.click().await?;
            Ok(Some(()))
        })
        .await
    }

    /// Moves the pointer over it.
    ///
    /// # Errors
    /// It does not appear.
    pub async fn hovers(&self, hook: &str) -> Result<()> {
        let element = self.sees(hook).await?;
        let over = PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 };
        Ok(self.client.perform_actions(MouseActions::new("mouse".into()).then(over)).await?)
    }

    /// Types into a field, after what is in it.
    ///
    /// # Errors
    /// There is no such field, or it takes no keys.
    pub async fn types(&self, hook: &str, text: &str) -> Result<()> {
        let field = self.sees(hook).await?;
        Ok(field.send_keys(text).await?)
    }

    /// Presses keys, each so many times, wherever the focus is.
    ///
    /// # Errors
    /// The session is lost.
    pub async fn presses(&self, keys: &[(Key, usize)]) -> Result<()> {
        Ok(self.client.perform_actions(pressed(KeyActions::new("keys".into()), keys)).await?)
    }

    /// The same while another key is held.
    ///
    /// # Errors
    /// The session is lost.
    pub async fn holds(&self, held: Key, keys: &[(Key, usize)]) -> Result<()> {
        let held = held.into();
        let down = KeyActions::new("keys".into()).then(KeyAction::Down { value: held });
        Ok(self.client.perform_actions(pressed(down, keys).then(KeyAction::Up { value: held })).await?)
    }

    /// Gives a file to a field for files, which nobody sees: its label is what a person clicks.
    ///
    /// # Errors
    /// There is no such field.
    pub async fn gives(&self, hook: &str, file: &Path) -> Result<()> {
        let field = until(&format!("`{hook}` takes a file"), async || self.find(hook).await).await?;
        Ok(field.send_keys(file.to_str().context("a path is a text")?).await?)
    }

    /// The text it shows.
    ///
    /// # Errors
    /// It does not appear.
    pub async fn reads(&self, hook: &str) -> Result<String> {
        Ok(self.sees(hook).await?.text().await?)
    }

    /// What is in a field.
    ///
    /// # Errors
    /// There is no such field.
    pub async fn value(&self, hook: &str) -> Result<String> {
        self.sees(hook).await?.prop("value").await?.with_context(|| format!("`{hook}` has no value"))
    }

    /// Waits until the element shows a text that contains this.
    ///
    /// # Errors
    /// It never does.
    pub async fn reads_in(&self, hook: &str, part: &str) -> Result<String> {
        until(&format!("`{hook}` says {part:?}"), async || {
            let Some(element) = self.find(hook).await? else { return Ok(None) };
            let text = element.text().await?;
            Ok(text.contains(part).then_some(text))
        })
        .await
    }

    /// The elements of the widget that assistive tools see in this role under this name.
    ///
    /// # Errors
    /// The session is lost.
    pub async fn by_role(&self, role: &str, name: &str) -> Result<Vec<Element>> {
        let mut found = Vec::new();
        let Some(host) = self.host().await? else { return Ok(found) };
        let candidates = host.shadow_root().await?.find_all(Locator::Css("*")).await?;
        for element in candidates {
            if self.computed(&element, "computedrole").await? == role
                && self.computed(&element, "computedlabel").await? == name
            {
                found.push(element);
            }
        }
        Ok(found)
    }

    /// Runs a script in the page; `return` gives its answer.
    ///
    /// # Errors
    /// The script throws.
    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.client.execute(script, arguments).await?)
    }

    /// Runs an asynchronous script: the body of an `async` function, whose return value is the answer.
    ///
    /// # Errors
    /// The script throws, or its promise is rejected.
    pub async fn awaits(&self, body: &str) -> Result<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async () => {{ {body} }})().then(value => done({{ value }}), error => done({{ error: String(error) }}))"
        );
        let answer = self.client.execute_async(&script, Vec::new()).await?;
        match answer.get("error") {
            Some(error) => anyhow::bail!("the page says {error} to: {body}"),
            None => Ok(answer.get("value").cloned().unwrap_or(Value::Null)),
        }
    }

    async fn host(&self) -> Result<Option<Element>> {
        Ok(self.client.find_all(Locator::Css(HOST)).await?.pop())
    }

    async fn find(&self, hook: &str) -> Result<Option<Element>> {
        let Some(host) = self.host().await? else { return Ok(None) };
        // What stands beside a field, such as its fault, has an id of its own instead.
        let selector = format!("[data-t=\"{hook}\"], [id=\"{hook}\"]");
        Ok(host.shadow_root().await?.find_all(Locator::Css(&selector)).await?.into_iter().next())
    }

    async fn computed(&self, element: &Element, what: &'static str) -> Result<String> {
        let answer =
            self.client.issue_cmd(Computed { element: element.element_id().to_string(), what }).await?;
        Ok(answer.as_str().unwrap_or_default().to_owned())
    }
}

fn pressed(actions: KeyActions, keys: &[(Key, usize)]) -> KeyActions {
    let each = keys.iter().flat_map(|(key, times)| std::iter::repeat_n(char::from(*key), *times));
    each.fold(actions, |actions, value| actions.then(KeyAction::Down { value }).then(KeyAction::Up { value }))
}

/// What the browser tells assistive tools of an element.
#[derive(Debug)]
struct Computed {
    element: String,
    what: &'static str,
}

impl fantoccini::wd::WebDriverCompatibleCommand for Computed {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/element/{}/{}", session.unwrap_or_default(), self.element, self.what))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::GET, None)
    }
}
