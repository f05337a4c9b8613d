//! `config/default.toml`, generated from the settings' docs and defaults.

use std::fmt::Write;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Settings;

const HEAD: &str = "\
# Every setting with its default: what `countersign config print --defaults` prints.
# Generated from the doc comments in crates/server/src/settings.
#
# Each key can also be set in the environment: server.listen is COUNTERSIGN__SERVER__LISTEN, and
# COUNTERSIGN__SERVER__LISTEN_FILE names a file that holds the value. The environment beats the file.
";

/// Every setting with its default and what it is for, as TOML.
pub fn default_toml() -> String {
    let generator = SchemaSettings::default().with(|settings| settings.inline_subschemas = true).into_generator();
    let schema = generator.into_root_schema_for::<Settings>();
    let defaults = serde_json::to_value(Settings::default()).unwrap_or_default();
    let mut text = HEAD.to_owned();
    for (section, schema) in members(schema.as_value()) {
        text.push('\n');
        comment(&mut text, schema);
        let _ = writeln!(text, "[{section}]");
        for (key, schema) in members(schema) {
            text.push('\n');
            comment(&mut text, schema);
            match defaults[section].get(key) {
                Some(value) => assignment(&mut text, "", key, value),
                // What is unset by default is shown by its example.
                None => assignment(&mut text, "# ", key, &schema["examples"][0]),
            }
        }
    }
    text
}

/// `settings` as TOML, without comments.
pub fn to_toml(settings: &Settings) -> String {
    toml::to_string(settings).unwrap_or_else(|error| format!("# the settings cannot be written: {error}\n"))
}

fn members(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    schema["properties"].as_object().into_iter().flatten().map(|(name, schema)| (name.as_str(), schema))
}

fn comment(text: &mut String, schema: &Value) {
    for line in schema["description"].as_str().unwrap_or_default().lines() {
        let _ = writeln!(text, "# {line}");
    }
}

fn assignment(text: &mut String, mark: &str, key: &str, value: &Value) {
    let value = toml::Value::try_from(value).map(|value| value.to_string()).unwrap_or_default();
    let _ = writeln!(text, "{mark}{key} = {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKED_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/default.toml");

    #[test]
    fn the_checked_in_file_is_the_generated_one() {
        let checked_in = std::fs::read_to_string(CHECKED_IN).unwrap_or_default();
        assert!(checked_in == default_toml(), "config/default.toml is stale; it should be:\n{}", default_toml());
    }

    #[test]
    fn the_generated_file_holds_every_key_and_its_default() {
        let read: Settings = toml::from_str(&default_toml()).unwrap();
        assert_eq!(read, Settings::default());
        assert!(default_toml().contains("# public_url = \"https://"));
    }

    #[test]
    fn settings_survive_being_written() {
        let mut settings = Settings::default();
        settings.server.public_url = Some("https://example.com".to_owned());
        settings.server.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        assert_eq!(toml::from_str::<Settings>(&to_toml(&settings)).unwrap(), settings);
    }
}
