//! Where settings come from: defaults, then a file, then the environment.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;

use config::{Config, ConfigError, Environment, File, FileFormat};
use countersign_core::error::Invalid;

use super::Settings;

/// What the names of environment variables that set something begin with.
pub const ENVIRONMENT_PREFIX: &str = "COUNTERSIGN__";

/// What the name of a variable ends with that holds the path of a file with the value.
const FILE_SUFFIX: &str = "_FILE";

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A key that is unknown, or a value of another type; the text names the key.
    #[error(transparent)]
    Unreadable(#[from] ConfigError),
    /// An environment variable that cannot be used.
    #[error("environment variable {name}: {reason}")]
    Variable {
        /// Its name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// Values that cannot be used.
    #[error("{}", .0.iter().map(Invalid::to_string).collect::<Vec<_>>().join("; "))]
    Faults(Vec<Invalid>),
}

impl Settings {
    /// The settings of `file` and of the environment, checked.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        Self::load_from(file, std::env::vars_os())
    }

    /// The settings of `file` and of `variables`, checked.
    pub fn load_from(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, SettingsError> {
        let mut sources = Config::builder();
        if let Some(file) = file {
            sources = sources.add_source(File::from(file).format(FileFormat::Toml));
        }
        let prefix = ENVIRONMENT_PREFIX.trim_end_matches('_');
        let environment = Environment::with_prefix(prefix).prefix_separator("__").separator("__");
        let sources = sources.add_source(environment.source(Some(values(variables)?)));
        sources.build()?.try_deserialize::<Self>()?.checked()
    }

    /// These settings, if every value can be used.
    pub fn checked(self) -> Result<Self, SettingsError> {
        let faults = self.faults();
        if faults.is_empty() { Ok(self) } else { Err(SettingsError::Faults(faults)) }
    }
}

/// The variables that set something, those that name a file replaced by what is in it.
fn values(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Result<HashMap<String, String>, SettingsError> {
    let mut values = HashMap::new();
    for (name, value) in variables {
        let Ok(name) = name.into_string() else { continue };
        if !name.starts_with(ENVIRONMENT_PREFIX) {
            continue;
        }
        let fault = |reason: String| SettingsError::Variable { name: name.clone(), reason };
        let value = value.into_string().map_err(|_| fault("is not UTF-8".to_owned()))?;
        let (target, value) = match name.strip_suffix(FILE_SUFFIX) {
            Some(target) => (target.to_owned(), content(&value).map_err(fault)?),
            None => (name.clone(), value),
        };
        if values.insert(target.clone(), value).is_some() {
            return Err(fault(format!("{target} and {target}{FILE_SUFFIX} are both set; set one of them")));
        }
    }
    Ok(values)
}

fn content(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{LogFormat, OigCompat};

    fn load(file: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, file).unwrap();
        let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Settings::load_from(Some(&path), variables).map_err(|error| error.to_string())
    }

    #[test]
    fn without_sources_there_are_the_defaults() {
        assert_eq!(Settings::load_from(None, []).unwrap(), Settings::default());
    }

    #[test]
    fn the_environment_beats_the_file_and_the_file_beats_the_defaults() {
        let file = "[server]\nworkers = 3\nlisten = \"127.0.0.1:1\"\n[oig]\ncompat = \"11g\"\n";
        let settings = load(
            file,
            &[
                ("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0"),
                ("COUNTERSIGN__OIG__TIME_ZONE", "Asia/Kolkata"),
                ("COUNTERSIGN__MIM__ENABLED", "false"),
                ("COUNTERSIGN__LOG__FORMAT", "json"),
                ("COUNTERSIGN__STORAGE__READERS", "9"),
                ("COUNTERSIGN__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
                ("COUNTERSIGN_DEMO_PASSWORD", "not a setting"),
            ],
        )
        .unwrap();
        assert_eq!((settings.server.workers, settings.server.listen.as_str()), (3, "127.0.0.1:0"));
        assert_eq!((settings.oig.compat, settings.oig.time_zone), (OigCompat::G11, chrono_tz::Tz::Asia__Kolkata));
        assert_eq!((settings.mim.enabled, settings.log.format, settings.storage.readers), (false, LogFormat::Json, 9));
        let proxies: Vec<_> = settings.server.trusted_proxies.iter().map(ToString::to_string).collect();
        assert_eq!(proxies, ["10.0.0.0/8", "::1/128"]);
    }

    #[test]
    fn an_unknown_key_is_refused_by_name_wherever_it_stands() {
        for (file, variables) in
            [("[storage]\nurll = \"x\"\n", &[][..]), ("", &[("COUNTERSIGN__STORAGE__URLL", "x")][..])]
        {
            let error = load(file, variables).unwrap_err();
            assert!(error.contains("storage") && error.contains("urll"), "{error}");
        }
        assert!(load("[colour]\nred = 1\n", &[]).unwrap_err().contains("colour"));
    }

    #[test]
    fn a_bad_value_is_refused_by_key_and_reason() {
        for (name, value, key, reason) in [
            ("COUNTERSIGN__SERVER__WORKERS", "many", "server.workers", "many"),
            ("COUNTERSIGN__SERVER__WORKERS", "-1", "server.workers", "-1"),
            ("COUNTERSIGN__OIG__COMPAT", "13", "oig.compat", "must be 12c or 11g"),
            ("COUNTERSIGN__OIG__TIME_ZONE", "Mars/Olympus", "oig.time_zone", "IANA"),
            ("COUNTERSIGN__SERVER__TRUSTED_PROXIES", "10.0.0.0/99", "server.trusted_proxies", "network"),
            ("COUNTERSIGN__STORAGE__URL", "mysql://db", "storage.url", "mysql"),
            ("COUNTERSIGN__MIM__ENABLED", "perhaps", "mim.enabled", "perhaps"),
        ] {
            let error = load("", &[(name, value)]).unwrap_err();
            assert!(error.contains(key) && error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_value_can_come_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("url");
        std::fs::write(&path, "  sqlite://elsewhere.db\n").unwrap();
        let path = path.to_str().unwrap();
        let settings = load("", &[("COUNTERSIGN__STORAGE__URL_FILE", path)]).unwrap();
        assert_eq!(settings.storage.url, "sqlite://elsewhere.db");
        let both = [("COUNTERSIGN__STORAGE__URL", "sqlite://a.db"), ("COUNTERSIGN__STORAGE__URL_FILE", path)];
        assert!(load("", &both).unwrap_err().contains("both set"));
        let missing = load("", &[("COUNTERSIGN__STORAGE__URL_FILE", "/nowhere/at/all")]).unwrap_err();
        assert!(missing.contains("COUNTERSIGN__STORAGE__URL_FILE") && missing.contains("/nowhere/at/all"), "{missing}");
    }

    #[test]
    fn a_file_that_is_missing_or_no_toml_is_refused() {
        let missing = Settings::load_from(Some(Path::new("/nowhere/settings.toml")), []).unwrap_err();
        assert!(missing.to_string().contains("/nowhere/settings.toml"), "{missing}");
        assert!(load("[server\n", &[]).is_err());
    }
}
