//! The files that are generated from the program and checked in.

mod lifecycle;

use anyhow::{Context as _, ensure};

use crate::process::{countersign, output};
use crate::show::Context;

/// The files that are generated whole, each with the call of `countersign` that prints it.
pub const FILES: [(&str, &[&str]); 4] = [
    ("openapi/countersign.json", &["openapi"]),
    ("openapi/operations.txt", &["openapi", "--operations"]),
    ("openapi/bundle.schema.json", &["openapi", "--bundle-schema"]),
    ("config/default.toml", &["config", "print", "--defaults"]),
];

/// Writes every file; with `check`, writes nothing and fails when one would change.
pub fn run(context: &Context, check: bool) -> anyhow::Result<()> {
    let mut stale = Vec::new();
    let mut settle = |file: &'static str, text: &str| -> anyhow::Result<()> {
        let path = context.root.join(file);
        if std::fs::read_to_string(&path).is_ok_and(|found| found == text) {
            return Ok(());
        }
        stale.push(file);
        if !check {
            std::fs::write(&path, text).with_context(|| format!("{file} cannot be written"))?;
        }
        Ok(())
    };
    for (file, arguments) in FILES {
        settle(file, &output(countersign(&context.binary).args(arguments).current_dir(&context.root))?)?;
    }
    let page = std::fs::read_to_string(context.root.join(lifecycle::PAGE))?;
    settle(lifecycle::PAGE, &lifecycle::renewed(&page)?)?;
    ensure!(!check || stale.is_empty(), "not as generated: {stale:?}; run `cargo xtask generate`");
    Ok(())
}
