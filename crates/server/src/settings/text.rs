//! Settings that are written as text and checked as they are read.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserializer, de};

/// Reads networks: a list of texts, or one text with commas as the environment has it.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    struct Visitor;

    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Vec<IpNet>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of IP addresses or networks")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            parts.map(network).collect::<Result<_, _>>().map_err(E::custom)
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut networks = Vec::new();
            while let Some(text) = list.next_element::<String>()? {
                networks.push(network(text.trim()).map_err(de::Error::custom)?);
            }
            Ok(networks)
        }
    }

    deserializer.deserialize_any(Visitor)
}

/// A network, or an address as the network of itself alone.
fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address
        .or_else(|_| text.parse())
        .map_err(|_| format!("{text:?} is neither an IP address nor a network (10.0.0.0/8)"))
}

/// A time zone by its IANA name.
pub(super) mod zone {
    use chrono_tz::Tz;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(in crate::settings) fn serialize<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(zone.name())
    }

    pub(in crate::settings) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(|_| de::Error::custom(format!("{name:?} is not an IANA time zone (Europe/Vienna)")))
    }
}
