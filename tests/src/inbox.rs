//! A member's view of the inbox, over HTTP, as their browser would ask for it.

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, StatusCode, header, redirect};
use rustls::crypto::ring;

/// Somebody signed in to the inbox.
#[derive(Debug)]
pub struct Inbox {
    client: Client,
    origin: String,
    cookie: String,
}

impl Inbox {
    pub(crate) async fn sign_in(origin: &str, email: &str, password: &str) -> Result<Self> {
        // Whoever came first has done it for all.
        let _ = ring::default_provider().install_default();
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build()?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("email", email)
            .append_pair("password", password)
            .finish();
        let answer = client
            .post(format!("{origin}/inbox/sign-in"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, origin)
            .body(form)
            .send()
            .await?;
        ensure!(answer.status().is_redirection(), "the inbox says {} to its member", answer.status());
        let cookie = answer.headers().get(header::SET_COOKIE).context("a session has a cookie")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(Self { client, origin: origin.to_owned(), cookie })
    }

    /// The list's HTML.
    ///
    /// # Errors
    /// The inbox does not answer with it.
    pub async fn list(&self) -> Result<String> {
        self.page("/inbox").await
    }

    /// The addresses of the reports in the list, newest first.
    ///
    /// # Errors
    /// The inbox does not answer.
    pub async fn reports(&self) -> Result<Vec<String>> {
        let list = self.list().await?;
        let links = list.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        Ok(links.filter(|link| link.starts_with("/inbox/reports/")).map(str::to_owned).collect())
    }

    /// The HTML of the one report there is.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub async fn only_report(&self) -> Result<String> {
        let reports = self.reports().await?;
        ensure!(reports.len() == 1, "the inbox has {} reports, not one", reports.len());
        self.page(&reports[0]).await
    }

    /// One of its pages.
    ///
    /// # Errors
    /// It answers with anything but that page.
    pub async fn page(&self, path: &str) -> Result<String> {
        Ok(self.get(path).await?.text().await?)
    }

    /// The names and bytes of the files of the one report there is, in the order of its page.
    ///
    /// # Errors
    /// There is none, or there are several, or a file is not served.
    pub async fn only_files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let report = self.only_report().await?;
        let links = report.split('"').filter(|link| link.starts_with("/inbox/") && link.contains("/files/"));
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        for link in links {
            let name = link.rsplit('/').next().unwrap_or_default().to_owned();
            if files.iter().all(|(known, _)| *known != name) {
                files.push((name, self.get(link).await?.bytes().await?.to_vec()));
            }
        }
        Ok(files)
    }

    async fn get(&self, path: &str) -> Result<reqwest::Response> {
        let answer = self
            .client
            .get(format!("{}{path}", self.origin))
            .header(header::COOKIE, &self.cookie)
            .send()
            .await?;
        ensure!(answer.status() == StatusCode::OK, "{path}: {}", answer.status());
        Ok(answer)
    }
}
