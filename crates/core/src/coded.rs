//! Closed vocabularies: each value has a name for JSON and a number for storage.

/// Declares a fieldless enum whose values have a stable storage code and a JSON name.
macro_rules! coded_enum {
    (
        $(#[$doc:meta])*
        pub enum $name:ident { $($(#[$value_doc:meta])* $value:ident = $code:literal $text:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        pub enum $name {
            $($(#[$value_doc])* #[serde(rename = $text)] $value = $code,)+
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// The number by which the value is stored.
            pub const fn code(self) -> i16 {
                self as i16
            }

            /// The value that is stored as `code`.
            pub const fn from_code(code: i16) -> Option<Self> {
                match code {
                    $($code => Some(Self::$value),)+
                    _ => None,
                }
            }

            /// The name by which bundles and documents know the value.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }
        }
    };
}

pub(crate) use coded_enum;
