//! The files that are generated from the program and checked in.

use anyhow::{Context as _, ensure};

use crate::process::{countersign, output};
use crate::show::Context;

/// The files, each with the call of `countersign` that prints it.
pub const FILES: [(&str, &[&str]); 4] = [
    ("openapi/countersign.json", &["openapi"]),
    ("openapi/operations.txt", &["openapi", "--operations"]),
    ("openapi/bundle.schema.json", &["openapi", "--bundle-schema"]),
    ("config/default.toml", &["config", "print", "--defaults"]),
];

/// Writes every file; with `check`, writes nothing and fails when one would change.
pub fn run(context: &Context, check: bool) -> anyhow::Result<()> {
    let mut stale = Vec::new();
    for (file, arguments) in FILES {
        let path = context.root.join(file);
        let text = output(countersign(&context.binary).args(arguments).current_dir(&context.root))?;
        if std::fs::read_to_string(&path).is_ok_and(|found| found == text) {
            continue;
        }
        stale.push(file);
        if !check {
            std::fs::write(&path, text).with_context(|| format!("{file} cannot be written"))?;
        }
    }
    ensure!(!check || stale.is_empty(), "not as generated: {stale:?}; run `cargo xtask generate`");
    Ok(())
}
