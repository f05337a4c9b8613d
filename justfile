# Names for the usual commands; what they do lies in cargo, xtask and scripts.

# Lists the recipes.
default:
    @just --list

# The demo on 127.0.0.1:8080.
demo:
    cargo run --release -- demo

# Everything that must hold before a merge.
test:
    scripts/test

# Puts the code into its usual form.
fmt:
    cargo fmt --all

# Warnings are errors.
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Writes the generated files anew: configuration, API description, record schema.
generate:
    cargo xtask generate

# Licences, banned crates and sources (needs cargo-deny).
deny:
    cargo deny --locked check bans licenses sources

# One line of an issue, in full size: `just show main-job.8`.
show line:
    cargo xtask show {{ line }}
