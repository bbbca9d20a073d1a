//! Lists of an enum's variants that can't be incomplete.

/// Gives an enum whose variants hold nothing its list `ALL`, in the order they
/// are named. Does not compile where one of them is missing.
///
/// Goes into the enum's `impl`, with the list's documentation in front of the
/// variants.
#[macro_export]
macro_rules! all_variants {
    ($(#[$attribute:meta])* $($variant:ident),+ $(,)?) => {
        $(#[$attribute])*
        pub const ALL: [Self; [$(stringify!($variant)),+].len()] = {
            // A variant that is not named has no arm here; one that is named
            // twice has two, which is a warning.
            let _: fn(Self) = |variant| match variant {
                $(Self::$variant => {})+
            };
            [$(Self::$variant),+]
        };
    };
}
