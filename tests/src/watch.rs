//! What a browser has said, asked for and kept while it showed pages; each engine tells it by its own means.
//!
//! | | console | requests | cookies |
//! |---|---|---|---|
//! | Chromium | chromedriver's browser log | its performance log | the whole jar, over DevTools |
//! | Firefox | its console service, and an observer in each page process | an observer of all HTTP | the whole jar |
//! | WebKit | a listener in every page, put there by a proxy | that proxy | `Set-Cookie` on the way through that proxy |
//!
//! So in WebKit two things are not seen: what the browser itself writes to the console, such as a refused request, and
//! the errors of a page that the journey has left.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{
    browser::{Browser, Kind, Post},
    wire::HEARD,
};

/// Notes the URL of every request that a page, not the browser itself, gave rise to, and what pages' scripts call errors.
const FIREFOX_LISTENS: &str = "
    window.candorRequests = [];
    window.candorErrors = [];
    window.candorObserver = {
        observe(subject) {
            const channel = subject.QueryInterface(Ci.nsIHttpChannel);
            if (!channel.loadInfo?.triggeringPrincipal.isSystemPrincipal)
                window.candorRequests.push(channel.URI.spec);
        },
    };
    Services.obs.addObserver(window.candorObserver, 'http-on-modify-request');
    Services.ppmm.addMessageListener('candor:error', message => window.candorErrors.push(message.data));
    const inEachProcess = () => {
        const listener = event => {
            const { level, arguments: said, filename } = event.wrappedJSObject ?? event;
            if (level === 'error' && !/^(moz-extension|resource|chrome):/.test(filename))
                sendAsyncMessage('candor:error', `${filename}: ${[...said].map(String).join(' ')}`);
        };
        const console = Cc['@mozilla.org/consoleAPI-storage;1'].getService(Ci.nsIConsoleAPIStorage);
        const system = Cc['@mozilla.org/systemprincipal;1'].createInstance(Ci.nsIPrincipal);
        if (Services.appinfo.processType === Services.appinfo.PROCESS_TYPE_CONTENT)
            console.addLogEventListener(listener, system);
    };
    Services.ppmm.loadProcessScript('data:,' + encodeURIComponent(`(${inEachProcess})()`), true);
";

/// Errors of pages; the browser's own modules report to the same place.
const FIREFOX_ERRORS: &str = "
    return Services.console.getMessageArray()
        .filter(message => message instanceof Ci.nsIScriptError)
        .filter(error => !(error.flags & (Ci.nsIScriptError.warningFlag | Ci.nsIScriptError.infoFlag)))
        .filter(error => /^https?:/.test(error.sourceName) || error.innerWindowID)
        .map(error => `${error.sourceName}: ${error.errorMessage}`)
        .concat(window.candorErrors);
";

const FIREFOX_JAR: &str = "return Services.cookies.cookies.map(cookie => `${cookie.host} ${cookie.name}`)";

impl Browser {
    /// Begins to note what no later question could find out.
    pub(crate) async fn watch(&self) -> Result<()> {
        if self.kind == Kind::Firefox {
            self.in_chrome(FIREFOX_LISTENS).await?;
        }
        Ok(())
    }

    /// The errors that pages have left on the console.
    ///
    /// # Errors
    /// The session was lost.
    pub async fn console_errors(&self) -> Result<Vec<String>> {
        match self.kind {
            Kind::Chromium => {
                let entries = self.log("browser").await?;
                let severe = entries.iter().filter(|entry| entry["level"] == "SEVERE");
                Ok(severe.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect())
            }
            Kind::Firefox => texts(&self.in_chrome(FIREFOX_ERRORS).await?),
            Kind::Webkit => texts(&self.client.execute(HEARD, Vec::new()).await?),
        }
    }

    /// The URL of every request that pages have made.
    ///
    /// # Errors
    /// The session was lost.
    pub async fn requests(&self) -> Result<Vec<String>> {
        match self.kind {
            Kind::Chromium => Ok(self.log("performance").await?.iter().filter_map(requested).collect()),
            Kind::Firefox => texts(&self.in_chrome("return window.candorRequests").await?),
            Kind::Webkit => Ok(self.wire.as_ref().context("WebKit goes through a proxy")?.requests()),
        }
    }

    /// Every cookie of every site, partitioned ones included. In WebKit: all that servers have tried to set; what
    /// pages set by script is seen on the pages themselves.
    ///
    /// # Errors
    /// The session was lost.
    pub async fn jar(&self) -> Result<Vec<String>> {
        match self.kind {
            Kind::Chromium => {
                let jar = self.devtools("Storage.getCookies", json!({})).await?;
                let cookies = jar["cookies"].as_array().context("a jar has cookies")?;
                Ok(cookies.iter().map(Value::to_string).collect())
            }
            Kind::Firefox => texts(&self.in_chrome(FIREFOX_JAR).await?),
            Kind::Webkit => Ok(self.wire.as_ref().context("WebKit goes through a proxy")?.cookies()),
        }
    }

    /// The entries of one of chromedriver's logs since they were last asked for.
    async fn log(&self, kind: &'static str) -> Result<Vec<Value>> {
        let answer = self.client.issue_cmd(Post { path: "se/log", body: json!({ "type": kind }) }).await?;
        Ok(answer.as_array().cloned().unwrap_or_default())
    }

    /// Runs a script with the rights of Firefox itself.
    async fn in_chrome(&self, script: &str) -> Result<Value> {
        let context = |name| Post { path: "moz/context", body: json!({ "context": name }) };
        self.client.issue_cmd(context("chrome")).await?;
        let answer = self.client.execute(script, Vec::new()).await;
        self.client.issue_cmd(context("content")).await?;
        Ok(answer?)
    }
}

fn texts(list: &Value) -> Result<Vec<String>> {
    let list = list.as_array().context("a list")?;
    Ok(list.iter().map(|text| text.as_str().map_or_else(|| text.to_string(), str::to_owned)).collect())
}

/// The URL of a request, if that is what this entry of the performance log tells of.
fn requested(entry: &Value) -> Option<String> {
    let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
    let event = &message["message"];
    (event["method"] == "Network.requestWillBeSent").then_some(())?;
    let request = &event["params"];
    let url = request["request"]["url"].as_str()?;
    let is_browsers = |url: &str| url.starts_with("chrome:") || url.starts_with("chrome-untrusted:");
    // A slow start leaves Chromium time for its own new tab page, which is no page of ours.
    let document = request["documentURL"].as_str().unwrap_or_default();
    (!is_browsers(document) && !is_browsers(url)).then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_from_the_performance_log() {
        let of = |method: &str, page: &str| {
            let parameters = json!({ "request": { "url": "http://a/" }, "documentURL": page });
            let event = json!({ "method": method, "params": parameters });
            requested(&json!({ "message": json!({ "message": event }).to_string() }))
        };
        assert_eq!(of("Network.requestWillBeSent", "http://b/").as_deref(), Some("http://a/"));
        assert_eq!(of("Network.responseReceived", "http://b/"), None);
        // A new tab page asks its maker for news; the same request from a page would be told.
        assert_eq!(of("Network.requestWillBeSent", "chrome://new-tab-page/"), None);
    }
}
