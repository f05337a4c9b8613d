//! A fault of the adapter that a comparison must find.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::reconcile::{DIFFER, LOST};
use crate::show::{Context, planted};

/// A fault, by the name of its patch.
#[derive(Clone, Copy, Debug)]
pub(in crate::show) struct Fault(pub(in crate::show) &'static str);

impl Fault {
    fn patch(self, root: &Path) -> PathBuf {
        root.join("crates/xtask/faults/storage").join(self.0).with_extension("patch")
    }

    /// Fails unless it can be planted in the workspace as it is.
    pub(in crate::show) fn check(self, context: &Context) -> anyhow::Result<()> {
        planted::check(&context.root, &self.patch(&context.root))
    }

    /// Builds a server that has it, for `work`.
    pub(in crate::show) fn build<T>(
        self,
        context: &Context,
        work: impl FnOnce(&Path) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        // The binary lies in the folder of its profile, in the target folder.
        let target = context.binary.ancestors().nth(2).context("a target folder")?.join("faults");
        let copy = planted::Copy::of(&context.root, &target)?;
        copy.plant(&self.patch(&context.root))?;
        work(&copy.build("countersign-server", "countersign")?)
    }

    /// Builds a server that has it, and fails unless `compare` with that server finds that a change was lost; gives
    /// what it said.
    pub(in crate::show) fn is_found(
        self,
        context: &Context,
        compare: impl FnOnce(&Path) -> anyhow::Result<Value>,
    ) -> anyhow::Result<Value> {
        let found = lost(self.build(context, |server| Ok(compare(server)))?).with_context(|| self.0)?;
        Ok(json!({ "planted": self.0, "found": found }))
    }
}

/// What a comparison said that must have found a loss.
pub(in crate::show) fn lost(compared: anyhow::Result<Value>) -> anyhow::Result<String> {
    let error = match compared {
        Ok(figures) => bail!("the comparison does not find it: {figures}"),
        Err(error) => format!("{error:#}"),
    };
    let said = error.split_once(DIFFER).map(|(_, said)| said.lines().next().unwrap_or_default());
    let said = said.with_context(|| format!("it failed otherwise: {error}"))?;
    ensure!(said.contains(&format!("\"{LOST}\"")), "nothing was lost: {error}");
    Ok(said.trim_start_matches([':', ' ']).to_owned())
}
