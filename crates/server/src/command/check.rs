//! `countersign check`

use std::fmt::Write;

use anyhow::bail;
use clap::Args;
use countersign_core::repository::CheckReport;

use super::{ConfigFile, count, print, progress};

/// How many differences are printed one by one.
const PRINTED: usize = 50;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Rebuilds what differs
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    config: ConfigFile,
}

impl Check {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let repository = self.config.repository().await?;
        let report = repository.check(self.repair, progress::on_stderr()).await?;
        repository.close().await?;
        print(&text(&report))?;
        if report.differences > 0 && !report.repaired {
            bail!("{} found; `countersign check --repair` rebuilds them", count(report.differences, "difference"));
        }
        Ok(())
    }
}

fn text(report: &CheckReport) -> String {
    let found = count(report.differences, "difference");
    let mut text = format!("{} compared, {found}", count(report.requests, "request"));
    text.push_str(if report.repaired && report.differences > 0 { ", repaired\n" } else { "\n" });
    for difference in report.first.iter().take(PRINTED) {
        let _ = writeln!(
            text,
            "{} of {} {}: {}",
            difference.derived,
            difference.derived.owner(),
            difference.id,
            difference.detail
        );
    }
    let more = report.differences.saturating_sub(report.first.len().min(PRINTED) as u64);
    if more > 0 {
        let _ = writeln!(text, "and {more} more");
    }
    text
}

#[cfg(test)]
mod tests {
    use countersign_core::repository::{Derived, Difference};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_report_names_counts_and_the_first_differences() {
        let difference = |n: u128| Difference {
            derived: Derived::AccessIndex,
            id: Uuid::from_u128(n),
            detail: "a row is missing".to_owned(),
        };
        let first: Vec<_> = (0..60).map(difference).collect();
        let report = CheckReport { requests: 7, differences: 70, first, repaired: true };
        let text = text(&report);
        assert!(
            text.starts_with("7 requests compared, 70 differences, repaired\naccess index of request 0000"),
            "{text}"
        );
        assert!(text.ends_with("\nand 20 more\n"), "{text}");
        assert_eq!(text.lines().count(), 52);
    }
}
