//! How the classes tell themselves: as the Python side tells each kind.
//! `classes` and `families` implement `Told` with these.

/// Tells a struct by its name and its fields in order.
macro_rules! objects {
    ($($object:ident { $($field:ident),+ })+) => {
        $(impl Told for $object {
            fn told(&self) -> Value {
                let fields = [$((stringify!($field), self.$field.told())),+];
                let name = stringify!($object);
                json!({ "object": [name, fields.map(|(name, value)| json!([name, value]))] })
            }
        })+
    };
}

/// Tells a `TypedDict`, which is a map in Python, and may be without fields that are nothing.
macro_rules! dicts {
    ($($object:ident { $($field:ident),+ })+) => {
        $(impl Told for $object {
            fn told(&self) -> Value {
                let fields = BTreeMap::from([$((stringify!($field), self.$field.told())),+]);
                let there = fields.iter().filter(|(_, value)| value.get("none").is_none());
                let pairs: Vec<Value> =
                    there.map(|(name, value)| json!([name.to_string().told(), value])).collect();
                json!({ "map": pairs })
            }
        })+
    };
}

/// Tells the members of an enum by the names they have in Python.
macro_rules! members {
    ($($members:ident { $($member:ident = $name:literal),+ })+) => {
        $(impl Told for $members {
            fn told(&self) -> Value {
                json!({ "enum": match self { $(Self::$member => $name),+ } })
            }
        })+
    };
}

/// An enum of types, told as the value it holds.
macro_rules! unions {
    ($($(#[$doc:meta])* $union:ident { $($alternative:ident($held:ty)),+ })+) => {
        $($(#[$doc])*
        #[derive(Debug, FlyteType)]
        pub(crate) enum $union {
            $($alternative($held)),+
        }

        impl Told for $union {
            fn told(&self) -> Value {
                match self { $(Self::$alternative(value) => value.told()),+ }
            }
        })+
    };
}
