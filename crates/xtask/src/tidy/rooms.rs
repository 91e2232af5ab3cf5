//! Who may use what: dependencies between crates, and paths inside them.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{DependencyKind, MetadataCommand};
use syn::visit::{self, Visit};

use super::files;
use crate::place::Place;

/// Which crates of the workspace a crate may depend on, outside its own tests.
const NEIGHBOURS: [(&str, &[&str]); 8] = [
    ("candor-protocol", &[]),
    ("candor-rules", &["candor-protocol"]),
    ("domshot", &[]),
    ("candor-widget", &["candor-protocol", "candor-rules", "domshot"]),
    ("candor-capture", &["domshot"]),
    ("candor-collector", &["candor-protocol", "candor-rules"]),
    ("candor-load", &[]),
    ("e2e", &["candor-protocol"]),
];

/// One room and what must not be used in it.
#[derive(Debug)]
struct Room {
    /// Files and folders, from the root.
    of: &'static [&'static str],
    /// But not these.
    except: &'static [&'static str],
    /// Paths (`std::fs`) and methods (`.local_storage`) that stay outside.
    never: &'static [&'static str],
    /// Whether `async` stays outside, too.
    no_async: bool,
    /// What would be lost otherwise.
    because: &'static str,
}

const CLOCKS_AND_IO: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "getrandom",
    "rand",
    "js_sys",
    "web_sys",
    "wasm_bindgen",
];

const ROOMS: [Room; 9] = [
    Room {
        of: &["crates/protocol/src", "crates/rules/src"],
        except: &[],
        never: CLOCKS_AND_IO,
        no_async: true,
        because: "a decision depends on its arguments alone",
    },
    Room {
        of: &["crates/domshot/src"],
        except: &[],
        never: &["candor_protocol", "candor_rules", "candor_widget", "candor_collector"],
        no_async: false,
        because: "domshot knows nothing of Candor",
    },
    Room {
        of: &[
            "widget/src/panel",
            "widget/src/view",
            "widget/src/panel.rs",
            "widget/src/view.rs",
            "widget/src/tree.rs",
            "widget/capture/src/event.rs",
            "widget/capture/src/history.rs",
            "widget/capture/src/ink.rs",
            "widget/capture/src/row.rs",
            "widget/capture/src/scene.rs",
            "widget/capture/src/state.rs",
            "widget/capture/src/step.rs",
        ],
        except: &[],
        never: &["wasm_bindgen", "js_sys", "web_sys", "serde_wasm_bindgen"],
        no_async: true,
        because: "the panel is a pure state machine, and the view a pure picture of it",
    },
    Room {
        of: &["widget/src", "widget/capture/src"],
        except: &["widget/src/ledger.rs"],
        never: &["web_sys::Storage", ".local_storage", ".session_storage", "gloo_storage"],
        no_async: false,
        because: "only the ledger stores",
    },
    Room {
        of: &["collector/src/http", "collector/src/inbox"],
        except: &[],
        never: &["rusqlite", "sqlx", "postgres", "tokio_postgres"],
        no_async: false,
        because: "SQL stays in the store",
    },
    Room {
        of: &["collector/src/store"],
        except: &[],
        never: &["axum", "hyper", "tower", "tower_http", "crate::http", "crate::inbox"],
        no_async: false,
        because: "the store knows nothing of HTTP",
    },
    Room {
        of: &["collector/src/blobs.rs", "collector/src/picture"],
        except: &[],
        never: &[
            "rusqlite",
            "postgres",
            "axum",
            "hyper",
            "tower",
            "crate::http",
            "crate::inbox",
            "crate::store",
        ],
        no_async: false,
        because: "bytes are kept and looked at without knowing whose they are",
    },
    Room {
        of: &["tests/src", "tests/journeys"],
        except: &[],
        never: &["candor_collector", "candor_widget", "candor_rules", "rusqlite"],
        no_async: false,
        because: "journeys see what a browser and HTTP show",
    },
    Room {
        of: &["crates", "widget", "collector", "tests"],
        except: &["crates/xtask"],
        never: &["xtask"],
        no_async: false,
        because: "xtask is imported by nobody",
    },
];

/// Holds the dependency tables against [`NEIGHBOURS`].
pub(super) fn dependencies(place: &Place) -> Result<()> {
    let metadata = MetadataCommand::new().current_dir(&place.root).no_deps().exec()?;
    let own: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    for package in &metadata.packages {
        let name = package.name.as_str();
        if name == "xtask" {
            continue;
        }
        let (_, allowed) = NEIGHBOURS
            .iter()
            .find(|(known, _)| *known == name)
            .with_context(|| format!("{name} is in no room: say in tidy/rooms.rs what it may depend on"))?;
        for dependency in package.dependencies.iter().filter(|one| own.contains(&one.name.as_str())) {
            let in_tests = dependency.kind == DependencyKind::Development && dependency.name != "xtask";
            ensure!(
                in_tests || allowed.contains(&dependency.name.as_str()),
                "{name} depends on {}",
                dependency.name
            );
        }
    }
    Ok(())
}

/// Holds every path in the sources against [`ROOMS`].
pub(super) fn paths(place: &Place) -> Result<()> {
    let mut found = Vec::new();
    for file in files::sources(place, "rs")? {
        let from_root = file.strip_prefix(&place.root).unwrap_or(&file).to_path_buf();
        let rooms: Vec<&Room> = ROOMS.iter().filter(|room| room.holds(&from_root)).collect();
        if rooms.is_empty() {
            continue;
        }
        let source = fs::read_to_string(&file)?;
        let used = Used::of(&source).with_context(|| from_root.display().to_string())?;
        for room in rooms {
            found.extend(
                room.breaches(&used).into_iter().map(|what| format!("{}: {what}", from_root.display())),
            );
        }
    }
    ensure!(found.is_empty(), "\n{}", found.join("\n"));
    Ok(())
}

impl Room {
    fn holds(&self, file: &Path) -> bool {
        self.of.iter().any(|prefix| file.starts_with(prefix))
            && !self.except.iter().any(|prefix| file.starts_with(prefix))
    }

    fn breaches(&self, used: &Used) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for path in &used.paths {
            // `core` and `alloc` are `std` under other names.
            let path =
                path.strip_prefix("core::").map_or_else(|| path.clone(), |rest| format!("std::{rest}"));
            let hit = |never: &&&str| {
                path == **never || path.strip_prefix(**never).is_some_and(|rest| rest.starts_with("::"))
            };
            if let Some(never) = self.never.iter().find(hit) {
                found.push(format!("uses {never}, but {}", self.because));
            }
        }
        if self.no_async && used.is_async {
            found.push(format!("is async, but {}", self.because));
        }
        found.dedup();
        found
    }
}

/// What a file's code names, its own tests aside.
#[derive(Debug, Default)]
struct Used {
    paths: Vec<String>,
    is_async: bool,
}

impl Used {
    fn of(source: &str) -> syn::Result<Self> {
        let mut used = Self::default();
        used.visit_file(&syn::parse_file(source)?);
        used.paths.sort();
        used.paths.dedup();
        Ok(used)
    }

    fn tree(&mut self, before: &str, tree: &syn::UseTree) {
        let join = |name: &syn::Ident| {
            if before.is_empty() { name.to_string() } else { format!("{before}::{name}") }
        };
        match tree {
            syn::UseTree::Path(path) => self.tree(&join(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.paths.push(join(&name.ident)),
            syn::UseTree::Rename(rename) => self.paths.push(join(&rename.ident)),
            syn::UseTree::Glob(_) => self.paths.push(before.to_owned()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(before, item)),
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || (attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test")))
    })
}

impl<'a> Visit<'a> for Used {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.tree("", &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.paths.push(segments.join("::"));
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        self.paths.push(format!(".{}", call.method));
        visit::visit_expr_method_call(self, call);
    }

    fn visit_signature(&mut self, signature: &'a syn::Signature) {
        self.is_async |= signature.asyncness.is_some();
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, expression: &'a syn::ExprAsync) {
        self.is_async = true;
        visit::visit_expr_async(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(room: &Room, source: &str) -> Vec<String> {
        room.breaches(&Used::of(source).unwrap())
    }

    #[test]
    fn a_clock_in_the_rules_is_found_however_it_is_spelled() {
        for source in [
            "use std::time::SystemTime;",
            "use std::{fs, time::{Duration, Instant}};",
            "fn f() { let now = core::time::Instant::now(); }",
            "async fn f() {}",
            "fn f() { std::env::var(\"HOME\"); }",
        ] {
            assert!(!breaches(&ROOMS[0], source).is_empty(), "{source}");
        }
        assert!(breaches(&ROOMS[0], "use std::time::Duration; fn f() { now.elapsed() }").is_empty());
    }

    #[test]
    fn storage_is_found_as_a_method_and_as_a_type() {
        assert!(!breaches(&ROOMS[3], "fn f(w: &Window) { w.local_storage(); }").is_empty());
        assert!(!breaches(&ROOMS[3], "use web_sys::{Node, Storage};").is_empty());
    }

    #[test]
    fn tests_inside_a_room_may_do_what_they_like() {
        assert!(breaches(&ROOMS[0], "#[cfg(test)] mod tests { use std::fs; }").is_empty());
    }
}
