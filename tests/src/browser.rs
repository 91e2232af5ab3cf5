//! A browser under WebDriver: its own driver on a free port, its own fresh profile.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use fantoccini::{
    Client, ClientBuilder,
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    process::Process,
    wait::{STARTING, within},
    wire::Wire,
};

/// Which browser the journeys run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Chromium with chromedriver.
    Chromium,
    /// Firefox with geckodriver.
    Firefox,
    /// WebKitGTK's MiniBrowser with WebKitWebDriver.
    Webkit,
}

impl Kind {
    /// What `CANDOR_BROWSER` says; Chromium where it says nothing.
    ///
    /// # Errors
    /// It names none of the three.
    pub fn chosen() -> Result<Self> {
        match std::env::var("CANDOR_BROWSER").as_deref() {
            Err(_) | Ok("chromium") => Ok(Self::Chromium),
            Ok("firefox") => Ok(Self::Firefox),
            Ok("webkit") => Ok(Self::Webkit),
            Ok(other) => bail!("CANDOR_BROWSER is {other:?}, not chromium, firefox or webkit"),
        }
    }
}

impl Kind {
    /// As `CANDOR_BROWSER` says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Webkit => "webkit",
        }
    }
}

/// What a journey may ask of its browser beyond the ordinary.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setup {
    /// Refuse storage to every page, as a strict privacy setting does.
    pub storage_blocked: bool,
    /// Say Global Privacy Control to every page, as a browser with that setting does. WebKitGTK has no such setting.
    pub gpc: bool,
    /// Wait for no page to load: some never do.
    pub impatient: bool,
}

/// A running browser.
#[derive(Debug)]
pub struct Browser {
    /// The WebDriver session.
    pub client: Client,
    /// Which one it is.
    pub kind: Kind,
    /// What its requests go through, where the driver does not tell of them.
    pub(crate) wire: Option<Wire>,
    // Dropped in this order: the driver takes the browser along, then the profile can go.
    _driver: Process,
    _profile: TempDir,
}

impl Browser {
    /// Starts the driver, and through it the browser.
    ///
    /// # Errors
    /// One of them is not installed (`cargo xtask setup`) or does not start.
    pub async fn start(kind: Kind, setup: Setup) -> Result<Self> {
        let profile = tempfile::Builder::new().prefix("candor-e2e-").tempdir()?;
        let (driver, port) = match kind {
            Kind::Chromium => chromedriver(profile.path()).await?,
            Kind::Firefox => geckodriver(profile.path()).await?,
            Kind::Webkit => webkit_driver(profile.path()).await?,
        };
        let wire = if kind == Kind::Webkit { Some(Wire::start().await?) } else { None };
        let mut capabilities = match (kind, &wire) {
            (Kind::Firefox, _) => firefox(setup),
            (Kind::Webkit, Some(wire)) => webkit(setup, wire)?,
            _ => chromium(profile.path(), setup),
        };
        if setup.impatient {
            capabilities.insert("pageLoadStrategy".into(), json!("none"));
        }
        let address = format!("http://127.0.0.1:{port}");
        let client = within(STARTING, "the driver takes a session", async || {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            Ok(Some(builder.capabilities(capabilities.clone()).connect(&address).await?))
        })
        .await
        .with_context(|| driver.said())?;
        client.set_window_size(1280, 900).await?;
        let browser = Self { client, kind, wire, _driver: driver, _profile: profile };
        browser.watch().await?;
        if setup.gpc && kind == Kind::Chromium {
            browser.say_gpc().await?;
        }
        Ok(browser)
    }

    /// A command of the Chrome DevTools Protocol.
    ///
    /// # Errors
    /// The browser is not Chromium, or refuses the command.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        if self.kind != Kind::Chromium {
            bail!("{command}: only Chromium speaks this protocol");
        }
        let body = json!({ "cmd": command, "params": parameters });
        Ok(self.client.issue_cmd(Post { path: "goog/cdp/execute", body }).await?)
    }

    /// Chromium leaves Global Privacy Control to extensions, which do this.
    async fn say_gpc(&self) -> Result<()> {
        let source =
            "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })";
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await?;
        self.devtools("Network.setExtraHTTPHeaders", json!({ "headers": { "Sec-GPC": "1" } })).await?;
        Ok(())
    }

    /// Ends the session, the browser and the driver.
    ///
    /// # Errors
    /// The session was lost before.
    pub async fn close(self) -> Result<()> {
        Ok(self.client.clone().close().await?)
    }
}

/// A command that only this driver knows.
#[derive(Debug)]
pub(crate) struct Post {
    /// Below the session.
    pub(crate) path: &'static str,
    pub(crate) body: Value,
}

impl WebDriverCompatibleCommand for Post {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

async fn chromedriver(home: &Path) -> Result<(Process, u16)> {
    let mut command = Command::new("chromedriver");
    command.arg("--port=0").env("HOME", home);
    Process::start(command, |line| port_after(line, "started successfully on port ")).await
}

async fn geckodriver(home: &Path) -> Result<(Process, u16)> {
    let mut command = Command::new("geckodriver");
    // With system access the driver lets us ask the browser itself what its pages did.
    command.args(["--port", "0", "--allow-system-access", "--profile-root"]).arg(home);
    command.env("HOME", home).env("MOZ_HEADLESS", "1");
    Process::start(command, |line| port_after(line, "Listening on 127.0.0.1:")).await
}

async fn webkit_driver(home: &Path) -> Result<(Process, u16)> {
    // This driver neither chooses a port itself nor says that it listens. The wrapper says so just before it
    // starts; the session is then asked for until it is given.
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let mut command = Command::new("xvfb-run");
    command
        .args([
            "--auto-servernum",
            "--server-args=-screen 0 1400x1000x24",
            "dbus-run-session",
            "--",
            "sh",
            "-c",
        ])
        .arg(format!("echo starting on port {port}; exec WebKitWebDriver --host=127.0.0.1 --port={port}"))
        .env("HOME", home)
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        // Its sandbox needs rights that a container does not have; the pages here are our own.
        .env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")
        .env("NO_AT_BRIDGE", "1");
    Process::start(command, |line| port_after(line, "starting on port ")).await
}

fn port_after(line: &str, words: &str) -> Option<u16> {
    let rest = line.split(words).nth(1)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn chromium(profile: &Path, setup: Setup) -> Capabilities {
    let mut options = json!({
        "args": [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1280,900",
            // A page that asks to capture its own tab may, as if its visitor had said yes.
            "--auto-accept-this-tab-capture",
            format!("--user-data-dir={}", profile.join("profile").display()),
        ],
    });
    if setup.storage_blocked {
        // 2 is "block" in Chromium's content settings; it covers localStorage and all its kin.
        options["prefs"] = json!({ "profile.default_content_setting_values.cookies": 2 });
    }
    object(json!({
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
    }))
}

fn firefox(setup: Setup) -> Capabilities {
    let mut options = json!({
        "args": ["-headless"],
        "prefs": {},
    });
    if setup.storage_blocked {
        // 2 is "reject all": cookies, and with them localStorage and its kin.
        options["prefs"]["network.cookie.cookieBehavior"] = json!(2);
    }
    if setup.gpc {
        options["prefs"]["privacy.globalprivacycontrol.enabled"] = json!(true);
    }
    if let Some(binary) = first_of(&["/usr/bin/firefox-esr", "/usr/bin/firefox"]) {
        options["binary"] = json!(binary);
    }
    object(json!({ "moz:firefoxOptions": options }))
}

fn webkit(setup: Setup, wire: &Wire) -> Result<Capabilities> {
    let libraries =
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/libexec"];
    let candidates: Vec<String> = libraries
        .iter()
        .flat_map(|folder| {
            ["6.0", "4.1", "4.0"].iter().flat_map(move |version| {
                [
                    format!("{folder}/webkitgtk-{version}/MiniBrowser"),
                    format!("{folder}/webkit2gtk-{version}/MiniBrowser"),
                ]
            })
        })
        .collect();
    let candidates: Vec<&str> = candidates.iter().map(String::as_str).collect();
    let binary = first_of(&candidates).context("WebKit's MiniBrowser is not installed")?;
    let mut arguments = vec!["--automation"];
    if setup.storage_blocked {
        arguments.push("--enable-html5-local-storage=false");
    }
    let proxy = wire.address();
    Ok(object(json!({
        "webkitgtk:browserOptions": { "binary": binary, "args": arguments },
        "proxy": { "proxyType": "manual", "httpProxy": proxy, "sslProxy": proxy },
    })))
}

fn first_of(candidates: &[&str]) -> Option<PathBuf> {
    candidates.iter().map(PathBuf::from).find(|file| file.is_file())
}

fn object(value: Value) -> Capabilities {
    value.as_object().cloned().unwrap_or_default()
}
