//! Instances' groups as numbers, for statistics over lists of units.

use holometer_core::Unit;

/// A group's name as a number that tells apart any names that occur together (FNV-1a, 52 bits).
pub(crate) fn number_of(name: &str) -> f64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 12) as f64
}

/// The group of an instance on an axis, where the data names one.
pub(crate) fn group_on<'a>(unit: &Unit<'a>, axis: &str) -> Option<&'a str> {
    unit.instance.groups.iter().find_map(|group| group.strip_prefix(axis)?.strip_prefix('='))
}
