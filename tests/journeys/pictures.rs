// long: what a visitor does with pictures reads as one list, over the same few steps
//! A picture of the page, a pen, files: from the button to the member's screen.

use std::{io::Write as _, path::Path};

use anyhow::{Context as _, Result, ensure};
use e2e::{Allowed, Kind, Visitor, World, journey, until};
use fantoccini::{
    actions::{InputSource as _, MOUSE_BUTTON_LEFT, MouseActions, PointerAction},
    key::Key,
};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::send::write_and_agree;

/// What the pages' site asks for from now on: words, pictures, and attachments that are texts.
pub(crate) fn offer(world: &World) -> Result<()> {
    let terms = |purpose: &str, need: &str| json!({ "purpose": purpose, "need": need, "days": 30 });
    let policy = json!({
        "version": 1,
        "terms": [terms("message", "required"), terms("picture", "optional"), terms("attachment", "optional")],
    });
    let form = json!({
        "kinds": ["bug", "idea"], "contact": [], "fields": [], "keep_query": false, "keep_fragment": false,
        "attachments": { "types": ["text/plain"], "count": 2, "bytes": 1000 }, "bubble_hidden_days": 30,
    });
    let (policy, form) =
        (file(".json", policy.to_string().as_bytes())?, file(".json", form.to_string().as_bytes())?);
    let path = |file: &NamedTempFile| file.path().to_str().map(str::to_owned).context("a path is a text");
    world.collector.command(&["site", "set", "--policy", &path(&policy)?, "--form", &path(&form)?])?;
    Ok(())
}

fn file(suffix: &str, bytes: &[u8]) -> Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("note-").suffix(suffix).tempfile()?;
    file.write_all(bytes)?;
    Ok(file)
}

/// Takes a picture of the page as it is and puts it on the list.
pub(crate) async fn picture(visitor: &Visitor) -> Result<()> {
    visitor.click("add-picture").await?;
    attach(visitor).await?;
    visitor.sees("file-1").await?;
    Ok(())
}

/// Waits until every file has arrived, as the visitor is told.
pub(crate) async fn all_arrive(visitor: &Visitor) -> Result<()> {
    visitor.reads_in("files-sum", "Your text and your files have arrived").await?;
    Ok(())
}

/// Puts what is under the pen on the list, once its file is ready.
async fn attach(visitor: &Visitor) -> Result<()> {
    visitor.click("use").await?;
    until("the file is ready", async || {
        let button = visitor.sees("attach").await?;
        Ok(button.is_enabled().await?.then_some(()))
    })
    .await?;
    visitor.click("attach").await?;
    visitor.sees_no("attach").await
}

/// Size of a picture, and how many of its pixels have the colours of `tests/pages/pictures`; `far` are those of its
/// letters where no mask is.
async fn colours(visitor: &Visitor, bytes: &[u8]) -> Result<Value> {
    visitor.script("window.bytes = new Uint8Array(arguments[0])", vec![bytes.into()]).await?;
    visitor
        .awaits(
            "const image = await createImageBitmap(new Blob([window.bytes]));
             const { width, height } = image;
             const context = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d');
             context.drawImage(image, 0, 0);
             const { data } = context.getImageData(0, 0, width, height);
             const count = { width, height, shown: 0, covered: 0, near: 0, far: 0 };
             for (let at = 0; at < data.length; at += 4) {
                 const is = (...rgb) => rgb.every((value, place) => Math.abs(data[at + place] - value) < 24);
                 count.shown += is(0, 255, 255);
                 count.covered += is(255, 0, 255);
                 if (is(255, 102, 0)) count[at / 4 % width > 400 ? 'far' : 'near']++;
             }
             return count;",
        )
        .await
}

/// Makes every file wait before it goes, until the journey says `window.go = true`.
async fn hold_files(visitor: &Visitor) -> Result<()> {
    visitor
        .script(
            "const { send, abort } = XMLHttpRequest.prototype;
             XMLHttpRequest.prototype.send = async function (body) {
                 while (!window.go) await new Promise(requestAnimationFrame);
                 if (!this.isGone) send.call(this, body);
             };
             XMLHttpRequest.prototype.abort = function () {
                 this.isGone = true;
                 abort.call(this);
             }",
            vec![],
        )
        .await?;
    Ok(())
}

/// Would the browser ask before it leaves the page?
async fn is_asked_before_leaving(visitor: &Visitor) -> Result<bool> {
    let asked = "const event = new Event('beforeunload', { cancelable: true });
        dispatchEvent(event);
        return event.defaultPrevented";
    visitor.script(asked, vec![]).await?.as_bool().context("yes or no")
}

#[tokio::test]
async fn a_member_sees_a_picture_of_the_page_without_what_was_masked_and_covered() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        // A page that is loaded is not always painted yet.
        let page = until("the page is painted", async || {
            let screen = world.browser.client.screenshot().await?;
            let page = colours(&visitor, &screen).await?;
            Ok((page["shown"] != 0).then_some(page))
        })
        .await?;
        ensure!(
            page["covered"] != 0 && page["far"] != 0,
            "the page does not show what is to be hidden: {page}"
        );

        write_and_agree(&visitor, "Look at the till").await?;
        visitor.click("add-picture").await?;
        // By keys alone: the seventh tool, from the middle to the top, a corner, the other corner.
        visitor.sees("picture").await?;
        visitor
            .script(
                "document.querySelector('candor-widget').shadowRoot.querySelector('[data-t=tool]').focus()",
                vec![],
            )
            .await?;
        visitor.presses(&[(Key::Right, 6), (Key::Enter, 1)]).await?;
        visitor.holds(Key::Shift, &[(Key::Up, 30), (Key::Left, 1)]).await?;
        visitor.presses(&[(Key::Enter, 1)]).await?;
        visitor.holds(Key::Shift, &[(Key::Right, 6), (Key::Down, 5)]).await?;
        visitor.presses(&[(Key::Enter, 1)]).await?;
        attach(&visitor).await?;
        visitor.sees("file-1").await?;

        visitor.click("send").await?;
        visitor.sees("fault-consent-picture").await?;
        ensure!(world.collector.inbox().await?.reports().await?.is_empty(), "sent without consent");
        visitor.click("consent-picture").await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        all_arrive(&visitor).await?;
        ensure!(!is_asked_before_leaving(&visitor).await?, "asked with nothing to lose");

        let files = world.collector.inbox().await?.only_files().await?;
        ensure!(files.len() == 1, "{} files", files.len());
        let (name, bytes) = &files[0];
        ensure!(name.starts_with("picture-1."), "{name}");
        let kept = colours(&visitor, bytes).await?;
        ensure!((&kept["width"], &kept["height"]) == (&page["width"], &page["height"]), "{kept}, not {page}");
        ensure!(kept["shown"] == page["shown"], "{kept}, not {page}");
        ensure!(kept["covered"] == 0 && kept["far"] == 0 && kept["near"] != 0, "{kept}");
        Ok(Allowed::default())
    })
    .await
}

/// What the pen has just told whoever does not see it.
async fn hears(visitor: &Visitor, part: &str) -> Result<()> {
    let said = "return document.querySelector('candor-widget').shadowRoot.querySelector('[data-t=said]').textContent";
    until(&format!("the pen says {part:?}"), async || {
        let said = visitor.script(said, vec![]).await?;
        Ok(said.as_str().is_some_and(|said| said.contains(part)).then_some(()))
    })
    .await
}

/// Takes up the tool in this place of the toolbar, and goes to the picture.
async fn takes_tool(visitor: &Visitor, at: usize) -> Result<()> {
    let focus = "const root = document.querySelector('candor-widget').shadowRoot;
        root.querySelectorAll('[data-t=tool]')[arguments[0]].click();
        root.querySelector('[data-t=picture]').focus()";
    visitor.script(focus, vec![at.into()]).await?;
    Ok(())
}

/// Drags from one pixel of the picture to another, once the picture stands where it stays: a tool's own buttons may move it.
async fn drags(visitor: &Visitor, from: (f64, f64), to: (f64, f64)) -> Result<()> {
    let box_at_rest =
        "const canvas = document.querySelector('candor-widget').shadowRoot.querySelector('[data-t=picture]');
        const box = () => {
            const { x, y, width, height } = canvas.getBoundingClientRect();
            return [x, y, width / canvas.width, height / canvas.height];
        };
        for (let last = 0; last !== (last = String(box())); ) await new Promise((go) => setTimeout(go, 100));
        return box()";
    let [left, top, x_scale, y_scale]: [f64; 4] = serde_json::from_value(visitor.awaits(box_at_rest).await?)?;
    let to_point = |(x, y): (f64, f64)| PointerAction::MoveTo {
        duration: None,
        x: (left + x * x_scale).round(),
        y: (top + y * y_scale).round(),
    };
    let pointer = MouseActions::new("mouse".into())
        .then(to_point(from))
        .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
        .then(to_point(to))
        .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    Ok(visitor.client().perform_actions(pointer).await?)
}

#[tokio::test]
async fn what_is_drawn_is_moved_and_removed_by_keys_and_by_the_pointer() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        write_and_agree(&visitor, "On second thoughts, over there").await?;
        visitor.click("add-picture").await?;
        visitor.sees("picture").await?;
        // A blackout over the coloured field, from the corner.
        takes_tool(&visitor, 6).await?;
        let corner = [(Key::Up, 40), (Key::Left, 60)];
        visitor.holds(Key::Shift, &corner).await?;
        visitor.presses(&[(Key::Enter, 1)]).await?;
        visitor.holds(Key::Shift, &[(Key::Right, 7), (Key::Down, 7)]).await?;
        visitor.presses(&[(Key::Enter, 1)]).await?;
        hears(&visitor, "Blackout from 0, 0 to 280, 280 added").await?;

        // By keys it is taken up, moved, put down, brought back by undo, and moved again.
        visitor.presses(&[(Key::PageDown, 1)]).await?;
        hears(&visitor, "Blackout from 0, 0 to 280, 280 selected").await?;
        visitor.holds(Key::Shift, &[(Key::Right, 6)]).await?;
        hears(&visitor, "240, 0").await?;
        visitor.presses(&[(Key::Enter, 1)]).await?;
        hears(&visitor, "Blackout from 240, 0 to 520, 280 moved").await?;
        visitor.click("undo").await?;
        hears(&visitor, "Undone").await?;
        visitor.click("redo").await?;
        hears(&visitor, "Redone").await?;

        // By the pointer it comes back over the field, and off it.
        takes_tool(&visitor, 8).await?;
        drags(&visitor, (300.0, 100.0), (60.0, 100.0)).await?;
        hears(&visitor, " moved").await?;
        drags(&visitor, (60.0, 100.0), (310.0, 330.0)).await?;
        hears(&visitor, " moved").await?;

        // Another one on the field goes by the key for that.
        takes_tool(&visitor, 6).await?;
        visitor.holds(Key::Shift, &corner).await?;
        visitor.presses(&[(Key::Enter, 1)]).await?;
        visitor.holds(Key::Shift, &[(Key::Right, 6), (Key::Down, 6)]).await?;
        visitor.presses(&[(Key::Enter, 1)]).await?;
        hears(&visitor, "Blackout from 0, 0 to 240, 240 added").await?;
        visitor.presses(&[(Key::PageDown, 1), (Key::Delete, 1)]).await?;
        hears(&visitor, "Blackout from 0, 0 to 240, 240 removed").await?;

        visitor.reads_in("marks", "Drawn (1)").await?;
        attach(&visitor).await?;
        visitor.sees("file-1").await?;
        visitor.click("consent-picture").await?;
        visitor.click("send").await?;
        all_arrive(&visitor).await?;
        let files = world.collector.inbox().await?.only_files().await?;
        let kept = colours(&visitor, &files[0].1).await?;
        ensure!(kept["shown"] == 160 * 120, "nothing covers the field any more: {kept}");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn a_file_goes_along_and_one_that_the_site_does_not_take_stays_at_home() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        write_and_agree(&visitor, "With my notes").await?;
        let (note, page) = (file(".txt", b"Tea, milk, sugar")?, file(".html", b"<p>No</p>")?);
        let large = file(".txt", &[b'x'; 1001])?;
        for given in [note.path(), page.path(), large.path()] {
            visitor.gives("add-file", given).await?;
        }
        visitor.reads_in("file-2", "not taken here").await?;
        visitor.reads_in("file-3", "larger than").await?;
        visitor.click("remove-3").await?;
        visitor.sees_no("file-3").await?;
        visitor.click("consent-attachment").await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        all_arrive(&visitor).await?;
        let name = note.path().file_name().and_then(|name| name.to_str()).context("a name")?.to_owned();
        let files = world.collector.inbox().await?.only_files().await?;
        ensure!(files == [(name, b"Tea, milk, sugar".to_vec())], "{files:?}");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn a_picture_that_cannot_be_sent_costs_no_word_and_follows_later() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        write_and_agree(&visitor, "Stored before the storm").await?;
        picture(&visitor).await?;
        visitor.sees_no("pen-failed").await?;
        visitor.click("consent-picture").await?;
        hold_files(&visitor).await?;
        visitor.click("send").await?;
        let number = visitor.reads("receipt").await?;
        ensure!(is_asked_before_leaving(&visitor).await?, "a file on its way is lost without a word");
        world.collector.stop().await?;
        visitor.script("window.go = true", vec![]).await?;
        visitor.reads_in("file-1", "could not be reached").await?;
        visitor.reads_in("files-sum", "0 of 1").await?;
        ensure!(visitor.reads("receipt").await? == number, "the receipt is gone");
        ensure!(!is_asked_before_leaving(&visitor).await?, "asked with nothing on its way");

        // What is still to be told stays there for who comes back.
        visitor.click("done-close").await?;
        visitor.sees_no("receipt").await?;
        world.collector.restart().await?;
        visitor.click("bubble").await?;
        visitor.click("retry-1").await?;
        all_arrive(&visitor).await?;
        let inbox = world.collector.inbox().await?;
        ensure!(inbox.only_report().await?.contains("Stored before the storm"), "the text is gone");
        ensure!(inbox.only_files().await?.len() == 1, "the picture is not there");
        Ok(Allowed { console: &["ERR_CONNECTION_REFUSED"], ..Allowed::default() })
    })
    .await
}

#[tokio::test]
async fn a_closed_panel_goes_on_sending() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        write_and_agree(&visitor, "In a hurry").await?;
        picture(&visitor).await?;
        visitor.click("consent-picture").await?;
        hold_files(&visitor).await?;
        visitor.click("send").await?;
        visitor.click("done-close").await?;
        visitor.sees_no("receipt").await?;
        visitor.script("window.go = true", vec![]).await?;
        let inbox = world.collector.inbox().await?;
        until("the picture is in the inbox", async || {
            Ok((inbox.only_files().await?.len() == 1).then_some(()))
        })
        .await?;
        visitor.click("bubble").await?;
        visitor.sees("message").await?;
        visitor.sees_no("file-1").await?;
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn a_cancelled_file_is_not_stored_and_may_be_sent_after_all() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        write_and_agree(&visitor, "Or rather not").await?;
        let note = file(".txt", b"On second thoughts")?;
        visitor.gives("add-file", note.path()).await?;
        visitor.click("consent-attachment").await?;
        hold_files(&visitor).await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        visitor.click("remove-1").await?;
        visitor.reads_in("file-1", "as you wished").await?;
        ensure!(!is_asked_before_leaving(&visitor).await?, "asked for what nobody wants");
        ensure!(world.collector.inbox().await?.only_files().await?.is_empty(), "sent all the same");
        visitor.script("window.go = true", vec![]).await?;
        visitor.click("retry-1").await?;
        all_arrive(&visitor).await?;
        ensure!(world.collector.inbox().await?.only_files().await?.len() == 1, "not sent");
        Ok(Allowed::default())
    })
    .await
}

/// The page pastes or drops a red picture for its visitor: drivers cannot.
async fn hand_over(visitor: &Visitor, event: &str, target: &str) -> Result<()> {
    visitor
        .awaits(&format!(
            "const context = Object.assign(document.createElement('canvas'), {{ width: 300, height: 200 }}).getContext('2d');
             context.fillStyle = '#0ff';
             context.fillRect(0, 0, 300, 200);
             const blob = await new Promise(done => context.canvas.toBlob(done));
             const carried = new DataTransfer();
             carried.items.add(new File([blob], 'shot.png', {{ type: 'image/png' }}));
             const target = document.querySelector('candor-widget').shadowRoot.querySelector('{target}');
             const event = new Event('{event}', {{ bubbles: true, cancelable: true, composed: true }});
             // Not every engine lets a page hand over a clipboard.
             event[event.type == 'paste' ? 'clipboardData' : 'dataTransfer'] = carried;
             target.dispatchEvent(event);
             return event.defaultPrevented"
        ))
        .await
        .and_then(|taken| {
            ensure!(taken == true, "the panel does not take it");
            Ok(())
        })
}

#[tokio::test]
async fn pictures_that_are_pasted_and_dropped_come_under_the_pen() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        write_and_agree(&visitor, "From my clipboard").await?;
        for (event, target) in [("paste", "[data-t=message]"), ("drop", "header")] {
            hand_over(&visitor, event, target).await?;
            attach(&visitor).await?;
        }
        visitor.reads_in("file-2", "Nothing is covered in this picture").await?;
        visitor.click("consent-picture").await?;
        visitor.click("send").await?;
        all_arrive(&visitor).await?;
        let files = world.collector.inbox().await?.only_files().await?;
        ensure!(files.len() == 2, "{} files", files.len());
        for (_, bytes) in &files {
            let kept = colours(&visitor, bytes).await?;
            ensure!(kept["width"] == 300 && kept["shown"] == 60_000, "{kept}");
        }
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn without_the_picture_tool_a_picture_file_goes_along() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        write_and_agree(&visitor, "No tool").await?;
        // A collector that was updated since the page was opened, a proxy, a policy: whatever it is.
        let script = "const { fetch } = window;
            window.fetch = (url, init) => /capture-.*wasm/.test(url) ? Promise.reject(new TypeError('no')) : fetch(url, init)";
        visitor.script(script, vec![]).await?;
        visitor.click("add-picture").await?;
        visitor.sees("pen-failed").await?;
        let drawn = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/widget.png").canonicalize()?;
        visitor.gives("photo", &drawn).await?;
        visitor.sees("file-1").await?;
        visitor.click("consent-picture").await?;
        visitor.click("send").await?;
        all_arrive(&visitor).await?;
        let files = world.collector.inbox().await?.only_files().await?;
        ensure!(files.len() == 1 && files[0].1.starts_with(b"\x89PNG"), "the file is not there");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn without_the_list_of_files_the_visitor_is_told_and_the_text_goes() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        if world.browser.kind != Kind::Chromium {
            return Ok(Allowed::default()); // Only chromedriver lets a single request fail.
        }
        write_and_agree(&visitor, "Just words").await?;
        world.browser.devtools("Network.enable", json!({})).await?;
        world.browser.devtools("Network.setBlockedURLs", json!({ "urls": ["*/assets/files-*.js"] })).await?;
        visitor.click("add-picture").await?;
        visitor.sees("files-failed").await?;
        world.browser.devtools("Network.setBlockedURLs", json!({ "urls": [] })).await?;
        picture(&visitor).await?;
        ensure!(!visitor.has("files-failed").await?, "it still says that it failed");
        visitor.click("remove-1").await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        ensure!(
            world.collector.inbox().await?.only_report().await?.contains("Just words"),
            "the text is gone"
        );
        Ok(Allowed { console: &["ERR_BLOCKED_BY_CLIENT"], ..Allowed::default() })
    })
    .await
}

#[tokio::test]
async fn consent_taken_back_between_text_and_file_refuses_the_file_and_keeps_the_text() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        write_and_agree(&visitor, "The text stays").await?;
        let note = file(".txt", b"The file does not")?;
        visitor.gives("add-file", note.path()).await?;
        visitor.click("consent-attachment").await?;
        hold_files(&visitor).await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        visitor.awaits("await Candor.me.withdraw(['attachment'])").await?;
        visitor.script("window.go = true", vec![]).await?;
        visitor.reads_in("file-1", "no consent").await?;
        let inbox = world.collector.inbox().await?;
        ensure!(inbox.only_report().await?.contains("The text stays"), "the text is gone");
        ensure!(inbox.only_files().await?.is_empty(), "the file is there");
        Ok(Allowed { console: &["422"], ..Allowed::default() })
    })
    .await
}

#[tokio::test]
async fn a_page_sends_files_of_its_own_and_is_told_what_became_of_each() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        visitor.sees("bubble").await?;
        let said = visitor
            .awaits(
                "const canvas = Object.assign(document.createElement('canvas'), { width: 30, height: 20 });
                 canvas.getContext('2d').fillRect(0, 0, 30, 20);
                 const picture = await new Promise((done) => canvas.toBlob(done));
                 const file = (name, type) => new File(['Hello'], name, { type });
                 return Candor.submit({
                     kind: 'bug', message: 'By script', purposes: ['message', 'picture', 'attachment'],
                     files: [picture, file('note.txt', 'text/plain'), file('page.html', 'text/html')],
                 })",
            )
            .await?;
        ensure!(said["number"].is_string(), "{said}");
        let told: Vec<_> = (0..3).map(|place| said["files"][place].clone()).collect();
        ensure!(told[0]["purpose"] == "picture" && told[0]["until"].is_string(), "{said}");
        ensure!(told[1]["name"] == "note.txt" && told[1]["until"].is_string(), "{said}");
        ensure!(told[2]["code"] == "unsupported-media", "{said}");
        let inbox = world.collector.inbox().await?;
        ensure!(inbox.only_report().await?.contains("By script"), "the text is gone");
        ensure!(inbox.only_files().await?.len() == 2, "the files are not there");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn a_page_takes_a_picture_with_masks_of_its_own() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        visitor.sees("bubble").await?;
        let start = "Candor.picture({ mask: '#shown' }).then((blob) => window.taken = blob)";
        visitor.script(start, vec![]).await?;
        attach(&visitor).await?;
        let bytes = visitor
            .awaits(
                "while (!window.taken) await new Promise((go) => setTimeout(go, 20));
                 return [...new Uint8Array(await window.taken.arrayBuffer())]",
            )
            .await?;
        let kept = colours(&visitor, &serde_json::from_value::<Vec<u8>>(bytes)?).await?;
        ensure!(kept["covered"] != 0, "this is no picture of the page: {kept}");
        ensure!(kept["shown"] == 0, "what was to be masked is in it: {kept}");
        ensure!(world.collector.inbox().await?.reports().await?.is_empty(), "something was sent");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn a_picture_that_the_page_hands_over_is_drawn_on_and_given_back() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        visitor.sees("bubble").await?;
        let start = "const context = Object.assign(document.createElement('canvas'), { width: 300, height: 200 }).getContext('2d');
            context.fillStyle = '#0ff';
            context.fillRect(0, 0, 300, 200);
            context.canvas.toBlob((picture) => Candor.picture({ picture }).then((blob) => window.taken = blob))";
        visitor.script(start, vec![]).await?;
        hears(&visitor, "Picture, 300 × 200 pixels").await?;
        // A blackout over a quarter of it.
        takes_tool(&visitor, 6).await?;
        drags(&visitor, (20.0, 20.0), (169.0, 119.0)).await?;
        hears(&visitor, "Blackout").await?;
        attach(&visitor).await?;
        let bytes = visitor
            .awaits(
                "while (!window.taken) await new Promise((go) => setTimeout(go, 20));
                 return [...new Uint8Array(await window.taken.arrayBuffer())]",
            )
            .await?;
        let kept = colours(&visitor, &serde_json::from_value::<Vec<u8>>(bytes)?).await?;
        ensure!(kept["width"] == 300 && kept["height"] == 200, "another picture: {kept}");
        let shown = kept["shown"].as_i64().context("a number")?;
        ensure!((44_000..46_000).contains(&shown), "a quarter is to be covered: {kept}");

        // What is no picture ends in the choice of ways, and who backs out of it hands over nothing.
        let start = "window.taken = 0;
            const picture = new Blob(['no picture'], { type: 'image/png' });
            Candor.picture({ picture }).then((blob) => window.taken = blob)";
        visitor.script(start, vec![]).await?;
        visitor.reads_in("choice", "not a PNG, JPEG or WebP").await?;
        visitor.presses(&[(Key::Escape, 1)]).await?;
        let taken = "while (window.taken === 0) await new Promise((go) => setTimeout(go, 20)); return window.taken";
        ensure!(visitor.awaits(taken).await?.is_null(), "something was handed over");
        ensure!(world.collector.inbox().await?.reports().await?.is_empty(), "something was sent");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn the_browsers_own_capture_is_a_picture_like_any_other_with_nothing_covered() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        if world.browser.kind != Kind::Chromium {
            return Ok(Allowed::default()); // Elsewhere a person has to choose what is shown.
        }
        write_and_agree(&visitor, "Exactly so").await?;
        visitor.click("add-picture").await?;
        visitor.click("another").await?;
        visitor.click("screen").await?;
        visitor.reads_in("foot", "Nothing is covered in this picture").await?;
        let kept = sends_what_it_sees(world, &visitor).await?;
        // As a film shows them, sizes and colours are not exact; these letters are seen where there is no mask.
        let (width, height) = (kept["width"].as_f64(), kept["height"].as_f64());
        let ratio = width.context("a number")? / height.context("a number")?;
        ensure!((1.2..2.4).contains(&ratio) && kept["far"] != 0, "the page is not in it as it is: {kept}");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn the_browsers_own_capture_is_taken_once_the_widget_is_out_of_it() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        if world.browser.kind == Kind::Webkit {
            return Ok(Allowed::default()); // It makes no stream of a canvas.
        }
        // A screen that follows half a second late: magenta for as long as it still shows the widget, then cyan.
        let screen = "const devices = navigator.mediaDevices ?? {};
            Object.defineProperty(navigator, 'mediaDevices', { configurable: true, value: devices });
            devices.getDisplayMedia = async () => {
                const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
                const context = canvas.getContext('2d');
                const shows = () => document.querySelector('candor-widget').style.display !== 'none';
                let late = 0;
                const paint = () => {
                    late = shows() ? 0 : late + 1;
                    context.fillStyle = late < 5 ? '#f0f' : '#0ff';
                    context.fillRect(0, 0, 1280, 720);
                };
                paint();
                const painting = setInterval(paint, 50);
                const stream = canvas.captureStream(10);
                window.tracks = stream.getTracks();
                const [track] = window.tracks;
                const stop = track.stop.bind(track);
                track.stop = () => (clearInterval(painting), stop());
                return stream;
            }";
        visitor.script(screen, vec![]).await?;
        write_and_agree(&visitor, "As it was shared").await?;
        visitor.click("add-picture").await?;
        visitor.click("another").await?;
        visitor.click("screen").await?;
        visitor.reads_in("foot", "Nothing is covered in this picture").await?;
        let ended =
            "return window.tracks.length > 0 && window.tracks.every((track) => track.readyState === 'ended')";
        ensure!(visitor.script(ended, vec![]).await? == true, "the browser goes on filming");
        let kept = sends_what_it_sees(world, &visitor).await?;
        ensure!(kept["width"] == 1280 && kept["height"] == 720, "another picture: {kept}");
        ensure!(kept["shown"] == 1280 * 720, "the widget is in its own picture: {kept}");
        Ok(Allowed::default())
    })
    .await
}

/// Sends the picture under the pen, which says that nothing is covered, and says what arrived.
async fn sends_what_it_sees(world: &World, visitor: &Visitor) -> Result<Value> {
    attach(visitor).await?;
    visitor.reads_in("file-1", "Nothing is covered in this picture").await?;
    visitor.click("consent-picture").await?;
    visitor.click("send").await?;
    all_arrive(visitor).await?;
    let files = world.collector.inbox().await?.only_files().await?;
    colours(visitor, &files[0].1).await
}

#[tokio::test]
async fn where_the_browser_captures_nothing_the_visitor_is_told_and_keeps_the_picture() -> Result<()> {
    journey(async |world| {
        offer(world)?;
        let visitor = world.visit("pictures").await?;
        write_and_agree(&visitor, "As well as it goes").await?;
        // Somebody who says no, in every browser.
        let says_no = "const devices = navigator.mediaDevices ?? {};
            Object.defineProperty(navigator, 'mediaDevices', { configurable: true, value: devices });
            devices.getDisplayMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))";
        visitor.script(says_no, vec![]).await?;
        visitor.click("add-picture").await?;
        visitor.click("another").await?;
        visitor.click("screen").await?;
        visitor.reads_in("choice", "The browser gave no picture").await?;
        // Once back to the picture, once out of it; nothing is lost that was drawn.
        visitor.presses(&[(Key::Escape, 1)]).await?;
        visitor.sees("use").await?;
        visitor.presses(&[(Key::Escape, 1)]).await?;
        visitor.sees_no("use").await?;

        // A phone.
        let cannot = "Object.defineProperty(navigator, 'mediaDevices', { value: undefined })";
        visitor.script(cannot, vec![]).await?;
        visitor.click("add-picture").await?;
        visitor.click("another").await?;
        visitor.reads_in("choice", "An exact picture is not possible here").await?;
        ensure!(!visitor.has("screen").await?, "what cannot work is offered");
        visitor.click("back").await?;
        attach(&visitor).await?;
        visitor.sees("file-1").await?;
        Ok(Allowed::default())
    })
    .await
}
